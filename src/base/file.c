#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

int file_read(const char *path, size_t max, struct str *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "cannot open %s", path);
    char buf[1 << 16];
    size_t total = 0;
    int r = 0;
    for (;;) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            r = err_sys(e, "cannot read %s", path);
        if (n <= 0)
            break;
        total += (size_t)n;
        if (total > max)
            r = err_set(e, ERR_LIMIT, "%s is larger than %zu bytes; that is more than this file may be", path, max);
        else if (str_add(out, buf, (size_t)n))
            r = err_nomem(e, path);
        if (r)
            break;
    }
    close(fd);
    return r;
}

int file_write_all(int fd, const void *p, size_t n, struct err *e)
{
    const char *c = p;
    while (n) {
        ssize_t w = write(fd, c, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return err_sys(e, "write failed");
        c += w;
        n -= (size_t)w;
    }
    return 0;
}

int file_sync_dir(const char *path, struct err *e)
{
    char *dir = mem_strdup(path);
    if (!dir)
        return err_nomem(e, "a path");
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir ? 1 : 0] = '\0';
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = 0;
    if (fd < 0 || (fsync(fd) && errno != EINVAL)) /* EINVAL: a file system without folder sync */
        r = err_sys(e, "cannot sync the folder of %s", path);
    if (fd >= 0)
        close(fd);
    free(dir);
    return r;
}

int file_write(const char *path, const void *p, size_t n, struct err *e)
{
    return file_write2(path, p, n, NULL, 0, e);
}

int file_write2(const char *path, const void *p, size_t n, const void *q, size_t m, struct err *e)
{
    struct str tmp = STR_INIT;
    int fd = -1, r = -1;
    if (str_addf(&tmp, "%s.tmp-%ld", path, (long)getpid())) {
        err_nomem(e, path);
        goto fail;
    }
    fd = open(tmp.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        err_sys(e, "cannot create %s", tmp.p);
        goto fail;
    }
    if (file_write_all(fd, p, n, e) || file_write_all(fd, q, m, e) || (fsync(fd) && err_sys(e, "cannot sync"))) {
        err_prefix(e, "%s", path);
        goto fail;
    }
    if (rename(tmp.p, path)) {
        err_sys(e, "cannot replace %s", path);
        goto fail;
    }
    r = file_sync_dir(path, e);
fail:
    if (fd >= 0)
        close(fd);
    if (r && tmp.p)
        unlink(tmp.p);
    str_release(&tmp);
    return r;
}

int file_mkdirs(const char *path, struct err *e)
{
    char *p = mem_strdup(path);
    if (!p)
        return err_nomem(e, "a path");
    int r = 0;
    for (char *c = p + 1; !r; c++) {
        if (*c && *c != '/')
            continue;
        char end = *c;
        *c = '\0';
        if (mkdir(p, 0700) && errno != EEXIST)
            r = err_sys(e, "cannot make the folder %s", p);
        *c = end;
        if (!end)
            break;
    }
    struct stat st;
    if (!r && (stat(p, &st) || !S_ISDIR(st.st_mode)))
        r = err_set(e, ERR_IO, "%s is not a folder; move it away", p);
    free(p);
    return r;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int file_map_open(struct file_map *m, const char *path, struct err *e)
{
    struct stat st;
    *m = (struct file_map){ .fd = -1 };
    m->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (m->fd < 0)
        return err_sys(e, "cannot open %s", path);
    if (fstat(m->fd, &st)) {
        err_sys(e, "cannot look at %s", path);
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        err_set(e, ERR_FORMAT, "%s is not a regular file", path);
        goto fail;
    }
    m->n = (size_t)st.st_size;
    m->dev = (uint64_t)st.st_dev;
    m->ino = (uint64_t)st.st_ino;
    m->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if (m->n) {
        void *p = mmap(NULL, m->n, PROT_READ, MAP_PRIVATE, m->fd, 0);
        if (p == MAP_FAILED) {
            err_sys(e, "cannot map %s", path);
            goto fail;
        }
        m->p = p;
    }
    return 0;
fail:
    file_map_close(m);
    return -1;
}

void file_map_close(struct file_map *m)
{
    if (m->p)
        munmap((void *)(uintptr_t)m->p, m->n);
    if (m->fd >= 0)
        close(m->fd);
    *m = (struct file_map){ .fd = -1 };
}

void file_map_done(const struct file_map *m, size_t off, size_t n)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t mask = page > 0 ? (size_t)page - 1 : 4095;
    size_t from = (off + mask) & ~mask, to = (off + n) & ~mask;
    if (m->p && from < to && to <= m->n)
        madvise((void *)(uintptr_t)(m->p + from), to - from, MADV_DONTNEED);
}
