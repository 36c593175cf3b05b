/* mkmodel PATH ARCH SEED [chatml | endless]: a tiny random model, for tests of the program. Without "chatml" it has no
 * template: its conversations are plain text. The replies of an "endless" one do not end by themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chatmodel.h"

static const char chatml[] =
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fputs("usage: mkmodel PATH ARCH SEED [chatml | endless]\n", stderr);
        return 2;
    }
    if (argc == 5 && !strcmp(argv[4], "endless"))
        chatmodel_write_endless(argv[1], argv[2], strtoull(argv[3], NULL, 10));
    else
        chatmodel_write(argv[1], argv[2], strtoull(argv[3], NULL, 10), argc == 5 ? chatml : NULL);
    return 0;
}
