/* The definition of a model's logits (docs/ARCHITECTURE.md, One arithmetic), written down a second time: from the
 * file's bytes as they lie, one number after the other, all tokens layer by layer, without states, packing, pools or
 * levels. Slow. Shared with the real thing are only the file reader, the configuration, and the curves (kern_expf,
 * kern_siluf, kern_softplusf, kern_pow, kern_sincos), whose bits are their own definition. */
#ifndef TEST_EMULATE_H
#define TEST_EMULATE_H

#include "model/config.h"
#include "model/gguf.h"

/* logits [n, c->n_vocab] of every token. Ends the program when memory or a tensor is missing. */
void emulate(const struct gguf *g, const struct model_config *c, const int32_t *ids, size_t n, float *logits);

#endif
