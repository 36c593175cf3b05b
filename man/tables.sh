#!/bin/sh
# The tables of hissrc(5), made from the sources: commands from action.def, settings from settings.c, theme roles from
# theme.h. `sh man/tables.sh update` writes them into man/hissrc.5; tests/lint/commands.sh checks that it was done.
cd "$(dirname "$0")/.." || exit 1

commands() {
    awk -F'"' '/^ACTION\(/ {
        gsub(/-/, "\\-"); print ".TP"
        printf ".B %s%s\n", $2, $4 ? " \\fI" $4 "\\fR" : ""
        if ($6) printf "%s.\nKeys: %s.\n", $8, $6; else printf "%s.\n", $8
    }' src/ui/action.def
}

settings() {
    awk -F'"' '/^const struct setting settings/ { inside = 1 } inside && /^};/ { exit }
    inside && /^    \{ "/ { gsub(/-/, "\\-"); printf ".TP\n.B %s\n%s.\n", $2, $4 }' src/desk/settings.c
}

roles() {
    awk -F'"' '/^    X\([A-Z]+, "/ { gsub(/-/, "\\-"); printf ".TP\n.B %s\n%s%s\n", $2, $4, $6 ? " " $6 : "" }' src/term/theme.h
}

case $1 in
commands | settings | roles) "$1" ;;
update)
    for t in commands settings roles; do
        "$0" "$t" >man/hissrc.5.table || exit 1
        sed -e "/^\.\\\\\" begin $t/r man/hissrc.5.table" -e "/^\.\\\\\" begin $t/,/^\.\\\\\" end $t/{ /^\.\\\\\" begin $t/b" \
            -e "/^\.\\\\\" end $t/b" -e 'd' -e '}' man/hissrc.5 >man/hissrc.5.new && mv man/hissrc.5.new man/hissrc.5
    done
    rm -f man/hissrc.5.table
    ;;
*) echo "usage: $0 commands|settings|roles|update" >&2; exit 2 ;;
esac
