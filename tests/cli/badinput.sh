#!/bin/sh
# Files that are missing, damaged, unreadable or too large for the disk: one sentence, status 1, never a crash.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba2.gguf
"$mkmodel" "$m" mamba2 1 || exit 99
echo '1 2 3 4 5 6 7 8' >"$tmp/ids"

# ---- No model ----
run "$hiss" bench
bad 'no model at all: says where it looked and the way out' 1 'no model found in .*-m FILE'
run "$hiss" bench -m "$tmp/absent.gguf"
bad 'a model file that is not there' 1 'absent.gguf'
run "$hiss" bench -m absent
bad 'a model name that is not there' 1 "'absent'"
run "$hiss" bench -m "$tmp"
bad 'a folder for a model' 1 "$tmp"
mkdir "$tmp/models" && cp "$m" "$tmp/models/tiny.gguf"
HISS_MODEL_PATH=$tmp/models run "$hiss" models info tiny
good 'a model by its name from HISS_MODEL_PATH'
HISS_MODEL_PATH=/nowhere:$tmp/models run "$hiss" models list
grep -q '^mamba2 .*/tiny.gguf$' "$tmp/out"
report 'models list names it'

# ---- Damaged models ----
: >"$tmp/empty.gguf"
run "$hiss" models info "$tmp/empty.gguf"
bad 'an empty model file' 1 'empty.gguf'
echo 'this is a text, not a model' >"$tmp/text.gguf"
run "$hiss" bench -m "$tmp/text.gguf"
bad 'a text for a model' 1 'text.gguf'
size=$(wc -c <"$m")
for part in 4 23 24 100 2000 $((size / 2)) $((size - 1)); do
    head -c "$part" "$m" >"$tmp/cut.gguf"
    run "$hiss" logits -m "$tmp/cut.gguf" --ids "$tmp/ids" -o "$tmp/logits"
    bad "a model cut after $part of $size bytes" 1 'cut.gguf'
done

# One byte in many places turned over: opened or refused with a sentence, and never a signal.
crashed=
i=0
while [ $i -lt 40 ]; do
    at=$((i * i * 7 % (size < 20000 ? size : 20000)))
    { head -c "$at" "$m"; printf '\377'; tail -c +$((at + 2)) "$m"; } >"$tmp/flip.gguf"
    run "$hiss" logits -m "$tmp/flip.gguf" --ids "$tmp/ids" -o "$tmp/logits"
    [ "$status" -le 1 ] || crashed="$crashed $at:$status"
    i=$((i + 1))
done
same 'a model with one wrong byte never ends the program by a signal' '' "$crashed"

if [ "$(id -u)" = 0 ]; then
    skip 'a model without permission to read' 'root may read everything'
else
    cp "$m" "$tmp/secret.gguf" && chmod 0 "$tmp/secret.gguf"
    run "$hiss" bench -m "$tmp/secret.gguf"
    bad 'a model without permission to read' 1 'Permission denied'
fi

# ---- Ids ----
for text in '1 2 banana' '1 -2' '99999999' '1.5' ''; do
    printf '%s' "$text" >"$tmp/badids"
    run "$hiss" logits -m "$m" --ids "$tmp/badids" -o "$tmp/logits"
    bad "ids '$text'" 1 'badids'
done
run "$hiss" logits -m "$m" --ids "$tmp/noids" -o "$tmp/logits"
bad 'ids that are not there' 1 'noids'
run "$hiss" logits -m "$m" --ids "$tmp/ids" -o "$tmp/no/folder"
bad 'an output in a folder that is not there' 1 'no/folder'
run "$hiss" perplexity -m "$m" "$tmp/ids"
bad 'a text shorter than a window' 1 'window of 512'

# ---- A full disk ----
if [ -c /dev/full ]; then
    run "$hiss" logits -m "$m" --ids "$tmp/ids" -o /dev/full
    bad 'logits on a full disk' 1 'No space left'
    for c in "models info $m" "bench -m $m -p 8 -n 8 -r 1 --json" "tokenize -m $m" '--help' '--version'; do
        status=0
        # shellcheck disable=SC2086 -- words
        echo text | "$hiss" $c >/dev/full 2>"$tmp/err" || status=$?
        bad "hiss ${c%% *} on a full disk" 1 'No space left'
    done
else
    skip 'a full disk' 'no /dev/full here'
fi

# ---- Text ----
printf 'caf\303\251 \377\376 \303' >"$tmp/invalid"
status=0
"$hiss" tokenize -m "$m" <"$tmp/invalid" >"$tmp/out" 2>"$tmp/err" || status=$?
good 'invalid UTF-8 is read'
status=0
printf '' | "$hiss" tokenize -m "$m" >"$tmp/out" 2>"$tmp/err" || status=$?
good 'an empty text is read'
same 'and has no tokens' '' "$(cat "$tmp/out")"

# ---- Interrupts: the signal comes while the program waits for the rest of its input ----
for sig in INT TERM; do
    rm -f "$tmp/pipe" && mkfifo "$tmp/pipe"
    "$hiss" perplexity -m "$m" --window 64 "$tmp/pipe" >"$tmp/out" 2>"$tmp/err" &
    pid=$!
    { head -c 200000 /dev/zero | tr '\0' a; kill -s "$sig" "$pid"; } >"$tmp/pipe"
    status=0
    wait "$pid" || status=$?
    bad "SIG$sig ends with status 130" 130 'stopped'
done
run "$hiss" ask -m "$(printf 'no\033[31mmodel')" hi
[ "$status" = 1 ] && grep -q 'model' "$tmp/err" && ! grep -q "$(printf '\033')" "$tmp/err"
report 'a name with control characters is named without them'
done_testing
