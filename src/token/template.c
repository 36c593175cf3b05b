#include "token/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "token/jinja_eval.h"
#include "token/vocab.h"

static const char chatml[] =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/* Plain completion: nothing but the texts. */
static const char none[] = "{% for message in messages %}{{ message['content'] }}{% endfor %}";

/* Stands for a reply whose ids are known while the template runs: neither trimmed nor searched for tags. */
static const char placeholder[] = "\x02";

struct template {
    const char *name;
    struct jinja *program;
    uint64_t hash;
    char *bos, *eos; /* their texts, "" where there are none */
};

static char *text_of(const struct tok *t, int32_t id)
{
    struct tok_text x = tok_text_of(t, id);
    char *z = mem_alloc(x.n + 1, 1);
    if (z) {
        memcpy(z, x.p, x.n);
        z[x.n] = '\0';
    }
    return z;
}

struct template *template_open(const struct tok *t, const char *name, struct err *e)
{
    struct tok_text src = t->chat_template;
    if (!name && !src.n)
        name = "none";
    if (name && !strcmp(name, "chatml")) {
        src = (struct tok_text){ chatml, sizeof chatml - 1 };
    } else if (name && !strcmp(name, "none")) {
        src = (struct tok_text){ none, sizeof none - 1 };
    } else if (name) {
        err_set(e, ERR_NOTFOUND, "there is no chat template \"%s\": chatml and none are built in", name);
        return NULL;
    }
    struct template *tp = mem_zalloc(1, sizeof *tp);
    if (!tp) {
        err_nomem(e, "the chat template");
        return NULL;
    }
    tp->name = !name ? "model's own" : *name == 'c' ? "chatml" : "none";
    tp->hash = hash64(src.p, src.n, 0);
    tp->bos = text_of(t, t->bos);
    tp->eos = text_of(t, t->eos);
    if (!tp->bos || !tp->eos)
        err_nomem(e, "the chat template");
    else
        tp->program = jinja_parse(src.p, src.n, e);
    if (!tp->program) {
        template_free(tp);
        return NULL;
    }
    return tp;
}

void template_free(struct template *tp)
{
    if (!tp)
        return;
    jinja_free(tp->program);
    free(tp->bos);
    free(tp->eos);
    free(tp);
}

const char *template_name(const struct template *tp)
{
    return tp->name;
}

uint64_t template_hash(const struct template *tp)
{
    return tp->hash;
}

void template_out_release(struct template_out *o)
{
    str_release(&o->text);
    free(o->pieces);
    *o = (struct template_out)TEMPLATE_OUT_INIT;
}

/* How the messages are given to the template. */
enum {
    WITH_PLACEHOLDERS = 1, /* for replies whose ids are known */
    SYSTEM_IN_USER = 2,    /* the system text at the beginning of the first user's, for templates without that role */
};

/* The template's `messages`: a list of {role, content}, the contents marked. */
static struct jval messages_value(struct jx *x, const struct chat_message *msgs, size_t n, int how)
{
    struct jval list = jv_list(&x->rt);
    for (size_t i = how & SYSTEM_IN_USER ? 1 : 0; i < n && !x->rt.failed; i++) {
        struct jval m = jv_dict(&x->rt, J_DICT);
        struct jbuf content;
        if (x->rt.failed)
            break;
        jbuf_init(&content, &x->rt);
        if ((how & SYSTEM_IN_USER) && i == 1) {
            jbuf_bytes(&content, msgs[0].content, msgs[0].n, 0);
            jbuf_z(&content, "\n\n");
        }
        if ((how & WITH_PLACEHOLDERS) && msgs[i].ids)
            jbuf_bytes(&content, placeholder, 1, (int32_t)i);
        else
            jbuf_bytes(&content, msgs[i].content, msgs[i].n, (int32_t)i);
        jdict_put_z(&x->rt, m.u.d, "role", jv_text(&x->rt, msgs[i].role, strlen(msgs[i].role)));
        jdict_put_z(&x->rt, m.u.d, "content", jv_str(jbuf_str(&content)));
        jlist_add(&x->rt, list.u.l, m);
    }
    return list;
}

static int add_piece(struct template_out *o, size_t begin, size_t end, int message)
{
    if (mem_grow(&o->pieces, &o->cap_pieces, o->n_pieces + 1, sizeof *o->pieces))
        return -1;
    o->pieces[o->n_pieces++] = (struct template_piece){ begin, end, message };
    return 0;
}

static int take_output(const struct jstr *s, struct template_out *out)
{
    str_clear(&out->text);
    out->n_pieces = 0;
    if (str_add(&out->text, s->p, s->n))
        return -1;
    if (!s->n_runs)
        return s->n ? add_piece(out, 0, s->n, JINJA_SCAFFOLD) : 0;
    for (size_t i = 0, begin = 0; i < s->n_runs; begin = s->runs[i++].end) {
        if (add_piece(out, begin, s->runs[i].end, s->runs[i].from))
            return -1;
    }
    return 0;
}

static int render_as(const struct template *tp, const struct chat_message *msgs, size_t n, bool generate, int64_t date,
                     int how, struct template_out *out, struct err *e)
{
    struct jx x;
    const struct jstr *text;
    if (jx_init(&x, date, e))
        return -1;
    jscope_set(&x, "messages", messages_value(&x, msgs, n, how));
    jscope_set(&x, "add_generation_prompt", jv_bool(generate));
    jscope_set(&x, "bos_token", jv_text(&x.rt, tp->bos, strlen(tp->bos)));
    jscope_set(&x, "eos_token", jv_text(&x.rt, tp->eos, strlen(tp->eos)));
    int r = jinja_run(tp->program, &x, &text);
    if (!r && take_output(text, out))
        r = err_nomem(e, "a rendered conversation");
    jx_release(&x);
    return r;
}

/* A template that refuses a system message (Gemma 2) gets its text in front of the first user's. */
static int render(const struct template *tp, const struct chat_message *msgs, size_t n, bool generate, int64_t date,
                  int how, struct template_out *out, struct err *e)
{
    struct err first = ERR_INIT;
    int r = render_as(tp, msgs, n, generate, date, how, out, &first);
    if (r && first.code == ERR_ARG && n > 1 && !strcmp(msgs[0].role, "system") && !strcmp(msgs[1].role, "user"))
        r = render_as(tp, msgs, n, generate, date, how | SYSTEM_IN_USER, out, NULL);
    if (r && e)
        *e = first;
    return r;
}

int template_render(const struct template *tp, const struct chat_message *msgs, size_t n, bool generate, int64_t date,
                    struct template_out *out, struct err *e)
{
    return render(tp, msgs, n, generate, date, 0, out, e);
}

/* What the template writes to ask for a reply, with which every reply's ids were sampled: the difference that
 * `generate` makes before the first of them. Empty when no reply brings ids. */
static int reply_header(const struct template *tp, const struct chat_message *msgs, size_t n, int64_t date,
                        struct str *header, struct err *e)
{
    struct template_out without = TEMPLATE_OUT_INIT, with = TEMPLATE_OUT_INIT;
    size_t i = 0, k = 0;
    while (i < n && !msgs[i].ids)
        i++;
    if (i == n || !i)
        return 0;
    int r = render(tp, msgs, i, false, date, 0, &without, e) || render(tp, msgs, i, true, date, 0, &with, e) ? -1 : 0;
    while (!r && k < without.text.len && k < with.text.len && without.text.p[k] == with.text.p[k])
        k++;
    if (!r && with.text.len && str_add(header, with.text.p + k, with.text.len - k))
        r = err_nomem(e, "a prompt");
    template_out_release(&without);
    template_out_release(&with);
    return r;
}

/* The prompt's spans, and which message each came from. */
struct prompt {
    struct tok_span *spans;
    int *message;
    size_t *ends;
    size_t n;
};

static void prompt_release(struct prompt *p)
{
    free(p->spans);
    free(p->message);
    free(p->ends);
}

/* Index of the last piece of a reply that begins at piece i: what the template put between its pieces goes, too. */
static size_t last_of_reply(const struct template_out *o, size_t i)
{
    size_t last = i;
    for (size_t k = i + 1; k < o->n_pieces; k++) {
        if (o->pieces[k].message == o->pieces[i].message)
            last = k;
        else if (o->pieces[k].message != JINJA_SCAFFOLD)
            break;
    }
    return last;
}

static void add_span(struct prompt *p, struct tok_span s, int message)
{
    p->message[p->n] = message;
    p->spans[p->n++] = s;
}

/* Templates that think (Qwen 3, DeepSeek R1) head an earlier reply otherwise than they asked for it. The ids have been
 * read behind what they asked with, so that stays: in the scaffold before a reply, from where it is most like the
 * header on, the header is put. */
static void restore_header(struct prompt *p, const struct str *header)
{
    struct tok_span *s = p->n ? &p->spans[p->n - 1] : NULL;
    size_t best = 1, at = 0;
    if (!s || s->kind != TOK_SCAFFOLD)
        return;
    for (size_t i = 0; i < s->n; i++) {
        size_t k = 0;
        while (i + k < s->n && k < header->len && s->p[i + k] == header->p[k])
            k++;
        if (k > best || (k > 1 && k == best)) {
            best = k;
            at = i;
        }
    }
    if (best > 1 && !(best == header->len && at + best == s->n)) {
        s->n = at;
        add_span(p, (struct tok_span){ TOK_SCAFFOLD, header->p, header->len, NULL, 0 }, JINJA_SCAFFOLD);
    }
}

static int make_prompt(struct prompt *p, const struct template_out *o, const struct chat_message *msgs,
                       const struct str *header, struct err *e)
{
    size_t most = 2 * o->n_pieces; /* each reply may need its header beside it */
    *p = (struct prompt){ .spans = mem_alloc(most, sizeof *p->spans), .message = mem_alloc(most, sizeof *p->message),
                          .ends = mem_zalloc(most, sizeof *p->ends) };
    if (!p->spans || !p->message || !p->ends)
        return err_nomem(e, "a prompt");
    for (size_t i = 0; i < o->n_pieces; i++) {
        const struct template_piece *piece = &o->pieces[i];
        const struct chat_message *m = piece->message >= 0 ? &msgs[piece->message] : NULL;
        struct tok_span s = { m ? TOK_CONTENT : TOK_SCAFFOLD, o->text.p + piece->begin, piece->end - piece->begin, NULL, 0 };
        if (m && m->ids) {
            s = (struct tok_span){ TOK_IDS, NULL, 0, m->ids, m->n_ids };
            i = last_of_reply(o, i);
            restore_header(p, header);
        }
        add_span(p, s, piece->message);
    }
    return 0;
}

/* The end of message m, whose last span is s: behind the end-of-turn token the template writes before the next
 * message begins, if it does. */
static size_t message_end(const struct prompt *p, size_t s, const struct tok *t, const struct ids *ids)
{
    size_t from = p->ends[s], to = ids->n;
    for (size_t k = s + 1; k < p->n; k++) {
        if (p->message[k] != JINJA_SCAFFOLD) {
            to = p->ends[k - 1];
            break;
        }
    }
    for (size_t i = from; i < to; i++) {
        if (tok_is_eog(t, ids->p[i]))
            return i + 1;
    }
    return from;
}

static void find_ends(const struct prompt *p, const struct tok *t, const struct ids *ids, size_t base, size_t *ends,
                      size_t n)
{
    for (size_t i = 0; i < n; i++)
        ends[i] = base;
    for (size_t s = 0; s < p->n; s++) {
        if (p->message[s] >= 0)
            ends[p->message[s]] = message_end(p, s, t, ids);
    }
    for (size_t i = 1; i < n; i++) { /* a message of which nothing shows ends with the one before */
        if (ends[i] < ends[i - 1])
            ends[i] = ends[i - 1];
    }
}

int template_ids(const struct template *tp, const struct tok *t, const struct chat_message *msgs, size_t n,
                 bool generate, int64_t date, struct ids *out, size_t *ends, struct err *e)
{
    struct template_out o = TEMPLATE_OUT_INIT;
    struct prompt p = { NULL, NULL, NULL, 0 };
    struct str header = STR_INIT;
    size_t base = out->n;
    int r = reply_header(tp, msgs, n, date, &header, e);
    if (!r)
        r = render(tp, msgs, n, generate, date, WITH_PLACEHOLDERS, &o, e);
    if (!r)
        r = make_prompt(&p, &o, msgs, &header, e);
    if (!r)
        r = tok_encode(t, p.spans, p.n, true, out, p.ends, e);
    if (!r && ends)
        find_ends(&p, t, out, base, ends, n);
    prompt_release(&p);
    str_release(&header);
    template_out_release(&o);
    return r;
}
