#!/bin/sh
# hissrc(5) says what the program does: its tables are those of the sources, and every command and setting is in them.
# If this fails, a user reads of a command that does not exist, or never hears of one that does: sh man/tables.sh update
cd "${top_srcdir:-.}" || exit 99
n=0
report() { # report NAME OUTPUT
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; echo "$2" | sed 's/^/# /'; fi
}
echo 1..6
table() { sed -n "/^\.\\\\\" begin $1/,/^\.\\\\\" end $1/p" man/hissrc.5 | sed '1d;$d'; }
for t in commands settings roles; do
    want=$(sh man/tables.sh $t) have=$(table $t)
    [ -n "$want" ] && [ "$want" = "$have" ]
    report "$t of hissrc(5) are those of the source" "$([ $? = 0 ] || echo 'run sh man/tables.sh update')"
done
# Counted apart from the table's own awk, so that a row written another way is not lost to both.
report 'every row of action.def is one command' "$(
    rows=$(grep -c '^ *ACTION(' src/ui/action.def)
    found=$(sh man/tables.sh commands | grep -c '^\.B ')
    [ "$rows" = "$found" ] || echo "$rows rows, $found commands")"
report 'no two commands have one name' "$(sh man/tables.sh commands | sed -n 's/^\.B \([^ ]*\).*/\1/p' | sort | uniq -d)"
report 'every command is explained' "$(awk -F'"' '/^ *ACTION\(/ && length($8) < 8 { print $2 }' src/ui/action.def)"
