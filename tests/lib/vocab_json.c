#include "vocab_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static struct tok_text *texts(const cJSON *array, size_t *n)
{
    struct tok_text *t = mem_alloc((size_t)cJSON_GetArraySize(array), sizeof *t);
    const cJSON *x;
    *n = 0;
    cJSON_ArrayForEach(x, array)
    {
        if (t && cJSON_IsString(x))
            t[(*n)++] = (struct tok_text){ x->valuestring, strlen(x->valuestring) };
    }
    return t;
}

int vocab_json_open(struct vocab_json *v, const char *path, const char *pre)
{
    struct str file = STR_INIT;
    memset(v, 0, sizeof *v);
    v->src = (struct tok_source){ .model = { "gpt2", 4 }, .pre = { pre, strlen(pre) }, .bos = -1, .eos = -1, .eot = -1,
                                  .eom = -1, .unk = -1, .add_bos = -1, .add_eos = -1 };
    int r = file_read(path, (size_t)1 << 28, &file, NULL);
    v->root = r ? NULL : cJSON_Parse(file.p);
    str_release(&file);
    if (!v->root)
        return -1;
    v->tokens = texts(cJSON_GetObjectItem(v->root, "tokens"), &v->src.n_tokens);
    v->merges = texts(cJSON_GetObjectItem(v->root, "merges"), &v->src.n_merges);
    v->kinds = mem_zalloc(v->src.n_tokens, 1);
    if (!v->tokens || !v->merges || !v->kinds)
        return -1;
    size_t i = 0;
    const cJSON *x;
    cJSON_ArrayForEach(x, cJSON_GetObjectItem(v->root, "kinds"))
    {
        if (i < v->src.n_tokens)
            v->kinds[i++] = (unsigned char)x->valueint;
    }
    v->src.tokens = v->tokens;
    v->src.merges = v->merges;
    v->src.kinds = v->kinds;
    return 0;
}

void vocab_json_close(struct vocab_json *v)
{
    cJSON_Delete(v->root);
    free(v->tokens);
    free(v->merges);
    free(v->kinds);
}

const char *test_data(const char *name)
{
    static char path[1024];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
    return path;
}

const char *shared_data(const char *name)
{
    static char path[1024];
    const char *shared = getenv("HISS_SHARED"), *top = getenv("top_srcdir");
    if (shared)
        snprintf(path, sizeof path, "%s/%s", shared, name);
    else
        snprintf(path, sizeof path, "%s/../shared/%s", top ? top : ".", name);
    return path;
}
