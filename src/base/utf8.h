/* UTF-8: decode, encode, and where a stream may be cut. RFC 3629: no surrogates, no overlong forms,
 * nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define UTF8_REPLACEMENT 0xFFFDu

/* Decodes one code point from p[0..n), n > 0. Returns the bytes used (1 to 4) and sets *cp;
 * an invalid byte uses 1 and gives U+FFFD. *valid (may be NULL) says which. */
size_t utf8_decode(const char *p, size_t n, uint32_t *cp, bool *valid);

/* Writes cp as UTF-8 into out[4]; returns its length. An invalid cp is written as U+FFFD. */
size_t utf8_encode(uint32_t cp, char out[4]);

/* How many of the last bytes of p[0..n) begin a character that more bytes could complete: 0 to 3. */
size_t utf8_pending(const char *p, size_t n);

/* Writes p[0..n) for a terminal: control characters other than newline and tab, and bytes that are no UTF-8, as U+FFFD.
 * Nothing of a model's, a file's or another person's text can command the terminal. The others format it first. */
void utf8_print(FILE *f, const char *p, size_t n);
void utf8_printf(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void utf8_vprintf(FILE *f, const char *fmt, va_list ap);

bool utf8_valid(const char *p, size_t n);

#endif
