#!/bin/sh
# What the screen says about a chat is true of what it shows.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/attention.gguf
"$mkmodel" "$m" llama 7 endless || exit 99

# play NAME [OPTION...] <SCRIPT: the displays it saves lie in $tmp.
play() {
    cat >"$tmp/play"
    (cd "$tmp" && run "$hiss" chat --no-rc -m "$m" -t 1 "$@" --script "$tmp/play" && exit "$status")
    status=$?
}
state() { sed -n '1s/.*\(state .*\)/\1/p' "$tmp/$1"; }

play lengths -e 'set length 60' <<'EOF'
type tell me
key Enter
wait
save long
run set length 3
key Esc
key r
wait
save short
key h
wait
save back
EOF
grep -q '2/2 *length reached' "$tmp/short"
report 'a reply that was cut at its length says so'
[ "$(state long)" != "$(state short)" ] && [ "$(state long)" = "$(state back)" ]
report 'the state is that of the shown answer'

play folds -e 'set length 60' <<'EOF'
type first line\nsecond line
key Enter
wait
key Esc
key k
key Space
save folded
key Space
save unfolded
key Space
key /
type second
key Enter
save found
EOF
grep -q 'you  first line…' "$tmp/folded" && ! grep -q 'second line' "$tmp/folded" && grep -q 'second line' "$tmp/unfolded"
report 'Space folds the selected message, and unfolds it'
grep -q 'second line' "$tmp/found"
report 'what a search finds is unfolded'

play refused <<'EOF'
wait
type /bin/ls is what?
key Enter
save unknown
key C-u
type /set temperature 9
key Enter
save value
key C-u
type /set temperature 1
key Enter
save taken
EOF
grep -q '^› /bin/ls is what' "$tmp/unknown" && grep -q '// begins a text' "$tmp/unknown" && grep -q '^› /set temperature 9' "$tmp/value"
report 'a command that is refused stays in the composer'
grep -q '^›$' "$tmp/taken"
report 'one that is taken does not'

play pasted <<'EOF'
wait
paste 1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n
type  and mine
save pasted
key M-x
key Esc
save asked
run new second
run open pasted
save back
run delete-chat
run open pasted
save deleted
run new other
key F2
key u
key q
run open pasted
save undeleted
run new pasted
save taken
key C-u
EOF
grep -q "no chat 'pasted'" "$tmp/deleted"
report 'a deleted chat is not opened as a new one'
grep -q "a chat 'pasted' already" "$tmp/taken"
report 'a new chat is not an old one'
grep -q 'and mine' "$tmp/undeleted"
report 'a deleted chat comes back with u in the list, its draft too'
for screen in pasted asked back; do
    grep -q '^› \[10 lines: 1…\] and mine$' "$tmp/$screen"
    report "a long paste is one piece: $screen"
done
play pasted <<'EOF'
wait
save again
EOF
! grep -q 'mine' "$tmp/again"
report 'and a draft that was cleared is gone'

play 'rainy days' <<'EOF'
wait
type will it rain
key Enter
wait
save title
run new
wait
type what about\nsunshine
key Enter
wait
key F2
wait
save list
key M-1
save other
size 24 120
key F2
key M-2
save beside
EOF
sed -n 1p "$tmp/title" | grep -q '^ rainy days ' && grep -q 'rainy days' "$tmp/list" && grep -q '● what about…* ' "$tmp/list"
report 'a chosen name is the title, else how the chat begins'
sed -n 1p "$tmp/other" | grep -q '^ rainy days ' && sed -n 1p "$tmp/beside" | grep -q '│ what about ' && grep -q '^ what about *Alt-2 *│' "$tmp/beside"
report 'a key that shows another chat shows it, whatever panel was open'
"$hiss" chats list >"$tmp/out" && grep -q 'rainy days' "$tmp/out" && grep -q '  what about…$' "$tmp/out"
report 'the list on the command line has the same names'
printf '{"event":"title","op":9,"time":"1700000000000","text":"a\\u001bb"}\n' >>"$HISS_HOME/data/chats/rainy days.jsonl"
"$hiss" chats list >"$tmp/out" && ! grep -q "$(printf '\033')" "$tmp/out"
report 'and no control characters'

play branches -e 'set length 4' <<'EOF'
wait
run system be brief
wait
type hello
key Enter
wait
run system be loud
wait
save system
run undo
wait
key Esc
key +
wait
save rated
EOF
grep -q '/undo brings this talk back' "$tmp/system" && ! grep -q hello "$tmp/system" && grep -q hello "$tmp/rated"
report 'another system text says where the talk went'
grep -q 'rated good' "$tmp/rated"
report 'a rating is confirmed, wherever its head is'

play sentence -m /a/folder/that/is/not/there/with/a/long/name/and/another/one/inside/of/it/model.gguf <<'EOF'
wait
save long
size 10 40
save small
EOF
grep -q 'shows what is there' "$tmp/long" && grep -q '^›' "$tmp/long" && [ "$(wc -l <"$tmp/small")" = 11 ]
report 'a long sentence is shown to its end'
done_testing
