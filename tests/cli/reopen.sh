#!/bin/sh
# A conversation of 4,000 tokens on the screen: opened again it reads nothing, the next turn reads only itself, an edit of
# an early message reads from the keyframe before it, another answer reads nothing. If this fails, somebody waits for history.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba2.gguf
"$mkmodel" "$m" mamba2 7 chatml || exit 99
long=$(awk 'BEGIN { for (i = 0; i < 9; i++) printf "%d lines of a long message about a snake. ", i }')
turn=0
while [ $turn -lt 12 ]; do
    turn=$((turn + 1))
    "$hiss" ask -m "$m" -n 40 --seed $turn --temp 1 --chat long "$turn: $long" </dev/null >/dev/null 2>&1 || exit 99
done

# play LINES...: opens the chat on the screen and plays them; what the status line says of tokens goes to $told.
play() {
    { echo wait; printf '%s\n' "$@"; echo "save $tmp/screen"; } >"$tmp/play"
    run "$hiss" chat --no-rc -m "$m" -t 1 -e 'set length 20' --script "$tmp/play" long
    told=$(grep -o '\(restored [0-9,]*, \)*read [0-9][0-9,]*' "$tmp/screen" | tail -n 1)
    restored=$(echo "$told" | sed -n 's/,//g; s/.*restored \([0-9]*\) .*/\1/p')
    read=$(echo "$told" | sed 's/.*read //; s/,//g')
}
play 'size 24 80'
[ "$status" = 0 ] && [ "${restored:-0}" -ge 3900 ] && [ "$read" = 0 ]
report "opened again: $told"
play 'key Esc' 'key r' wait
[ "$read" = 0 ]
report "another answer: $told"
play 'key Esc' 'key u' wait 'key i' 'type short' 'key Enter' wait
[ "$read" -gt 0 ] && [ "$read" -le 40 ]
report "the next turn: $told"
play 'key Esc' 'key u' wait 'key g' 'key j' 'key j' 'key e' 'key ^A' 'type Edited. ' 'key Enter' wait
[ "$read" -ge ${#long} ] && [ "$read" -le 1000 ] && grep -q 2/2 "$tmp/screen"
report "the second question edited, of ${#long} bytes: $told"
play 'key Esc' 'key u' wait 'key i' 'type go on' 'key Enter' wait
[ "$read" -gt 0 ] && [ "$read" -le 1000 ] # its own, and what the keyframe lies back
report "taken back, and on where it stood: $told"

# What a crash left of a line is no silent loss.
printf '{"event":"node","op":99,"time":"17' >>"$HISS_HOME/data/chats/long.jsonl"
play 'size 24 120'
grep -q 'ended in the middle of a line; those 34 bytes lie beside it in long' "$tmp/screen"
report 'a torn last line is told where one looks'
play 'size 24 120'
! grep -q 'in the middle of a line' "$tmp/screen"
report 'once'
done_testing
