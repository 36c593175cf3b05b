#include <string.h>

#include "base/utf8.h"
#include "token/alphabet.h"
#include "token/tok.h"
#include "token/vocab.h"

int tok_piece(const struct tok *t, int32_t id, bool special, struct str *out)
{
    if (id < 0 || (size_t)id >= t->n || (!special && tok_is_special(t, id)))
        return 0;
    struct tok_text x = t->tokens[id];
    switch (t->kinds[id]) {
    case TOK_NORMAL:
    case TOK_BYTE:
        return t->pretok ? alphabet_decode(x.p, x.n, out) : spm_piece(t, id, out);
    case TOK_UNDEFINED:
        return 0;
    default: /* added tokens are written as they are */
        return str_add(out, x.p, x.n);
    }
}

/* Appends p[n], every invalid byte as U+FFFD. */
static int add_valid(const char *p, size_t n, struct str *out)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        bool ok;
        size_t len = utf8_decode(p + i, n - i, &cp, &ok);
        if (str_add(out, ok ? p + i : "\xEF\xBF\xBD", ok ? len : 3))
            return -1;
        i += len;
    }
    return 0;
}

int tok_decode(const struct tok *t, const int32_t *ids, size_t n, bool special, struct str *out)
{
    struct str raw = STR_INIT;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++)
        r = tok_piece(t, ids[i], special, &raw);
    if (!r)
        r = add_valid(raw.p, raw.len, out);
    str_release(&raw);
    return r;
}

int tok_stream_next(const struct tok *t, struct tok_stream *s, int32_t id, struct str *out)
{
    struct str raw = STR_INIT;
    int r = str_add(&raw, s->held, s->n_held) || tok_piece(t, id, false, &raw) ? -1 : 0;
    if (!r) {
        size_t pending = utf8_pending(raw.p, raw.len);
        r = add_valid(raw.p, raw.len - pending, out);
        memcpy(s->held, raw.p + raw.len - pending, pending);
        s->n_held = pending;
    }
    str_release(&raw);
    return r;
}

int tok_stream_end(struct tok_stream *s, struct str *out)
{
    int r = add_valid(s->held, s->n_held, out);
    s->n_held = 0;
    return r;
}
