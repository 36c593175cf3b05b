#!/bin/sh
# Golden screens: each tests/golden/NAME.play is played on a tiny random model with a frozen clock and a fixed seed, and
# the displays it saves are compared with NAME.SAVED.txt. GOLDEN_UPDATE=1 writes them anew: look at them then.
# If this fails, a view looks different from what was looked at and found good.
. "${top_srcdir:-.}/tests/lib/tap.sh"
here=$(cd "${top_srcdir:-.}/tests/golden" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${top_builddir:-.}/tests/lib/mkmodel" "$tmp/tiny.gguf" mamba2 1 || exit 99
"${top_builddir:-.}/tests/lib/mkmodel" "$tmp/other.gguf" llama 2 || exit 99

play() { # play NAME LOCALE [hiss options]: saves displays into $tmp/NAME
    name=$1; locale=$2; shift 2
    mkdir -p "$tmp/$name"
    (cd "$tmp/$name" && env -i PATH="$PATH" HOME="$tmp/$name" HISS_HOME="$tmp/$name/home" HISS_MODEL_PATH="$tmp" TZ=UTC LC_ALL="$locale" \
        HISS_FAKE_CLOCK=1700000000000 HISS_PERSONAS="${top_srcdir:-.}" ASAN_OPTIONS="${ASAN_OPTIONS:-}" \
        "$HISS" chat --no-rc -m "$tmp/tiny.gguf" -t 1 -e 'set seed 7' -e 'set length 40' \
        --script "$here/$name.play" "$@" >out 2>err)
}

plays=$(cd "$here" && ls ./*.play | sed 's/^..//; s/\.play$//')
n=0
for p in $plays; do n=$((n + 1 + $(grep -c '^save ' "$here/$p.play"))); done
plan $((n + 3))
for p in $plays; do
    if play "$p" C.UTF-8; then ok "$p plays to its end"; else not_ok "$p plays to its end"; sed 's/^/# /' "$tmp/$p/err"; fi
    sed -n 's/^save //p' "$here/$p.play" | while read -r f; do
        if [ -n "${GOLDEN_UPDATE:-}" ]; then cp "$tmp/$p/$f" "$here/$p.$f"; fi
        diff -u "$here/$p.$f" "$tmp/$p/$f" >"$tmp/$p/$f.diff" 2>&1 || :
    done
    for f in $(sed -n 's/^save //p' "$here/$p.play"); do
        if [ -s "$tmp/$p/$f.diff" ] || [ ! -e "$tmp/$p/$f" ]; then
            not_ok "$p: $f"; sed 's/^/# /' "$tmp/$p/$f.diff" | head -60
        else ok "$p: $f"; fi
    done
done

# The same session in other locales shows the same screen.
for locale in C POSIX de_DE.UTF-8; do
    rm -rf "$tmp/talk.$locale"; mv "$tmp/talk" "$tmp/talk.keep"
    play talk "$locale"
    if cmp -s "$tmp/talk/reply.txt" "$here/talk.reply.txt"; then ok "talk looks the same with LC_ALL=$locale"
    else not_ok "talk looks the same with LC_ALL=$locale"; diff -u "$here/talk.reply.txt" "$tmp/talk/reply.txt" | sed 's/^/# /' | head -40; fi
    mv "$tmp/talk" "$tmp/talk.$locale"; mv "$tmp/talk.keep" "$tmp/talk"
done
