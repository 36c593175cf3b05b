#include "ui/editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "term/term.h"

enum { MAX_TEXT = 16 << 20, OSC52_MAX = 74994 /* bytes that xterm takes */ };

/* The editor may have arguments of its own ("code --wait"): the shell splits them, the file is a safe "$1". */
int editor_file(const char *path, struct err *e)
{
    const char *editor = getenv("VISUAL");
    if (!editor || !editor[0])
        editor = getenv("EDITOR");
    if (!editor || !editor[0])
        editor = "vi";
    struct str command = STR_INIT;
    str_addf(&command, "%s \"$1\"", editor);
    if (command.oom)
        return err_nomem(e, "a command");
    char sh[] = "sh", c[] = "-c", name[] = "hiss";
    char *const argv[] = { sh, c, command.p, name, (char *)(size_t)path, NULL };
    int status = term_child(argv, e);
    if (status == 127 || status == 126)
        err_set(e, ERR_NOTFOUND, "cannot run the editor '%s'; set EDITOR to one that is installed", editor);
    else if (status > 0)
        err_set(e, ERR_CANCELLED, "the editor '%s' ended with status %d; the text is as it was", editor, status);
    str_release(&command);
    return status ? -1 : 0;
}

int editor_edit(struct str *text, const char *suffix, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    struct str path = STR_INIT, got = STR_INIT;
    int fd = -1, r = -1;
    str_addf(&path, "%s/hiss-XXXXXX%s", tmp && tmp[0] == '/' ? tmp : "/tmp", suffix);
    if (path.oom || (fd = mkstemps(path.p, (int)strlen(suffix))) < 0) {
        err_sys(e, "cannot make a file for the editor in %s", tmp ? tmp : "/tmp");
        goto done;
    }
    if (file_write_all(fd, str_z(text), text->len, e) || editor_file(path.p, e) || file_read(path.p, MAX_TEXT, &got, e))
        goto done;
    struct str old = *text;
    *text = got;
    got = old;
    r = 0;
done:
    if (fd >= 0) {
        close(fd);
        unlink(path.p);
    }
    str_release(&got);
    str_release(&path);
    return r;
}

/* Runs a clipboard program and writes to it. */
static int pipe_to(const char *command, const char *p, size_t n)
{
    FILE *f = popen(command, "w");
    if (!f)
        return -1;
    size_t w = fwrite(p, 1, n, f);
    int status = pclose(f);
    return w == n && WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

const char *clipboard_put(const char *p, size_t n)
{
    static const struct {
        const char *variable, *name, *command;
    } programs[] = {
        { "WAYLAND_DISPLAY", "wl-copy", "wl-copy 2>/dev/null" },
        { "DISPLAY", "xclip", "xclip -selection clipboard >/dev/null 2>&1" },
        { "DISPLAY", "xsel", "xsel -ib 2>/dev/null" },
        { "TERM_PROGRAM", "pbcopy", "pbcopy 2>/dev/null" },
    };
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        const char *value = getenv(programs[i].variable);
        if (value && value[0] && !pipe_to(programs[i].command, p, n))
            return programs[i].name;
    }
    term_clipboard(p, n < OSC52_MAX ? n : OSC52_MAX);
    return n < OSC52_MAX ? "OSC 52" : "OSC 52, shortened: use :save";
}
