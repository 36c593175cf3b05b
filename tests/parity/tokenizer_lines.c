/* Texts to ids, for comparison with other tokenizers: tokenizer_lines MODEL.gguf < TEXTS > IDS
 * TEXTS: one JSON string a line. IDS: one line of ids for each, as the template's own text (specials recognised).
 * With -c FILE.jsonl: conversations ({"messages": [...], "generate": true} a line) through the model's own template
 * and its ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "token/template.h"
#include "vocab_from_gguf.h"
#include "vocab_json.h"

enum { MAX_MESSAGES = 64 };

static int die(const struct err *e)
{
    fprintf(stderr, "tokenizer_lines: %s\n", e->msg);
    return 1;
}

static void print_ids(const struct ids *v)
{
    for (size_t i = 0; i < v->n; i++)
        printf(i ? " %d" : "%d", v->p[i]);
    putchar('\n');
}

static int text_ids(const struct tok *t, const cJSON *line, struct ids *out, struct err *e)
{
    struct tok_span s = { TOK_SCAFFOLD, line->valuestring, strlen(line->valuestring), NULL, 0 };
    return tok_encode(t, &s, 1, false, out, NULL, e);
}

static int chat_ids(const struct template *tp, const struct tok *t, const cJSON *line, struct ids *out, struct err *e)
{
    struct chat_message m[MAX_MESSAGES];
    size_t n = 0;
    const cJSON *x;
    cJSON_ArrayForEach(x, cJSON_GetObjectItem(line, "messages"))
    {
        const char *content = cJSON_GetObjectItem(x, "content")->valuestring;
        if (n < MAX_MESSAGES)
            m[n++] = (struct chat_message){ cJSON_GetObjectItem(x, "role")->valuestring, content, strlen(content), NULL, 0 };
    }
    return template_ids(tp, t, m, n, cJSON_IsTrue(cJSON_GetObjectItem(line, "generate")), 0, out, NULL, e);
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct vocab_gguf v;
    bool chats = argc == 3 && !strcmp(argv[1], "-c");
    if (argc != 2 + chats) {
        fprintf(stderr, "usage: tokenizer_lines [-c] MODEL.gguf < LINES\n");
        return 2;
    }
    if (vocab_gguf_open(&v, argv[1 + chats], &e))
        return die(&e);
    struct tok *t = tok_open(&v.src, &e);
    struct template *tp = t ? template_open(t, NULL, &e) : NULL;
    if (!tp)
        return die(&e);
    char *line = NULL;
    size_t cap = 0, n_ids = 0, bytes = 0;
    uint64_t ns = 0;
    struct ids ids = IDS_INIT;
    for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
        cJSON *x = cJSON_Parse(line);
        uint64_t t0 = clock_ns();
        ids.n = 0;
        if (!x || (chats ? chat_ids(tp, t, x, &ids, &e) : text_ids(t, x, &ids, &e)))
            return die(&e);
        ns += clock_ns() - t0;
        n_ids += ids.n;
        bytes += chats ? 0 : strlen(x->valuestring);
        print_ids(&ids);
        cJSON_Delete(x);
    }
    fprintf(stderr, "%zu ids of %zu bytes in %.1f ms\n", n_ids, bytes, (double)ns / 1e6);
    free(line);
    ids_release(&ids);
    template_free(tp);
    tok_close(t);
    vocab_gguf_close(&v);
    return 0;
}
