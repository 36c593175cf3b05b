/* hiss perplexity: how well a model predicts a text. Windows without overlap; the second half of each is scored, so
 * that every scored token has at least half a window before it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/session.h"

enum { MAX_TEXT = 1 << 30 };

/* Sums over the scored tokens: their negative log-likelihoods and the squares, in nats. */
struct score {
    size_t n, windows;
    double nll, nll2;
};

/* -log softmax(logits)[id], in f64 over f32 logits. */
static double nll_of(const float *logits, size_t n_vocab, int32_t id)
{
    float top = logits[0];
    double sum = 0;
    for (size_t i = 1; i < n_vocab; i++)
        top = logits[i] > top ? logits[i] : top;
    for (size_t i = 0; i < n_vocab; i++)
        sum += exp((double)logits[i] - (double)top);
    return log(sum) - ((double)logits[id] - (double)top);
}

struct lines {
    const float *logits; /* [n, n_vocab] */
    const int32_t *next; /* [n] the token that follows each */
    double *nll;         /* [n] */
    size_t n_vocab;
};

static void score_line(void *arg, size_t i, unsigned member)
{
    const struct lines *l = arg;
    (void)member;
    l->nll[i] = nll_of(l->logits + i * l->n_vocab, l->n_vocab, l->next[i]);
}

/* One window [len] from position 0: tokens len/2 .. len-1 are scored, each from the logits before it. */
static int window(struct session *s, const int32_t *ids, size_t len, float *logits, double *nll, struct score *sc,
                  struct err *e)
{
    size_t half = len / 2, n_vocab = model_config(session_lm(s)->model)->n_vocab;
    struct lines l = { logits, ids + half, nll, n_vocab };
    session_clear(s);
    if (half > 1 && session_feed(s, ids, half - 1, NULL, NULL, NULL, e))
        return -1;
    if (session_feed_all(s, ids + half - 1, len - half, logits, e))
        return -1;
    pool_run(session_lm(s)->pool, len - half, score_line, &l);
    for (size_t i = 0; i < len - half; i++) {
        sc->nll += nll[i];
        sc->nll2 += nll[i] * nll[i];
    }
    sc->n += len - half;
    sc->windows++;
    return 0;
}

/* Windows of a text's ids; where the model begins texts with a token, it takes the first place of each window. */
static int all_windows(struct lm *lm, struct ids *ids, size_t len, size_t most, const atomic_bool *cancel,
                       struct score *sc, struct err *e)
{
    size_t n_vocab = model_config(lm->model)->n_vocab, n_windows = ids->n / len, half = len - len / 2;
    float *logits = mem_alloc(half, n_vocab * sizeof *logits);
    double *nll = mem_alloc(half, sizeof *nll);
    struct session *s = session_new(lm, e);
    int r = !logits || !nll ? err_nomem(e, "the logits of a window") : s ? 0 : -1;
    if (most && n_windows > most)
        n_windows = most;
    for (size_t w = 0; !r && w < n_windows; w++) {
        int32_t *first = ids->p + w * len;
        if (tok_add_bos(lm->tok) && tok_bos(lm->tok) >= 0)
            *first = tok_bos(lm->tok);
        r = atomic_load(cancel) ? err_set(e, ERR_CANCELLED, "stopped after %zu of %zu windows", w, n_windows)
                                : window(s, first, len, logits, nll, sc, e);
        if (!r && isatty(STDERR_FILENO))
            fprintf(stderr, "\r%zu/%zu  %.4f ", w + 1, n_windows, exp(sc->nll / (double)sc->n));
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    session_free(s);
    free(logits);
    free(nll);
    return r;
}

static int run(const struct cmd_model *m, const char *path, size_t len, size_t most)
{
    struct err e = ERR_INIT;
    struct str text = STR_INIT;
    struct ids ids = IDS_INIT;
    struct score sc = { 0 };
    struct lm *lm;
    struct pool *pool;
    int r = cmd_open("perplexity", m, &lm, &pool);
    if (r != CMD_OK)
        return r;
    const atomic_bool *cancel = cmd_interrupts();
    uint64_t began = clock_ns();
    if (file_read(path[0] == '-' && !path[1] ? "/dev/stdin" : path, MAX_TEXT, &text, &e))
        goto done;
    struct tok_span span = { .kind = TOK_CONTENT, .p = str_z(&text), .n = text.len };
    if (tok_encode(lm->tok, &span, 1, true, &ids, NULL, &e))
        goto done;
    if (ids.n < len) {
        err_set(&e, ERR_ARG, "%s has %zu tokens, not one window of %zu; give a longer text or a smaller --window", path,
                ids.n, len);
        goto done;
    }
    if (all_windows(lm, &ids, len, most, cancel, &sc, &e))
        goto done;
    double n = (double)sc.n, mean = sc.nll / n, var = sc.nll2 / n - mean * mean;
    printf("perplexity %.4f\nnll %.6f +- %.6f\nscored %zu tokens in %zu windows of %zu\nseconds %.1f\n", exp(mean), mean,
           sqrt(var > 0 ? var / n : 0), sc.n, sc.windows, len, (double)(clock_ns() - began) * 1e-9);
done:
    r = e.code ? cmd_fail("perplexity", &e) : CMD_OK;
    str_release(&text);
    ids_release(&ids);
    cmd_close(lm, pool);
    return r;
}

int cmd_perplexity(int argc, char **argv)
{
    struct cmd_model m = { 0 };
    long len = 512, most = 0;
    const struct opt table[] = {
        CMD_OPT_MODEL(m),
        { 'w', "window", OPT_INT, &len, "N", "tokens a window (512)", 2, 1 << 20 },
        { 'n', "windows", OPT_INT, &most, "N", "only the first N windows", 1, 1 << 30 },
        CMD_OPT_THREADS(m),
        CMD_OPT_KERNELS(m),
    };
    const struct opts o = {
        .command = "perplexity",
        .usage = "[-m MODEL] [--window N] FILE",
        .about = "Cuts a text into windows and scores the second half of each; a BOS token begins every window where the\n"
                 "model asks for one.",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
        .min_args = 1,
        .max_args = 1,
    };
    size_t n;
    int r = opts_parse(&o, argc, argv, &n);
    return r != OPTS_GO ? r : run(&m, argv[1], (size_t)len, (size_t)most);
}
