#!/bin/sh
# kcheck on AArch64, from any machine: builds kernels and kcheck with a cross compiler, by the project's own configure
# and Makefile, and runs them under qemu: on a CPU without integer dot products, one that has them (asimddp), and one
# that has products of 8-bit matrices (i8mm) too.
# If this fails, hiss on an ARM machine answers otherwise than anywhere else. 77: compiler or qemu are missing
# (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user).
host=aarch64-linux-gnu
for tool in $host-gcc qemu-aarch64; do
    command -v $tool >/dev/null || { echo "1..0 # SKIP $tool is missing"; exit 77; }
done
src=$(cd "${top_srcdir:-.}" && pwd) || exit 99
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT INT TERM
cd "$tmp" || exit 99

# Neither kernels nor kcheck need a library: what configure asks for stands as found, and nothing else is built.
for lib in CJSON NETTLE PCRE2 XXHASH NCURSES READLINE UTF8PROC MD4C CMOCKA VTERM; do
    export "${lib}_CFLAGS= " "${lib}_LIBS= "
done
if ! { "$src/configure" -q --host=$host --enable-werror LDFLAGS=-static && make -s tests/kcheck/kcheck; } >build.log 2>&1; then
    tail -n 40 build.log
    echo 'Bail out! the cross build failed'
    exit 1
fi

# on CPU LEVEL [options]: every check passes on this CPU, whose best level is LEVEL.
failed=0
on() {
    cpu=$1 level=$2
    shift 2
    echo "# $cpu: level $level"
    qemu-aarch64 -cpu "$cpu" tests/kcheck/kcheck "$@" >"$cpu.log" 2>&1 || failed=1
    grep -v '# SKIP' "$cpu.log"
    grep -q "best level $level\$" "$cpu.log" || { echo "not ok - the best level of $cpu is $level"; failed=1; }
}
on cortex-a72 c
on neoverse-n1 neon --level neon
on max i8mm
exit $failed
