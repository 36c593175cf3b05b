/* Tiny deterministic models whose logits were taken from llama.cpp (weights by the LCG seeded with each tensor's name).
 * They serve every test that needs a model: seconds to run, nothing to fetch. */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include "ggufwrite.h"

enum { FIXTURE_VOCAB = 40, FIXTURE_EMBD = 32, FIXTURE_N_IDS = 11 };

extern const int32_t fixture_ids[FIXTURE_N_IDS];

/* Puts the whole model `name` (mamba, falcon-mamba, mamba2, llama, granitehybrid) into an initialised writer. Variants
 * of our own: llama-biased, llama-fused (q, k and v in one tensor), granitehybrid-null (a layer that adds nothing).
 * Matrices (token_embd and output included) are stored as `type` where their rows are whole blocks, everything else as
 * F32. False: no such fixture. */
bool fixture_build(struct gguf_writer *w, const char *name, enum kern_type type);

/* The same, eight times as wide (n_embd 256), so that every block type fits; for tests of bits, not of values. */
bool fixture_build_wide(struct gguf_writer *w, const char *name, enum kern_type type);

/* n values of a tensor by its name: the recipe of the fixtures. */
void fixture_values(const char *name, float *v, size_t n);

#endif
