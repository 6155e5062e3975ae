/* creds: the keys, certificates and trust anchors that the environment names: which they are, and reading
 * them. Takes no decision on what they are used for. */

#ifndef CREDS_H
#define CREDS_H

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include "engine.h"
#include "keyring.h"

struct creds_pair {
    char *name; /* the x of KEYFILE:x, or 0 for the plain pair; the pair's own */
    char const *keyfile;
    char const *certfile;
};

struct creds {
    genalloc pairs;         /* struct creds_pair; files point into the environment */
    char const *cadir;      /* or 0 */
    char const *cafile;     /* or 0; not read when cadir is set */
    int trust_later;        /* a client without crlfile: creds_trust is left to the caller */
    char const *ticketfile; /* the keys for tickets, or 0 */
    int ticketfd;           /* else where they are (ticketfd.h), or -1; the caller's to close */
    char const *crlfile;    /* revocation lists, or 0 */
    char const *ocspfile;   /* a response of OCSP for one of the pairs, or 0 */
};

/* Why something failed: what (a verb and so on), the file or variable it is about, the reason. errnum 0:
 * reason is text. */
struct creds_error {
    char const *what;
    char const *object;
    char const *reason;
    int errnum;
};

/* Finds the plain pair and the named ones in envp, as wanted. Returns 0, or -1 with the unset or useless
 * variable in err. */
int creds_find_pairs(struct creds *c, char const *const *envp, int plain, int named, struct creds_error *err);

/* Whether one of the pairs is for a name. */
int creds_has_named(struct creds const *c);

/* Finds CADIR or CAFILE. */
int creds_find_anchors(struct creds *c, char const *const *envp, struct creds_error *err);

/* Finds TLS_TICKETKEYS, which may be absent or empty, and without it TLS_TICKETFD; an fd that is not wanted is closed. */
int creds_find_tickets(struct creds *c, char const *const *envp, int wanted, struct creds_error *err);

/* Closes the fd of TLS_TICKETFD, if there is one: in each process that has no more use for the keys. */
void creds_close_tickets(struct creds const *c);

/* Reads the keys into the ring, which is new: they get the numbers of their pairs, from 0, and each must be that of its
 * certificate; and the keys for tickets. Returns 0, or -1 with err. The names of the key files that others than their
 * owner and group may read are appended to exposed, each with a space before it. */
int creds_load_keys(struct creds const *c, struct keyring *ring, struct creds_error *err, stralloc *exposed);

/* Finds CRLFILE; OCSPFILE. Where they are not built in, a variable that is set is an error. */
int creds_find_crl(struct creds *c, char const *const *envp, struct creds_error *err);
int creds_find_staple(struct creds *c, char const *const *envp, struct creds_error *err);

/* Reads the certificates, trust anchors, revocation lists and the response into the engine. Returns 0, or -1 with err. No key
 * stays in memory, not even one that is in the same file. */
int creds_load_certificates(struct creds const *c, struct engine *e, struct creds_error *err);

/* Has the engine make use of the anchors that have been read into it, which takes it long. Returns 0, or -1 with err. */
int creds_trust(struct creds const *c, struct engine *e, struct creds_error *err);

void creds_free(struct creds *c);

#endif
