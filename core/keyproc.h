/* keyproc: the process that holds the private keys, and what may be asked of it over a socketpair (SOCK_SEQPACKET).
 * The process that asks is the one that faces the network: nothing of what it sends is trusted, and nothing is
 * answered that is not listed here.
 *
 * First, from the key process: one report. Then requests and a reply to each, in the order of a handshake: tickets to
 * open, as many as are allowed; one signature, after a HelloRetryRequest too; one ticket to seal. Where there are no keys
 * for tickets, the signature is all. What comes out of this order, or is no request, ends it without a reply. */

#ifndef KEYPROC_H
#define KEYPROC_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/tai.h>

#include "creds.h"
#include "ids.h"
#include "keyring.h"

/* All that can be asked for, in the order in which it may be. */
enum keyproc_op {
    KEYPROC_OPEN = 1,
    KEYPROC_SIGN,
    KEYPROC_SEAL,
};

enum {
    KEYPROC_OPENS = 2,     /* before the library does (TLS 1.2), after a HelloRetryRequest (TLS 1.3) */
    KEYPROC_CONTENT = 256, /* bytes for Ed25519 to sign, but for clients (RFC 5246 7.4.8) */
    KEYPROC_TEXT = 8192,
};

/* What is to be sealed or opened. */
struct keyproc_ticket {
    unsigned char purpose[TICKET_PURPOSE];
    struct ticket ticket;
};

/* A message: the struct up to and with the len bytes at in. */
struct keyproc_request {
    uint32_t op;     /* enum keyproc_op */
    uint32_t key;    /* to sign with; else 0 */
    uint32_t scheme; /* enum sign_scheme, to sign by; else 0 */
    uint32_t len;
    union {
        unsigned char in[SIGN_CONTENT_MAX];
        struct keyproc_ticket sealed;
    };
};

/* Always a message of this size. A ticket that does not open is a reply of length 0. */
struct keyproc_reply {
    uint32_t len;
    union {
        unsigned char out[SIGN_OUTPUT_MAX];
        struct ticket ticket;
    };
};

/* Whether the keys could be read. A message: the struct up to and with the null byte of text. */
struct keyproc_report {
    uint32_t code; /* 0: ready; else what to exit with */
    char text[KEYPROC_TEXT];
};

/* ---- the key process ---- */

/* The one parser: whether the message of len bytes, of which q holds the header and at most content_max more, is a
 * request that may be answered. content_max is the most that Ed25519 signs, and no less than any digest. Returns 0, or
 * why not, a static text. */
char const *keyproc_refuses(struct keyproc_request const *q, size_t len, size_t content_max);

/* Answers what may be asked on fd, until it is spent or the other end is closed. Returns 0, or why it answers no more,
 * a static text. */
char const *keyproc_serve(int fd, struct keyring *ring, size_t content_max);

struct keyproc_task {
    int fd; /* to the process that asks */
    int server;
    unsigned int verbosity;
    struct creds const *creds;
    struct ids const *ids; /* what it becomes once it has read the keys */
};

/* What the key process does, right after the fork. */
void keyproc_run(struct keyproc_task const *task) __attribute__((noreturn));

/* ---- the process that asks ---- */

struct keyproc {
    int fd;              /* to the key process; -1: there is none */
    tain deadline;       /* for all that it does */
    unsigned int opened; /* tickets, one of ours or not */
    char const *why;
};

/* Waits for the report. Returns its code, or -1 with why: there is none. */
int keyproc_await(struct keyproc *k, struct keyproc_report *r);

/* A signer_func; data is the struct keyproc. After -1, why says what happened. */
int keyproc_sign(void *data, unsigned int key, enum sign_scheme scheme, unsigned char const *in, size_t inlen,
                 unsigned char *out, size_t *outlen);

/* A sealer_func; data is the struct keyproc. More tickets than KEYPROC_OPENS are none of ours. */
int keyproc_ticket(void *data, enum ticket_op op, unsigned char const *purpose, struct ticket *t);

/* Closes fd: the key process ends. */
void keyproc_close(struct keyproc *k);

#endif
