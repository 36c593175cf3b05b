/* A model ready to talk: weights, tokenizer and chat template of one file. Shared by all sessions, immutable. */
#ifndef ENGINE_LM_H
#define ENGINE_LM_H

#include "base/err.h"
#include "base/gate.h"
#include "base/pool.h"
#include "model/model.h"
#include "token/template.h"
#include "token/tok.h"

struct lm_vocab; /* the vocabulary's tables, which the tokenizer borrows */

struct lm {
    struct model *model;
    struct tok *tok;
    struct template *tmpl;
    struct pool *pool;   /* borrowed */
    struct gate gate;    /* held for each call to the model: sessions in several threads take turns by slices */
    struct lm_vocab *vocab;
};

struct lm_opts {
    enum kern_level level;  /* KERN_N_LEVELS: the best */
    struct pool *pool;      /* borrowed for the life of the lm; NULL: the caller's thread alone */
    const char *template;   /* NULL: the model's own (ChatML where it has none); else a name of template_open */
    bool (*progress)(void *arg, double fraction);
    void *progress_arg;
};

struct lm *lm_open(const char *path, const struct lm_opts *o, struct err *e); /* given */
void lm_close(struct lm *lm);

/* Only the tokenizer of a file, without touching its weights (`hiss tokenize`). Given; close with lm_close. */
struct lm *lm_open_tokenizer(const char *path, struct err *e);

/* Where models are looked for, in order: the path itself, HISS_MODEL_PATH, the folder of the embedded model (the installed
 * one, models/ beside the build), the user's model folder. `name` NULL asks for the default model. Given path in *out. ERR_NOTFOUND says where it
 * looked and how to get one. */
struct str;
bool lm_is_embedded(const char *path); /* it came with hiss */
int lm_list(struct str *out, struct err *e); /* paths of all models found, one a line, the default first */
int lm_find(const char *name, struct str *out, struct err *e);

#endif
