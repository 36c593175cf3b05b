#include "model/model.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/layer.h"

struct model *model_open(const char *path, const struct model_opts *o, struct err *e)
{
    uint64_t start = clock_ns();
    struct model *m = mem_zalloc(1, sizeof *m);
    if (!m) {
        err_nomem(e, path);
        return NULL;
    }
    enum kern_level level = o->level == KERN_N_LEVELS ? kern_level_best() : o->level;
    if (!kern_level_usable(level)) {
        err_set(e, ERR_UNSUPPORTED, "this machine cannot run the kernel level %s; choose a lower one", kern_level_name(level));
        goto fail;
    }
    kern_init(&m->k, level);
    kern_thread_init();
    m->g = gguf_open(path, e);
    if (!m->g || config_read(&m->c, m->g, e) || weights_bind(m, e) || weights_pack(m, o, e))
        goto fail;
    state_layout(m);
    m->load_seconds = (double)(clock_ns() - start) * 1e-9;
    return m;
fail:
    model_close(m);
    return NULL;
}

void model_close(struct model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_owned; i++)
        mem_free_aligned(m->owned[i]);
    free(m->owned);
    mem_free_aligned(m->packed);
    free(m->rope_freq);
    free(m->layer);
    gguf_close(m->g);
    free(m);
}

const struct model_config *model_config(const struct model *m)
{
    return &m->c;
}

const struct gguf *model_gguf(const struct model *m)
{
    return m->g;
}

const char *model_path(const struct model *m)
{
    return gguf_path(m->g);
}

struct hash128 model_hash(const struct model *m)
{
    return m->hash;
}

const struct kern *model_kern(const struct model *m)
{
    return &m->k;
}

size_t model_weight_bytes(const struct model *m)
{
    return m->weight_bytes;
}

double model_load_seconds(const struct model *m)
{
    return m->load_seconds;
}

struct model_ops model_ops(const struct model *m)
{
    return m->ops;
}
