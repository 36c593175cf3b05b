/* mkmodel PATH ARCH SEED: a tiny random model that can chat, for tests of the program. */
#include <stdio.h>
#include <stdlib.h>

#include "chatmodel.h"

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: mkmodel PATH ARCH SEED\n", stderr);
        return 2;
    }
    chatmodel_write(argv[1], argv[2], strtoull(argv[3], NULL, 10), NULL);
    return 0;
}
