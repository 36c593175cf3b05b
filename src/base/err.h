/* Errors as values: the callee fills a struct err and returns -1 or NULL.
 * A message is one sentence that names the thing, what is wrong with it and the way out.
 * struct err is the caller's; nothing here allocates. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
    ERR_OK = 0,
    ERR_NOMEM,       /* memory could not be had */
    ERR_IO,          /* the system refused a read, write, open, sync */
    ERR_FORMAT,      /* a file's bytes are not what its format demands */
    ERR_UNSUPPORTED, /* well formed, but not something this build can do */
    ERR_ARG,         /* the caller's (or user's) value is out of range */
    ERR_LIMIT,       /* a stated limit is reached: context length, byte cap */
    ERR_NOTFOUND,    /* the named thing does not exist */
    ERR_BUSY,        /* somebody else holds the lock */
    ERR_CANCELLED,   /* asked to stop, and did */
    ERR_MISMATCH,    /* made by another model, template or arithmetic */
};

struct err {
    enum err_code code;
    char msg[480];
};

#define ERR_INIT { ERR_OK, "" }

/* Fills *e (which may be NULL) and returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set with ERR_IO, and appends ": " and the text of the current errno. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the message already in *e. Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ERR_NOMEM for `what` of `bytes` bytes. Returns -1. */
int err_nomem(struct err *e, const char *what);

/* A stable lower-case name: "format", "io", ... */
const char *err_name(enum err_code code);

#endif
