/* The byte alphabet of byte-level BPE (GPT-2, encoder.py, bytes_to_unicode): each of the 256 bytes has a printable
 * character, in which vocabularies write their tokens. Printable Latin-1 stands for itself; the other 68 bytes, in
 * order, are U+0100 to U+0143. */
#ifndef TOKEN_ALPHABET_H
#define TOKEN_ALPHABET_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { ALPHABET_END = 0x144 };

uint32_t alphabet_char(unsigned char byte);
int alphabet_byte(uint32_t cp); /* -1 when cp is not of the alphabet */

/* Appends bytes written in the alphabet; and back: a character outside the alphabet stands for its own UTF-8. */
int alphabet_encode(const char *p, size_t n, struct str *out);
int alphabet_decode(const char *p, size_t n, struct str *out);

#endif
