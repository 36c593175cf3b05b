#!/bin/sh
# Golden screens: each tests/golden/NAME.play is played on a tiny random model with a frozen clock and a fixed seed, and
# the displays it saves are compared with NAME.SAVED.txt. tour.play, which visits every view, is played on a chat that lies
# there and a model that speaks: at each size, all its displays in one file, and with the looks of them (src/term/dump.h) on
# each kind of terminal. GOLDEN_UPDATE=1 writes them anew: look at them then.
# If this fails, a view looks different from what was looked at and found good.
. "${top_srcdir:-.}/tests/lib/tap.sh"
here=$(cd "${top_srcdir:-.}/tests/golden" && pwd)

# Where this machine has things is not part of a view, nor is how long such a path is: it decides where a line ends.
short=$(mktemp -u /tmp/hiss-XXXXXX)
ln -s "$tmp" "$short" || exit 99
trap 'rm -f "$short"; chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
mkdir "$tmp/share" "$tmp/stories" && ln -s "$here/../../personas" "$here/../../themes" "$tmp/share" || exit 99
"$mkmodel" "$tmp/tiny.gguf" mamba2 1 || exit 99
"$mkmodel" "$tmp/other.gguf" llama 2 || exit 99
cp "$here/../data/tiny.gguf" "$tmp/stories/tiny.gguf" && "$mkmodel" "$tmp/stories/other.gguf" llama 2 || exit 99

# play NAME FILE LOCALE MODELS [VARIABLE=VALUE...] [options]: saves displays into $tmp/NAME; leaves $status.
play() {
    name=$1 file=$2 locale=$3 models=$4
    shift 4
    vars=
    while case ${1:-} in *=*) true ;; *) false ;; esac; do
        vars="$vars $1"
        shift
    done
    mkdir -p "$tmp/$name"
    status=0
    # shellcheck disable=SC2086 -- a list of assignments
    (cd "$tmp/$name" && env -i PATH="$PATH" HOME="$short/$name" HISS_HOME="$short/$name/home" HISS_MODEL_PATH="$models" \
        HISS_EMBEDDED="$HISS_EMBEDDED" HISS_SHARE="$short/share" TZ=UTC LC_ALL="$locale" HISS_FAKE_CLOCK=1700000000000 \
        ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} $vars \
        "$hiss" chat --no-rc -m "$models/tiny.gguf" -t 1 -e 'set seed 7' -e 'set length 40' --script "$file" "$@") \
        >"$tmp/out" 2>"$tmp/err" || status=$?
}

# compare GOLDEN DISPLAY NAME
compare() {
    sed -i "s|$short|/tmp/hiss-XXXXXX|g" "$2"
    [ -z "${GOLDEN_UPDATE:-}" ] || cp "$2" "$here/$1"
    diff -u "$here/$1" "$2" >"$tmp/out" 2>"$tmp/err"
    report "$3"
}

# tour NAME VERB [VARIABLE=VALUE...] [options]: all displays of the tour in tour.NAME.txt.
tour() {
    view=$1 verb=$2
    shift 2
    mkdir -p "$tmp/$view/home/data/chats"
    cp "$here/tour.jsonl" "$tmp/$view/home/data/chats/garden.jsonl"
    sed "s/^save /$verb /" "$here/tour.play" >"$tmp/tour.play"
    play "$view" "$tmp/tour.play" C.UTF-8 "$short/stories" "$@" garden
    [ "$status" = 0 ]
    report "the tour, $view, plays to its end"
    for screen in $(sed -n 's/^save //p' "$here/tour.play"); do
        echo "== $screen"
        cat "$tmp/$view/$screen" 2>/dev/null
    done >"$tmp/$view/tour"
    compare "tour.$view.txt" "$tmp/$view/tour" "every view, $view"
}

for file in "$here"/*.play; do
    name=$(basename "$file" .play)
    [ "$name" != tour ] || continue
    play "$name" "$file" C.UTF-8 "$short"
    [ "$status" = 0 ]
    report "$name plays to its end"
    for screen in $(sed -n 's/^save //p' "$file"); do
        compare "$name.$screen" "$tmp/$name/$screen" "$name: $screen"
    done
done

tour 24x80 save --rows 24 --cols 80
tour 10x40 save --rows 10 --cols 40
tour 60x200 save --rows 60 --cols 200
tour 1x20 save --rows 1 --cols 20

# Terminals of few colours that not every system describes: made here, from one that it does.
printf 'hiss-16color|xterm with 16 colours,\n\tcolors#16, pairs#256, use=xterm-256color,\n' >"$tmp/ti" &&
    tic -x -o "$tmp/terminfo" "$tmp/ti" || exit 99
tour 256-colours looks -e 'theme dark'
tour 16-colours looks TERMINFO_DIRS="$short/terminfo:" --term hiss-16color -e 'theme high-contrast'
tour 8-colours looks --term xterm
tour no-colours looks NO_COLOR=1
tour mono looks -e 'theme mono'

# The same session in other locales shows the same screen.
for locale in C POSIX de_DE.UTF-8; do
    play "talk-$locale" "$here/talk.play" "$locale" "$short"
    cmp -s "$here/talk.reply.txt" "$tmp/talk-$locale/reply.txt"
    report "talk looks the same with LC_ALL=$locale"
done
done_testing
