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
done
done_testing
