#!/bin/sh
# The pictures of README, from a real run: HISS=build/hiss PYTHON=python3 sh docs/pictures/make.sh. Needs tmux, Pillow.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
hiss=$(realpath "${HISS:-build/hiss}")
cols=92 rows=26
home=$(mktemp -d)
trap 'tmux -L hiss-pictures kill-server 2>/dev/null || true; rm -rf "$home"' EXIT
t() { tmux -L hiss-pictures "$@"; }
keys() { t send-keys -t p "$@"; }
shot() { sleep 1; t capture-pane -N -e -p -t p | "${PYTHON:-python3}" "$here/ansi2png.py" "$here/$1.png" "$cols"; }
until_sees() { # until_sees TEXT
    n=0
    until t capture-pane -p -t p | grep -q "$1"; do sleep 0.2; n=$((n + 1)); [ "$n" -lt 300 ] || { t capture-pane -p -t p; exit 1; }; done
}
LC_ALL=C.UTF-8 t -f /dev/null new-session -d -s p -x "$cols" -y "$rows" "env HISS_HOME=$home LC_ALL=C.UTF-8 TERM=screen-256color $hiss -e 'set seed 5' -e 'set length 120'"
until_sees 'parameters'
keys 'How do I list all files in a folder, hidden ones too?' Enter
until_sees 'wrote'
keys 'Thanks! Now write a haiku about rain.' Enter
sleep 5 # what the first reply said of itself is gone by then
until_sees 'read .*wrote'
shot chat
keys F4
until_sees 'flatter'
keys j l
shot settings
keys q
keys M-x
keys 'verify' Enter
until_sees 'verified'
shot verify
keys M-x
keys 'new' Enter
until_sees 'parameters'
keys 'Give this a title: The cat slept on the warm stones.' Enter
until_sees 'wrote'
keys F2
until_sees 'Today'
shot chats
