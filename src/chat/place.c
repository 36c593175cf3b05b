#include "chat/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/utf8.h"

enum { MAX_NAME = 100 };

int chat_check_name(const char *name, struct err *e)
{
    size_t n = strlen(name);
    const char *why = NULL;
    if (!n)
        why = "is empty";
    else if (n > MAX_NAME)
        why = "is longer than 100 bytes";
    else if (name[0] == '.')
        why = "begins with '.'";
    else if (name[n - 1] == ' ')
        why = "ends with a space";
    else if (strchr(name, '/'))
        why = "contains '/'";
    else if (!utf8_valid(name, n))
        why = "is not valid UTF-8";
    for (size_t i = 0; !why && i < n;) {
        uint32_t cp;
        i += utf8_decode(name + i, n - i, &cp, NULL);
        if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0))
            why = "contains a control character";
    }
    if (why)
        return err_set(e, ERR_ARG, "a chat's name %s; take another, such as 'snake stories'", why);
    return 0;
}

int chat_path(const char *name, struct str *out, struct err *e)
{
    return chat_check_name(name, e) ? -1 : path_user(PATH_DATA, out, e, "chats/%s.jsonl", name);
}

bool chat_is_dated(const char *name)
{
    static const char form[] = "####-##-##-#";
    size_t i = 0;
    while (form[i] && (form[i] == '#' ? name[i] >= '0' && name[i] <= '9' : name[i] == form[i]))
        i++;
    return !form[i] && strspn(name + i, "0123456789") == strlen(name + i);
}

bool chat_exists(const char *name)
{
    struct str path = STR_INIT;
    struct err e;
    bool yes = !chat_path(name, &path, &e) && file_exists(path.p);
    str_release(&path);
    return yes;
}

int chat_states(struct str *out, struct err *e)
{
    return path_user(PATH_CACHE, out, e, "states");
}

bool chat_parse_bytes(const char *s, uint64_t *out)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    unsigned long long v = strtoull(s, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (s[0] < '0' || s[0] > '9' || errno || (*end && (!unit || end[1])) || v > UINT64_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}

int chat_states_cap(uint64_t *cap, struct err *e)
{
    const char *env = getenv("HISS_STATES_MAX");
    *cap = 0;
    if (!env || !*env)
        return 0;
    if (!chat_parse_bytes(env, cap))
        return err_set(e, ERR_ARG, "HISS_STATES_MAX is '%s'; it has to be a number of bytes such as 500M or 4G", env);
    if (!*cap)
        *cap = 1; /* "0": keep nothing */
    return 0;
}

struct store *chat_store(struct err *e)
{
    struct str root = STR_INIT;
    struct store *st = NULL;
    uint64_t cap;
    if (!chat_states(&root, e) && !chat_states_cap(&cap, e))
        st = store_open(root.p, cap, e);
    str_release(&root);
    return st;
}
