/* hiss logits: the logits after every token of a list, as raw floats: for comparing hiss with other programs, and with
 * itself at other chunk sizes, threads and kernel levels. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/session.h"

enum { MAX_IDS_FILE = 1 << 28, CHUNK = 256 };

struct job {
    const char *ids, *out; /* paths; "-" for stdin and stdout */
    long chunk;
    bool lines, last;
};

/* Texts one behind the other: text i is ids [end[i - 1], end[i]). Zero it; texts_release empties it. */
struct texts {
    struct ids ids;
    size_t *end, n, cap;
};

static void texts_release(struct texts *t)
{
    ids_release(&t->ids);
    free(t->end);
}

/* What was read since the last text's end is a text, unless it is nothing. */
static int end_text(struct texts *t, struct err *e)
{
    if (t->ids.n == (t->n ? t->end[t->n - 1] : 0))
        return 0;
    if (mem_grow(&t->end, &t->cap, t->n + 1, sizeof *t->end))
        return err_nomem(e, "the ids");
    t->end[t->n++] = t->ids.n;
    return 0;
}

/* Whole numbers in [0, n_vocab), separated by white space or commas. */
static int parse_ids(const struct job *j, const char *text, size_t n_vocab, struct texts *out, struct err *e)
{
    for (const char *p = text;;) {
        char *end;
        size_t gap = strspn(p, " \t\r\n,");
        if ((!p[gap] || (j->lines && memchr(p, '\n', gap))) && end_text(out, e))
            return -1;
        p += gap;
        if (!*p)
            break;
        errno = 0;
        long v = strtol(p, &end, 10);
        if (end == p || errno || v < 0 || (unsigned long)v >= n_vocab || (*end && !strchr(" \t\r\n,", *end)))
            return err_set(e, ERR_FORMAT, "%s: '%.*s' is no token id from 0 to %zu", j->ids,
                           (int)strcspn(p, " \t\r\n,") % 40, p, n_vocab - 1);
        if (ids_push(&out->ids, (int32_t)v))
            return err_nomem(e, "the ids");
        p = end;
    }
    return out->n ? 0 : err_set(e, ERR_FORMAT, "%s holds no token ids", j->ids);
}

static int read_ids(const struct job *j, size_t n_vocab, struct texts *out, struct err *e)
{
    struct str text = STR_INIT;
    int r = file_read(strcmp(j->ids, "-") ? j->ids : "/dev/stdin", MAX_IDS_FILE, &text, e);
    if (!r)
        r = parse_ids(j, str_z(&text), n_vocab, out, e);
    str_release(&text);
    return r;
}

struct sink {
    int fd;
    const char *path;
    size_t chunk, n_vocab;
    float *buf; /* [chunk, n_vocab] */
};

static int write_rows(const struct sink *to, const float *logits, size_t n, struct err *e)
{
    return file_write_all(to->fd, logits, n * to->n_vocab * sizeof *logits, e) ? err_prefix(e, "%s", to->path) : 0;
}

/* [n, n_vocab]: after every id of one text, fed in chunks. */
static int write_all(struct session *s, const int32_t *ids, size_t n, const struct sink *to, const atomic_bool *cancel,
                     struct err *e)
{
    int r = 0;
    for (size_t done = 0; !r && done < n;) {
        size_t part = n - done < to->chunk ? n - done : to->chunk;
        r = atomic_load(cancel) ? err_set(e, ERR_CANCELLED, "stopped after %zu of %zu tokens", done, n)
                                : session_feed_all(s, ids + done, part, to->buf, e) || write_rows(to, to->buf, part, e);
        done += part;
    }
    return r ? -1 : 0;
}

/* [1, n_vocab]: after a text's last id. */
static int write_last(struct session *s, const int32_t *ids, size_t n, const struct sink *to, const atomic_bool *cancel,
                      struct err *e)
{
    const float *logits;
    if (session_feed(s, ids, n, cancel, NULL, NULL, e) || !(logits = session_logits(s, e)))
        return -1;
    return write_rows(to, logits, 1, e);
}

/* Each text from an empty state. */
static int write_texts(const struct job *j, struct session *s, const struct texts *t, int fd, const atomic_bool *cancel,
                       struct err *e)
{
    struct sink to = { .fd = fd, .path = j->out, .n_vocab = model_config(session_lm(s)->model)->n_vocab };
    to.chunk = (size_t)j->chunk < t->ids.n ? (size_t)j->chunk : t->ids.n;
    to.buf = j->last ? NULL : mem_alloc(to.chunk, to.n_vocab * sizeof *to.buf);
    int r = j->last || to.buf ? 0 : err_nomem(e, "the logits");
    for (size_t i = 0, begin = 0; !r && i < t->n; begin = t->end[i++]) {
        session_clear(s);
        r = (j->last ? write_last : write_all)(s, t->ids.p + begin, t->end[i] - begin, &to, cancel, e);
    }
    free(to.buf);
    return r;
}

static int run(const struct cmd_model *m, const struct job *j)
{
    struct err e = ERR_INIT;
    struct texts texts = { .ids = IDS_INIT };
    struct lm *lm;
    struct pool *pool;
    struct session *s = NULL;
    int fd = -1, r = cmd_open("logits", m, &lm, &pool);
    if (r != CMD_OK)
        return r;
    const atomic_bool *cancel = cmd_interrupts();
    if (read_ids(j, model_config(lm->model)->n_vocab, &texts, &e) || !(s = session_new(lm, &e)))
        goto done;
    fd = strcmp(j->out, "-") ? open(j->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
    if (fd < 0) {
        err_sys(&e, "cannot create %s", j->out);
        goto done;
    }
    if (write_texts(j, s, &texts, fd, cancel, &e))
        goto done;
    char hex[HASH128_HEX];
    hash128_hex(session_hash(s), hex);
    cmd_note("logits", "%zu tokens of %zu logits; state %s", texts.ids.n, model_config(lm->model)->n_vocab, hex);
done:
    if (fd > STDOUT_FILENO && close(fd) && !e.code)
        err_sys(&e, "cannot write %s", j->out);
    r = e.code ? cmd_fail("logits", &e) : CMD_OK;
    session_free(s);
    texts_release(&texts);
    cmd_close(lm, pool);
    return r;
}

int cmd_logits(int argc, char **argv)
{
    struct cmd_model m = { 0 };
    struct job j = { .chunk = CHUNK };
    const struct opt table[] = {
        CMD_OPT_MODEL(m),
        { 'i', "ids", OPT_STRING, &j.ids, "FILE", "token ids in decimal, separated by spaces; - for stdin", 0, 0 },
        { 'o', "output", OPT_STRING, &j.out, "FILE", "[tokens, vocabulary] f32, row by row; - for stdout", 0, 0 },
        { 0, "chunk", OPT_INT, &j.chunk, "N", "tokens read at a time (256); changes no bit", 1, 65536 },
        { 0, "lines", OPT_FLAG, &j.lines, NULL, "each line of ids is a text of its own, read from an empty state", 0, 0 },
        { 0, "last", OPT_FLAG, &j.last, NULL, "only the logits after the last token of each text", 0, 0 },
        CMD_OPT_THREADS(m),
        CMD_OPT_KERNELS(m),
    };
    const struct opts o = {
        .command = "logits",
        .usage = "[-m MODEL] --ids FILE [-t N] -o OUT.f32",
        .about = "Reads token ids and writes the logits after every one of them, and the hash of the final state to stderr.",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
    };
    size_t n;
    int r = opts_parse(&o, argc, argv, &n);
    if (r != OPTS_GO)
        return r;
    if (!j.ids || !j.out)
        return cmd_usage("logits", "%s is missing", j.ids ? "-o FILE" : "--ids FILE");
    return run(&m, &j);
}
