/* creds: the keys, certificates and trust anchors that the environment names; the header says it. */

#include "creds.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/alloc.h>
#include <skalibs/djbunix.h>
#include <skalibs/env.h>
#include <skalibs/stralloc.h>

#include "config.h"

/* No key, chain or anchor is longer; a bundle of all the world's anchors is a quarter of this. */
enum { FILE_MAX = 1 << 20 };

/* ---- finding ---- */

static int not_set(struct creds_error *err, char const *variable) {
    *err = (struct creds_error){.what = "", .object = variable, .reason = "not set"};
    return -1;
}

static int add_pair(struct creds *c, char *name, char const *keyfile, char const *certfile) {
    struct creds_pair pair = {name, keyfile, certfile};
    return genalloc_append(struct creds_pair, &c->pairs, &pair) ? 0 : -1;
}

static int no_memory(struct creds_error *err) {
    *err = (struct creds_error){.what = "read the environment", .object = "", .errnum = ENOMEM};
    return -1;
}

/* A name of no file is none. */
static char const *file_of(char const *const *envp, char const *variable) {
    char const *value = env_get2(envp, variable);
    return value && *value ? value : 0;
}

static int find_plain(struct creds *c, char const *const *envp, struct creds_error *err) {
    char const *keyfile = file_of(envp, "KEYFILE"), *certfile = file_of(envp, "CERTFILE");
    if (!keyfile) return not_set(err, "KEYFILE");
    if (!certfile) return not_set(err, "CERTFILE");
    return add_pair(c, 0, keyfile, certfile) < 0 ? no_memory(err) : 0;
}

/* The value of the variable whose name is prefix and then the namelen bytes at name. */
static char const *value_of(char const *const *envp, char const *prefix, char const *name, size_t namelen) {
    size_t n = strlen(prefix);
    for (; *envp; envp++)
        if (!strncmp(*envp, prefix, n) && !strncmp(*envp + n, name, namelen) && (*envp)[n + namelen] == '=')
            return *envp + n + namelen + 1;
    return 0;
}

/* In the environment a name ends with an equals sign. */
static char *name_copy(char const *prefix, char const *name, size_t namelen) {
    stralloc sa = STRALLOC_ZERO;
    return stralloc_cats(&sa, prefix) && stralloc_catb(&sa, name, namelen) && stralloc_0(&sa) ? sa.s : 0;
}

/* Goes through the variables prefix:x, whose other halves are other:x, and adds the pairs if add. */
static int each_named(struct creds *c, char const *const *envp, char const *prefix, char const *other,
                      int add, struct creds_error *err) {
    size_t n = strlen(prefix);
    for (char const *const *v = envp; *v; v++) {
        char const *equals = strchr(*v, '='), *name = *v + n;
        if (!equals || strncmp(*v, prefix, n) || equals == name) continue;
        char const *value = value_of(envp, other, name, (size_t)(equals - name));
        char const *missing = !equals[1] ? prefix : !value || !*value ? other : 0;
        if (!missing && !add) continue;
        char *copy = name_copy(missing ? missing : "", name, (size_t)(equals - name));
        if (!copy || (!missing && add_pair(c, copy, equals + 1, value) < 0)) return no_memory(err);
        if (missing) return not_set(err, copy);
    }
    return 0;
}

static int find_named(struct creds *c, char const *const *envp, struct creds_error *err) {
    static char const key[] = "KEYFILE:", cert[] = "CERTFILE:";
    return each_named(c, envp, cert, key, 0, err) < 0 ? -1 : each_named(c, envp, key, cert, 1, err);
}

int creds_find_pairs(struct creds *c, char const *const *envp, int plain, int named,
                     struct creds_error *err) {
    if (plain && find_plain(c, envp, err) < 0) return -1;
    if (CONFIG_SNI_CERTS && named && find_named(c, envp, err) < 0) return -1;
    return genalloc_len(struct creds_pair, &c->pairs) ? 0 : not_set(err, "any KEYFILE:x");
}

int creds_find_anchors(struct creds *c, char const *const *envp, struct creds_error *err) {
    c->cadir = file_of(envp, "CADIR");
    c->cafile = file_of(envp, "CAFILE");
    return c->cadir || c->cafile ? 0 : not_set(err, "CADIR or CAFILE");
}

/* ---- loading ---- */

static int invalid(struct creds_error *err, char const *what, char const *file, char const *reason) {
    *err = (struct creds_error){.what = what, .object = file, .reason = reason};
    return -1;
}

static int unreadable(struct creds_error *err, char const *file) {
    *err = (struct creds_error){.what = "read ", .object = file, .errnum = errno};
    return -1;
}

/* A FIFO or a device would hold us up for ever: O_NONBLOCK, and regular files only. The bytes end at
 * sa->len; sa was empty. */
static int read_file(int dirfd, char const *file, stralloc *sa, struct stat *st) {
    int fd = openat(dirfd, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return -1;
    int ok = fstat(fd, st) == 0;
    if (ok && !S_ISREG(st->st_mode)) {
        ok = 0;
        errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
    } else if (ok && st->st_size > FILE_MAX) {
        ok = 0;
        errno = EFBIG;
    }
    ok = ok && stralloc_ready(sa, 1) && slurp(sa, fd); /* an empty file is a string too */
    int e = errno;
    fd_close(fd);
    errno = e;
    return ok ? 0 : -1;
}

/* All of it: stralloc keeps what it has when it grows no more. */
static void wipe(stralloc *sa) {
    if (sa->s) explicit_bzero(sa->s, sa->a);
    stralloc_free(sa);
}

static int load_key(struct keyring *ring, char const *file, struct creds_error *err, stralloc *exposed) {
    stralloc sa = STRALLOC_ZERO;
    struct stat st;
    char const *why;
    /* room first: growing would leave pieces of the key in freed memory */
    if (!stralloc_ready(&sa, FILE_MAX / 16) || read_file(AT_FDCWD, file, &sa, &st) < 0) {
        wipe(&sa);
        return unreadable(err, file);
    }
    int key = keyring_add(ring, (unsigned char const *)sa.s, sa.len, &why);
    wipe(&sa);
    if (key < 0) return invalid(err, "use key file ", file, why);
    if (st.st_mode & S_IROTH && !(stralloc_cats(exposed, " ") && stralloc_cats(exposed, file)))
        return no_memory(err);
    return key;
}

static int load_chain(struct engine *e, struct keyring *ring, unsigned int key, struct creds_pair const *pair,
                      struct creds_error *err) {
    stralloc sa = STRALLOC_ZERO;
    struct stat st;
    int r = 0;
    if (read_file(AT_FDCWD, pair->certfile, &sa, &st) < 0)
        r = unreadable(err, pair->certfile);
    else if (engine_add_chain(e, pair->name, (unsigned char const *)sa.s, sa.len, key) < 0)
        r = invalid(err, "use certificate file ", pair->certfile, engine_error(e));
    else if (!keyring_matches(ring, key, (unsigned char const *)sa.s, sa.len))
        r = invalid(err, "use certificate file ", pair->certfile, "its key is not the one in the key file");
    stralloc_free(&sa);
    return r;
}

static int load_cafile(struct engine *e, char const *file, unsigned int *count, struct creds_error *err) {
    stralloc sa = STRALLOC_ZERO;
    struct stat st;
    int r = 0;
    if (read_file(AT_FDCWD, file, &sa, &st) < 0)
        r = unreadable(err, file);
    else if (engine_add_anchors(e, (unsigned char const *)sa.s, sa.len, count) < 0)
        r = invalid(err, "use trust anchors of ", file, engine_error(e));
    stralloc_free(&sa);
    return r;
}

/* What is no certificate is passed over: such directories hold READMEs and dangling links. */
static int load_cadir(struct engine *e, char const *path, unsigned int *count, struct creds_error *err) {
    DIR *dir = opendir(path);
    if (!dir) return unreadable(err, path);
    for (struct dirent *d; errno = 0, (d = readdir(dir));) {
        stralloc sa = STRALLOC_ZERO;
        struct stat st;
        if (d->d_name[0] != '.' && !read_file(dirfd(dir), d->d_name, &sa, &st))
            engine_add_anchors(e, (unsigned char const *)sa.s, sa.len, count);
        stralloc_free(&sa);
    }
    int failed = errno;
    closedir(dir);
    errno = failed;
    return failed ? unreadable(err, path) : 0;
}

static int load_anchors(struct creds const *c, struct engine *e, struct creds_error *err) {
    unsigned int count = 0;
    char const *path = c->cadir ? c->cadir : c->cafile;
    if ((c->cadir ? load_cadir : load_cafile)(e, path, &count, err) < 0) return -1;
    return count ? 0 : invalid(err, "use trust anchors of ", path, "there is no valid certificate in it");
}

int creds_load(struct creds const *c, struct keyring *ring, struct engine *e, struct creds_error *err,
               stralloc *exposed) {
    struct creds_pair const *pair = genalloc_s(struct creds_pair, &c->pairs);
    for (size_t n = CONFIG_OWN_CERTS ? genalloc_len(struct creds_pair, &c->pairs) : 0; n; n--, pair++) {
        int key = load_key(ring, pair->keyfile, err, exposed);
        if (key < 0 || load_chain(e, ring, (unsigned int)key, pair, err) < 0) return -1;
    }
    return CONFIG_PEER_CERTS && (c->cadir || c->cafile) ? load_anchors(c, e, err) : 0;
}

void creds_free(struct creds *c) {
    for (size_t i = 0; i < genalloc_len(struct creds_pair, &c->pairs); i++)
        alloc_free(genalloc_s(struct creds_pair, &c->pairs)[i].name);
    genalloc_free(struct creds_pair, &c->pairs);
}
