#!/bin/sh
# hiss ask: stdout is the reply and nothing else, a seed repeats it, a saved conversation goes on from its state.
. "${top_srcdir:-.}/tests/lib/tap.sh"
m=$tmp/mamba2.gguf
"$mkmodel" "$m" mamba2 7 chatml || exit 99
ask() { run "$hiss" ask -m "$m" -n 8 --seed 5 "$@"; }

ask 'tell me' </dev/null
good 'a reply'
cp "$tmp/out" "$tmp/first"
[ -s "$tmp/out" ]; report 'is not empty'
ask 'tell me' </dev/null
cmp -s "$tmp/out" "$tmp/first"; report 'the same seed gives the same reply'
ask --seed 6 'tell me' </dev/null
! cmp -s "$tmp/out" "$tmp/first"; report 'another seed another one'
ask tell me </dev/null
cmp -s "$tmp/out" "$tmp/first"; report 'words of the command line are joined'
echo 'tell me' | ask
cmp -s "$tmp/out" "$tmp/first"; report 'standard input alone is the prompt'
printf 'a file\nof two lines\n' | ask 'tell me'
cp "$tmp/out" "$tmp/joined"
ask "tell me

a file
of two lines" </dev/null
cmp -s "$tmp/out" "$tmp/joined"; report 'standard input joins the prompt'
ask --stop "$(head -c 4 "$tmp/first" | tail -c 1)" 'tell me' </dev/null
[ "$(wc -c <"$tmp/out")" -lt "$(wc -c <"$tmp/first")" ]; report 'a stop string ends it'

# ---- A saved conversation ----
ask --chat 'snake stories' one </dev/null
grep -q '^restored 0 tokens, read [1-9]' "$tmp/err"; report 'the first turn reads'
total=$(ask --chat 'snake stories' --json two </dev/null; sed -n '$s/.*"restored":\([0-9]*\),"read":\([0-9]*\),"wrote":\([0-9]*\).*/\1 \2 \3/p' "$tmp/out")
ask --chat 'snake stories' --json two </dev/null
set -- $(sed -n '$s/.*"restored":\([0-9]*\),"read":\([0-9]*\),"wrote":\([0-9]*\).*/\1 \2 \3/p' "$tmp/out") 0 0 0
before=$(echo "$total" | awk '{ print $1 + $2 + $3 }')
same 'the next one restores all that was read and written' "$before" "$1"
[ "$2" -gt 0 ] && [ "$2" -lt 40 ]; report 'and reads its own tokens only'
[ "$(grep -c '"token"' "$tmp/out")" = "$3" ]; report '--json: one object a token, then the summary'
rm -r "$HISS_HOME/cache"
ask --chat 'snake stories' three </dev/null
grep -q '^restored 0 tokens, read [1-9][0-9]' "$tmp/err"; report 'without its kept states it reads again'

ask --chat s --system 'be brief' one </dev/null
[ "$status" = 0 ] && "$hiss" chats show s | grep -q 'be brief'; report 'a system text begins a chat'
ask --chat s --system 'be brief' two </dev/null
[ "$status" = 0 ]; report 'the same one may be given again'
ask --chat s --system 'be verbose' three </dev/null
bad 'another one is refused' 2 'has begun already'

# ---- What is wrong is said ----
"$mkmodel" "$tmp/llama.gguf" llama 7 chatml
"$hiss" ask -m "$tmp/llama.gguf" -n 2 --chat long one </dev/null >"$tmp/out" 2>&1
yes 'a word and another one' | head -n 2000 >"$tmp/long"
run "$hiss" ask -m "$tmp/llama.gguf" -n 2 --chat long <"$tmp/long"
bad 'more than the model can read is refused before it is read' 1 'reads at most 4096 tokens'
[ "$("$hiss" chats show long | grep -c '^you:')" = 1 ]; report 'and does not become part of the chat'
ask </dev/null
bad 'no prompt' 2 'no prompt'
for name in '' '.hidden' 'a/b' "$(printf 'a\033b')" "$(printf '\377')"; do
    ask --chat "$name" hello </dev/null
    bad "a chat may not be called '$(printf %s "$name" | tr -c 'a-z./' _)'" 2 "a chat's name"
done
run "$hiss" ask -m "$tmp/absent.gguf" hello </dev/null
bad 'a model that is not there' 1 'absent.gguf'
ask --temp nan hello </dev/null
bad 'a temperature that is no number' 2 'temp'
ask --top-p 3 hello </dev/null
bad 'a value out of range' 2 'top-p'
ask --bogus hello </dev/null
bad 'an unknown option' 2 'bogus'
printf 'bad \377 bytes \000 here' >"$tmp/bad"
ask <"$tmp/bad"
[ "$status" = 0 ]; report 'a prompt of invalid UTF-8 and NULs is answered'
echo 'this is a text' >"$HISS_HOME/data/chats/text.jsonl"
ask --chat text hello </dev/null
bad 'a file that is no chat' 1 'not a chat of hiss'
same 'and it stays as it is' 'this is a text' "$(cat "$HISS_HOME/data/chats/text.jsonl")"
HISS_STATES_MAX=lots ask --chat x hello </dev/null
bad 'a cap that is no number' 2 'HISS_STATES_MAX'
mkdir -p "$HISS_HOME/cache"; rm -rf "$HISS_HOME/cache/states"; : >"$HISS_HOME/cache/states"
ask --chat 'snake stories' four </dev/null
[ "$status" = 0 ] && grep -q 'have to read again' "$tmp/err"; report 'states that cannot be kept are no disaster'
# A chat's own settings hold, where the command line gives none.
printf 'wait\nrun set temperature 0.35\nrun set seed 77\nwait\n' >"$tmp/play"
run "$hiss" chat --no-rc -m "$m" -t 1 --script "$tmp/play" s
last() { grep -o "\"$1\":\"*[0-9.]*\"*" "$HISS_HOME/data/chats/s.jsonl" | tail -n 1; }
run "$hiss" ask -m "$m" -n 8 --chat s four </dev/null
[ "$status" = 0 ] && [ "$(last temperature)" = '"temperature":0.35' ] && [ "$(last seed)" = '"seed":"77"' ]
report "a chat's own settings hold"
run "$hiss" ask -m "$m" -n 8 --chat s --temp 0.8 --seed 78 five </dev/null
[ "$status" = 0 ] && [ "$(last temperature)" = '"temperature":0.8' ] && [ "$(last seed)" = '"seed":"78"' ]
report 'options go before them, be it with the default'

# Personas: text, settings and variables of a file.
mkdir -p "$HISS_HOME/config/personas"
printf '%s\n' '---' 'variables:' '  who:' 'settings:' '  temperature: 0' '---' 'You are {{who}}.' >"$HISS_HOME/config/personas/pirate.md"
ask --persona pirate --var who=Ann --chat personal hello </dev/null
"$hiss" chats show personal --json | grep -q '"role":"system","text":"You are Ann\.'
report 'a persona is the system text'
grep -q '"temperature":0,' "$HISS_HOME/data/chats/personal.jsonl"
report 'and its settings hold'
ask --persona pirate --var who=Ann --temp 0.8 --chat warm hello </dev/null
grep -q '"temperature":0.8[,0]' "$HISS_HOME/data/chats/warm.jsonl" && ! grep -q '"temperature":0,' "$HISS_HOME/data/chats/warm.jsonl"
report 'but not where the command line gives a value, be it the default'
ask --persona pirate hello </dev/null
bad 'a variable without a value is asked for' 1 'who'
ask --persona pirate --var whom=Ann hello </dev/null
bad 'a variable that is not there is named' 1 'whom'
ask --persona nobody hello </dev/null
bad 'a persona that is not there is named' 1 'nobody'
done_testing
