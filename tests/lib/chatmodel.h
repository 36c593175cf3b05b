/* Tiny models that can chat: random weights, all 256 bytes as tokens, a few merges, ChatML. Small enough that a whole
 * conversation is read in milliseconds. */
#ifndef TEST_CHATMODEL_H
#define TEST_CHATMODEL_H

#include <stdint.h>

enum { CHATMODEL_EOS = 256, CHATMODEL_IM_START, CHATMODEL_IM_END, CHATMODEL_FIRST_MERGE };

/* Writes a GGUF file. arch: "mamba", "mamba2", "llama", "granitehybrid". Different seeds make different models.
 * chat_template may be NULL: ChatML. Ends the program on error. */
void chatmodel_write(const char *path, const char *arch, uint64_t seed, const char *chat_template);

/* One whose end-of-turn tokens are silent: with temperature 0 its replies go on until something stops them. */
void chatmodel_write_endless(const char *path, const char *arch, uint64_t seed);

/* One that says the bytes of text, all different and at most 31, over and over. */
void chatmodel_write_saying(const char *path, const char *text);

#endif
