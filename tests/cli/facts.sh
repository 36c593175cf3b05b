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

play sentence -m /a/folder/that/is/not/there/with/a/long/name/and/another/one/inside/of/it/model.gguf <<'EOF'
wait
save long
size 10 40
save small
EOF
grep -q 'shows what is there' "$tmp/long" && grep -q '^›' "$tmp/long" && [ "$(wc -l <"$tmp/small")" = 11 ]
report 'a long sentence is shown to its end'
done_testing
