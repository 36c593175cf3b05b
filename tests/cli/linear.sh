#!/bin/sh
# Lines instead of a screen: for pipes, dumb terminals and screen readers.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba2.gguf
"$mkmodel" "$m" mamba2 7 chatml || exit 99

lines() { timeout 60 "$hiss" chat --linear -m "$m" -t 1 "$@"; }
printf '%s\n' one /help '/set temperature 0' /nonsense '/set temperature 9' / two '//three' /quit never >"$tmp/in"
run lines linear <"$tmp/in"
[ "$status" = 0 ] && "$hiss" chats show linear >"$tmp/shown" && grep -q '^two$' "$tmp/shown" && grep -q '^/three$' "$tmp/shown" &&
    ! grep -q never "$tmp/shown"
report 'a command that asks nothing of the model does not end the talk'
mkdir -p "$HISS_HOME/data/chats/folder.jsonl"
run lines folder <"$tmp/in"
[ "$status" = 1 ] && grep -q 'folder' "$tmp/out"
report 'a chat that cannot be opened is an error, not a wait'
done_testing
