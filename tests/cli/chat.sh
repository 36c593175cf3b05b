#!/bin/sh
# hiss chat from the command line: it opens the chat that was used last, and no name leads out of the chats' folder.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba2.gguf
"$mkmodel" "$m" mamba2 7 chatml || exit 99
printf 'wait\nsave %s\n' "$tmp/screen" >"$tmp/play"

for name in one two three four five; do "$hiss" ask -m "$m" -n 4 --chat "$name" "question $name" </dev/null >"$tmp/out" 2>&1; done
for name in two five one; do
    touch "$HISS_HOME/data/chats/$name.jsonl"
    run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/play"
    [ "$status" = 0 ] && grep -q "question $name" "$tmp/screen"
    report "the chat that was used last is opened: $name"
done
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/play" three
grep -q 'question three' "$tmp/screen"
report 'the one that is named is opened'

for name in ../evil a/b .hidden 'ends with ' "$(printf 'bell\007')" "$(printf 'latin\351')"; do
    run "$hiss" chat --no-rc -m "$m" --script "$tmp/play" "$name"
    bad "a chat may not be called '$(printf %s "$name" | tr -c 'a-z./ ' _)'" 2 "a chat's name"
done
[ ! -e "$HISS_HOME/data/evil.jsonl" ]
report 'and nothing was written outside'
done_testing
