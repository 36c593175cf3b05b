/* hiss ask: one reply, or a conversation line by line. stdout carries the reply and nothing else. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "cmd/ask.h"
#include "cmd/chat_cli.h"
#include "cmd/opts.h"
#include "desk/preset.h"

/* ---- Settings ---- */

static const struct ask_given none_given = { .temperature = NAN, .top_p = NAN, .min_p = NAN, .repeat = NAN,
                                             .frequency = NAN, .presence = NAN, .top_k = LONG_MIN, .last_n = LONG_MIN,
                                             .max_tokens = LONG_MIN };

static void take_float(float *to, double given)
{
    if (!isnan(given))
        *to = (float)given;
}

static void take_int(int *to, long given)
{
    if (given != LONG_MIN)
        *to = (int)given;
}

int ask_settle(struct ask *a, const struct chat_settings *own, struct err *e)
{
    const struct ask_given *v = &a->given;
    struct chat_settings s = own ? *own : (struct chat_settings){ .sampler = sampler_default() };
    if (a->persona && preset_persona(&a->read, &s, e))
        return -1;
    take_float(&s.sampler.temperature, v->temperature);
    take_float(&s.sampler.top_p, v->top_p);
    take_float(&s.sampler.min_p, v->min_p);
    take_float(&s.sampler.repeat, v->repeat);
    take_float(&s.sampler.frequency, v->frequency);
    take_float(&s.sampler.presence, v->presence);
    take_int(&s.sampler.top_k, v->top_k);
    take_int(&s.sampler.last_n, v->last_n);
    if (v->max_tokens != LONG_MIN)
        s.max_tokens = (size_t)v->max_tokens;
    a->has_seed = v->seed.given || s.fixed_seed;
    if (v->seed.given)
        s.sampler.seed = v->seed.v;
    else if (!s.fixed_seed)
        s.sampler.seed = rng_seed();
    a->g = (struct generate_opts){ .sampler = s.sampler, .max_tokens = s.max_tokens, .stops = a->stops.v, .n_stops = a->stops.n };
    return sampler_check(&s.sampler, e);
}

/* OPTS_GO, or the exit status. */
static int parse(struct ask *a, int argc, char **argv, size_t *n_words)
{
    struct ask_given *v = &a->given;
    const struct opt table[] = {
        CMD_OPT_MODEL(a->model),
        { 's', "system", OPT_STRING, &a->system, "TEXT", "how the model is to behave", 0, 0 },
        { 'p', "persona", OPT_STRING, &a->persona, "NAME", "a persona's system text and settings", 0, 0 },
        { 0, "var", OPT_STRINGS, &a->vars, "NAME=VALUE", "a variable of the persona; may be given again", 0, 0 },
        { 'c', "chat", OPT_STRING, &a->chat, "NAME", "begin or continue a saved conversation", 0, 0 },
        { 'n', "max-tokens", OPT_INT, &v->max_tokens, "N", "end the reply after N tokens", 1, 1 << 30 },
        { 0, "stop", OPT_STRINGS, &a->stops, "TEXT", "end the reply before TEXT; may be given again", 0, 0 },
        { 0, "temp", OPT_FLOAT, &v->temperature, "T", "temperature; 0 takes the likeliest token", 0, 100 },
        { 0, "top-k", OPT_INT, &v->top_k, "N", "keep the N likeliest tokens; 0: all", 0, 1 << 30 },
        { 0, "top-p", OPT_FLOAT, &v->top_p, "P", "keep the likeliest tokens that make up P; 1: all", 0, 1 },
        { 0, "min-p", OPT_FLOAT, &v->min_p, "P", "drop tokens below P of the likeliest; 0: none", 0, 1 },
        { 0, "repeat", OPT_FLOAT, &v->repeat, "R", "repetition penalty; 1: none", 0, 100 },
        { 0, "frequency", OPT_FLOAT, &v->frequency, "F", "frequency penalty; 0: none", -100, 100 },
        { 0, "presence", OPT_FLOAT, &v->presence, "P", "presence penalty; 0: none", -100, 100 },
        { 0, "last-n", OPT_INT, &v->last_n, "N", "tokens the penalties look back on; -1: all", -1, 1 << 30 },
        { 0, "seed", OPT_U64, &v->seed, "N", "makes the reply repeatable", 0, 0 },
        CMD_OPT_THREADS(a->model),
        CMD_OPT_KERNELS(a->model),
        { 0, "json", OPT_FLAG, &a->json, NULL, "one JSON object a line: each token, then a summary", 0, 0 },
    };
    const struct opts o = {
        .command = "ask",
        .usage = "[options] [PROMPT]",
        .about = "Prints the model's reply. Standard input, when it is not a terminal, joins the prompt. Without a prompt,\n"
                 "on a terminal, each line is one turn, until ^D.",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
        .max_args = 1 << 20,
    };
    return opts_parse(&o, argc, argv, n_words);
}

/* ---- The prompt ---- */

static int read_stdin(struct str *out, struct err *e)
{
    enum { MAX_MB = 64 };
    char buf[1 << 15];
    for (ssize_t n; (n = read(STDIN_FILENO, buf, sizeof buf)) != 0;) {
        if (n < 0 && errno == EINTR && !atomic_load(&chat_cancel))
            continue;
        if (n < 0)
            return err_sys(e, "cannot read standard input");
        if (out->len + (size_t)n > (size_t)MAX_MB << 20)
            return err_set(e, ERR_LIMIT, "standard input is larger than %d MB", MAX_MB);
        if (str_add(out, buf, (size_t)n))
            return err_nomem(e, "the prompt");
    }
    return 0;
}

/* The words of the command line, an empty line, standard input. */
static int collect_prompt(char **words, size_t n, bool with_stdin, struct str *out, struct err *e)
{
    struct str in = STR_INIT;
    for (size_t i = 0; i < n; i++)
        str_addf(out, "%s%s", i ? " " : "", words[i]);
    int r = with_stdin ? read_stdin(&in, e) : 0;
    while (in.len && (in.p[in.len - 1] == '\n' || in.p[in.len - 1] == '\r'))
        str_cut(&in, in.len - 1);
    if (!r && in.len) {
        if (out->len)
            str_adds(out, "\n\n");
        str_add(out, in.p, in.len);
    }
    str_release(&in);
    return r ? r : out->oom ? err_nomem(e, "the prompt") : 0;
}

static int run(struct ask *a, char **words, size_t n_words)
{
    struct str prompt = STR_INIT;
    struct err e = ERR_INIT;
    bool from_terminal = isatty(STDIN_FILENO);
    int status;
    if (ask_settle(a, NULL, &e))
        return cmd_usage("ask", "%s", e.msg);
    chat_catch_signals();
    if (collect_prompt(words, n_words, !from_terminal, &prompt, &e))
        status = chat_fail("ask", &e);
    else if (!prompt.len && !from_terminal)
        status = cmd_usage("ask", "there is no prompt: give one as words or on standard input");
    else
        status = ask_run(a, prompt.len ? &prompt : NULL);
    str_release(&prompt);
    return status;
}

int cmd_ask(int argc, char **argv)
{
    struct ask a = { .given = none_given, .out_terminal = isatty(STDOUT_FILENO), .err_terminal = isatty(STDERR_FILENO) };
    struct err e = ERR_INIT;
    size_t n_words;
    int status = parse(&a, argc, argv, &n_words);
    if (status == OPTS_GO && a.persona && a.system)
        status = cmd_usage("ask", "give --system or --persona, not both");
    else if (status == OPTS_GO && a.persona && ask_persona(&a, &e))
        status = cmd_fail("ask", &e);
    if (status == OPTS_GO)
        status = run(&a, argv + 1, n_words);
    free(a.stops.v);
    free(a.vars.v);
    persona_release(&a.read);
    str_release(&a.system_text);
    return status;
}
