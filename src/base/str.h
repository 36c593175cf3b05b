/* A growable byte string, always NUL-terminated once it holds anything; may contain NULs.
 * Appending can fail for want of memory: the string then remembers it (`oom`) and stays as it was,
 * so a builder may append many times and look once. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
    char *p; /* NULL or NUL-terminated */
    size_t len, cap;
    bool oom;
};

#define STR_INIT { NULL, 0, 0, false }

void str_init(struct str *s);
void str_release(struct str *s); /* frees, and is init again */
void str_clear(struct str *s);   /* empty, keeps its memory */
int str_add(struct str *s, const void *p, size_t n);
int str_adds(struct str *s, const char *z);
int str_addc(struct str *s, char c);
int str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int str_vaddf(struct str *s, const char *fmt, va_list ap);
void str_cut(struct str *s, size_t len); /* shortens to len bytes */
const char *str_z(const struct str *s);  /* borrowed, never NULL */
char *str_take(struct str *s);           /* given: the bytes, NUL-terminated; s is empty after; NULL if oom */

#endif
