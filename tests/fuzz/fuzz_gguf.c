/* libFuzzer harness of the GGUF reader and the configuration: whatever the bytes, no crash, no foreign read, no
 * runaway memory. Build and run: make fuzz && tests/fuzz/fuzz_gguf -max_len=65536 CORPUS */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "model/config.h"
#include "model/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads everything that a caller could: each key as a line, the bytes of each tensor, the configuration. */
static unsigned touch(const struct gguf *g)
{
    struct str line = STR_INIT;
    struct model_config c;
    struct err e = ERR_INIT;
    unsigned sum = 0;
    for (size_t i = 0; i < gguf_n_kv(g); i++)
        gguf_kv_print(g, i, &line);
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        for (size_t b = 0; b < t->bytes; b++)
            sum += t->data[b];
    }
    config_read(&c, g, &e);
    sum += (unsigned)line.len;
    str_release(&line);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[] = "/dev/shm/hiss-fuzz-gguf-XXXXXX"; /* memory: a disk would be the brake */
    static int fd = -1;
    static volatile unsigned sink;
    struct err e = ERR_INIT;
    if (fd < 0 && (fd = mkstemp(path)) < 0)
        abort();
    if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    struct gguf *g = gguf_open(path, &e);
    if (!g && e.code == ERR_OK)
        abort();
    if (g)
        sink += touch(g);
    gguf_close(g);
    return 0;
}
