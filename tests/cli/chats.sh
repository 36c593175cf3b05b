#!/bin/sh
# hiss chats: damaged files are read as far as they go and said to be damaged; what is deleted is gone.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/llama.gguf
"$mkmodel" "$m" llama 3 chatml || exit 99
ask() { "$hiss" ask -m "$m" -n 6 --seed 1 --chat "$@" </dev/null >/dev/null 2>&1; }
chats=$HISS_HOME/data/chats

run "$hiss" chats list
good 'no chats at all'
ask one 'first question' && ask one 'second question' && ask two hello || exit 99
run "$hiss" chats list
good 'a list'
same 'of two' 2 "$(wc -l <"$tmp/out")"
run "$hiss" chats list --json
grep -q '"name":"one".*"messages":4' "$tmp/out"; report 'a list for programs'
run "$hiss" chats show one
good 'the text of one'
same 'has its questions in order' 'first question
second question' "$(grep question "$tmp/out")"
run "$hiss" chats show three
bad 'a chat that is not there' 1 "no chat 'three'"
run "$hiss" chats frobnicate
bad 'an unknown verb' 2 frobnicate
run "$hiss" chats check
good 'all in order'
ls -l "$chats/one.jsonl" | grep -q '^-rw-------'; report 'only its owner may read it'

# ---- Damage ----
cp "$chats/one.jsonl" "$tmp/whole"
size=$(wc -c <"$tmp/whole")
crashed=
i=0
while [ $i -lt 25 ]; do
    head -c $((size * i / 25)) "$tmp/whole" >"$chats/cut.jsonl"
    for verb in show check; do
        run "$hiss" chats $verb cut
        [ "$status" -le 1 ] || crashed="$crashed $i:$status"
    done
    i=$((i + 1))
done
same 'a file cut anywhere is read' '' "$crashed"
head -c $((size - 20)) "$tmp/whole" >"$chats/cut.jsonl"
run "$hiss" chats check cut
[ "$status" = 1 ] && grep -q 'cut off' "$tmp/out"; report 'a torn last line is told'
ask cut 'go on'
[ -s "$chats/cut.jsonl.torn-1" ]; report 'and kept aside when the chat goes on'
{ head -n 3 "$tmp/whole"; echo '{"event":"node","broken'; tail -n +4 "$tmp/whole"; echo '{"event":"of-a-later-hiss"}'; } >"$chats/odd.jsonl"
run "$hiss" chats check odd
[ "$status" = 1 ] && grep -q 'line 4' "$tmp/out"; report 'a line that makes no sense is told with its number'
run "$hiss" chats show odd
[ "$(grep -c question "$tmp/out")" = 2 ]; report 'and costs nothing else'
run "$hiss" chats compact odd
good 'such a file can be compacted'
grep -q 'of-a-later-hiss' "$chats/odd.jsonl"; report 'and what hiss does not know stays'
for bytes in '\000\000\000\000' '[[[[[[[[[[' '{"event":"chat"}' '{"event":"chat","version":99,"time":"1","id":"x","date":"1"}'; do
    printf "$bytes\n" >"$chats/bad.jsonl"
    run "$hiss" chats show bad
    [ "$status" = 1 ] && [ "$(wc -l <"$tmp/err")" = 1 ]; report "a file of $bytes is refused with a sentence"
done
rm "$chats/bad.jsonl"

# ---- Keeping house ----
state=$(find "$HISS_HOME/cache/states" -name '*.state' -size +0 | head -n 1)
ls -l "$state" | grep -q '^-rw-------'; report 'only its owner may read a state'
run "$hiss" chats gc
good 'gc'
[ -f "$state" ]; report 'keeps what is needed'
rm "$chats/two.jsonl"
run "$hiss" chats gc
grep -q 'freed [0-9.]* MB' "$tmp/out"; report 'a chat that is gone takes its states along'
run "$hiss" chats gc --cap 0
same 'a cap of nothing leaves nothing' 0 "$(find "$HISS_HOME/cache/states" -name '*.state' | wc -l)"
run "$hiss" chats gc --cap much
bad 'a cap that is no number' 2 "'much'"
done_testing
