#include "ui/recall.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <readline/history.h>

#include "base/mem.h"
#include "base/str.h"

enum { KEPT = 2000 }; /* entries */

static char *file;

/* Adding and shortening exclude each other: shortening writes the file anew. -1: go on without. */
static int lock_file(void)
{
    struct str path = STR_INIT;
    int fd = str_addf(&path, "%s.lock", file) ? -1 : open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        flock(fd, LOCK_EX);
    str_release(&path);
    return fd;
}

static void unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

void recall_open(const char *path)
{
    using_history();
    stifle_history(KEPT);
    history_comment_char = '#';
    history_write_timestamps = 1; /* without them a multi-line entry is split when read again */
    history_multiline_entries = 1;
    file = path ? mem_strdup(path) : NULL;
    if (!file)
        return;
    int lock = lock_file();
    read_history(file);
    history_truncate_file(file, KEPT);
    unlock(lock);
    using_history();
}

static void write_down(void)
{
    int lock = lock_file(), fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* append_history makes none */
    if (fd >= 0) {
        close(fd);
        append_history(1, file);
    }
    unlock(lock);
}

void recall_add(const char *line, bool keep)
{
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (*line && (!last || strcmp(last->line, line))) {
        add_history(line);
        if (file && keep)
            write_down();
    }
    using_history(); /* the next Up begins at the newest */
}

void recall_close(void)
{
    free(file);
    file = NULL;
}
