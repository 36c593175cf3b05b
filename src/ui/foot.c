#include "ui/foot.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "term/cells.h"

enum { GAP = 2, MAX_ITEMS = 16 };

struct item {
    char key[24], words[40];
    int width;
};

/* As they are bound now. */
static size_t items_of(enum context where, const char *spec, struct item out[MAX_ITEMS])
{
    size_t n = 0;
    for (const char *s = spec; s && *s && n < MAX_ITEMS;) {
        size_t len = strcspn(s, "\t"), verb = strcspn(s, " \t");
        char command[32];
        struct str keys = STR_INIT;
        struct item *it = &out[n];
        snprintf(command, sizeof command, "%.*s", (int)verb, s);
        keymap_keys_of(where, command, &keys);
        if (keys.len && len > verb) {
            size_t first = keys.p[0] == ',' ? 1 : strcspn(keys.p, ",");
            snprintf(it->key, sizeof it->key, "%.*s", (int)first, keys.p);
            snprintf(it->words, sizeof it->words, "%.*s", (int)(len - verb - 1), s + verb + 1);
            it->width = cells_width(it->key, strlen(it->key)) + 1 + cells_width(it->words, strlen(it->words));
            n++;
        }
        str_release(&keys);
        s += len + (s[len] == '\t');
    }
    return n;
}

static int draw_item(const struct item *it, int row, int x, int room)
{
    if (it->width > room)
        return 0;
    int used = cells_puts(row, x, room, it->key, STYLE_KEY);
    cells_puts(row, x + used + 1, room - used - 1, it->words, STYLE_STATUS);
    return it->width + GAP;
}

/* The last item, the way out, is shown before all others. */
void foot_draw(enum context where, const char *spec, int row, int rows, int col, int cols)
{
    struct item items[MAX_ITEMS];
    size_t n = items_of(where, spec, items);
    int x = 1;
    for (int i = 0; i < rows; i++)
        cells_fill(row + i, col, cols, STYLE_STATUS);
    if (!n)
        return;
    for (size_t i = 0; i + 1 < n; i++) {
        int behind = rows > 1 ? 0 : GAP + items[n - 1].width;
        if (x + items[i].width + behind > cols && rows > 1 && x > 1) {
            x = 1;
            row++;
            behind = --rows > 1 ? 0 : GAP + items[n - 1].width;
        }
        if (x + items[i].width + behind <= cols)
            x += draw_item(&items[i], row, col + x, items[i].width);
    }
    if (x + items[n - 1].width > cols && rows > 1) {
        x = 1;
        row++;
    }
    draw_item(&items[n - 1], row, col + x, cols - x);
}

int foot_rows(enum context where, const char *spec, int most, int cols)
{
    struct item items[MAX_ITEMS];
    size_t n = items_of(where, spec, items);
    int x = 1, need = 1;
    for (size_t i = 0; i < n; i++) {
        if (x > 1 && x + items[i].width > cols) {
            x = 1;
            need++;
        }
        x += items[i].width + GAP;
    }
    return need < most ? need : most;
}
