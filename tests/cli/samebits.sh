#!/bin/sh
# However a prompt is cut, whatever the threads and the kernel level: the same logits and the same state, to the bit.
# If this fails, a reply cannot be replayed on another machine, and a restored conversation may go on differently.
. "${top_srcdir:-.}/tests/lib/tap.sh"
i=0
while [ $i -lt 150 ]; do
    echo $((i * 7919 % 267))
    i=$((i + 1))
done >"$tmp/ids"

for arch in mamba mamba2 llama granitehybrid; do
    m=$tmp/$arch.gguf
    "$mkmodel" "$m" $arch 7 || exit 99
    run "$hiss" logits -m "$m" --ids "$tmp/ids" -o "$tmp/want" --kernels c -t 1 --chunk 1
    state=$(sed -n 's/.*state //p' "$tmp/err")
    [ "$status" = 0 ] && [ -n "$state" ]
    report "$arch: logits token by token"
    for level in $(levels); do
        differ=
        for chunk in 1 7 64 512; do
            for threads in 1 2; do
                run "$hiss" logits -m "$m" --ids "$tmp/ids" -o "$tmp/got" --kernels "$level" -t $threads --chunk $chunk
                [ "$status" = 0 ] && cmp -s "$tmp/want" "$tmp/got" && grep -q "state $state" "$tmp/err" ||
                    differ="$differ $chunk/$threads"
            done
        done
        same "$arch: the same at level $level in chunks of 1, 7, 64, 512 with 1 and 2 threads" '' "$differ"
    done

    # Texts of their own, and only their last rows: for programs that score many short ones.
    head -n 5 "$tmp/ids" | tr '\n' ' ' >"$tmp/two"
    { echo; echo; sed -n 6,9p "$tmp/ids" | tr '\n' ','; } >>"$tmp/two"
    head -n 5 "$tmp/ids" >"$tmp/one" && "$hiss" logits -m "$m" --ids "$tmp/one" -o "$tmp/a" 2>/dev/null
    sed -n 6,9p "$tmp/ids" >"$tmp/one" && "$hiss" logits -m "$m" --ids "$tmp/one" -o "$tmp/b" 2>/dev/null
    cat "$tmp/a" "$tmp/b" >"$tmp/want"
    run "$hiss" logits -m "$m" --ids "$tmp/two" -o "$tmp/got" --lines
    [ "$status" = 0 ] && cmp -s "$tmp/want" "$tmp/got"
    report "$arch: --lines reads each line from an empty state"
    row=$(($(wc -c <"$tmp/a") / 5))
    { tail -c "$row" "$tmp/a"; tail -c "$row" "$tmp/b"; } >"$tmp/want"
    run "$hiss" logits -m "$m" --ids "$tmp/two" -o "$tmp/got" --lines --last
    [ "$status" = 0 ] && cmp -s "$tmp/want" "$tmp/got"
    report "$arch: --last writes each one's last row"
done
done_testing
