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

# As on the screen the last chat goes on, with the settings of the rc file and of -e.
say() { printf '%s\n' "$@" >"$tmp/in"; }
chats=$HISS_HOME/data/chats
rm -r "$chats/folder.jsonl"
say /quit
run lines <"$tmp/in"
[ "$status" = 0 ] && grep -q "^\[going on with 'linear', 6 messages, the last two follow" "$tmp/out" &&
    [ "$(grep -c '^you: ' "$tmp/out")" = 1 ]
report 'the last chat goes on; its last two messages are read'
say /history /quit
run lines <"$tmp/in"
[ "$(grep -c '^you: ' "$tmp/out")" = 4 ]
report '/history reads them all'
mkdir -p "$HISS_HOME/config"
printf '%s\n' '# mine' 'set temperature 0.35' 'set length 4' 'theme dark' 'set top-p nine' 'set seed 7' >"$HISS_HOME/config/rc"
say one
run lines --new fresh <"$tmp/in"
[ "$status" = 0 ] && grep -q '"temperature":0.35' "$chats/fresh.jsonl" && grep -q '"end":"length"' "$chats/fresh.jsonl"
report 'settings of the rc file hold'
[ "$(grep -c 'rc:' "$tmp/out")" = 1 ] && ! grep -q theme "$tmp/out" && grep -q '^\[.*/rc:5: top-p' "$tmp/out"
report 'a line that is wrong is said once, with its number; one about the screen is passed over'
run lines -e 'set temperature 0.2' -e 'theme dark' fresh <"$tmp/in"
grep -q '"temperature":0.2,' "$chats/fresh.jsonl" && grep -q '^\[theme is for the screen' "$tmp/out"
report 'and those of -e before them'
run lines --no-rc -e undo -e quit fresh <"$tmp/in"
[ "$status" = 0 ] && grep -q '^\[undone: message 3 and its reply\]' "$tmp/out"
report 'other commands of -e are run when the chat is there'
say '/open nobody' '/open 2' '/new third' '/new third' hello /chats /quit
run lines --no-rc fresh <"$tmp/in"
[ "$status" = 0 ] && grep -q "^\[no chat 'nobody'" "$tmp/out" && grep -q "^\[going on with 'linear'" "$tmp/out" &&
    "$hiss" chats show third | grep -q '^hello$' && grep -q '^\[1 third\]' "$tmp/out"
report 'one goes from chat to chat'
esc=$(printf '\033') bell=$(printf '\007')
say "/rename a$esc]0;owned$bell" "$esc[31m" "/set temperature $esc[31m" "/open no$esc[31m" /chats /history "/$esc[31m" /quit
run lines --no-rc -e "set seed $esc[31m" --new hostile <"$tmp/in"
grep -q 'owned' "$tmp/out" && ! grep -q "[$esc$bell]" "$tmp/out"
report 'nothing that stands in a name, a message or a command commands the terminal'
done_testing
