# For tests of the program: source this, call run and the checks, end with done_testing.
# Each test has a folder of its own, $tmp, which is also its HISS_HOME; nothing of the user's is touched.
n=0
tmp=$(mktemp -d) || exit 99
trap 'chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
HISS_HOME=$tmp/home
export HISS_HOME
HISS_EMBEDDED=$tmp/none # the model in models/ is a guest: tests that want it unset this
export HISS_EMBEDDED
unset HISS_MODEL_PATH HISS_KERNELS
hiss=${HISS:-./hiss}
mkmodel=${top_builddir:-.}/tests/lib/mkmodel

# run COMMAND...: leaves $status, $tmp/out and $tmp/err.
run() {
    status=0
    "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
}

# report NAME: counts the last status ($?) as a test.
report() {
    r=$?
    n=$((n + 1))
    if [ "$r" = 0 ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        echo "# status $status"
        head -n 5 "$tmp/out" "$tmp/err" 2>/dev/null | cut -c 1-200 | sed 's/^/# /'
    fi
}

# good NAME: the last run succeeded and said nothing on stderr.
good() {
    [ "$status" = 0 ] && [ ! -s "$tmp/err" ]
    report "$1"
}

# bad NAME STATUS PATTERN: it failed with that status and one line on stderr that matches (after usage errors a
# second line points to --help).
bad() {
    lines=1
    [ "$2" = 2 ] && lines=2
    [ "$status" = "$2" ] && [ "$(wc -l <"$tmp/err")" = "$lines" ] && grep -q -e "$3" "$tmp/err"
    report "$1"
}

# same NAME EXPECTED ACTUAL
same() {
    [ "$2" = "$3" ]
    report "$1"
    [ "$2" = "$3" ] || { echo "# expected: $2" | head -n 3; echo "#      got: $3" | head -n 3; }
}

skip() {
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

done_testing() {
    echo "1..$n"
}

# The kernel levels this machine runs, as the program names them.
levels() {
    HISS_KERNELS=none "$hiss" bench 2>&1 | sed -n 's/.*it runs //p' | tr -d ,
}
