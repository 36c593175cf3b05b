#include "chat/persona.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

const char persona_skeleton[] =
    "---\n"
    "# What the list shows. Lines that begin with # are for you alone.\n"
    "# name: what it is called when that is not the file's name.\n"
    "description: one line about it\n"
    "# Asked for when the persona is used; a value is the default.\n"
    "variables:\n"
    "  language: English\n"
    "# Any setting of :settings, for chats with this persona; or preset: NAME.\n"
    "settings:\n"
    "  temperature: 0.7\n"
    "# A model's name, when it has to be that one.\n"
    "# model: hiss-small\n"
    "---\n"
    "You are a helpful assistant. Answer in {{language}}, shortly.\n";

void persona_release(struct persona *p)
{
    for (size_t i = 0; i < p->n_variables; i++) {
        free(p->variables[i].name);
        free(p->variables[i].value);
    }
    for (size_t i = 0; i < p->n_settings; i++) {
        free(p->settings[i].name);
        free(p->settings[i].value);
    }
    free(p->path);
    free(p->name);
    free(p->description);
    free(p->model);
    free(p->text);
    *p = (struct persona)PERSONA_INIT;
}

/* ---- Reading ---- */

/* A file on its way: lines are cut off from the front. */
struct reader {
    const char *path, *p, *end;
    unsigned line;               /* number of the line last taken */
    struct persona *out;
    struct err *e;
};

struct slice {
    const char *p;
    size_t n;
};

static struct slice trim(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && strchr(" \t\r", end[-1]))
        end--;
    return (struct slice){ p, (size_t)(end - p) };
}

static bool take_line(struct reader *r, struct slice *out)
{
    if (r->p == r->end)
        return false;
    const char *nl = memchr(r->p, '\n', (size_t)(r->end - r->p));
    *out = (struct slice){ r->p, (size_t)((nl ? nl : r->end) - r->p) };
    if (out->n && out->p[out->n - 1] == '\r')
        out->n--;
    r->p = nl ? nl + 1 : r->end;
    r->line++;
    return true;
}

static bool is(struct slice s, const char *word)
{
    return strlen(word) == s.n && !memcmp(s.p, word, s.n);
}

static char *copy(struct slice s)
{
    char *z = mem_alloc(s.n + 1, 1);
    if (z) {
        memcpy(z, s.p, s.n);
        z[s.n] = '\0';
    }
    return z;
}

/* Letters, digits, - and _, a letter first: what stands between {{ and }}, and a setting's name. */
static size_t name_length(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && ((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ||
                     (i && ((p[i] >= '0' && p[i] <= '9') || p[i] == '-' || p[i] == '_'))))
        i++;
    return i <= 40 ? i : 0;
}

static int bad(struct reader *r, const char *what, struct slice s)
{
    int shown = (int)(s.n < 40 ? s.n : 40);
    return err_set(r->e, ERR_FORMAT, "%s:%u: %s '%.*s'", r->path, r->line, what, shown, s.p);
}

/* Splits "key: value"; quotes around the value are taken off. */
static int split(struct reader *r, struct slice line, struct slice *key, struct slice *value)
{
    const char *colon = memchr(line.p, ':', line.n), *end = line.p + line.n;
    if (!colon)
        return bad(r, "a line of the form 'key: value' is needed, not", line);
    *key = trim(line.p, colon);
    *value = trim(colon + 1, end);
    if (value->n && value->p[0] == '"') {
        if (value->n < 2 || value->p[value->n - 1] != '"')
            return bad(r, "the quote is not closed in", *value);
        value->p++;
        value->n -= 2;
    }
    if (!key->n || name_length(key->p, key->n) != key->n)
        return bad(r, "a key is a word of letters, digits, - and _, not", *key);
    if (value->n > PERSONA_MAX_LINE)
        return err_set(r->e, ERR_LIMIT, "%s:%u: the value is longer than %d bytes", r->path, r->line, PERSONA_MAX_LINE);
    return 0;
}

static int add_pair(struct reader *r, struct persona_pair *v, size_t *n, struct slice key, struct slice value)
{
    for (size_t i = 0; i < *n; i++) {
        if (is(key, v[i].name))
            return bad(r, "this stands there twice:", key);
    }
    if (*n == PERSONA_MAX_PAIRS)
        return err_set(r->e, ERR_LIMIT, "%s:%u: more than %d of these are not supported", r->path, r->line, PERSONA_MAX_PAIRS);
    struct persona_pair *pair = &v[*n];
    *pair = (struct persona_pair){ copy(key), copy(value), r->line };
    ++*n; /* also when a copy failed: release frees the other */
    return pair->name && pair->value ? 0 : err_nomem(r->e, r->path);
}

static int set_text(struct reader *r, char **to, struct slice key, struct slice value)
{
    if (*to)
        return bad(r, "this stands there twice:", key);
    *to = copy(value);
    return *to ? 0 : err_nomem(r->e, r->path);
}

enum section { TOP, VARIABLES, SETTINGS };

static int top_line(struct reader *r, enum section *in, struct slice key, struct slice value)
{
    struct persona *p = r->out;
    *in = TOP;
    if (is(key, "name"))
        return set_text(r, &p->name, key, value);
    if (is(key, "description"))
        return set_text(r, &p->description, key, value);
    if (is(key, "model"))
        return set_text(r, &p->model, key, value);
    if (!is(key, "variables") && !is(key, "settings"))
        return bad(r, "name, description, model, variables and settings are known, not", key);
    if (value.n)
        return bad(r, "lines 'name: value' indented by two spaces have to follow, not", value);
    *in = key.p[0] == 'v' ? VARIABLES : SETTINGS;
    return 0;
}

static int front_matter(struct reader *r)
{
    enum section in = TOP;
    struct slice line, key, value;
    while (take_line(r, &line)) {
        struct slice t = trim(line.p, line.p + line.n);
        if (is(line, "---"))
            return 0;
        if (!t.n || t.p[0] == '#')
            continue;
        bool indented = line.p[0] == ' ';
        if (line.p[0] == '\t')
            return bad(r, "indent with spaces, not tabs:", t);
        if (split(r, t, &key, &value))
            return -1;
        if (!indented) {
            if (top_line(r, &in, key, value))
                return -1;
        } else if (in == TOP) {
            return bad(r, "indented, but neither under variables nor under settings:", t);
        } else if (in == VARIABLES ? add_pair(r, r->out->variables, &r->out->n_variables, key, value)
                                   : add_pair(r, r->out->settings, &r->out->n_settings, key, value)) {
            return -1;
        }
    }
    return err_set(r->e, ERR_FORMAT, "%s: the front matter has no end: a line '---' is missing", r->path);
}

/* ---- {{variables}} ---- */

/* What begins at p: a variable (its name in *name), a written-out brace, or plain text up to the next of these.
 * Returns the bytes it takes. */
enum piece { PLAIN, BRACE, VARIABLE, BROKEN };

static size_t next_piece(const char *p, size_t n, enum piece *kind, struct slice *name)
{
    if (n >= 3 && !memcmp(p, "\\{{", 3)) {
        *kind = BRACE;
        return 3;
    }
    if (n >= 2 && p[0] == '{' && p[1] == '{') {
        const char *end = p + 2;
        while (end < p + n && *end != '}' && *end != '\n')
            end++;
        *name = trim(p + 2, end);
        bool closed = p + n - end >= 2 && end[0] == '}' && end[1] == '}';
        *kind = closed && name->n && name_length(name->p, name->n) == name->n ? VARIABLE : BROKEN;
        return (size_t)(end - p) + (closed ? 2 : 0);
    }
    size_t i = 1;
    while (i < n && p[i] != '\\' && p[i] != '{')
        i++;
    *kind = PLAIN;
    return i;
}

static bool find_variable(const struct persona *p, struct slice name, size_t *out)
{
    for (size_t i = 0; i < p->n_variables; i++) {
        if (is(name, p->variables[i].name)) {
            *out = i;
            return true;
        }
    }
    return false;
}

static int check_body(struct reader *r, const char *p, size_t n)
{
    unsigned line = r->line + 1;
    for (size_t at = 0; at < n;) {
        enum piece kind;
        struct slice name;
        size_t which, len = next_piece(p + at, n - at, &kind, &name);
        r->line = line;
        if (kind == BROKEN)
            return bad(r, "{{ needs a variable's name and }}; \\{{ is a plain {{:", (struct slice){ p + at, len });
        if (kind == VARIABLE && !find_variable(r->out, name, &which))
            return bad(r, "not under variables in the front matter:", name);
        for (size_t i = 0; i < len; i++)
            line += p[at + i] == '\n';
        at += len;
    }
    return 0;
}

static int check_bytes(const char *path, const char *p, size_t n, struct err *e)
{
    unsigned line = 1;
    if (n > PERSONA_MAX_FILE)
        return err_set(e, ERR_LIMIT, "%s: a persona may be %d bytes", path, PERSONA_MAX_FILE);
    for (size_t at = 0; at < n;) {
        uint32_t cp;
        bool valid;
        size_t len = utf8_decode(p + at, n - at, &cp, &valid);
        if (!valid)
            return err_set(e, ERR_FORMAT, "%s:%u: not UTF-8 text; save it as UTF-8", path, line);
        if ((cp < ' ' && cp != '\n' && cp != '\t' && cp != '\r') || (cp >= 0x7F && cp < 0xA0))
            return err_set(e, ERR_FORMAT, "%s:%u: a control character (code %u) has no place here", path, line, (unsigned)cp);
        line += cp == '\n';
        at += len;
    }
    return 0;
}

/* "personas/shell.md" is called shell. */
static struct slice file_stem(const char *path)
{
    const char *slash = strrchr(path, '/'), *s = slash ? slash + 1 : path;
    size_t n = strlen(s);
    return (struct slice){ s, n > 3 && !strcmp(s + n - 3, ".md") ? n - 3 : n };
}

static int fill_defaults(struct persona *p, const char *path, struct err *e)
{
    if (!p->name || !p->name[0]) {
        free(p->name);
        p->name = copy(file_stem(path));
    }
    if (!p->description)
        p->description = mem_strdup("");
    if (!p->model)
        p->model = mem_strdup("");
    return p->name && p->description && p->model ? 0 : err_nomem(e, path);
}

int persona_parse(const char *path, const char *p, size_t n, struct persona *out, struct err *e)
{
    struct reader r = { .path = path, .p = p, .end = p + n, .out = out, .e = e };
    struct slice line;
    *out = (struct persona)PERSONA_INIT;
    if (check_bytes(path, p, n, e))
        return -1;
    if (!(out->path = mem_strdup(path))) {
        err_nomem(e, path);
        goto fail;
    }
    if (n >= 4 && !memcmp(p, "---", 3) && (p[3] == '\n' || p[3] == '\r')) {
        take_line(&r, &line);
        if (front_matter(&r))
            goto fail;
    }
    while (r.p < r.end && (*r.p == '\n' || *r.p == '\r')) { /* empty lines around the text are not part of it */
        r.line += *r.p == '\n';
        r.p++;
    }
    while (r.end > r.p && strchr(" \t\r\n", r.end[-1]))
        r.end--;
    if (r.p == r.end) {
        err_set(e, ERR_FORMAT, "%s: no text after the front matter; it is what the model is told", path);
        goto fail;
    }
    if (check_body(&r, r.p, (size_t)(r.end - r.p)))
        goto fail;
    if (!(out->text = copy((struct slice){ r.p, (size_t)(r.end - r.p) }))) {
        err_nomem(e, path);
        goto fail;
    }
    if (fill_defaults(out, path, e))
        goto fail;
    return 0;
fail:
    persona_release(out);
    return -1;
}

int persona_load(const char *path, struct persona *out, struct err *e)
{
    struct stat st;
    struct str text = STR_INIT;
    int r = -1;
    *out = (struct persona)PERSONA_INIT;
    if (stat(path, &st))
        return err_sys(e, "cannot open %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_FORMAT, "%s is not a file", path);
    if (!file_read(path, PERSONA_MAX_FILE, &text, e))
        r = persona_parse(path, str_z(&text), text.len, out, e);
    str_release(&text);
    return r;
}

/* ---- Rendering ---- */

int persona_render(const struct persona *p, const char *const *values, struct str *out, struct err *e)
{
    size_t n = strlen(p->text), begin = out->len;
    for (size_t at = 0; at < n;) {
        enum piece kind;
        struct slice name;
        size_t which = 0, len = next_piece(p->text + at, n - at, &kind, &name);
        if (kind == VARIABLE && find_variable(p, name, &which)) {
            const char *value = values && values[which] ? values[which] : p->variables[which].value;
            size_t vn = strlen(value);
            if (!vn)
                return err_set(e, ERR_ARG, "%s: %s has no value; give one", p->name, p->variables[which].name);
            if (vn > PERSONA_MAX_VALUE || out->len - begin > PERSONA_MAX_TEXT)
                return err_set(e, ERR_LIMIT, "%s: the value of %s is too long", p->name, p->variables[which].name);
            str_add(out, value, vn);
        } else if (kind == BRACE) {
            str_add(out, "{{", 2);
        } else {
            str_add(out, p->text + at, len);
        }
        at += len;
    }
    return out->oom ? err_nomem(e, p->name) : 0;
}
