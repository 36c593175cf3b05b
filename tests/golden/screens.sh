#!/bin/sh
# Golden screens: each tests/golden/NAME.play is played on a tiny random model with a frozen clock and a fixed seed, and
# the displays it saves are compared with NAME.SAVED.txt. GOLDEN_UPDATE=1 writes them anew: look at them then.
# If this fails, a view looks different from what was looked at and found good.
. "${top_srcdir:-.}/tests/lib/tap.sh"
here=$(cd "${top_srcdir:-.}/tests/golden" && pwd)
"$mkmodel" "$tmp/tiny.gguf" mamba2 1 || exit 99
"$mkmodel" "$tmp/other.gguf" llama 2 || exit 99

# play NAME LOCALE: saves displays into $tmp/NAME; leaves $status.
play() {
    rm -rf "${tmp:?}/$1"
    mkdir -p "$tmp/$1"
    status=0
    (cd "$tmp/$1" && env -i PATH="$PATH" HOME="$tmp/$1" HISS_HOME="$tmp/$1/home" HISS_MODEL_PATH="$tmp" HISS_EMBEDDED="$HISS_EMBEDDED" TZ=UTC LC_ALL="$2" \
        HISS_FAKE_CLOCK=1700000000000 ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} \
        "$hiss" chat --no-rc -m "$tmp/tiny.gguf" -t 1 -e 'set seed 7' -e 'set length 40' \
        --script "$here/$1.play") >"$tmp/out" 2>"$tmp/err" || status=$?
}

for file in "$here"/*.play; do
    name=$(basename "$file" .play)
    play "$name" C.UTF-8
    [ "$status" = 0 ]
    report "$name plays to its end"
    for screen in $(sed -n 's/^save //p' "$file"); do
        sed -i 's|/[^ ]*/|PATH/|g' "$tmp/$name/$screen" # where this machine has things is not part of the view
        [ -z "${GOLDEN_UPDATE:-}" ] || cp "$tmp/$name/$screen" "$here/$name.$screen"
        diff -u "$here/$name.$screen" "$tmp/$name/$screen" >"$tmp/out" 2>"$tmp/err"
        report "$name: $screen"
    done
done

# The same session in other locales shows the same screen.
for locale in C POSIX de_DE.UTF-8; do
    play talk "$locale"
    sed -i 's|/[^ ]*/|PATH/|g' "$tmp/talk/reply.txt"
    cmp -s "$here/talk.reply.txt" "$tmp/talk/reply.txt"
    report "talk looks the same with LC_ALL=$locale"
done
done_testing
