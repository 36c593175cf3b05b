#include "tinylm.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chatmodel.h"

void tinylm_open(struct tinylm *t, const char *arch, uint64_t seed, enum kern_level level)
{
    struct err e = ERR_INIT;
    struct lm_opts o = { .level = level };
    snprintf(t->dir, sizeof t->dir, "/tmp/hiss-test-XXXXXX");
    if (!mkdtemp(t->dir)) {
        perror(t->dir);
        abort();
    }
    snprintf(t->path, sizeof t->path, "%s/%s.gguf", t->dir, arch);
    chatmodel_write(t->path, arch, seed, NULL);
    t->lm = lm_open(t->path, &o, &e);
    if (!t->lm) {
        fprintf(stderr, "%s\n", e.msg);
        abort();
    }
}

void tinylm_close(struct tinylm *t)
{
    lm_close(t->lm);
    unlink(t->path);
    rmdir(t->dir);
}
