#include "base/utf8.h"

#include "base/str.h"

/* Length that a lead byte announces, and the allowed range of the second byte (RFC 3629, section 4). */
static unsigned lead(unsigned char c, unsigned char *lo, unsigned char *hi)
{
    *lo = 0x80;
    *hi = 0xBF;
    if (c < 0x80)
        return 1;
    if (c >= 0xC2 && c <= 0xDF)
        return 2;
    if (c >= 0xE0 && c <= 0xEF) {
        if (c == 0xE0)
            *lo = 0xA0;
        if (c == 0xED)
            *hi = 0x9F;
        return 3;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        if (c == 0xF0)
            *lo = 0x90;
        if (c == 0xF4)
            *hi = 0x8F;
        return 4;
    }
    return 0;
}

/* Number of leading bytes of p[0..n) that fit one character of `len` bytes. */
static unsigned fitting(const unsigned char *p, size_t n, unsigned len, unsigned char lo, unsigned char hi)
{
    unsigned i = 1;
    for (; i < len && i < n; i++) {
        if (p[i] < (i == 1 ? lo : 0x80) || p[i] > (i == 1 ? hi : 0xBF))
            break;
    }
    return i;
}

size_t utf8_decode(const char *s, size_t n, uint32_t *cp, bool *valid)
{
    const unsigned char *p = (const unsigned char *)s;
    unsigned char lo, hi;
    unsigned len = lead(p[0], &lo, &hi);
    bool ok = len && fitting(p, n, len, lo, hi) == len;
    if (valid)
        *valid = ok;
    if (!ok) {
        *cp = UTF8_REPLACEMENT;
        return 1;
    }
    uint32_t c = len == 1 ? p[0] : p[0] & (0x7Fu >> len);
    for (unsigned i = 1; i < len; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    *cp = c;
    return len;
}

size_t utf8_encode(uint32_t cp, char out[4])
{
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        cp = UTF8_REPLACEMENT;
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)((0xF00u >> len & 0xFF) | cp);
    return len;
}

size_t utf8_pending(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        unsigned char lo, hi;
        unsigned len = lead(p[n - back], &lo, &hi);
        if (len > back && fitting(p + n - back, back, len, lo, hi) == back)
            return back;
        if (len)
            return 0;
    }
    return 0;
}

bool utf8_valid(const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        bool ok;
        i += utf8_decode(p + i, n - i, &cp, &ok);
        if (!ok)
            return false;
    }
    return true;
}

void utf8_print(FILE *f, const char *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        uint32_t cp;
        char u[4];
        at += utf8_decode(p + at, n - at, &cp, NULL);
        if ((cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7F && cp < 0xA0))
            cp = UTF8_REPLACEMENT;
        fwrite(u, 1, utf8_encode(cp, u), f);
    }
}

void utf8_vprintf(FILE *f, const char *fmt, va_list ap)
{
    struct str s = STR_INIT;
    str_vaddf(&s, fmt, ap);
    utf8_print(f, str_z(&s), s.len);
    str_release(&s);
}

void utf8_printf(FILE *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    utf8_vprintf(f, fmt, ap);
    va_end(ap);
}
