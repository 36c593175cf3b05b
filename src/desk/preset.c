#include "desk/preset.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/utf8.h"
#include "chat/persona.h"
#include "desk/settings.h"

enum { MAX_FILE = 16 << 10 };

static const struct {
    const char *name, *lines;
} shipped[] = {
    { "balanced", "" },
    { "careful", "temperature 0.3\ntop-p 0.9\n" },
    { "exact", "temperature 0\n" },
    { "lively", "temperature 1.1\nmin-p 0.08\ntop-p off\n" },
};
enum { N_SHIPPED = sizeof shipped / sizeof shipped[0] };

static int shipped_find(const char *name)
{
    for (int i = 0; i < N_SHIPPED; i++) {
        if (!strcmp(name, shipped[i].name))
            return i;
    }
    return -1;
}

/* A file's name and a word of a command at once; '~' ends what was set aside. */
static bool fits(const char *name)
{
    size_t n = strlen(name);
    return n && n < PRESET_NAME && name[0] != '.' && name[n - 1] != '~' && !name[strcspn(name, "/ \t\n\r\"\\")] &&
           utf8_valid(name, n);
}

static int path_of(const char *name, struct str *path, struct err *e)
{
    if (!fits(name))
        return err_set(e, ERR_ARG, "'%.40s' cannot name a preset; take letters, digits and -", name);
    return path_user(PATH_CONFIG, path, e, "presets/%s", name);
}

/* ---- Files ---- */

/* What the files held: the settings panel compares all of them at each key. Of the UI thread. */
static struct kept {
    char *path, *text; /* text: [size]; NULL: not kept */
    off_t size;
    struct timespec time;
} kept[PRESET_MAX];
static size_t n_kept;

/* A file this young may change again without its time doing so, and is read each time. */
static bool settled(const struct stat *st)
{
    enum { YOUNG_SECONDS = 2 };
    return time(NULL) - st->st_mtim.tv_sec > YOUNG_SECONDS;
}

static bool unchanged(const struct kept *k, const struct stat *st)
{
    return k->text && k->size == st->st_size && k->time.tv_sec == st->st_mtim.tv_sec && k->time.tv_nsec == st->st_mtim.tv_nsec;
}

/* Where path is kept, or may be; NULL: there is no room. */
static struct kept *place_of(const char *path)
{
    size_t i = 0;
    while (i < n_kept && strcmp(kept[i].path, path))
        i++;
    if (i == n_kept && i < PRESET_MAX && (kept[i].path = mem_strdup(path)))
        n_kept++;
    return i < n_kept ? &kept[i] : NULL;
}

static int read_file(const char *path, struct str *text, struct err *e)
{
    struct kept *k = place_of(path);
    struct stat st;
    bool known = k && !stat(path, &st);
    if (known && unchanged(k, &st))
        return str_add(text, k->text, (size_t)k->size) ? err_nomem(e, path) : 0;
    if (file_read(path, MAX_FILE, text, e))
        return -1;
    if (known) {
        free(k->text);
        k->text = settled(&st) && text->len == (size_t)st.st_size ? mem_dup(str_z(text), text->len + 1) : NULL;
        k->size = st.st_size;
        k->time = st.st_mtim;
    }
    return 0;
}

/* ---- Reading ---- */

static int parse_line(const char *line, size_t n, struct chat_settings *s, struct err *e)
{
    char words[256], *value;
    while (n && strchr(" \t\r", line[n - 1]))
        n--;
    if (!n || line[0] == '#')
        return 0;
    if (n >= sizeof words)
        return err_set(e, ERR_ARG, "a line of %zu bytes is no setting", n);
    memcpy(words, line, n);
    words[n] = '\0';
    value = words + strcspn(words, " \t");
    if (*value)
        *value++ = '\0';
    value += strspn(value, " \t");
    int which = setting_find(words);
    if (which < 0)
        return err_set(e, ERR_ARG, "no setting '%.40s'; :help settings lists them", words);
    return setting_parse(s, which, value, e);
}

static int parse(const char *from, const char *text, size_t n, struct chat_settings *out, struct err *e)
{
    struct chat_settings s = *out;
    unsigned number = 1;
    s.sampler = sampler_default();
    s.sampler.seed = out->sampler.seed;
    for (const char *p = text, *end = text + n; p < end; number++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
        if (parse_line(p, len, &s, e))
            return err_prefix(e, "%s:%u", from, number);
        p += len + 1;
    }
    if (sampler_check(&s.sampler, e))
        return err_prefix(e, "%s", from);
    *out = s;
    return 0;
}

int preset_load(const char *name, struct chat_settings *s, struct err *e)
{
    struct str path = STR_INIT, text = STR_INIT;
    int own = shipped_find(name), r = path_of(name, &path, e);
    if (!r && file_exists(path.p))
        r = read_file(path.p, &text, e) || parse(path.p, str_z(&text), text.len, s, e) ? -1 : 0;
    else if (!r && own >= 0)
        r = parse(name, shipped[own].lines, strlen(shipped[own].lines), s, e);
    else if (!r)
        r = err_set(e, ERR_NOTFOUND, "no preset '%s'; :presets lists them", name);
    str_release(&path);
    str_release(&text);
    return r;
}

int preset_persona(const struct persona *p, struct chat_settings *s, struct err *e)
{
    struct chat_settings out = *s;
    for (size_t i = 0; i < p->n_settings; i++) {
        const struct persona_pair *it = &p->settings[i];
        int which = setting_find(it->name), bad;
        if (!strcmp(it->name, "preset"))
            bad = preset_load(it->value, &out, e);
        else if (which < 0)
            bad = err_set(e, ERR_ARG, "no setting '%s'; :help settings lists them", it->name);
        else
            bad = setting_parse(&out, which, it->value, e);
        if (bad || sampler_check(&out.sampler, e))
            return err_prefix(e, "%s:%u", p->path, it->line);
    }
    *s = out;
    return 0;
}

/* ---- Writing ---- */

static int write_file(struct str *path, const struct str *text, struct err *e)
{
    char *slash = strrchr(path->p, '/');
    *slash = '\0';
    int made = file_mkdirs(path->p, e);
    *slash = '/';
    return made ? -1 : file_write(path->p, text->p, text->len, e);
}

/* Appends `NAME VALUE` and `end` for every setting of the choice that is not the default. */
static void add_changed(const struct chat_settings *s, const char *end, struct str *out)
{
    struct chat_settings usual = settings_default();
    for (size_t i = 0; i < n_settings; i++) {
        char value[SETTING_TEXT], normal[SETTING_TEXT];
        setting_format(s, (int)i, value);
        setting_format(&usual, (int)i, normal);
        if (strcmp(value, normal) && setting_chooses((int)i))
            str_addf(out, "%s %s%s", settings[i].name, value, end);
    }
}

int preset_save(const char *name, const struct chat_settings *s, struct err *e)
{
    struct str path = STR_INIT, text = STR_INIT;
    str_addf(&text, "# A preset of hiss: settings that are not the default (:help settings).\n");
    add_changed(s, "\n", &text);
    int r = text.oom ? err_nomem(e, name) : path_of(name, &path, e) || write_file(&path, &text, e) ? -1 : 0;
    str_release(&path);
    str_release(&text);
    return r;
}

static int move(const char *name, const char *from, const char *to, struct err *e)
{
    struct str path = STR_INIT, a = STR_INIT, b = STR_INIT;
    int r = path_of(name, &path, e);
    if (!r) {
        str_addf(&a, "%s%s", path.p, from);
        str_addf(&b, "%s%s", path.p, to);
        if (a.oom || b.oom)
            r = err_nomem(e, name);
        else if (!file_exists(a.p))
            r = err_set(e, ERR_NOTFOUND, "no preset '%s' of yours", name);
        else if (rename(a.p, b.p))
            r = err_sys(e, "cannot move %s", a.p);
    }
    str_release(&path);
    str_release(&a);
    str_release(&b);
    return r;
}

int preset_delete(const char *name, struct err *e)
{
    if (!move(name, "", "~", e))
        return 0;
    return shipped_find(name) < 0 ? -1 : err_set(e, ERR_ARG, "%s came with hiss and stays", name);
}

int preset_bring_back(const char *name, struct err *e)
{
    return move(name, "~", "", e);
}

/* ---- Listing ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct preset *)a)->name, ((const struct preset *)b)->name);
}

size_t preset_list(struct preset out[PRESET_MAX])
{
    struct str folder = STR_INIT;
    struct err e;
    struct dirent *entry;
    size_t n = 0;
    DIR *dir = path_user(PATH_CONFIG, &folder, &e, "presets") ? NULL : opendir(folder.p);
    while (dir && n < PRESET_MAX - N_SHIPPED && (entry = readdir(dir))) {
        if (!fits(entry->d_name))
            continue;
        out[n] = (struct preset){ .own = true };
        memcpy(out[n++].name, entry->d_name, strlen(entry->d_name) + 1); /* fits() measured it */
    }
    if (dir)
        closedir(dir);
    str_release(&folder);
    qsort(out, n, sizeof *out, by_name);
    for (size_t i = 0, own = n; i < N_SHIPPED; i++) {
        struct preset p = { .own = false };
        snprintf(p.name, PRESET_NAME, "%s", shipped[i].name);
        if (!bsearch(&p, out, own, sizeof *out, by_name))
            out[n++] = p;
    }
    return n;
}

void preset_text(const struct chat_settings *s, char *out, size_t n)
{
    struct str text = STR_INIT;
    add_changed(s, ", ", &text);
    snprintf(out, n, "%.*s", text.len ? (int)text.len - 2 : 12, text.len ? text.p : "the defaults");
    str_release(&text);
}

void preset_of(const struct chat_settings *s, char out[PRESET_NAME])
{
    struct preset all[PRESET_MAX];
    size_t n = preset_list(all);
    out[0] = '\0';
    for (size_t i = 0; i < n && !out[0]; i++) {
        struct chat_settings one = *s;
        struct err e;
        if (!preset_load(all[i].name, &one, &e) && settings_equal(&one, s))
            memcpy(out, all[i].name, PRESET_NAME);
    }
}
