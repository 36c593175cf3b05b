/* From a conversation's tree to what the screen shows: the path to the head, pieces of one reply joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "chat/place.h"
#include "desk/parts.h"

enum { MAX_ALTERNATIVES = 1024 };

/* Ends of the messages that begin beside each other under `parent`: a reply that others continue stands for itself
 * only while it has an ending of its own. */
static size_t gather(const struct tree *t, uint32_t parent, bool continuing, uint32_t *out, size_t n)
{
    uint32_t kids[MAX_ALTERNATIVES];
    size_t k = tree_children(t, parent, kids, MAX_ALTERNATIVES);
    for (size_t i = 0; i < k && i < MAX_ALTERNATIVES && n < MAX_ALTERNATIVES; i++) {
        const struct node *node = tree_node(t, kids[i]);
        if (node->body.continues != continuing)
            continue;
        size_t before = n;
        uint32_t grand[MAX_ALTERNATIVES];
        size_t g = tree_children(t, kids[i], grand, MAX_ALTERNATIVES);
        bool own = !g;
        for (size_t j = 0; j < g && j < MAX_ALTERNATIVES; j++)
            own |= !tree_node(t, grand[j])->body.continues;
        if (own)
            out[n++] = kids[i];
        n = gather(t, kids[i], true, out, n);
        if (n == before && n < MAX_ALTERNATIVES)
            out[n++] = kids[i];
    }
    return n;
}

/* All alternatives of the message that ends in node; *at is its place. */
static size_t alternatives(const struct tree *t, uint32_t node, uint32_t *out, size_t *at)
{
    const struct node *first = tree_node(t, node);
    while (first && first->body.continues)
        first = tree_node(t, first->body.parent);
    size_t n = first ? gather(t, first->body.parent, false, out, 0) : 0;
    *at = 0;
    for (size_t i = 0; i < n; i++) {
        if (out[i] == node)
            *at = i;
    }
    return n;
}

uint32_t shown_alternative(const struct tree *t, uint32_t node, int by)
{
    uint32_t *all = mem_alloc(MAX_ALTERNATIVES, sizeof *all), found = 0;
    size_t at, n = all ? alternatives(t, node, all, &at) : 0;
    if (n > 1) /* around the ends */
        found = all[(at + n + (size_t)((long)n + by % (long)n)) % n];
    free(all);
    return found;
}

static bool same(const struct shown_msg *m, uint32_t node, size_t n, size_t alt, size_t n_alt, int rating)
{
    return m && m->node == node && m->n == n && m->alt == alt && m->n_alt == n_alt && m->rating == rating;
}

/* Why a reply ended before the model ended it; NULL: it did not. */
static const char *end_words(const struct node *n)
{
    enum made_end end = n->unfinished ? MADE_CANCELLED : n->body.made ? n->body.made->end : MADE_EOT;
    return end == MADE_CANCELLED ? "stopped" : end == MADE_LENGTH ? "length reached" : end == MADE_CONTEXT ? "context full" : NULL;
}

static struct shown_msg *message(const struct tree *t, uint32_t id, struct shown_msg *before, uint32_t *room)
{
    const struct node *node = tree_node(t, id);
    struct str text = STR_INIT;
    size_t at, n_alt = alternatives(t, id, room, &at);
    struct shown_msg *m = NULL;
    if (tree_text(t, id, &text))
        goto done;
    if (same(before, id, text.len, at + 1, n_alt, node->rating)) {
        m = shown_msg_ref(before);
        goto done;
    }
    m = shown_msg_new(str_z(&text), text.len);
    if (!m)
        goto done;
    const struct made *made = node->body.made;
    m->node = id;
    m->role = (enum shown_role)node->body.role; /* the same order: system, user, assistant */
    m->alt = (unsigned)at + 1;
    m->n_alt = (unsigned)n_alt;
    m->time = node->time;
    m->rating = node->rating;
    m->ms = made && made->n_times ? made->times[made->n_times - 1].ms : 0;
    m->ended = end_words(node);
done:
    str_release(&text);
    return m;
}

static bool fill(struct shown *s, const struct tree *t, const uint32_t *path, size_t n, const struct shown *before)
{
    uint32_t *room = mem_alloc(MAX_ALTERNATIVES, sizeof *room);
    bool ok = room != NULL;
    s->n = 0;
    for (size_t i = 0; ok && i < n; i++) {
        if (i + 1 < n && tree_node(t, path[i + 1])->body.continues)
            continue; /* the piece that ends the message shows it all */
        struct shown_msg *old = before && s->n < before->n ? before->msgs[s->n] : NULL;
        s->msgs[s->n] = message(t, path[i], old, room);
        ok = s->msgs[s->n] != NULL;
        s->n += ok;
    }
    free(room);
    return ok;
}

void desk_short_title(const char *text, char *out, size_t size)
{
    enum { MOST = 48 };
    size_t n = strcspn(text, "\n");
    bool cut = n > MOST;
    for (n = cut ? MOST : n; cut && n > MOST / 2 && text[n] != ' ';)
        n--;
    while (n && (text[n] & 0xC0) == 0x80) /* never inside a character */
        n--;
    snprintf(out, size, "%.*s%s", (int)n, text, cut ? "…" : "");
    for (char *c = strpbrk(out, "\t\r"); c; c = strpbrk(c, "\t\r"))
        *c = ' ';
}

/* An untitled chat is called by its name when somebody chose that, else by how it begins. */
static char *title_of(const struct tree *t, const struct shown *s, const char *name)
{
    char title[128] = "";
    if (!tree_title(t)[0] && !chat_is_dated(name))
        return mem_strdup(name);
    for (size_t i = 0; i < s->n && !title[0]; i++) {
        if (s->msgs[i]->role == SHOWN_USER)
            desk_short_title(s->msgs[i]->text, title, sizeof title);
    }
    return mem_strdup(tree_title(t)[0] ? tree_title(t) : title);
}

/* What this model has read at the end of a path; the session may still stand on another branch. */
static size_t tokens_at(const struct tree *t, const uint32_t *path, size_t n, const struct session *session)
{
    const struct body *b = n ? &tree_node(t, path[n - 1])->body : NULL;
    if (!b)
        return 0;
    return hash128_equal(b->model, model_hash(session_lm(session)->model)) ? b->at + b->n_ids : session_pos(session);
}

struct shown *shown_of(const struct conv *c, const char *name, const char *model, const struct shown *before, bool writing)
{
    const struct tree *t = conv_tree(c);
    const struct session *session = conv_session(c);
    uint32_t *path = NULL;
    size_t n = tree_path(t, t->head, &path);
    if (n == SIZE_MAX)
        return NULL;
    if (writing && n && tree_node(t, path[n - 1])->unfinished)
        n--; /* the reply in progress is shown beside this, as text that grows */
    struct shown *s = shown_new(n);
    if (s && !fill(s, t, path, n, before)) {
        shown_unref(s);
        s = NULL;
    }
    if (s) {
        s->name = mem_strdup(name);
        s->title = title_of(t, s, name);
        s->model = mem_strdup(model);
        s->writable = conv_writable(c);
        s->can_undo = tree_undoable(t) != 0;
        s->can_redo = tree_redoable(t) != 0;
        if (session) {
            const struct model *m = session_lm(session)->model;
            s->n_tokens = tokens_at(t, path, n, session);
            s->state_bytes = model_rec_floats(m) * sizeof(float) + s->n_tokens * model_row_bytes(m);
        }
        if (!s->name || !s->title || !s->model) {
            shown_unref(s);
            s = NULL;
        }
    }
    free(path);
    return s;
}
