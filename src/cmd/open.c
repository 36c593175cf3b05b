/* The model that a command runs: found, opened at the kernel level asked for, with its threads. */
#include <stdlib.h>

#include "base/pool.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "engine/lm.h"

int cmd_kernels(const char *name, const char *asked, enum kern_level *out)
{
    const char *source = "--kernels";
    struct str usable = STR_INIT;
    if (!asked) {
        asked = getenv("HISS_KERNELS");
        source = "HISS_KERNELS";
    }
    if (!asked || !asked[0]) {
        *out = kern_level_best();
        return CMD_OK;
    }
    if (kern_level_parse(asked, out) && kern_level_usable(*out))
        return CMD_OK;
    for (int l = KERN_C; l < KERN_N_LEVELS; l++) {
        if (kern_level_usable((enum kern_level)l))
            str_addf(&usable, "%s%s", usable.len ? ", " : "", kern_level_name((enum kern_level)l));
    }
    cmd_usage(name, "%s: this CPU does not run '%s'; it runs %s", source, asked, str_z(&usable));
    str_release(&usable);
    return CMD_USAGE;
}

int cmd_open(const char *name, const struct cmd_model *m, struct lm **lm, struct pool **pool)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct lm_opts o = { .level = KERN_N_LEVELS };
    int r = cmd_kernels(name, m->kernels, &o.level);
    *lm = NULL;
    *pool = NULL;
    if (r != CMD_OK)
        return r;
    if (lm_find(m->model, &path, &e) || !(*pool = pool_new((unsigned)m->threads, &e)))
        goto fail;
    o.pool = *pool;
    *lm = lm_open(path.p, &o, &e);
    if (!*lm)
        goto fail;
    str_release(&path);
    if (tok_warning((*lm)->tok)[0])
        cmd_note(name, "%s", tok_warning((*lm)->tok));
    return CMD_OK;
fail:
    str_release(&path);
    pool_free(*pool);
    *pool = NULL;
    return cmd_fail(name, &e);
}

void cmd_close(struct lm *lm, struct pool *pool)
{
    lm_close(lm);
    pool_free(pool);
}
