#!/bin/sh
# Real text from a real model: tests/data/tiny.gguf was trained on small children's stories (models/recipe/tiny.py). If this
# fails while the tests of random models pass, words come out wrong: the tokenizer, the template, or an ending.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=${top_srcdir:-.}/tests/data/tiny.gguf
story='tell me a story about a cat.'
ask() { run "$hiss" ask -m "$m" --temp 0.5 --seed 5 -n 400 "$@" </dev/null; }
state() { sed -n '$s/.*"state":"\([0-9a-f]*\)".*/\1/p' "$tmp/out"; }

ask "$story"
good 'a story'
cp "$tmp/out" "$tmp/story"
grep -q '^once upon a time, there was a' "$tmp/story"; report 'begins as stories do'
[ "$(wc -w <"$tmp/story")" -gt 40 ]; report 'is longer than a sentence'
ask --json "$story"
grep -q '"end":"eot"' "$tmp/out"; report 'and comes to an end'
want=$(state)
[ -n "$want" ]; report 'whose state is told'
for level in $(levels); do
    for threads in 1 2 3; do
        ask --json --kernels "$level" -t "$threads" "$story"
        same "the same state at level $level with $threads threads" "$want" "$(state)"
    done
done

# The conversation goes on from its kept state as it does when everything is read again.
for chat in kept lost; do
    ask --chat $chat "$story"
    [ $chat = kept ] || rm -r "$HISS_HOME/cache"
    ask --chat $chat --json 'what happened next?'
    state >"$tmp/$chat"
    sed -n '$s/.*"restored":\([0-9]*\).*/\1/p' "$tmp/out" >>"$tmp/$chat"
done
same 'the next turn from the kept state and from nothing' "$(head -n 1 "$tmp/kept")" "$(head -n 1 "$tmp/lost")"
[ "$(tail -n 1 "$tmp/kept")" -gt 50 ] && [ "$(tail -n 1 "$tmp/lost")" = 0 ]; report 'once restored, once read'
"$hiss" chats show kept | grep -q 'once upon a time'; report 'the story stands in the chat'
HISS_MODEL_PATH=$(dirname "$m") run "$hiss" replay kept --verify
good 'and is told again, token by token'

printf '%s' 'once upon a time, there was a little girl named lily. she loved to play with her toys in the park. one day, she saw
a big dog. the dog was very happy. lily wanted to be friends with the dog. "can i play with you?" asked lily.' >"$tmp/text"
run "$hiss" perplexity -m "$m" --window 32 "$tmp/text"
awk '/^perplexity/ { exit !($2 > 1 && $2 < 20) }' "$tmp/out"; report 'what it was taught does not surprise it'
done_testing
