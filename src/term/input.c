#include "term/input.h"

#include <string.h>

#include "base/utf8.h"

enum { MAX_LEARNED = 64, MAX_SEQUENCE = 31 };

static struct {
    char seq[16];
    size_t n;
    struct key key;
} learned[MAX_LEARNED]; /* filled once by term_open, before any input */
static size_t n_learned;

static const char paste_begin[] = "\033[200~", paste_end[] = "\033[201~";

void input_init(struct input *in)
{
    *in = (struct input){ .bytes = STR_INIT, .paste = STR_INIT };
}

void input_release(struct input *in)
{
    str_release(&in->bytes);
    str_release(&in->paste);
}

void input_learn(const char *sequence, struct key key)
{
    size_t n = sequence ? strlen(sequence) : 0;
    if (n < 2 || n >= sizeof learned[0].seq || n_learned == MAX_LEARNED || sequence[0] != '\033')
        return;
    memcpy(learned[n_learned].seq, sequence, n + 1);
    learned[n_learned].n = n;
    learned[n_learned++].key = key;
}

int input_feed(struct input *in, const char *p, size_t n, uint64_t now_ns)
{
    if (in->at) { /* drop what is decoded */
        memmove(in->bytes.p, in->bytes.p + in->at, in->bytes.len - in->at);
        str_cut(&in->bytes, in->bytes.len - in->at);
        in->at = 0;
    }
    in->last_ns = now_ns;
    return str_add(&in->bytes, p, n);
}

/* ---- Control sequences ---- */

/* xterm: modifier parameter is 1 + (1 shift, 2 alt, 4 ctrl). */
static unsigned char xterm_mods(unsigned m)
{
    unsigned char mods = 0;
    if (m < 2 || m > 8)
        return 0;
    m--;
    mods |= m & 1 ? KEY_SHIFT : 0;
    mods |= m & 2 ? KEY_ALT : 0;
    mods |= m & 4 ? KEY_CTRL : 0;
    return mods;
}

static uint32_t letter_key(char final)
{
    switch (final) {
    case 'A': return KEY_UP_;
    case 'B': return KEY_DOWN_;
    case 'C': return KEY_RIGHT_;
    case 'D': return KEY_LEFT_;
    case 'H': return KEY_HOME_;
    case 'F': return KEY_END_;
    case 'P': return KEY_F1_;
    case 'Q': return KEY_F2_;
    case 'R': return KEY_F3_;
    case 'S': return KEY_F4_;
    case 'Z': return KEY_TAB_;
    case 'M': return KEY_ENTER_;
    default: return 0;
    }
}

static uint32_t tilde_key(unsigned n)
{
    static const uint32_t keys[] = {
        [1] = KEY_HOME_, [2] = KEY_INSERT_, [3] = KEY_DELETE_, [4] = KEY_END_, [5] = KEY_PAGE_UP_,
        [6] = KEY_PAGE_DOWN_, [7] = KEY_HOME_, [8] = KEY_END_, [11] = KEY_F1_, [12] = KEY_F2_, [13] = KEY_F3_,
        [14] = KEY_F4_, [15] = KEY_F5_, [17] = KEY_F6_, [18] = KEY_F7_, [19] = KEY_F8_, [20] = KEY_F9_,
        [21] = KEY_F10_, [23] = KEY_F11_, [24] = KEY_F12_,
    };
    return n < sizeof keys / sizeof keys[0] ? keys[n] : 0;
}

/* A code point with xterm's modifyOtherKeys (27;mods;code~) or the CSI u form (code;mods u). */
static struct key other_key(unsigned code, unsigned mods)
{
    struct key k = { code, xterm_mods(mods) };
    switch (code) {
    case 13: k.code = KEY_ENTER_; break;
    case 9: k.code = KEY_TAB_; break;
    case 27: k.code = KEY_ESC_; break;
    case 127: k.code = KEY_BACKSPACE_; break;
    default: break;
    }
    return k;
}

/* ESC [ parameters final. Returns its length, 0 when incomplete; *k.code is 0 for a sequence nobody knows. */
static size_t decode_csi(const char *p, size_t n, struct key *k)
{
    unsigned par[3] = { 0, 0, 0 }, np = 0;
    size_t i = 2;
    for (; i < n && i < MAX_SEQUENCE && (unsigned char)p[i] < 0x40; i++) {
        if (p[i] >= '0' && p[i] <= '9' && np < 3)
            par[np] = par[np] * 10 % 100000 + (unsigned)(p[i] - '0');
        else if (p[i] == ';')
            np++;
    }
    if (i == n && i < MAX_SEQUENCE)
        return 0;
    char final = i < n ? p[i] : 0;
    *k = (struct key){ 0, 0 };
    if (final == '~' && par[0] == 27)
        *k = other_key(par[2], par[1]);
    else if (final == '~')
        *k = (struct key){ tilde_key(par[0]), xterm_mods(par[1]) };
    else if (final == 'u')
        *k = other_key(par[0], par[1]);
    else if (final == 'Z')
        *k = (struct key){ KEY_TAB_, KEY_SHIFT };
    else
        *k = (struct key){ letter_key(final), xterm_mods(par[1]) };
    return i + (i < n);
}

static struct key plain_key(unsigned char c)
{
    switch (c) {
    case '\r': return (struct key){ KEY_ENTER_, 0 };
    case '\t': return (struct key){ KEY_TAB_, 0 };
    case 0x1B: return (struct key){ KEY_ESC_, 0 };
    case 0x7F: return (struct key){ KEY_BACKSPACE_, 0 };
    case 0x00: return (struct key){ ' ', KEY_CTRL };
    default: return c < 0x20 ? (struct key){ (uint32_t)(c < 27 ? c + 'a' - 1 : c + '@'), KEY_CTRL } : (struct key){ c, 0 };
    }
}

/* One character (no escape at its beginning). 0 when its bytes are not all here yet. */
static size_t decode_char(const char *p, size_t n, struct key *k)
{
    if ((unsigned char)p[0] < 0x80) {
        *k = plain_key((unsigned char)p[0]);
        return 1;
    }
    if (utf8_pending(p, n < 4 ? n : 4) == n && n < 4)
        return 0;
    k->mods = 0;
    return utf8_decode(p, n < 4 ? n : 4, &k->code, NULL);
}

static size_t decode_learned(const char *p, size_t n, struct key *k)
{
    for (size_t i = 0; i < n_learned; i++) {
        if (learned[i].n <= n && !memcmp(learned[i].seq, p, learned[i].n)) {
            *k = learned[i].key;
            return learned[i].n;
        }
    }
    return 0;
}

/* A key that begins with Esc. `late`: no further byte will come in time. */
static size_t decode_escape(const char *p, size_t n, bool late, struct key *k)
{
    size_t used = decode_learned(p, n, k);
    if (used)
        return used;
    if (n == 1) {
        *k = (struct key){ KEY_ESC_, 0 };
        return late ? 1 : 0;
    }
    if (p[1] == '[' && n > 2)
        used = decode_csi(p, n, k);
    else if (p[1] == 'O' && n > 2) {
        *k = (struct key){ letter_key(p[2]), 0 };
        used = 3;
    } else if (p[1] == 0x1B) {
        *k = (struct key){ KEY_ESC_, 0 }; /* Esc pressed twice, or Esc before another sequence */
        return 1;
    } else if ((p[1] == '[' || p[1] == 'O') && !late)
        return 0;
    else {
        used = decode_char(p + 1, n - 1, k);
        k->mods |= KEY_ALT;
        return used ? used + 1 : 0;
    }
    if (!used && late) { /* the rest never came: Alt and a bracket */
        *k = (struct key){ (unsigned char)p[1], KEY_ALT };
        return 2;
    }
    return used;
}

/* ---- Paste ---- */

static bool paste_byte_kept(unsigned char c)
{
    return c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7F);
}

/* Moves pasted bytes over until the closing sequence. True when the paste is whole. */
static bool take_paste(struct input *in)
{
    const char *p = in->bytes.p + in->at;
    size_t n = in->bytes.len - in->at, end = sizeof paste_end - 1;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\033') {
            if (n - i < end && !memcmp(p + i, paste_end, n - i)) {
                in->at += i;
                return false; /* may be the end, byte by byte */
            }
            if (n - i >= end && !memcmp(p + i, paste_end, end)) {
                in->at += i + end;
                in->pasting = false;
                return true;
            }
        }
        char c = p[i] == '\r' ? '\n' : p[i];
        bool second = p[i] == '\n' && in->paste_cr; /* \r\n is one line end */
        in->paste_cr = p[i] == '\r';
        if (second)
            continue;
        if (paste_byte_kept((unsigned char)c) && in->paste.len < INPUT_PASTE_MAX)
            str_addc(&in->paste, c);
    }
    in->at += n;
    return false;
}

bool input_next(struct input *in, uint64_t now_ns, struct input_event *ev)
{
    for (;;) {
        if (in->paste_told) {
            str_clear(&in->paste);
            in->paste_told = false;
        }
        if (in->pasting) {
            if (!take_paste(in))
                return false;
            in->paste_told = true;
            *ev = (struct input_event){ .kind = INPUT_PASTE, .paste = str_z(&in->paste), .n_paste = in->paste.len };
            return true;
        }
        size_t n = in->bytes.len - in->at;
        if (!n)
            return false;
        const char *p = in->bytes.p + in->at;
        if (n >= sizeof paste_begin - 1 && !memcmp(p, paste_begin, sizeof paste_begin - 1)) {
            in->at += sizeof paste_begin - 1;
            in->pasting = true;
            in->paste_cr = false;
            continue;
        }
        bool late = now_ns - in->last_ns >= INPUT_ESC_MS * UINT64_C(1000000);
        *ev = (struct input_event){ .kind = INPUT_KEY };
        size_t used = p[0] == '\033' ? decode_escape(p, n, late, &ev->key) : decode_char(p, n, &ev->key);
        if (!used && late)
            used = utf8_decode(p, n, &ev->key.code, NULL);
        if (!used)
            return false;
        in->at += used;
        ev->n_raw = used < sizeof ev->raw ? used : sizeof ev->raw;
        memcpy(ev->raw, p, ev->n_raw);
        if (ev->key.code)
            return true; /* a sequence nobody knows is dropped whole */
    }
}

int input_wait_ms(const struct input *in, uint64_t now_ns)
{
    if (in->pasting || in->at >= in->bytes.len)
        return -1;
    uint64_t passed = (now_ns - in->last_ns) / 1000000;
    return passed >= INPUT_ESC_MS ? 0 : (int)(INPUT_ESC_MS - passed);
}
