#!/bin/sh
# The rooms of docs/ARCHITECTURE.md: a file includes nothing of a higher rank, nor of a sibling room; kernels include
# nothing of src; no file outgrows its bounds; no -ffast-math anywhere; libm's curves stay off the token path.
# If this fails, a change made the program harder to take apart than it has to be.
cd "${top_srcdir:-.}" || exit 99
n=0
report() { # report NAME OUTPUT
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; echo "$2" | sed 's/^/# /'; fi
}
echo 1..6

rank() {
    case $1 in
    base) echo 0 ;; kernels) echo 1 ;; model | token | term) echo 2 ;; engine) echo 3 ;; chat | align) echo 4 ;;
    desk) echo 5 ;; ui) echo 6 ;; cmd) echo 7 ;; *) echo 9 ;;
    esac
}
report 'includes go down the ranks' "$(
    for f in src/*/*.[ch]; do
        room=${f#src/}; room=${room%%/*}
        grep -n '^#include "' "$f" | sed 's/^\([0-9]*\):#include "\([^"]*\)".*/\1 \2/' | while read -r line inc; do
            case $inc in
            kern.h) to=kernels ;;
            */*) to=${inc%%/*} ;;
            config.h | *.def) continue ;;
            *) echo "$f:$line: \"$inc\" must be written ROOM/FILE.h"; continue ;;
            esac
            [ "$to" = "$room" ] && continue
            [ "$(rank "$to")" -lt "$(rank "$room")" ] || echo "$f:$line: $room (rank $(rank "$room")) includes $inc (rank $(rank "$to"))"
        done
    done)"
report 'kernels include the C library and themselves only' "$(
    grep -n '^#include "[^"]*/' kernels/*.[ch] kernels/*/*.[ch] 2>/dev/null | grep -v '"\(c\|x86\|arm\)/')"
report 'no kernel allocates or starts threads' "$(
    grep -nE '\b(malloc|calloc|realloc|free|pthread_[a-z]+)\(' kernels/*.[ch] kernels/*/*.[ch] 2>/dev/null)"
report 'no file above 600 lines' "$(
    find kernels src tests -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }')"
report 'no -ffast-math' "$(
    grep -n 'ffast-math\|-Ofast' configure.ac Makefile.am $(find kernels src tests man -name '*.mk') /dev/null)"
report 'no libm curves on the token path' "$(
    grep -nE '\b(exp|exp2|expm1|log|log2|log10|log1p|sin|cos|sincos|tan|tanh|pow|cbrt|erf)f?\(' \
        $(find kernels src/model src/engine -name '*.[ch]' 2>/dev/null) /dev/null | grep -vE '^[^:]*:[0-9]*: *(/?\*|//)' |
        grep -vE '/\*.*\b(exp|log|sin|cos|pow|tanh)f?\(.*\*/' | grep -vE 'kern_[a-z0-9_]*(exp|log|pow|sincos)|->(exp|log)\(|X\(')"
