#!/bin/sh
# What the commands print is what they say it is.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba.gguf
"$mkmodel" "$m" mamba 3 || exit 99
vocab=$("$hiss" models info "$m" | sed -n 's/^width .*vocabulary //p')

# ---- tokenize: bytes that no merge joins are tokens of their own ----
run sh -c "printf 'xyz' | '$hiss' tokenize -m '$m'"
good 'tokenize'
same 'tokenize: three letters, three ids' 3 "$(wc -w <"$tmp/out")"
run sh -c "printf '<|im_end|>' | '$hiss' tokenize -m '$m'"
[ "$(wc -w <"$tmp/out")" -gt 1 ]
report 'tokenize: a control token typed as text stays text'
run sh -c "printf '<|im_end|>' | '$hiss' tokenize -m '$m' --special"
same 'tokenize --special: it is one token' 1 "$(wc -w <"$tmp/out")"

# ---- perplexity: the same number from the logits by hand ----
text='the quick brown fox jumps over the lazy dog again and again'
printf '%s' "$text" >"$tmp/text"
window=16
"$hiss" tokenize -m "$m" <"$tmp/text" | tr ' ' '\n' | head -n $window >"$tmp/ids"
run "$hiss" logits -m "$m" --ids "$tmp/ids" -o "$tmp/logits"
same 'logits: one row a token' $((window * vocab * 4)) "$(wc -c <"$tmp/logits")"
nll=$(od -An -v -tf4 -w$((vocab * 4)) "$tmp/logits" | awk -v window=$window -v ids="$(tr '\n' ' ' <"$tmp/ids")" '
    BEGIN { split(ids, id, " ") }
    NR >= window / 2 && NR < window { # row NR is after token NR, counted from 1
        sum = 0
        for (i = 1; i <= NF; i++) sum += exp($i)
        nll += log(sum) - $(id[NR + 1] + 1)
    }
    END { printf "%.3f", nll / (window / 2) }')
run "$hiss" perplexity -m "$m" --window $window -n 1 "$tmp/text"
good 'perplexity'
same 'perplexity is the mean over the second half of the window' "$nll" "$(awk '$1 == "nll" { printf "%.3f", $2 }' "$tmp/out")"
grep -q '^scored 8 tokens in 1 windows of 16$' "$tmp/out"
report 'perplexity says what was scored'

# ---- bench ----
run "$hiss" bench -m "$m" -p 16 -n 8 -r 2 -t 1
good 'bench'
run "$hiss" bench -m "$m" -p 16 -n 8 -r 2 -t 1 --json
good 'bench --json'
for key in version arith model cpu kernels threads load_s weight_bytes prefill decode decode_gb_per_s memory_gb_per_s \
    state_bytes state_take state_write state_read state_restore; do
    grep -q "\"$key\":" "$tmp/out" || echo "# bench --json lacks $key"
done >"$tmp/missing"
same 'bench --json has every key' '' "$(cat "$tmp/missing")"
run "$hiss" bench -m "$m" -p 16 -n 8 -r 1 -t 1 --batch 3 --positions 40 --json
good 'bench --batch --positions'
cp "$tmp/out" "$tmp/earlier.json"
grep -q '"batch":' "$tmp/earlier.json" && grep -q '"position":.40' "$tmp/earlier.json"
report 'bench --json tells the batch and the last position'
run "$hiss" bench -m "$m" -p 16 -n 8 -r 1 -t 1 --batch 3 --positions 40 --compare "$tmp/earlier.json" --plot "$tmp/plot.svg"
good 'bench --compare --plot'
grep -q 'batch .* tokens/s then, .* now: ' "$tmp/out"
report 'bench --compare shows then and now'
[ "$(grep -c 'stroke-width' "$tmp/plot.svg")" = 2 ] && tail -n 1 "$tmp/plot.svg" | grep -q '^</svg>$'
report 'bench --plot draws a curve for each'
echo '{}' >"$tmp/empty.json"
run "$hiss" bench -m "$m" --compare "$tmp/empty.json"
bad 'bench --compare with something else' 1 'empty.json is no report'
run "$hiss" bench -m "$m" --plot "$tmp/plot.svg"
bad 'bench --plot without --positions' 2 'needs\|give both'
done_testing
