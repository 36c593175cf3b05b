#include "term/key.h"

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
    bool caret = k.mods == KEY_CTRL && k.code > ' ' && k.code < 0x7F;
    if (caret && k.code >= 'a' && k.code <= 'z')
        base[0] = (char)(k.code - 'a' + 'A');
    snprintf(out, KEY_TEXT_MAX, "%s%s%s%s", caret ? "^" : k.mods & KEY_CTRL ? "Ctrl-" : "", k.mods & KEY_ALT ? "Alt-" : "",
             k.mods & KEY_SHIFT ? "Shift-" : "", name);
}

/* The modifier that text begins with, and how long it is written; "^" alone is a key. */
static unsigned char modifier(const char *text, size_t *n)
{
    static const struct {
        const char *text;
        unsigned char mod;
    } known[] = {
        { "^", KEY_CTRL }, { "Ctrl-", KEY_CTRL }, { "Alt-", KEY_ALT }, { "Shift-", KEY_SHIFT },
        { "C-", KEY_CTRL }, { "M-", KEY_ALT },    { "S-", KEY_SHIFT },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        *n = strlen(known[i].text);
        if (!strncmp(text, known[i].text, *n) && text[*n])
            return known[i].mod;
    }
    return 0;
}

bool key_parse(const char *text, struct key *out)
{
    struct key k = { 0, 0 };
    size_t len;
    for (unsigned char m; (m = modifier(text, &len)); text += len)
        k.mods |= m;
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
            k.code += 'a' - 'A'; /* ^R is ^r: terminals do not tell them apart */
    }
    *out = k;
    return true;
}

bool key_is_text(struct key k)
{
    return k.code >= ' ' && k.code != 0x7F && k.code < KEY_FIRST && !(k.mods & (KEY_CTRL | KEY_ALT));
}
