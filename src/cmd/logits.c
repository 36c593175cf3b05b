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

/* Whole numbers in [0, n_vocab), separated by white space. */
static int parse_ids(const char *path, const char *text, size_t n_vocab, struct ids *out, struct err *e)
{
    for (const char *p = text;;) {
        char *end;
        p += strspn(p, " \t\r\n,");
        if (!*p)
            break;
        errno = 0;
        long v = strtol(p, &end, 10);
        if (end == p || errno || v < 0 || (unsigned long)v >= n_vocab || (*end && !strchr(" \t\r\n,", *end)))
            return err_set(e, ERR_FORMAT, "%s: '%.*s' is no token id from 0 to %zu", path,
                           (int)strcspn(p, " \t\r\n,") % 40, p, n_vocab - 1);
        if (ids_push(out, (int32_t)v))
            return err_nomem(e, "the ids");
        p = end;
    }
    return out->n ? 0 : err_set(e, ERR_FORMAT, "%s holds no token ids", path);
}

static int read_ids(const char *path, size_t n_vocab, struct ids *out, struct err *e)
{
    struct str text = STR_INIT;
    int r = file_read(strcmp(path, "-") ? path : "/dev/stdin", MAX_IDS_FILE, &text, e);
    if (!r)
        r = parse_ids(path, str_z(&text), n_vocab, out, e);
    str_release(&text);
    return r;
}

/* Feeds the ids in chunks and writes [n, n_vocab] to fd. */
static int write_logits(struct session *s, const struct ids *ids, size_t chunk, int fd, const char *path,
                        const atomic_bool *cancel, struct err *e)
{
    size_t n_vocab = model_config(session_lm(s)->model)->n_vocab;
    float *buf = mem_alloc(chunk < ids->n ? chunk : ids->n, n_vocab * sizeof *buf);
    int r = buf ? 0 : err_nomem(e, "the logits");
    for (size_t done = 0; !r && done < ids->n;) {
        size_t n = ids->n - done < chunk ? ids->n - done : chunk;
        r = atomic_load(cancel) ? err_set(e, ERR_CANCELLED, "stopped after %zu of %zu tokens", done, ids->n)
                                : session_feed_all(s, ids->p + done, n, buf, e);
        if (!r && file_write_all(fd, buf, n * n_vocab * sizeof *buf, e))
            r = err_prefix(e, "%s", path);
        done += n;
    }
    free(buf);
    return r;
}

static int run(const struct cmd_model *m, const char *ids_path, size_t chunk, const char *out_path)
{
    struct err e = ERR_INIT;
    struct ids ids = IDS_INIT;
    struct lm *lm;
    struct pool *pool;
    struct session *s = NULL;
    int fd = -1, r = cmd_open("logits", m, &lm, &pool);
    if (r != CMD_OK)
        return r;
    const atomic_bool *cancel = cmd_interrupts();
    if (read_ids(ids_path, model_config(lm->model)->n_vocab, &ids, &e) || !(s = session_new(lm, &e)))
        goto done;
    fd = strcmp(out_path, "-") ? open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
    if (fd < 0) {
        err_sys(&e, "cannot create %s", out_path);
        goto done;
    }
    if (write_logits(s, &ids, chunk, fd, out_path, cancel, &e))
        goto done;
    char hex[HASH128_HEX];
    hash128_hex(session_hash(s), hex);
    cmd_note("logits", "%zu tokens of %zu logits; state %s", ids.n, model_config(lm->model)->n_vocab, hex);
done:
    if (fd > STDOUT_FILENO && close(fd) && !e.code)
        err_sys(&e, "cannot write %s", out_path);
    r = e.code ? cmd_fail("logits", &e) : CMD_OK;
    session_free(s);
    ids_release(&ids);
    cmd_close(lm, pool);
    return r;
}

int cmd_logits(int argc, char **argv)
{
    struct cmd_model m = { 0 };
    const char *ids = NULL, *out = NULL;
    long chunk = CHUNK;
    const struct opt table[] = {
        CMD_OPT_MODEL(m),
        { 'i', "ids", OPT_STRING, &ids, "FILE", "token ids in decimal, separated by spaces; - for stdin", 0, 0 },
        { 'o', "output", OPT_STRING, &out, "FILE", "[tokens, vocabulary] f32, row by row; - for stdout", 0, 0 },
        { 0, "chunk", OPT_INT, &chunk, "N", "tokens read at a time (256); changes no bit", 1, 65536 },
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
    if (!ids || !out)
        return cmd_usage("logits", "%s is missing", ids ? "-o FILE" : "--ids FILE");
    return run(&m, ids, (size_t)chunk, out);
}
