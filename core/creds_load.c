/* creds_load: reads the keys, certificates and trust anchors that were found; the header of creds says it.
 * Keys are read into secret memory, and by nobody who does not ask for them. */

#include "creds.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include "config.h"
#include "secret.h"
#include "ticketfd.h"

/* No key, chain or anchor is longer; a bundle of all the world's anchors is a quarter of this. */
enum { FILE_MAX = 1 << 20 };

static int invalid(struct creds_error *err, char const *what, char const *file, char const *reason) {
    *err = (struct creds_error){.what = what, .object = file, .reason = reason};
    return -1;
}

static int unreadable(struct creds_error *err, char const *file) {
    *err = (struct creds_error){.what = "read ", .object = file, .errnum = errno};
    return -1;
}

static int no_memory(struct creds_error *err) {
    *err = (struct creds_error){.what = "read the key files", .object = "", .errnum = ENOMEM};
    return -1;
}

struct file {
    unsigned char *s;
    size_t len;
    mode_t mode;
};

/* A FIFO or a device would hold us up for ever: regular files only. Returns the size, or -1 with errno. */
static ssize_t size_of(int fd, mode_t *mode) {
    struct stat st;
    if (fstat(fd, &st) < 0) return -1;
    *mode = st.st_mode;
    if (S_ISREG(st.st_mode) && st.st_size <= FILE_MAX) return st.st_size;
    errno = S_ISREG(st.st_mode) ? EFBIG : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return -1;
}

/* Into one piece of secret memory: a file may hold a key, whatever it is read for, and growing would leave parts of
 * it behind. Returns 0, or -1 with errno. */
static int read_file(int dirfd, char const *name, struct file *f) {
    int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t size = size_of(fd, &f->mode);
    f->s = size < 0 ? 0 : secret_alloc((size_t)size);
    errno = f->s ? 0 : errno;
    f->len = f->s ? allread(fd, (char *)f->s, (size_t)size) : 0;
    int e = f->s && f->len == (size_t)size ? 0 : errno;
    if (e == EPIPE) e = 0; /* the file has become shorter: that was its end */
    fd_close(fd);
    if (!e) return 0;
    secret_free(f->s);
    errno = e;
    return -1;
}

/* ---- keys ---- */

/* Either adds what is in a file to the ring and returns its number, or -1 with why. */
typedef int add_func(struct keyring *ring, unsigned char const *s, size_t len, char const **why);

static int load_key(add_func *add, struct keyring *ring, char const *name, struct creds_error *err,
                    stralloc *exposed) {
    struct file f;
    char const *why;
    if (read_file(AT_FDCWD, name, &f) < 0) return unreadable(err, name);
    int key = add(ring, f.s, f.len, &why);
    secret_free(f.s);
    if (key < 0) return invalid(err, "use key file ", name, why);
    if (f.mode & S_IROTH && !(stralloc_cats(exposed, " ") && stralloc_cats(exposed, name)))
        return no_memory(err);
    return key;
}

static int check_certificate(struct keyring *ring, int key, char const *name, struct creds_error *err) {
    struct file f;
    if (read_file(AT_FDCWD, name, &f) < 0) return unreadable(err, name);
    int ok = keyring_matches(ring, (unsigned int)key, f.s, f.len);
    secret_free(f.s);
    return ok ? 0 : invalid(err, "use certificate file ", name, "its key is not the one in the key file");
}

static int load_shared(struct keyring *ring, int fd, struct creds_error *err) {
    static char const name[] = "TLS_TICKETFD";
    char const *why;
    unsigned char *s = secret_alloc(TICKETFD_KEYS);
    if (!s) return no_memory(err);
    ssize_t n = ticketfd_read(fd, s);
    int r = n < 0                                                   ? unreadable(err, name)
            : keyring_add_ticket_keys(ring, s, (size_t)n, &why) < 0 ? invalid(err, "use ", name, why)
                                                                    : 0;
    secret_free(s);
    return r;
}

int creds_load_keys(struct creds const *c, struct keyring *ring, struct creds_error *err, stralloc *exposed) {
    struct creds_pair const *pair = genalloc_s(struct creds_pair, &c->pairs);
    for (size_t n = genalloc_len(struct creds_pair, &c->pairs); n; n--, pair++) {
        int key = load_key(keyring_add, ring, pair->keyfile, err, exposed);
        if (key < 0 || check_certificate(ring, key, pair->certfile, err) < 0) return -1;
    }
    if (CONFIG_TICKETS && c->ticketfile)
        return load_key(keyring_add_ticket_keys, ring, c->ticketfile, err, exposed);
    return CONFIG_TICKETS && c->ticketfd >= 0 ? load_shared(ring, c->ticketfd, err) : 0;
}

/* ---- certificates and trust anchors ---- */

static int load_chain(struct engine *e, unsigned int key, struct creds_pair const *pair,
                      struct creds_error *err) {
    struct file f;
    if (read_file(AT_FDCWD, pair->certfile, &f) < 0) return unreadable(err, pair->certfile);
    int r = engine_add_chain(e, pair->name, f.s, f.len, key);
    secret_free(f.s);
    return r < 0 ? invalid(err, "use certificate file ", pair->certfile, engine_error(e)) : 0;
}

static int useless_anchors(struct creds_error *err, char const *path, char const *why) {
    return invalid(err, "use trust anchors of ", path, why);
}

static int load_cafile(struct engine *e, char const *name, unsigned int *count, struct creds_error *err) {
    struct file f;
    if (read_file(AT_FDCWD, name, &f) < 0) return unreadable(err, name);
    int r = engine_add_anchors(e, f.s, f.len, count);
    secret_free(f.s);
    return r < 0 ? useless_anchors(err, name, engine_error(e)) : 0;
}

/* What is no certificate is passed over: such directories hold READMEs and dangling links. */
static int load_cadir(struct engine *e, char const *path, unsigned int *count, struct creds_error *err) {
    DIR *dir = opendir(path);
    if (!dir) return unreadable(err, path);
    for (struct dirent *d; errno = 0, (d = readdir(dir));) {
        struct file f;
        if (d->d_name[0] == '.' || read_file(dirfd(dir), d->d_name, &f) < 0) continue;
        engine_add_anchors(e, f.s, f.len, count);
        secret_free(f.s);
    }
    int failed = errno;
    closedir(dir);
    errno = failed;
    return failed ? unreadable(err, path) : 0;
}

static char const *anchors(struct creds const *c) {
    return c->cadir ? c->cadir : c->cafile;
}

static char const no_anchor[] = "there is no valid certificate in it";

int creds_trust(struct creds const *c, struct engine *e, struct creds_error *err) {
    unsigned int count;
    if (engine_trust(e, c->cadir != 0, &count) < 0) return useless_anchors(err, anchors(c), engine_error(e));
    return count ? 0 : useless_anchors(err, anchors(c), no_anchor);
}

static int load_anchors(struct creds const *c, struct engine *e, struct creds_error *err) {
    unsigned int count = 0;
    if ((c->cadir ? load_cadir : load_cafile)(e, anchors(c), &count, err) < 0) return -1;
    if (!count) return useless_anchors(err, anchors(c), no_anchor);
    return CONFIG_CLIENT && c->trust_later ? 0 : creds_trust(c, e, err);
}

static int load_status(struct engine *e, char const *name,
                       int (*add)(struct engine *, unsigned char const *, size_t), char const *what,
                       struct creds_error *err) {
    struct file f;
    if (read_file(AT_FDCWD, name, &f) < 0) return unreadable(err, name);
    int r = add(e, f.s, f.len);
    secret_free(f.s);
    return r < 0 ? invalid(err, what, name, engine_error(e)) : 0;
}

int creds_load_certificates(struct creds const *c, struct engine *e, struct creds_error *err) {
    struct creds_pair const *pair = genalloc_s(struct creds_pair, &c->pairs);
    unsigned int n = CONFIG_OWN_CERTS ? (unsigned int)genalloc_len(struct creds_pair, &c->pairs) : 0;
    for (unsigned int key = 0; key < n; key++)
        if (load_chain(e, key, pair + key, err) < 0) return -1;
    if (CONFIG_PEER_CERTS && anchors(c) && load_anchors(c, e, err) < 0) return -1;
    if (CONFIG_CRL && c->crlfile &&
        load_status(e, c->crlfile, engine_add_crls, "use revocation lists of ", err) < 0)
        return -1;
    return CONFIG_OCSP_STAPLE && c->ocspfile
               ? load_status(e, c->ocspfile, engine_set_staple, "use OCSP response ", err)
               : 0;
}
