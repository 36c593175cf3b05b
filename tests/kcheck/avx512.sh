#!/bin/sh
# kcheck of the AVX-512 float kernels on a CPU that has only AVX2: their own text, with the intrinsics written out in
# tests/kcheck/emulated. If this fails, hiss on a server answers otherwise than on a laptop. 77: not such a CPU.
grep -q ' avx2 ' /proc/cpuinfo 2>/dev/null || { echo "1..0 # SKIP no AVX2 here"; exit 77; }
src=$(cd "${top_srcdir:-.}" && pwd) || exit 99
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT INT TERM
cd "$tmp" || exit 99

# build FLAGS FILE...: each to an object.
build() {
    flags="-std=gnu11 -O2 -Wall -Wextra -Werror -Wno-psabi -ffp-contract=off -fno-math-errno -fno-strict-aliasing -I$src/kernels -I$src/tests/kcheck $1"
    shift
    for f; do
        # shellcheck disable=SC2086 -- a list of options
        ${CC:-gcc} $flags -c "$src/$f" -o "$(echo "$f" | tr / _).o" || exit 1
    done
}

plain=$(cd "$src" && echo kernels/kern.c kernels/c/*.c tests/kcheck/*.c tests/kcheck/emulated/machine.c)
avx2=$(cd "$src" && echo kernels/x86/*_avx2.c)
avx512=
for f in linear_f norm elem rope attn conv scan1 scan2; do
    avx512="$avx512 kernels/x86/${f}_avx512.c"
done
# shellcheck disable=SC2086
{ build '-D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700' $plain; build '-mavx2 -mfma -mf16c' $avx2
  build "-mavx2 -mfma -mf16c -I$src/tests/kcheck/emulated" $avx512; }
${CC:-gcc} ./*.o -lm -o kcheck || exit 1
./kcheck --level avx512 "$@"
