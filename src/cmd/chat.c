/* hiss chat: the screen. `hiss` alone, or with options only, is the same. */
#include <stdlib.h>

#include "chat/place.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "ui/run.h"

int cmd_chat(int argc, char **argv)
{
    struct cmd_model m = { NULL, 0, NULL };
    struct ui_opts o = { .terminal = "xterm-256color" };
    struct opt_list commands = { NULL, 0, 0 };
    long rows = 24, cols = 80;
    const struct opt table[] = {
        CMD_OPT_MODEL(m),
        CMD_OPT_THREADS(m),
        CMD_OPT_KERNELS(m),
        { 'n', "new", OPT_FLAG, &o.fresh, NULL, "begin a new chat instead of opening the last one", 0, 0 },
        { 'e', "execute", OPT_STRINGS, &commands, "COMMAND", "run a command after the rc file; may be repeated", 0, 0 },
        { 0, "linear", OPT_FLAG, &o.linear, NULL, "lines instead of a screen (also ACCESSIBLE=1)", 0, 0 },
        { 0, "no-rc", OPT_FLAG, &o.no_rc, NULL, "do not read the rc file", 0, 0 },
        { 0, "script", OPT_STRING, &o.script, "FILE", "play keys and commands from a file, without a terminal", 0, 0 },
        { 0, "rows", OPT_INT, &rows, "N", "rows of the script's screen", 1, 1000 },
        { 0, "cols", OPT_INT, &cols, "N", "columns of the script's screen", 1, 1000 },
        { 0, "term", OPT_STRING, &o.terminal, "NAME", "the terminal whose colours it has (xterm-256color)", 0, 0 },
    };
    const struct opts opts = {
        .command = "chat", .usage = "[options] [CHAT]",
        .about = "Opens a chat on the screen: the one named, else the last one.",
        .opts = table, .n_opts = sizeof table / sizeof table[0], .min_args = 0, .max_args = 1,
    };
    size_t n;
    enum kern_level level;
    int status = opts_parse(&opts, argc, argv, &n);
    if (status != OPTS_GO)
        goto done;
    struct err e = ERR_INIT;
    if (n && chat_check_name(argv[1], &e)) {
        status = cmd_usage("chat", "%s", e.msg);
        goto done;
    }
    status = cmd_kernels("chat", m.kernels, &level);
    if (status == CMD_OK) {
        const char *accessible = getenv("ACCESSIBLE");
        o.linear |= accessible && accessible[0] && accessible[0] != '0';
        o.chat = n ? argv[1] : NULL;
        o.rows = (int)rows;
        o.cols = (int)cols;
        o.commands = commands.v;
        o.n_commands = commands.n;
        o.desk = (struct desk_opts){ m.model, (unsigned)m.threads, kern_level_name(level) };
        status = ui_run(&o);
    }
done:
    free(commands.v);
    return status;
}
