/* hiss COMMAND [options]: finds the command's row and hands over. Nothing is set up before that, so that --help and
 * --version answer at once. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
#define X(name, summary) { #name, summary, cmd_##name },
    CMD_LIST(X)
#undef X
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void help(FILE *f)
{
    fputs("usage: hiss COMMAND [options]\n"
          "       hiss COMMAND --help | hiss --help | hiss --version\n"
          "Terminal chat for state-space language models.\n\n", f);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(f, "  %-12s %s\n", commands[i].name, commands[i].summary);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return cmd_finish("chat", cmd_chat(argc, argv));
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        help(stdout);
        return cmd_finish("", CMD_OK);
    }
    if (!strcmp(argv[1], "--version")) {
        puts("hiss " PACKAGE_VERSION);
        return cmd_finish("", CMD_OK);
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(argv[1], commands[i].name))
            return cmd_finish(commands[i].name, commands[i].run(argc - 1, argv + 1));
    }
    if (argv[1][0] == '-') /* options of the screen */
        return cmd_finish("chat", cmd_chat(argc, argv));
    return cmd_usage("", "there is no command '%s'", argv[1]);
}
