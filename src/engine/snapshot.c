#include "engine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

/* The file: a header of fixed size, little-endian, then the payload. */
enum { VERSION = 1, HEADER_BYTES = 160 };
static const char magic[8] = { 'H', 'I', 'S', 'S', 'S', 'T', 'A', 'T' };

/* Where each field stands in the header; the checksum covers everything before it and the payload. */
enum {
    AT_MAGIC = 0, AT_VERSION = 8, AT_ARITH = 12, AT_MODEL = 16, AT_STATE = 32, AT_ROLLED = 48, AT_POS = 64,
    AT_ROWS_FROM = 72, AT_REC = 80, AT_ROW = 88, AT_HIDDEN = 96, AT_PAYLOAD = 104, AT_CHECKSUM = 144,
};

void snapshot_init(struct snapshot *s)
{
    memset(s, 0, sizeof *s);
}

void snapshot_release(struct snapshot *s)
{
    mem_free_aligned(s->payload);
    snapshot_init(s);
}

size_t snapshot_bytes(const struct snapshot *s)
{
    return HEADER_BYTES + s->payload_bytes;
}

static void put64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

static uint64_t get64(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void put32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_hash(unsigned char *p, struct hash128 h)
{
    put64(p, h.lo);
    put64(p + 8, h.hi);
}

static struct hash128 get_hash(const unsigned char *p)
{
    return (struct hash128){ get64(p), get64(p + 8) };
}

static struct hash128 checksum(const unsigned char *header, const void *payload, size_t n)
{
    return hash128_roll(hash128(header, AT_CHECKSUM), payload, n);
}

static void write_header(const struct snapshot *s, unsigned char h[HEADER_BYTES])
{
    memset(h, 0, HEADER_BYTES);
    memcpy(h + AT_MAGIC, magic, sizeof magic);
    put32(h + AT_VERSION, VERSION);
    put32(h + AT_ARITH, s->arith);
    put_hash(h + AT_MODEL, s->model);
    put_hash(h + AT_STATE, s->state);
    put_hash(h + AT_ROLLED, s->rolled);
    put64(h + AT_POS, s->n_pos);
    put64(h + AT_ROWS_FROM, s->rows_from);
    put64(h + AT_REC, s->rec_bytes);
    put64(h + AT_ROW, s->row_bytes);
    put64(h + AT_HIDDEN, s->hidden_bytes);
    put64(h + AT_PAYLOAD, s->payload_bytes);
    put_hash(h + AT_CHECKSUM, checksum(h, s->payload, s->payload_bytes));
}

int snapshot_write(const struct snapshot *s, const char *path, struct err *e)
{
    unsigned char h[HEADER_BYTES];
    write_header(s, h);
    return file_write2(path, h, sizeof h, s->payload, s->payload_bytes, e);
}

/* Reads the header's fields and checks that its sizes add up. */
static int read_header(struct snapshot *s, const unsigned char *h, size_t n, const char *path, struct err *e)
{
    if (n < HEADER_BYTES || memcmp(h, magic, sizeof magic))
        return err_set(e, ERR_FORMAT, "%s is no state file; it can be deleted", path);
    if (get32(h + AT_VERSION) != VERSION)
        return err_set(e, ERR_FORMAT, "%s is a state file of version %u, not %d; it can be deleted", path,
                       get32(h + AT_VERSION), VERSION);
    s->arith = get32(h + AT_ARITH);
    s->model = get_hash(h + AT_MODEL);
    s->state = get_hash(h + AT_STATE);
    s->rolled = get_hash(h + AT_ROLLED);
    s->n_pos = get64(h + AT_POS);
    s->rows_from = get64(h + AT_ROWS_FROM);
    s->rec_bytes = get64(h + AT_REC);
    s->row_bytes = get64(h + AT_ROW);
    s->hidden_bytes = get64(h + AT_HIDDEN);
    s->payload_bytes = get64(h + AT_PAYLOAD);
    size_t rows, sum;
    if (s->rows_from > s->n_pos || !mem_mul(s->n_pos - s->rows_from, s->row_bytes, &rows) ||
        !mem_add(s->rec_bytes, s->hidden_bytes, &sum) || !mem_add(sum, rows, &sum) || sum != s->payload_bytes)
        return err_set(e, ERR_FORMAT, "%s is damaged: its sizes contradict each other; it can be deleted", path);
    return 0;
}

int snapshot_peek(struct snapshot *s, const char *path, struct err *e)
{
    struct file_map m;
    snapshot_init(s);
    if (file_map_open(&m, path, e))
        return -1;
    int r = read_header(s, m.p, m.n, path, e);
    if (!r && m.n != HEADER_BYTES + s->payload_bytes)
        r = err_set(e, ERR_FORMAT, "%s is cut short; it can be deleted", path);
    file_map_close(&m);
    if (r)
        snapshot_init(s);
    return r;
}

int snapshot_read(struct snapshot *s, const char *path, struct err *e)
{
    struct file_map m;
    int r = -1;
    snapshot_init(s);
    if (file_map_open(&m, path, e))
        return -1;
    if (read_header(s, m.p, m.n, path, e))
        goto done;
    if (m.n - HEADER_BYTES != s->payload_bytes) {
        err_set(e, ERR_FORMAT, "%s is cut short; it can be deleted", path);
        goto done;
    }
    if (!hash128_equal(get_hash(m.p + AT_CHECKSUM), checksum(m.p, m.p + HEADER_BYTES, s->payload_bytes))) {
        err_set(e, ERR_FORMAT, "%s is damaged: its checksum is wrong; it can be deleted", path);
        goto done;
    }
    s->payload = mem_alloc_aligned(s->payload_bytes);
    if (!s->payload) {
        err_nomem(e, "a state");
        goto done;
    }
    memcpy(s->payload, m.p + HEADER_BYTES, s->payload_bytes);
    r = 0;
done:
    file_map_close(&m);
    if (r)
        snapshot_init(s);
    return r;
}
