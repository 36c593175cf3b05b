/* Which personas there are: folders in the order they are searched. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "chat/persona.h"

enum { MAX_ENTRIES = 1000, MAX_ID = 100 };

/* The which-th folder of personas; the first is the user's. */
static bool folder(unsigned which, struct str *out)
{
    struct err e;
    if (which == 0) {
        if (path_user(PATH_CONFIG, out, &e, "personas"))
            str_clear(out);
        return true;
    }
    return path_shipped(which - 1, "personas", out);
}

/* What a file of this name may be called; no control characters, nothing hidden, no way out of the folder. */
static bool id_fits(const char *id, size_t n)
{
    if (!n || n > MAX_ID || id[0] == '.' || !utf8_valid(id, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (id[i] == '/' || (unsigned char)id[i] < ' ' || id[i] == 0x7F)
            return false;
    }
    return true;
}

void persona_list_release(struct persona_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].id);
        free(l->v[i].path);
        free(l->v[i].name);
        free(l->v[i].description);
        free(l->v[i].error);
    }
    free(l->v);
    *l = (struct persona_list){ NULL, 0, 0 };
}

static bool known(const struct persona_list *l, const char *id, size_t n)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strlen(l->v[i].id) == n && !memcmp(l->v[i].id, id, n))
            return true;
    }
    return false;
}

static int add(struct persona_list *l, const char *dir, const char *id, size_t n, bool own)
{
    struct str path = STR_INIT;
    struct persona p;
    struct err e = ERR_INIT;
    struct persona_entry *v;
    if (str_addf(&path, "%s/%.*s.md", dir, (int)n, id) || mem_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v)) {
        str_release(&path);
        return -1;
    }
    v = &l->v[l->n++];
    *v = (struct persona_entry){ .own = own, .path = str_take(&path) };
    v->id = v->path ? mem_dup(id, n + 1) : NULL; /* the byte behind is the '.' of .md */
    if (!v->id)
        return -1;
    v->id[n] = '\0';
    bool bad = persona_load(v->path, &p, &e) != 0;
    v->name = mem_strdup(bad ? "" : p.name);
    v->description = mem_strdup(bad ? "" : p.description);
    v->error = bad ? mem_strdup(e.msg) : NULL;
    persona_release(&p);
    return v->name && v->description && (!bad || v->error) ? 0 : -1;
}

static int scan(struct persona_list *l, const char *dir, bool own)
{
    DIR *d = opendir(dir);
    struct dirent *ent;
    int r = 0;
    while (d && !r && l->n < MAX_ENTRIES && (ent = readdir(d))) {
        size_t n = strlen(ent->d_name);
        if (n < 4 || strcmp(ent->d_name + n - 3, ".md") || !id_fits(ent->d_name, n - 3) || known(l, ent->d_name, n - 3))
            continue;
        r = add(l, dir, ent->d_name, n - 3, own);
    }
    if (d)
        closedir(d);
    return r;
}

static int by_id(const void *a, const void *b)
{
    const struct persona_entry *x = a, *y = b;
    return x->own != y->own ? y->own - x->own : strcmp(x->id, y->id);
}

int persona_list(struct persona_list *out, struct err *e)
{
    struct str dir = STR_INIT;
    int r = 0;
    *out = (struct persona_list){ NULL, 0, 0 };
    for (unsigned i = 0; !r && folder(i, &dir); i++) {
        if (dir.len)
            r = scan(out, dir.p, i == 0);
    }
    str_release(&dir);
    if (r) {
        persona_list_release(out);
        return err_nomem(e, "the list of personas");
    }
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, by_id);
    return 0;
}

int persona_find(const char *id, struct persona *out, struct err *e)
{
    struct str path = STR_INIT;
    int r = -1;
    bool found = false;
    *out = (struct persona)PERSONA_INIT;
    if (strchr(id, '/'))
        return persona_load(id, out, e);
    for (unsigned i = 0; !found && id_fits(id, strlen(id)) && folder(i, &path); i++) {
        if (!path.len)
            continue;
        str_addf(&path, "/%s.md", id);
        found = file_exists(str_z(&path));
    }
    if (found)
        r = persona_load(path.p, out, e);
    else
        err_set(e, ERR_NOTFOUND, "no persona '%.40s'; :personas lists them, n makes one", id);
    str_release(&path);
    return r;
}

int persona_own_path(const char *id, struct str *out, struct err *e)
{
    if (!id_fits(id, strlen(id)))
        return err_set(e, ERR_ARG, "'%.40s' cannot be a file's name; take letters, digits, - and spaces", id);
    return path_user(PATH_CONFIG, out, e, "personas/%s.md", id);
}
