#include "chat/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/tree_parts.h"
#include "token/tok.h"

int tree_init(struct tree *t, struct err *e)
{
    memset(t, 0, sizeof *t);
    t->id = mem_strdup("");
    t->words = mem_zalloc(1, sizeof *t->words);
    t->models = mem_zalloc(1, sizeof *t->models);
    if (t->words)
        t->words[0] = mem_strdup("");
    if (!t->id || !t->words || !t->models || !t->words[0]) {
        tree_release(t);
        return err_nomem(e, "a conversation");
    }
    t->n_words = t->cap_words = t->n_models = t->cap_models = 1;
    return 0;
}

void tree_release(struct tree *t)
{
    for (size_t i = 0; i < t->n_nodes; i++)
        body_release(&t->nodes[i].body);
    for (size_t i = 0; t->words && i < t->n_words; i++)
        free(t->words[i]);
    tree_ops_release(t);
    free(t->nodes);
    free(t->words);
    free(t->models);
    free(t->choices);
    free(t->id);
    memset(t, 0, sizeof *t);
}

/* ---- Looking ---- */

size_t tree_index(const struct tree *t, uint32_t id)
{
    size_t lo = 0, hi = t->n_nodes;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->nodes[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->n_nodes && t->nodes[lo].id == id ? lo : SIZE_MAX;
}

const struct node *tree_node(const struct tree *t, uint32_t id)
{
    size_t i = id ? tree_index(t, id) : SIZE_MAX;
    return i == SIZE_MAX ? NULL : &t->nodes[i];
}

bool tree_visible(const struct tree *t, uint32_t id)
{
    const struct node *n;
    do {
        n = tree_node(t, id);
        if (!n || !n->alive || n->deleted)
            return false;
        id = n->body.parent;
    } while (id);
    return true;
}

uint32_t tree_next_id(const struct tree *t)
{
    return t->n_nodes ? t->nodes[t->n_nodes - 1].id + 1 : 1;
}

const char *tree_title(const struct tree *t)
{
    return t->words[t->title];
}

const char *tree_model_name(const struct tree *t)
{
    return t->words[t->models[t->model].name];
}

bool tree_model(const struct tree *t, struct hash128 *out)
{
    *out = t->models[t->model].hash;
    return t->model != 0;
}

size_t tree_children(const struct tree *t, uint32_t parent, uint32_t *out, size_t cap)
{
    const struct node *p = tree_node(t, parent);
    size_t n = 0;
    if (parent && (!p || !tree_visible(t, parent)))
        return 0;
    for (size_t i = parent ? p->first_child : t->first_root; i; i = t->nodes[i - 1].next) {
        const struct node *c = &t->nodes[i - 1];
        if (!c->alive || c->deleted)
            continue;
        if (n < cap)
            out[n] = c->id;
        n++;
    }
    return n;
}

uint32_t tree_leaf(const struct tree *t, uint32_t id)
{
    for (;;) {
        const struct node *n = tree_node(t, id);
        uint32_t last = 0;
        for (size_t i = n ? n->first_child : 0; i; i = t->nodes[i - 1].next)
            if (t->nodes[i - 1].alive && !t->nodes[i - 1].deleted)
                last = t->nodes[i - 1].id;
        if (!last)
            return id;
        id = last;
    }
}

size_t tree_path(const struct tree *t, uint32_t leaf, uint32_t **out)
{
    size_t n = 0;
    for (const struct node *p = tree_node(t, leaf); p; p = tree_node(t, p->body.parent))
        n++;
    *out = mem_alloc(n ? n : 1, sizeof **out);
    if (!*out)
        return SIZE_MAX;
    size_t i = n;
    for (const struct node *p = tree_node(t, leaf); p; p = tree_node(t, p->body.parent))
        (*out)[--i] = p->id;
    return n;
}

int tree_text(const struct tree *t, uint32_t id, struct str *out)
{
    uint32_t *path;
    size_t n = tree_path(t, id, &path), begin = out->len;
    if (n == SIZE_MAX)
        return -1;
    size_t i = n ? n - 1 : 0;
    while (i && tree_node(t, path[i])->body.continues)
        i--;
    for (; i < n; i++) {
        const struct body *b = &tree_node(t, path[i])->body;
        if (b->continues && begin + b->keep < out->len)
            str_cut(out, begin + b->keep);
        str_add(out, b->text, b->n_text);
    }
    free(path);
    return out->oom ? -1 : 0;
}

int tree_ids(const struct tree *t, uint32_t id, struct hash128 model, struct ids *out, struct err *e)
{
    uint32_t *path;
    size_t n = tree_path(t, id, &path);
    int r = n == SIZE_MAX ? err_nomem(e, "a path") : 0;
    out->n = 0;
    for (size_t i = 0; i < n && !r; i++) {
        const struct body *b = &tree_node(t, path[i])->body;
        if (!hash128_equal(b->model, model))
            continue;
        if (b->at > out->n)
            r = err_set(e, ERR_FORMAT, "message %u begins at token %zu, but only %zu stand before it", path[i], b->at,
                        out->n);
        else if (out->n = b->at, ids_add(out, b->ids, b->n_ids))
            r = err_nomem(e, "token ids");
    }
    free(n == SIZE_MAX ? NULL : path);
    return r;
}
