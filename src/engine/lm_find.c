/* Where models are: the folders that are looked through, and which file a name means. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/lm.h"

#ifndef HISS_MODELS_INSTALLED
#define HISS_MODELS_INSTALLED "/usr/local/share/hiss/models"
#endif
#ifndef HISS_MODELS_SOURCE
#define HISS_MODELS_SOURCE ""
#endif

static void add_embedded(struct str *out)
{
    const char *elsewhere = getenv("HISS_EMBEDDED");
    if (elsewhere && elsewhere[0] == '/') {
        str_addf(out, "%s\n", elsewhere);
        return;
    }
    str_addf(out, "%s\n", HISS_MODELS_INSTALLED);
    char *source = realpath(HISS_MODELS_SOURCE, NULL); /* of an out-of-tree build it holds ".."; gone when installed */
    if (source)
        str_addf(out, "%s\n", source);
    free(source);
}

bool lm_is_embedded(const char *path)
{
    struct str folders = STR_INIT;
    bool found = false;
    add_embedded(&folders);
    for (const char *p = str_z(&folders); *p && !found; p += strcspn(p, "\n") + 1) {
        size_t n = strcspn(p, "\n");
        found = !strncmp(path, p, n) && path[n] == '/';
    }
    str_release(&folders);
    return found;
}

/* Folders in the order they are looked through, one a line. */
static int folders(struct str *out, struct err *e)
{
    const char *env = getenv("HISS_MODEL_PATH");
    struct str user = STR_INIT;
    struct err ignored;
    for (const char *p = env; p && *p;) {
        size_t n = strcspn(p, ":");
        if (n) {
            str_add(out, p, n);
            str_addc(out, '\n');
        }
        p += n + (p[n] == ':');
    }
    add_embedded(out);
    if (!path_user(PATH_DATA, &user, &ignored, "models"))
        str_addf(out, "%s\n", user.p);
    str_release(&user);
    return out->oom ? err_nomem(e, "a path") : 0;
}

/* A model file: *.gguf, and of split ones the first part only. */
static bool is_model(const char *name)
{
    size_t n = strlen(name);
    const char *of = strstr(name, "-of-");
    if (name[0] == '.' || n < 6 || strcmp(name + n - 5, ".gguf"))
        return false;
    return !of || of - name < 6 || !memcmp(of - 6, "-00001", 6);
}

static int by_name(const void *a, const void *b)
{
    const char *x, *y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return strcmp(x, y);
}

/* Appends the model files of a folder, sorted, each as a path on a line. */
static void scan(const char *folder, struct str *out)
{
    enum { MAX_FILES = 4096 };
    char **names = NULL;
    size_t n = 0, cap = 0;
    DIR *d = opendir(folder);
    struct dirent *entry;
    while (d && n < MAX_FILES && (entry = readdir(d))) {
        if (is_model(entry->d_name) && !mem_grow(&names, &cap, n + 1, sizeof *names) &&
            (names[n] = mem_strdup(entry->d_name)))
            n++;
    }
    if (d)
        closedir(d);
    if (n)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        str_addf(out, "%s/%s\n", folder, names[i]);
        free(names[i]);
    }
    free(names);
}

int lm_list(struct str *out, struct err *e)
{
    struct str dirs = STR_INIT;
    int r = folders(&dirs, e);
    for (char *p = dirs.p, *end; !r && p && *p; p = end + 1) {
        end = strchr(p, '\n');
        *end = '\0';
        scan(p, out);
    }
    str_release(&dirs);
    return r ? r : out->oom ? err_nomem(e, "a list of models") : 0;
}

/* Does this path's file name mean `name`? The whole name, without .gguf, or without the split and .gguf. */
static bool means(const char *path, size_t n, const char *name)
{
    const char *base = path;
    for (const char *p = path; p < path + n; p++) {
        if (*p == '/')
            base = p + 1;
    }
    size_t k = strlen(name), left = n - (size_t)(base - path);
    if (left < k || memcmp(base, name, k))
        return false;
    return left == k || (left == k + 5 && !memcmp(base + k, ".gguf", 5)) ||
           (left > k + 7 && !memcmp(base + k, "-00001-of-", 10 < left - k ? 10 : left - k));
}

static int regular(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode);
}

static int not_found(const char *name, struct err *e)
{
    struct str dirs = STR_INIT;
    struct err ignored;
    folders(&dirs, &ignored);
    while (dirs.len && dirs.p[dirs.len - 1] == '\n')
        str_cut(&dirs, dirs.len - 1);
    for (size_t i = 0; i < dirs.len; i++) {
        if (dirs.p[i] == '\n')
            dirs.p[i] = ' ';
    }
    if (name)
        err_set(e, ERR_NOTFOUND, "no model '%s': it is neither a file nor a .gguf in %s", name, str_z(&dirs));
    else
        err_set(e, ERR_NOTFOUND, "no model found in %s: put a GGUF file there, give one with -m FILE, or put "
                "back the one that came with hiss", str_z(&dirs));
    str_release(&dirs);
    return -1;
}

int lm_find(const char *name, struct str *out, struct err *e)
{
    struct str all = STR_INIT;
    bool found = false;
    str_clear(out);
    if (name && regular(name))
        return str_adds(out, name) ? err_nomem(e, "a path") : 0;
    if (name && strchr(name, '/'))
        return err_set(e, ERR_NOTFOUND, "no model file %s; hiss models list shows what is there", name);
    int r = lm_list(&all, e);
    for (const char *p = str_z(&all), *end; !r && !found && *p; p = end + 1) {
        end = strchr(p, '\n');
        if (!name || means(p, (size_t)(end - p), name)) {
            found = true;
            r = str_add(out, p, (size_t)(end - p)) ? err_nomem(e, "a path") : 0;
        }
    }
    str_release(&all);
    return r ? r : found ? 0 : not_found(name, e);
}
