#include "base/number.h"

#include <stdio.h>

const char *number_grouped(size_t n, char out[NUMBER_TEXT])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%zu", n), at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *number_bytes(size_t n, char out[NUMBER_TEXT])
{
    static const char *const units[] = { "B", "KB", "MB", "GB" };
    double v = (double)n;
    int u = 0;
    for (; v >= 1000 && u < 3; u++)
        v /= 1000;
    snprintf(out, NUMBER_TEXT, u && v < 100 ? "%.1f %s" : "%.0f %s", v, units[u]);
    return out;
}

const char *number_params(size_t n, char out[NUMBER_TEXT])
{
    const char *unit = n < 1000000 ? "thousand" : n < 1000000000 ? "M" : "B";
    double v = (double)n / (n < 1000000 ? 1e3 : n < 1000000000 ? 1e6 : 1e9);
    snprintf(out, NUMBER_TEXT, n < 1000000000 ? "%.0f %s parameters" : "%.1f %s parameters", v, unit);
    return out;
}
