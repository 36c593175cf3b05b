#include "ui/theme_file.h"

#include <dirent.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "term/theme.h"
#include "ui/app.h"

static bool plain_name(const char *name)
{
    return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < 48;
}

static bool find_theme(const char *name, struct str *path)
{
    struct err e;
    if (!path_user(PATH_CONFIG, path, &e, "themes/%s.theme", name) && file_exists(path->p))
        return true;
    for (unsigned i = 0; path_shipped(i, "themes", path); i++) {
        if (!str_addf(path, "/%s.theme", name) && file_exists(path->p))
            return true;
    }
    return false;
}

int theme_load(struct app *a, const char *name, struct err *e)
{
    struct str path = STR_INIT;
    const char *no_color = getenv("NO_COLOR");
    int r = 0;
    if (!plain_name(name) || !find_theme(name, &path)) {
        r = err_set(e, ERR_NOTFOUND, "no theme '%s'; default, light, dark, high-contrast, mono", name);
    } else {
        theme_init(!(no_color && no_color[0]));
        a->bits |= action_source(a, path.p, e);
        r = e->code ? -1 : 0;
        snprintf(a->theme, sizeof a->theme, "%s", name);
    }
    str_release(&path);
    return r;
}

static void each_in(const char *folder, void (*fn)(const char *name))
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char name[64];
        size_t n = strlen(entry->d_name);
        if (n > 6 && n - 6 < sizeof name && !strcmp(entry->d_name + n - 6, ".theme")) {
            snprintf(name, sizeof name, "%.*s", (int)n - 6, entry->d_name);
            fn(name);
        }
    }
    if (dir)
        closedir(dir);
}

void theme_each(void (*fn)(const char *name))
{
    struct str path = STR_INIT;
    struct err e;
    if (!path_user(PATH_CONFIG, &path, &e, "themes"))
        each_in(path.p, fn);
    for (unsigned i = 0; path_shipped(i, "themes", &path); i++)
        each_in(str_z(&path), fn);
    str_release(&path);
}

int theme_words(const char *role, const char *rest, struct err *e)
{
    enum { MAX_WORDS = 6 };
    char *copy = mem_strdup(rest), *words[MAX_WORDS + 1], *save = NULL;
    char first[32];
    int n = 0;
    if (!copy)
        return err_nomem(e, "a theme");
    snprintf(first, sizeof first, "%s", role);
    words[n++] = first;
    for (char *w = strtok_r(copy, " \t", &save); w && n <= MAX_WORDS; w = strtok_r(NULL, " \t", &save))
        words[n++] = w;
    int r = theme_set(words, n, e);
    free(copy);
    return r;
}
