#!/bin/sh
# A reply that is stopped in the middle: what came is kept, the status says how, the conversation goes on.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba.gguf
"$mkmodel" "$m" mamba 7 endless || exit 99
mkfifo "$tmp/pipe" || exit 99

# begin NAME: an endless reply in the background ($pid); its first bytes have come when it returns, fd 3 holds the rest.
begin() {
    "$hiss" ask -m "$m" --temp 0 --chat "$1" -n 100000000 'go on' </dev/null >"$tmp/pipe" 2>"$tmp/err" &
    pid=$!
    exec 3<"$tmp/pipe"
    head -c 20 <&3 >"$tmp/out"
}
# end: waits for it.
end() {
    cat <&3 >/dev/null
    exec 3<&-
    status=0
    wait "$pid" || status=$?
}

begin int; kill -INT "$pid"; end
same '^C: status 130' 130 "$status"
tokens=$("$hiss" chats show int --json | sed -n 's/.*"tokens":\([0-9]*\).*/\1/p')
[ "${tokens:-0}" -gt 5 ]; report '^C: what came is kept'
"$hiss" chats show int --json | grep -q '"end":"cancelled".*"state"'; report '^C: with its state'
run "$hiss" ask -m "$m" -n 4 --chat int more </dev/null
grep -q "^restored [1-9]" "$tmp/err" && [ "$status" = 0 ]; report '^C: the conversation goes on from there'
run "$hiss" replay int --verify -m "$m"
good '^C: and can be run again'

begin term; kill -TERM "$pid"; end
same 'SIGTERM: status 143' 143 "$status"
"$hiss" chats show term | grep -q 'hiss:'; report 'SIGTERM: what came is kept'

begin busy
run "$hiss" ask -m "$m" -n 4 --chat busy hello </dev/null
bad 'a second writer is refused' 1 'open in another hiss'
run "$hiss" chats show busy
good 'and may read'
run "$hiss" chats compact busy
bad 'but not rewrite' 1 'open in another hiss'
kill -INT "$pid"; end

begin killed; kill -KILL "$pid"; end
run "$hiss" chats show killed
grep -q '^go on$' "$tmp/out"; report 'kill -9: the question is there'
run "$hiss" ask -m "$m" -n 4 --chat killed again </dev/null
[ "$status" = 0 ]; report 'kill -9: the conversation goes on'
run "$hiss" replay killed --verify -m "$m"
good 'kill -9: and can be run again'

# Nobody reads the reply any more: it ends, and is kept.
"$hiss" ask -m "$m" --temp 0 --chat pipe -n 100000000 'go on' </dev/null 2>/dev/null | head -c 20 >/dev/null
"$hiss" chats show pipe --json | grep -q '"end":"cancelled"'; report 'a closed pipe stops the reply'
done_testing
