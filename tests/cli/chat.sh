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

# Settings belong to a chat and outlive the program.
printf 'wait\nrun set temperature 0.35\nwait\nsave %s\n' "$tmp/screen" >"$tmp/set"
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/set" one
settings_of() { # settings_of CHAT [OPTION...]: the status line's figures
    name=$1
    shift
    "$hiss" chat --no-rc -m "$m" -t 1 "$@" --script "$tmp/play" "$name" >"$tmp/out" 2>&1
    grep -o 'temp [0-9.]*' "$tmp/screen"
}
[ "$(settings_of one)" = 'temp 0.35' ]
report 'a chat gets its settings back'
[ "$(settings_of two)" = 'temp 0.80' ]
report 'another chat does not get them'
[ "$(settings_of one -e 'set temperature 0.1')" = 'temp 0.10' ]
report 'the command line goes before them'
[ "$(settings_of two -e 'preset exact')" = 'temp 0.00' ]
report 'a preset is for chats without settings of their own'
grep -q '"event":"settings"' "$HISS_HOME/data/chats/one.jsonl" && run "$hiss" chats compact one
[ "$status" = 0 ] && [ "$(settings_of one)" = 'temp 0.10' ]
report 'compacting keeps them'

# A chat that is not open is renamed where it lies, and stays behind the one that was used last.
touch "$HISS_HOME/data/chats/two.jsonl"
printf '%s\n' wait 'run chats' 'key /' 'type four' 'key Enter' 'key R' 'key ^A' 'key ^K' 'type Renamed four' 'key Enter' wait \
    "save $tmp/screen" 'key q' 'key /' 'key ^U' 'key Enter' >"$tmp/rename"
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/rename" two
[ "$status" = 0 ] && grep 'Renamed four' "$tmp/screen" >"$tmp/row" && ! grep -q 'Alt-' "$tmp/row" &&
    "$hiss" chats list | grep -q 'Renamed four'
report 'renaming a chat does not open it'
[ "$("$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/play" >"$tmp/out"; grep -c 'question two' "$tmp/screen")" = 1 ]
report 'nor make it the one that was used last'

# Chats in which nothing was said leave no file; a draft, or a name of its own, keeps one.
chats() { ls "$HISS_HOME/data/chats" | grep -c jsonl; }
before=$(chats)
printf '%s\n' wait 'run new' 'run new' 'run new' wait 'run chats' "save $tmp/screen" >"$tmp/new"
run "$hiss" chat --no-rc -m "$m" -t 1 --new --script "$tmp/new"
[ "$status" = 0 ] && [ "$(grep -c 'New chat' "$tmp/screen")" = 4 ] && [ "$(chats)" = "$before" ]
report 'new chats that stay empty leave no file'
printf '%s\n' wait 'run new by-name' wait 'run new' wait 'type half a thought' >"$tmp/new"
run "$hiss" chat --no-rc -m "$m" -t 1 --new --script "$tmp/new"
[ "$status" = 0 ] && [ "$(chats)" = $((before + 2)) ]
report 'one with a draft stays, and one that was named'

# An edit that was begun goes on after a restart, as an edit.
printf '%s\n' wait 'key Esc' 'key g' 'key e' 'type  or so' >"$tmp/edit"
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/edit" three
printf '%s\n' wait "save $tmp/begun" 'key Enter' wait "save $tmp/screen" >"$tmp/edit"
run "$hiss" chat --no-rc -m "$m" -t 1 -e 'set length 4' --script "$tmp/edit" three
grep -q 'question three or so' "$tmp/begun" && grep -q 'editing message 1;' "$tmp/begun"
report 'an edit that was begun is there after a restart, and says of what'
[ "$status" = 0 ] && grep -q '2/2' "$tmp/screen" && grep -q 'question three or so' "$tmp/screen" && [ ! -e "$HISS_HOME/state/edits/three" ]
report 'and Enter makes the branch'

# A record that was tampered with: verify on the screen shows where, beside the message.
"$hiss" ask -m "$m" -n 20 --temp 1 --seed 11 --chat forged "tell me" </dev/null >"$tmp/out" 2>&1
"$hiss" ask -m "$m" -n 20 --temp 1 --seed 11 --chat forged "and more" </dev/null >"$tmp/out" 2>&1
printf 'wait\nrun verify\nwait\nsave %s\n' "$tmp/screen" >"$tmp/verify"
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/verify" forged
[ "$(grep -c '^✓.*hiss' "$tmp/screen")" = 2 ] && grep -q 'verified 2 replies' "$tmp/screen"
report 'verify puts a tick beside each reply'
forged=$HISS_HOME/data/chats/forged.jsonl
sed 's/"seed":"11"/"seed":"12"/' "$forged" >"$tmp/forged" && cat "$tmp/forged" >"$forged"
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/verify" forged
grep -q '^✗.*hiss' "$tmp/screen" && grep -q 'message 2 differs at token .* was recorded' "$tmp/screen"
report 'and a cross beside the first that differs, with both tokens'

printf 'wait\nsave %s\nkey q\nkey C-d\n' "$tmp/screen" >"$tmp/replay"
run "$hiss" replay -m "$m" -t 1 --script "$tmp/replay" two
[ "$status" = 0 ] && grep -q 'two, replay' "$tmp/screen"
report 'hiss replay plays a chat'
run "$hiss" replay -m "$m" two </dev/null
bad 'but not without a terminal' 2 'playing it needs a terminal'

# A model that no chat uses any more goes; one file is one model, however it is named.
mkdir "$tmp/models" && cp "$m" "$tmp/models/first.gguf" && "$mkmodel" "$tmp/models/second.gguf" llama 3 chatml
printf 'wait\nrun model second\nwait\nrun model %s/./second.gguf\nwait\nrun models\nsave %s\n' "$tmp/models" "$tmp/screen" >"$tmp/switch"
HISS_MODEL_PATH=$tmp/models run "$hiss" chat --no-rc -m first -t 1 --script "$tmp/switch" --new
[ "$status" = 0 ] && [ "$(grep -c ' loaded' "$tmp/screen")" = 1 ] && grep -q 'second .* loaded' "$tmp/screen"
report 'a model that was left is unloaded'

printf 'run new\nwait\nrun chats\nsave %s\n' "$tmp/screen" >"$tmp/away"
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/away" two
[ "$status" = 0 ] && grep -q '^   .*Alt-1' "$tmp/screen"
report 'a chat that was restored behind another one has nothing new'
# The editor keeps the screen until the reply is whole: it then hears of beginning, text and end at once.
printf 'wait\ntype more\nkey Enter\nrun new\nrun editor\nwait\nrun chats\nsave %s\n' "$tmp/screen" >"$tmp/away"
EDITOR='sleep 1; true' run "$hiss" chat --no-rc -m "$m" -t 1 -e 'set length 4' --script "$tmp/away" two
[ "$status" = 0 ] && grep -q '^   .*  new ' "$tmp/screen"
report 'one that got a reply there has'
done_testing
