/* Which ids a session has to have read. Sampled replies keep the very ids that were sampled; everything else is what
 * the template and the tokenizer make of the text. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/conv_parts.h"

/* The messages of a path. Pieces of one reply are joined. */
struct talk {
    struct chat_message *m; /* [n] */
    size_t n;
    struct str *texts;      /* [n] of the messages from the tree */
    size_t *first;          /* [n] where a message's ids begin in `spliced`; SIZE_MAX: none */
    struct ids spliced;
    struct ids fed;         /* what this model has read on the path */
};

static void talk_release(struct talk *t, size_t cap)
{
    for (size_t i = 0; t->texts && i < cap; i++)
        str_release(&t->texts[i]);
    free(t->texts);
    free(t->m);
    free(t->first);
    ids_release(&t->spliced);
    ids_release(&t->fed);
}

/* The ids of a sampled reply that ends in b, without its end-of-turn token. */
static int splice(struct conv *c, struct talk *t, const struct body *b, struct err *e)
{
    size_t end = t->fed.n;
    if (b->content > end)
        return err_set(e, ERR_FORMAT, "a reply's text begins at token %zu, but only %zu were read", b->content, end);
    if (end > b->content && tok_is_eog(c->lm->tok, t->fed.p[end - 1]))
        end--;
    t->first[t->n] = t->spliced.n;
    t->m[t->n].n_ids = end - b->content;
    return ids_add(&t->spliced, t->fed.p + b->content, end - b->content) ? err_nomem(e, "token ids") : 0;
}

static int add_node(struct conv *c, struct talk *t, const struct node *n, bool last_piece, struct hash128 model,
                    struct err *e)
{
    const struct body *b = &n->body;
    bool ours = hash128_equal(b->model, model);
    if (ours) {
        if (b->at > t->fed.n)
            return err_set(e, ERR_FORMAT, "message %u begins at token %zu, but only %zu stand before it", n->id, b->at,
                           t->fed.n);
        t->fed.n = b->at;
        if (ids_add(&t->fed, b->ids, b->n_ids))
            return err_nomem(e, "token ids");
    }
    if (!last_piece)
        return 0;
    t->first[t->n] = SIZE_MAX;
    if (tree_text(&c->tree, n->id, &t->texts[t->n]))
        return err_nomem(e, "a message");
    if (ours && b->made && splice(c, t, b, e))
        return -1;
    t->m[t->n].role = role_words[b->role];
    t->m[t->n].content = str_z(&t->texts[t->n]);
    t->m[t->n].n = t->texts[t->n].len;
    t->n++;
    return 0;
}

/* Room for one message more than the path has. */
static int talk_make(struct conv *c, const uint32_t *path, size_t n, struct talk *t, struct err *e)
{
    struct hash128 model = model_hash(c->lm->model);
    *t = (struct talk){ .spliced = IDS_INIT, .fed = IDS_INIT };
    t->m = mem_zalloc(n + 1, sizeof *t->m);
    t->texts = mem_zalloc(n + 1, sizeof *t->texts);
    t->first = mem_zalloc(n + 1, sizeof *t->first);
    if (!t->m || !t->texts || !t->first)
        return err_nomem(e, "a conversation's messages");
    for (size_t i = 0; i < n; i++) {
        const struct node *after = i + 1 < n ? tree_node(&c->tree, path[i + 1]) : NULL;
        if (add_node(c, t, tree_node(&c->tree, path[i]), !after || !after->body.continues, model, e))
            return -1;
    }
    static const int32_t none[1]; /* a reply of no tokens is a sampled reply too */
    for (size_t i = 0; i < t->n; i++)
        t->m[i].ids = t->first[i] == SIZE_MAX ? NULL : t->spliced.n ? t->spliced.p + t->first[i] : none;
    return 0;
}

/* How much of what was read is still wanted. Where one end-of-turn token stands for another (the model sampled <eos>,
 * the template writes <|im_end|>), the sampled one is the truth and is put in. */
static size_t agree(struct conv *c, const struct ids *fed, struct ids *wanted)
{
    size_t i = 0, n = fed->n < wanted->n ? fed->n : wanted->n;
    for (; i < n; i++) {
        if (fed->p[i] == wanted->p[i])
            continue;
        if (!tok_is_eog(c->lm->tok, fed->p[i]) || !tok_is_eog(c->lm->tok, wanted->p[i]))
            break;
        wanted->p[i] = fed->p[i];
    }
    return i;
}

void plan_release(struct plan *p)
{
    ids_release(&p->ids);
}

/* with_reply: the header of the next reply is wanted too. */
static int plan_path(struct conv *c, uint32_t parent, enum chat_role role, const char *text, size_t n_text,
                     bool with_reply, struct plan *p, struct err *e)
{
    struct talk t = { 0 };
    uint32_t *path = NULL;
    size_t *ends = NULL;
    int r = -1;
    *p = (struct plan){ .ids = IDS_INIT };
    size_t n = tree_path(&c->tree, parent, &path);
    if (n == SIZE_MAX)
        return err_nomem(e, "a path");
    if (talk_make(c, path, n, &t, e))
        goto fail;
    if (text)
        t.m[t.n++] = (struct chat_message){ .role = role_words[role], .content = text, .n = n_text };
    ends = mem_zalloc(t.n + 1, sizeof *ends);
    if (!ends) {
        err_nomem(e, "a conversation's messages");
        goto fail;
    }
    if (template_ids(c->lm->tmpl, c->lm->tok, t.m, t.n, with_reply, c->tree.date, &p->ids, ends, e))
        goto fail;
    p->end = t.n ? ends[t.n - 1] : 0;
    p->before = t.fed.n;
    p->at = agree(c, &t.fed, &p->ids);
    r = 0;
fail:
    if (r)
        plan_release(p);
    free(ends);
    free(path);
    talk_release(&t, n + 1);
    return r;
}

int plan_make(struct conv *c, uint32_t parent, enum chat_role role, const char *text, size_t n, struct plan *p,
              struct err *e)
{
    if (plan_path(c, parent, role, text, n, true, p, e))
        return -1;
    if (p->end < p->at) /* an empty message may have no place of its own: it ends where what was read does */
        p->end = p->at;
    return 0;
}

int plan_leaf(struct conv *c, uint32_t node, struct ids *out, struct err *e)
{
    const struct node *n = tree_node(&c->tree, node);
    struct hash128 model = model_hash(c->lm->model);
    struct plan p;
    if (n && hash128_equal(n->body.model, model))
        return tree_ids(&c->tree, node, model, out, e);
    out->n = 0;
    if (!n)
        return 0;
    if (plan_path(c, node, ROLE_USER, NULL, 0, false, &p, e))
        return -1;
    int r = ids_add(out, p.ids.p, p.end) ? err_nomem(e, "token ids") : 0;
    plan_release(&p);
    return r;
}
