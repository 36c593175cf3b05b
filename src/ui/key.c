#include "ui/key.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const char *const names[] = {
#define X(e, name) name,
    KEY_NAMES(X)
#undef X
};

bool key_equal(struct key a, struct key b)
{
    return a.code == b.code && a.mods == b.mods;
}

void key_format(struct key k, char out[KEY_TEXT_MAX])
{
    char base[8] = "";
    const char *name = base;
    if (k.code > KEY_FIRST && k.code < KEY_END_OF_NAMES)
        name = names[k.code - KEY_FIRST - 1];
    else if (k.code == ' ')
        name = "Space";
    else
        base[utf8_encode(k.code, base)] = '\0';
    snprintf(out, KEY_TEXT_MAX, "%s%s%s%s", k.mods & KEY_CTRL ? "C-" : "", k.mods & KEY_ALT ? "M-" : "",
             k.mods & KEY_SHIFT ? "S-" : "", name);
}

static unsigned char modifier(char c)
{
    switch (c) {
    case 'C': return KEY_CTRL;
    case 'M': return KEY_ALT;
    case 'S': return KEY_SHIFT;
    default: return 0;
    }
}

bool key_parse(const char *text, struct key *out)
{
    struct key k = { 0, 0 };
    while (text[0] && text[1] == '-' && text[2] && modifier(text[0])) {
        k.mods |= modifier(text[0]);
        text += 2;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(text, names[i]))
            k.code = (uint32_t)(KEY_FIRST + 1 + i);
    }
    if (!strcmp(text, "Space"))
        k.code = ' ';
    if (!k.code) {
        size_t n = strlen(text);
        bool ok;
        if (!n || utf8_decode(text, n, &k.code, &ok) != n || !ok)
            return false;
        if (k.mods & KEY_CTRL && k.code >= 'A' && k.code <= 'Z')
            k.code += 'a' - 'A'; /* C-R is C-r: terminals do not tell them apart */
    }
    *out = k;
    return true;
}

bool key_is_text(struct key k)
{
    return k.code >= ' ' && k.code != 0x7F && k.code < KEY_FIRST && !(k.mods & (KEY_CTRL | KEY_ALT));
}
