#!/bin/sh
# hiss replay --verify: a saved conversation is what the model says again, token by token, at every kernel level; a
# forged one is found out, with the first difference.
. "${top_srcdir:-.}/tests/lib/tap.sh"
chats=$HISS_HOME/data/chats
HISS_MODEL_PATH=$tmp/models
export HISS_MODEL_PATH
mkdir "$tmp/models"
for arch in mamba mamba2 llama; do
    "$mkmodel" "$tmp/models/$arch.gguf" "$arch" 4 chatml || exit 99
    for turn in 1 2 3; do
        "$hiss" ask -m "$arch" -n 9 --temp 0.9 --seed $turn --chat "$arch" "turn $turn" </dev/null >/dev/null 2>&1 || exit 99
    done
    for level in $(levels); do
        run "$hiss" replay "$arch" --verify --kernels "$level"
        [ "$status" = 0 ] && grep -q '^verified 3 replies, [0-9]* tokens$' "$tmp/out"; report "$arch at level $level"
    done
    run "$hiss" replay "$arch" --verify -t 1
    good "$arch on one thread"
done

# Two models in one conversation.
"$hiss" ask -m llama -n 5 --chat mamba other </dev/null >/dev/null 2>&1
run "$hiss" replay mamba --verify
grep -q '^verified 4 replies' "$tmp/out"; report 'replies of two models, each by its own'
mv "$tmp/models/llama.gguf" "$tmp/gone.gguf"
run "$hiss" replay mamba --verify
[ "$status" = 1 ] && grep -q '^1 replies of .*llama.gguf were not run' "$tmp/out" && grep -q '^verified 3 replies' "$tmp/out"
report 'a model that is gone is named'
mv "$tmp/gone.gguf" "$tmp/models/llama.gguf"

# The second reply's third token is another one.
awk -F'"ids":\\[' '/"event":"node".*"assistant"/ && ++n == 2 {
    split($2, tail, "]"); k = split(tail[1], ids, ","); rest = substr($2, length(tail[1]) + 1)
    match($0, /"header":[0-9]+/); h = substr($0, RSTART + 9, RLENGTH - 9)
    ids[h + 3] = ids[h + 3] == 65 ? 66 : 65; list = ids[1]
    for (i = 2; i <= k; i++) list = list "," ids[i]
    print $1 "\"ids\":[" list rest; next } { print }' "$chats/mamba2.jsonl" >"$chats/forged.jsonl"
run "$hiss" replay forged --verify
[ "$status" = 1 ] && grep -q '^message 4 (#4) differs at token 3: 6[56] ' "$tmp/out"; report 'a forged token is found, and where'
sed '/"assistant"/s/"seed":"2"/"seed":"3"/' "$chats/mamba2.jsonl" >"$chats/seed.jsonl"
run "$hiss" replay seed --verify
[ "$status" = 1 ]; report 'a forged seed is found'
sed '/"event":"node".*"assistant"/s/"state":"\(.\)[0-9a-f]/"state":"\1x/' "$chats/mamba2.jsonl" >"$chats/hex.jsonl"
run "$hiss" replay hex --verify
[ "$status" -le 1 ]; report 'a state that is no number'
sed '/"event":"node".*"assistant"/s/"state":"[0-9a-f]*"/"state":"00000000000000000000000000000000"/' "$chats/mamba2.jsonl" >"$chats/state.jsonl"
run "$hiss" replay state --verify
[ "$status" = 1 ] && grep -q 'all ids are the same, the state' "$tmp/out"; report 'a forged state is found'
sed 's/"arith":1/"arith":7/' "$chats/mamba2.jsonl" >"$chats/arith.jsonl"
run "$hiss" replay arith --verify
[ "$status" = 0 ] && grep -q '^3 replies were made by arithmetic 7' "$tmp/out"; report 'another arithmetic is said, not blamed'
run "$hiss" replay nothing --verify
bad 'a chat that is not there' 1 "no chat 'nothing'"
run "$hiss" replay mamba
bad 'replay needs --verify' 2 'verify'
done_testing
