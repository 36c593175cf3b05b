#!/bin/sh
# Nothing that was sent is lost for want of a model, and nothing waits longer than it must.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba2.gguf
"$mkmodel" "$m" mamba2 7 chatml || exit 99

printf 'wait\ntype hello there\nkey Enter\nwait\nsave %s\n' "$tmp/screen" >"$tmp/play"
run "$hiss" chat --no-rc -m "$tmp/absent.gguf" --script "$tmp/play" waiting
grep -q 'hello there' "$tmp/screen" && grep -q 'absent.gguf' "$tmp/screen" && "$hiss" chats show waiting | grep -q '^hello there$'
report 'a message sent without a model is kept and shown'
printf 'wait\nkey Esc\nkey r\nwait\nsave %s\n' "$tmp/screen" >"$tmp/play"
run "$hiss" chat --no-rc -m "$m" -t 1 -e 'set length 4' --script "$tmp/play" waiting
"$hiss" chats show waiting | grep -q '^hiss:$' && grep -q 'hello there' "$tmp/screen"
report 'and answered when there is one'
printf 'run system be brief\ntype hello\nkey Enter\nwait\nsave %s\n' "$tmp/screen" >"$tmp/play"
run "$hiss" chat --no-rc -m "$m" -t 1 -e 'set length 4' --script "$tmp/play" early
"$hiss" chats show early >"$tmp/out" && grep -q '^be brief$' "$tmp/out" && grep -q '^hello$' "$tmp/out" && grep -q '^hiss:$' "$tmp/out"
report 'what is typed before the model is loaded is answered when it is'
done_testing
