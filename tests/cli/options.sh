#!/bin/sh
# Commands and options: help is complete, mistakes are answered with one sentence and status 2.
. "${top_srcdir:-.}/tests/lib/tap.sh"

run "$hiss" --version
good '--version succeeds'
grep -q '^hiss [0-9]' "$tmp/out"
report '--version says which'
run "$hiss" --help
good '--help succeeds'
commands=$(sed -n 's/^  \([a-z]*\) .*/\1/p' "$tmp/out")
[ "$(echo "$commands" | wc -w)" -ge 5 ]
report '--help lists the commands'

run "$hiss" nonsense
bad 'an unknown command is named' 2 "nonsense"
run "$hiss" --nonsense
bad 'an unknown option is named' 2 "--nonsense"

for c in $commands; do
    run "$hiss" "$c" --help
    good "$c --help succeeds"
    grep -q "^usage: hiss $c" "$tmp/out"
    report "$c --help shows how to call it"
    run "$hiss" "$c" --no-such-option
    bad "$c names an unknown option" 2 "hiss $c: .*--no-such-option"
    page=${top_srcdir:-.}/man/hiss-$c.1
    [ -e "$page" ]
    report "$c has a manual page"
    "$hiss" "$c" --help >"$tmp/help"
    missing=$(sed -n 's/^  ....--\([a-z-]*\).*/\1/p' "$tmp/help" | grep -vx help | while read -r option; do
        grep -q -e "Fl Fl $option\$" -e "Fl Fl $option " "$page" || echo "$option"
    done)
    same "the manual page of $c has all its options" '' "$missing"
    grep -q "Xr hiss-$c 1" "${top_srcdir:-.}/man/hiss.1"
    report "hiss(1) refers to hiss-$c(1)"
done

run "$hiss" bench -t
bad 'a missing value' 2 '-t needs a value'
run "$hiss" bench -t 0
bad 'a number below its range' 2 "from 1 to 256, not '0'"
run "$hiss" bench --threads=999999999999999999999
bad 'a number beyond all ranges' 2 'from 1 to 256'
run "$hiss" bench -r3x
bad 'a number with something after it' 2 "not '3x'"
run "$hiss" bench --json=yes
bad 'a value for a flag' 2 'takes no value'
run "$hiss" bench stray
bad 'a stray argument' 2 "'stray'"
run "$hiss" perplexity
bad 'a missing argument' 2 'argument is missing'
run "$hiss" logits -o x
bad 'a missing option' 2 '--ids FILE is missing'
run "$hiss" models describe
bad 'an unknown verb' 2 "'describe'"
run "$hiss" bench --kernels sse9
bad 'an unknown kernel level' 2 "'sse9'; it runs c"
HISS_KERNELS=sse9 run "$hiss" bench
bad 'an unknown kernel level in the environment' 2 "HISS_KERNELS: .*'sse9'"

# A comma as decimal sign in the user's language must not change how numbers are read.
LC_ALL=de_DE.UTF-8 run "$hiss" bench -t 1,5
bad 'numbers are read as in the C locale' 2 "not '1,5'"
done_testing
