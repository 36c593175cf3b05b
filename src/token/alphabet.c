#include "token/alphabet.h"

#include <stdbool.h>

#include "base/utf8.h"

/* The bytes that have no character of their own: 00-20, 7F-A0, AD, in this order. */
enum { LOW = 0x21, MID_BEGIN = 0x7F, MID_END = 0xA1, SOFT_HYPHEN = 0xAD, BASE = 0x100 };

static bool stands_for_itself(unsigned char b)
{
    return b >= LOW && !(b >= MID_BEGIN && b < MID_END) && b != SOFT_HYPHEN;
}

uint32_t alphabet_char(unsigned char b)
{
    if (stands_for_itself(b))
        return b;
    if (b < LOW)
        return BASE + (uint32_t)b;
    return b == SOFT_HYPHEN ? ALPHABET_END - 1 : BASE + LOW + (uint32_t)(b - MID_BEGIN);
}

int alphabet_byte(uint32_t cp)
{
    if (cp < BASE)
        return stands_for_itself((unsigned char)cp) ? (int)cp : -1;
    if (cp >= ALPHABET_END)
        return -1;
    uint32_t i = cp - BASE;
    if (i < LOW)
        return (int)i;
    return cp == ALPHABET_END - 1 ? SOFT_HYPHEN : (int)(i - LOW + MID_BEGIN);
}

int alphabet_encode(const char *p, size_t n, struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        char u[4];
        if (str_add(out, u, utf8_encode(alphabet_char((unsigned char)p[i]), u)))
            return -1;
    }
    return 0;
}

int alphabet_decode(const char *p, size_t n, struct str *out)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t len = utf8_decode(p + i, n - i, &cp, NULL);
        int b = alphabet_byte(cp);
        if (b >= 0 ? str_addc(out, (char)b) : str_add(out, p + i, len))
            return -1;
        i += len;
    }
    return 0;
}
