/* Markdown to rows: md4c parses, this file keeps the nesting and styles, layout.c wraps. */
#include <md4c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "term/layout.h"
#include "term/table.h"

enum { MAX_NEST = 32, PREFIX_MAX = 4 * MAX_NEST + 1 };

struct list {
    bool ordered;
    unsigned next;
};

struct markup {
    struct layout *l;
    struct layout_par par;
    char first[PREFIX_MAX], rest[PREFIX_MAX]; /* what stands before the next block's rows */
    struct {
        size_t first, rest;                   /* lengths to go back to */
    } nest[MAX_NEST];
    size_t depth;
    struct list lists[MAX_NEST];
    size_t n_lists;
    struct table table;
    int emph, strong, code_span, link, heading, quote, code_block;
    size_t indent;                            /* of a code block's row, told but not yet written as it was */
    size_t code_at, link_at;                  /* where the block's source and the link's text begin */
    bool tight_next;                          /* no blank row before the next block: a list item's first */
    bool in_leaf;                             /* text belongs to a block of its own, not to a list item itself */
    const char *source, *end;
    struct layout_growth now, last;           /* at the outermost block or item that begins, and at the last that can be
                                                 begun from */
    bool begins;                              /* its first text says where in the source */
    char item;                                /* mark of the outermost list */
    const struct layout_growth *goes_on;      /* the first block is a list that began before the source does */
};

static enum theme_role style(const struct markup *m)
{
    if (m->code_span || m->code_block)
        return STYLE_CODE;
    if (m->heading)
        return STYLE_HEADING;
    if (m->link)
        return STYLE_LINK;
    if (m->strong)
        return STYLE_STRONG;
    if (m->emph)
        return STYLE_EMPH;
    return m->quote ? STYLE_QUOTE : STYLE_TEXT;
}

static void append(char *prefix, const char *s)
{
    size_t n = strlen(prefix), k = strlen(s);
    if (n + k < PREFIX_MAX)
        memcpy(prefix + n, s, k + 1);
}

/* Opens a container whose first row begins with `first` and whose other rows begin with `rest`. */
static void push(struct markup *m, const char *first, const char *rest)
{
    if (m->depth < MAX_NEST) {
        m->nest[m->depth].first = strlen(m->first);
        m->nest[m->depth].rest = strlen(m->rest);
        append(m->first, first);
        append(m->rest, rest);
    }
    m->depth++;
}

static void pop(struct markup *m)
{
    m->depth--;
    if (m->depth < MAX_NEST) {
        m->rest[m->nest[m->depth].rest] = '\0';
        memcpy(m->first, m->rest, strlen(m->rest) + 1);
    }
}

/* A leaf block is complete: wrap it under the prefixes; a list bullet is drawn once. */
static void leaf(struct markup *m, bool hard)
{
    layout_wrap(m->l, &m->par, m->first, m->rest, m->quote ? STYLE_QUOTE : STYLE_TEXT, hard);
    memcpy(m->first, m->rest, strlen(m->rest) + 1);
    m->emph = m->strong = m->code_span = m->link = 0; /* md4c opens some that it never closes */
    m->tight_next = false;
}

static void gap(struct markup *m)
{
    if (!m->tight_next)
        layout_blank(m->l);
}

/* A tight item's text ends where another block begins. */
static void end_text(struct markup *m)
{
    if (m->par.n_runs && !m->in_leaf)
        leaf(m, false);
}

static void enter_item(struct markup *m)
{
    char mark[16] = "• ";
    struct list *li = m->n_lists && m->n_lists <= MAX_NEST ? &m->lists[m->n_lists - 1] : NULL;
    if (li && li->ordered)
        snprintf(mark, sizeof mark, "%u. ", li->next++);
    char pad[16];
    size_t n = li && li->ordered ? strlen(mark) : 2;
    memset(pad, ' ', n);
    pad[n] = '\0';
    push(m, mark, pad);
    m->tight_next = true;
}

static void enter_list(struct markup *m, char mark, bool ordered, unsigned start)
{
    if (m->goes_on)
        start = m->goes_on->next;
    else if (!m->n_lists)
        gap(m);
    if (!m->n_lists)
        m->item = mark;
    if (m->n_lists < MAX_NEST)
        m->lists[m->n_lists] = (struct list){ ordered, start };
    m->n_lists++;
}

static void enter_code(struct markup *m)
{
    gap(m);
    m->code_block = 1;
    m->code_at = m->l->code.len;
    m->indent = 0;
    push(m, "  ", "  ");
}

static int enter_table(struct markup *m, const MD_BLOCK_TABLE_DETAIL *detail)
{
    gap(m);
    m->table.n_cols = detail->col_count;
    return detail->col_count && detail->col_count <= TABLE_COLS ? 0 : -1; /* what is wider stays source */
}

static enum table_side side_of(MD_ALIGN align)
{
    return align == MD_ALIGN_RIGHT ? TABLE_RIGHT : align == MD_ALIGN_CENTER ? TABLE_CENTRE : TABLE_LEFT;
}

static int leave_cell(struct markup *m)
{
    m->emph = m->strong = m->code_span = m->link = 0;
    return table_add(&m->table, &m->par);
}

static void leave_table(struct markup *m)
{
    table_lay(&m->table, m->l, m->first, m->rest, m->quote ? STYLE_QUOTE : STYLE_TEXT);
    memcpy(m->first, m->rest, strlen(m->rest) + 1);
    m->tight_next = false;
}

/* ---- Text that grows ---- */

/* What is parsed from here on comes out the same whatever stood before, if it begins where mark_end finds a place. */
static void mark_begin(struct markup *m, bool item)
{
    const struct layout *l = m->l;
    if (m->depth || m->n_lists != item)
        return;
    m->now = (struct layout_growth){ .text = l->text.len, .code = l->code.len, .segs = l->n_segs, .rows = l->n_rows,
                                     .codes = l->n_codes, .tight = m->tight_next };
    if (item) {
        m->now.item = m->item;
        m->now.next = m->lists[0].next;
    }
    m->begins = true;
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* Only behind an empty line: there a block begins whatever stood before, and whatever follows. Not where a fence may
 * begin: md4c takes one that ends a list item with an open fence for text, and would not take it so again. */
static bool stands_alone(const struct markup *m, const char *line)
{
    const char *p = line, *before = line;
    while (p < m->end && *p == ' ')
        p++;
    if (p < m->end && (*p == '`' || *p == '~'))
        return false;
    while (before > m->source && strchr(" \t\n", before[-1])) {
        if (before != line && before[-1] == '\n')
            return true;
        before--;
    }
    return false;
}

/* Only on a line that begins with the list's mark, s being behind it, and that can grow no more: by what comes in the
 * line "- -" it may still become a rule, and "1." text. Not where the mark is indented: md4c counts an indent from an
 * empty item before, too. */
static bool begins_item(const struct markup *m, const char *line, const char *s)
{
    enum { MOST_DIGITS = 9 };
    const char *p = line, *end = line;
    for (int i = 0; (m->item == '.' || m->item == ')') && i < MOST_DIGITS && p < s && *p >= '0' && *p <= '9'; i++)
        p++;
    if (p + 1 >= s || *p != m->item || (p[1] != ' ' && p[1] != '\t'))
        return false;
    while (end < m->end && !ends_line(*end))
        end++;
    return end < m->end;
}

static void mark_end(struct markup *m, const char *s)
{
    const char *line = s;
    m->begins = false;
    if (s < m->source || s >= m->end)
        return;
    while (line > m->source && !ends_line(line[-1]))
        line--;
    if (m->now.item ? begins_item(m, line, s) : stands_alone(m, line)) {
        m->last = m->now;
        m->last.done = (size_t)(line - m->source);
    }
}

static void cut(struct layout *l, const struct layout_growth *g)
{
    str_cut(&l->text, g->text);
    str_cut(&l->code, g->code);
    l->n_segs = g->segs;
    l->n_rows = g->rows;
    l->n_codes = g->codes;
}

/* ---- What md4c tells ---- */

static int enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct markup *m = arg;
    const MD_BLOCK_OL_DETAIL *ol = detail;
    int r = 0;
    bool in_item = type == MD_BLOCK_P && m->begins && m->now.item; /* a loose item's first paragraph */
    end_text(m);
    m->begins = in_item;
    if ((type == MD_BLOCK_P || type == MD_BLOCK_H) && !in_item)
        mark_begin(m, false);
    switch (type) {
    case MD_BLOCK_P: gap(m); break;
    case MD_BLOCK_H:
        gap(m);
        m->heading = 1;
        break;
    case MD_BLOCK_QUOTE:
        gap(m);
        m->quote++;
        push(m, "│ ", "│ ");
        m->tight_next = true;
        break;
    case MD_BLOCK_UL: enter_list(m, ((MD_BLOCK_UL_DETAIL *)detail)->mark, false, 0); break;
    case MD_BLOCK_OL: enter_list(m, ol->mark_delimiter, true, ol->start); break;
    case MD_BLOCK_LI:
        mark_begin(m, true);
        enter_item(m);
        break;
    case MD_BLOCK_CODE: enter_code(m); break;
    case MD_BLOCK_HR:
        gap(m);
        layout_par_add(&m->par, "———", strlen("———"), STYLE_RULE);
        leaf(m, false);
        break;
    case MD_BLOCK_TABLE: r = enter_table(m, detail); break;
    case MD_BLOCK_TH:
        m->strong++;
        m->table.side[m->table.n_cells % m->table.n_cols] = side_of(((MD_BLOCK_TD_DETAIL *)detail)->align);
        break;
    default: break;
    }
    if (type != MD_BLOCK_DOC)
        m->goes_on = NULL;
    m->in_leaf = type == MD_BLOCK_P || type == MD_BLOCK_H || type == MD_BLOCK_CODE || type == MD_BLOCK_TH || type == MD_BLOCK_TD;
    return r;
}

static void leave_code(struct markup *m)
{
    struct layout *l = m->l;
    while (m->par.text.len && m->par.text.p[m->par.text.len - 1] == '\n') {
        str_cut(&m->par.text, m->par.text.len - 1);
        if (m->par.n_runs)
            m->par.runs[m->par.n_runs - 1].n--;
    }
    while (l->code.len > m->code_at && l->code.p[l->code.len - 1] == '\n')
        str_cut(&l->code, l->code.len - 1);
    if (!l->code.oom && !mem_grow(&l->codes, &l->cap_codes, l->n_codes + 1, sizeof *l->codes))
        l->codes[l->n_codes++] = (struct layout_code){ m->code_at, l->code.len - m->code_at };
    leaf(m, true);
    m->code_block = 0;
    pop(m);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct markup *m = arg;
    (void)detail;
    m->in_leaf = false;
    switch (type) {
    case MD_BLOCK_P: leaf(m, false); break;
    case MD_BLOCK_H:
        leaf(m, false);
        m->heading = 0;
        break;
    case MD_BLOCK_QUOTE:
        m->quote--;
        pop(m);
        break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL: m->n_lists--; break;
    case MD_BLOCK_LI:
        if (m->par.n_runs || m->tight_next)
            leaf(m, false);
        pop(m);
        m->tight_next = false;
        break;
    case MD_BLOCK_CODE: leave_code(m); break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: return leave_cell(m);
    case MD_BLOCK_TABLE: leave_table(m); break;
    default: break;
    }
    return 0;
}

static int *span_counter(struct markup *m, MD_SPANTYPE type)
{
    switch (type) {
    case MD_SPAN_EM: return &m->emph;
    case MD_SPAN_STRONG: return &m->strong;
    case MD_SPAN_CODE: return &m->code_span;
    case MD_SPAN_A: return &m->link;
    default: return NULL;
    }
}

static int enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
    struct markup *m = arg;
    int *n = span_counter(m, type);
    (void)detail;
    if (n)
        ++*n;
    if (type == MD_SPAN_A)
        m->link_at = m->par.text.len;
    return 0;
}

/* Where a link goes, unless it says so itself: nobody can follow it from here but by reading it. */
static void add_target(struct markup *m, const MD_ATTRIBUTE *href)
{
    if (!href->size || (m->par.text.len - m->link_at == href->size && !memcmp(m->par.text.p + m->link_at, href->text, href->size)))
        return;
    layout_par_add(&m->par, " (", 2, STYLE_DIM);
    layout_par_add(&m->par, href->text, href->size, STYLE_DIM);
    layout_par_add(&m->par, ")", 1, STYLE_DIM);
}

static int leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
    struct markup *m = arg;
    int *n = span_counter(m, type);
    if (n)
        --*n;
    if (type == MD_SPAN_A)
        add_target(m, &((MD_SPAN_A_DETAIL *)detail)->href);
    return 0;
}

/* A block's source. md4c tells an indent as spaces of its own, so the tabs it was made of are fetched from the text. */
static void add_code(struct markup *m, const char *s, size_t n)
{
    const char *from = s;
    if (s < m->source || s >= m->end) {
        m->indent += strspn(s, " ") < n ? 0 : n;
        str_add(&m->l->code, s, n);
        return;
    }
    for (size_t cols = 0; from > m->source && cols < m->indent && (from[-1] == '\t' || from[-1] == ' ');)
        cols += *--from == '\t' ? 4 : 1;
    if (memchr(from, '\t', (size_t)(s - from)))
        str_cut(&m->l->code, m->l->code.len - m->indent);
    else
        from = s;
    str_add(&m->l->code, from, (size_t)(s - from) + n);
    m->indent = 0;
}

static int text(MD_TEXTTYPE type, const MD_CHAR *s, MD_SIZE n, void *arg)
{
    struct markup *m = arg;
    if (m->begins)
        mark_end(m, s);
    if (m->code_block)
        add_code(m, s, n);
    if (!m->in_leaf && !m->par.n_runs) /* a tight item's, behind another block */
        gap(m);
    switch (type) {
    case MD_TEXT_NULLCHAR: layout_par_add(&m->par, "\uFFFD", 3, style(m)); break;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR: layout_par_add(&m->par, "\n", 1, style(m)); break; /* models mean their line ends */
    default: layout_par_add(&m->par, s, n, style(m)); break;
    }
    return 0;
}

/* The source from `done` on, in such a way as md4c 0.4.8 needs it: with a byte behind it, which it looks at where a link is
 * not finished, and, by blanks, as far from a multiple of 256 as it was, since it reads the offset of a list item's last
 * line as a block's type. NULL: no memory. */
static char *rest_of(const char *s, size_t n, size_t done, size_t *pad)
{
    *pad = done % 256;
    char *rest = mem_alloc(*pad + n - done + 1, 1);
    if (!rest)
        return NULL;
    memset(rest, ' ', *pad);
    if (*pad)
        rest[*pad - 1] = '\n';
    memcpy(rest + *pad, s + done, n - done);
    rest[*pad + n - done] = '\0';
    return rest;
}

/* Appends the rows of the source from g->done on, and moves *g on to the last place that one can begin from. */
static void lay(struct layout *l, struct layout_growth *g, const char *s, size_t n)
{
    struct markup m = { .l = l, .par = { .text = STR_INIT }, .tight_next = !g->done || g->tight, .goes_on = g->item ? g : NULL };
    const MD_PARSER parser = {
        .flags = MD_FLAG_NOHTML | MD_FLAG_NOINDENTEDCODEBLOCKS | MD_FLAG_STRIKETHROUGH | MD_FLAG_TABLES,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = text,
    };
    while (n > g->done && (s[n - 1] == '\n' || s[n - 1] == ' '))
        n--;
    size_t pad, more = n - g->done;
    char *rest = rest_of(s, n, g->done, &pad);
    m.source = rest ? rest + pad : NULL;
    m.end = rest ? m.source + more : NULL;
    if (!rest || md_parse(rest, (MD_SIZE)(pad + more), &parser, &m) || l->oom) {
        layout_clear(l, l->width);
        layout_plain(l, s, n, STYLE_TEXT);
        *g = (struct layout_growth){ .done = 0 };
    } else if (m.last.done) {
        m.last.done += g->done;
        *g = m.last;
    }
    free(rest);
    table_release(&m.table);
    layout_par_release(&m.par);
}

void layout_markdown(struct layout *l, const char *s, size_t n)
{
    struct layout_growth whole = { .done = 0 };
    lay(l, &whole, s, n);
}

/* A definition "[name]: where" may stand behind the links that it is for. */
static bool defines(const char *s, size_t n)
{
    for (const char *p = s; (p = memchr(p, ']', (size_t)(s + n - p))); p++) {
        if (p + 1 < s + n && p[1] == ':')
            return true;
    }
    return false;
}

void layout_markdown_more(struct layout *l, struct layout_growth *g, const char *s, size_t n)
{
    bool refers = g->refers || defines(s + g->done, n - g->done);
    if (refers)
        *g = (struct layout_growth){ .refers = true };
    cut(l, g);
    lay(l, g, s, n);
    if (refers)
        *g = (struct layout_growth){ .refers = true };
}
