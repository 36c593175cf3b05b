#!/bin/sh
# The model that comes with hiss: it is whole, it is found by itself, it talks, and a damaged copy is refused.
. "${top_srcdir:-.}/tests/lib/tap.sh"
unset HISS_EMBEDDED
models=$(cd "${top_srcdir:-.}/models" && pwd)
first=$(ls "$models"/*-00001-of-*.gguf 2>/dev/null | head -n 1)
if [ -z "$first" ]; then
    skip 'the embedded model' 'there is none in this tree'
    done_testing
    exit
fi
(cd "$models" && sha256sum -c --quiet SHA256SUMS) >"$tmp/out" 2>&1
report 'its files have the sums of SHA256SUMS'
run "$hiss" models list
[ "$status" = 0 ] && head -n 1 "$tmp/out" | grep -q "$first"
report 'it is the default'
run "$hiss" models check "$first"
[ "$status" = 0 ] && grep -q 'as it was made' "$tmp/out"
report 'its weights have the hash it was made with'
run "$hiss" ask --temp 0 -n 24 'What is the capital of France?' </dev/null
[ "$status" = 0 ] && grep -q Paris "$tmp/out"
report 'it answers'
run "$hiss" ask --chat talk --temp 0 -n 24 'My cat is called Olive.' </dev/null
run "$hiss" ask --chat talk --temp 0 -n 24 'What is my cat called?' </dev/null
[ "$status" = 0 ] && grep -q Olive "$tmp/out"
report 'it remembers what a turn before said, from its state'

HISS_EMBEDDED=$tmp/damaged
export HISS_EMBEDDED
mkdir "$HISS_EMBEDDED"
cp "$models"/*.gguf "$HISS_EMBEDDED"
last=$(ls "$HISS_EMBEDDED"/*.gguf | tail -n 1)
size=$(wc -c <"$last")
printf '\377\377' | dd of="$last" bs=1 seek=$((size - 4096)) conv=notrunc 2>/dev/null
run "$hiss" ask 'hi' </dev/null
bad 'a damaged copy is refused' 1 'is damaged: .* fetch or copy it'
head -c 1000000 "$last" >"$tmp/half" && cp "$tmp/half" "$last"
run "$hiss" ask 'hi' </dev/null
bad 'half a copy is refused' 1 "$(basename "$last")"
rm "$last"
run "$hiss" ask 'hi' </dev/null
bad 'a missing part is named' 1 "$(basename "$last")"
done_testing
