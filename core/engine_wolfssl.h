/* engine_wolfssl: what the files of the wolfSSL engine share.
 * Not to be included by anything else. */

#ifndef ENGINE_WOLFSSL_H
#define ENGINE_WOLFSSL_H

#include "config.h"

/* Which parts the library has: first of its headers. */
#if CONFIG_WOLFSSL_SOURCE
#include "user_settings.h"
#else
#include <wolfssl/options.h>
#endif

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include <skalibs/genalloc.h>

#include "alpn.h"
#include "clienthello.h"
#include "der.h"
#include "engine.h"
#include "queue.h"
#include "recordpos.h"

/* What comes in and is not read yet: a record and a half, so that one more read always completes a record. */
enum { ENGINE_IN_MAX = 32768 };

/* A certificate chain that waits to be chosen. */
struct chain {
    char *name;       /* 0: for every other client */
    struct der certs; /* one after the other (certs.h), the leaf first; it owns them */
    unsigned int key;
};

struct engine {
    struct engine_config config;
    struct policy policy;
    WOLFSSL_CTX *ctx;
    WOLFSSL *ssl;
    signer_func *sign;
    void *sign_data;
    sealer_func *seal;
    void *seal_data;
    stralloc anchors;          /* DER (certs.h), until the library has them */
    genalloc anchor_ends;      /* size_t: where in these each ends */
    genalloc chains;           /* struct chain */
    struct chain const *chain; /* the chosen one, or 0 */
    struct queue in;
    struct queue out;
    struct recordpos inpos;
    struct recordpos outpos;
    uint64_t written; /* cleartext */
    stralloc staple;  /* a response of OCSP, DER; empty: none */
    stralloc peer;    /* the leaf of the peer, DER; empty: it sent none */
    int in_eof;
    int named;       /* server: sni holds what the client asked for */
    int hello_read;  /* server: the first ClientHello is */
    int hellos_read; /* server: no other one can come */
    size_t allowed;  /* server: what the library may take of in, until then */
    int name_verified;
    int psk_dhe;        /* server: the client resumes with a key exchange of its own (TLS 1.3) */
    int odd_identity;   /* server: of what the client would resume by, one is not as long as it says */
    int tickets_before; /* server: that the session has had, 0 to 255 */
    int close_sent;
    int close_received;
    int failed;
    int failed_by_peer;
    int verify_error; /* the library's, of the first certificate that did not verify; 0: none */
    int verify_depth;
    stralloc verify_detail; /* which certificate that is, one line without control bytes; empty: unknown */
    char sni[256];
    char alpn[ALPN_NAME_MAX + 1]; /* the protocol that was agreed on; "": none */
    char error[768];
};

/* Which side it is on. Where only one is built in, the compiler knows, and leaves out what the other needs: a
 * function would have to be optimised for that, and a library from source has but the one side. */
#define engine_wolfssl_is_server(e) (CONFIG_SERVER && (!CONFIG_CLIENT || (e)->config.server))

/* Whether a server gives tickets and takes them. A resumed session would have lost the client's certificate. */
#define engine_wolfssl_has_tickets(e)                                                                        \
    (CONFIG_TICKETS && (e)->config.tickets && (e)->config.verify == ENGINE_VERIFY_NONE)

/* Sets the reason: the words given, up to a null pointer, are put together; control bytes are replaced.
 * Returns -1. */
int engine_fail(struct engine *e, char const *first, ...) __attribute__((sentinel));

int engine_fail_memory(struct engine *e);

/* The same from the library's error number. */
int engine_fail_code(struct engine *e, char const *doing, int code);

/* The same for a handshake: an alert that the library passed over counts. */
int engine_fail_handshake(struct engine *e, int code);

/* The object of the connection, once the context has all it needs, in engine_wolfssl.c */
int engine_wolfssl_make_object(struct engine *e);

/* Queues a fatal alert that the library does not send. */
void engine_wolfssl_alert(struct engine *e, int alert);

/* Set-up, in engine_wolfssl_setup.c */
int engine_wolfssl_make_ctx(struct engine *e);
int engine_wolfssl_use_chain(struct engine *e, struct chain const *c);

/* Versions, suites, groups and protocols, in engine_wolfssl_policy.c */
WOLFSSL_METHOD *engine_wolfssl_method(struct engine const *e);
int engine_wolfssl_set_policy(struct engine *e);

/* Where the library would take the client's first group, makes it take ours. Returns 0 when there is none
 * in common. */
int engine_wolfssl_choose_group(struct engine *e, struct clienthello const *h);

/* A server chooses one protocol of those that the client offers, if both have any. Returns 0 when there is none in common,
 * or -1 with the reason. */
int engine_wolfssl_choose_protocol(struct engine *e, struct clienthello const *h);

/* A client offers its protocols; when the handshake is done, sees that the server's is one of them. Each returns 0, or -1
 * with the reason. */
int engine_wolfssl_offer_protocols(struct engine *e);
int engine_wolfssl_check_protocol(struct engine *e);

/* A server's ClientHellos, in engine_wolfssl_hello.c: reads what the library may be shown, before it is. */
enum engine_status engine_wolfssl_read_hellos(struct engine *e);

/* For this chain, makes the library staple what it is asked for, in engine_wolfssl_status.c. Returns 1, or 0: it does not. */
int engine_wolfssl_staple(struct engine *e, struct chain const *c);

/* Whether there is randomness to be had, in engine_wolfssl_random.c */
int engine_wolfssl_has_random(void);

/* Resumption, in engine_wolfssl_ticket.c: whether the library opens and gives tickets or, in engine_wolfssl_setup.c, neither. */
void engine_wolfssl_set_tickets(struct engine *e);
void engine_wolfssl_heed_tickets(struct engine *e);
void engine_wolfssl_ignore_tickets(struct engine *e);

/* Whether a ticket of TLS 1.2, as it came, is one of ours and opens, in engine_wolfssl_ticket.c */
int engine_wolfssl_opens(struct engine *e, unsigned char const *ticket, size_t len);

/* Has the library forget them, in engine_wolfssl_anchors.c */
void engine_wolfssl_forget_anchors(struct engine *e);

/* Signing, in engine_wolfssl_sign.c */
void engine_wolfssl_set_callbacks(struct engine *e);
void engine_wolfssl_bind_signer(struct engine *e);

/* The peer's certificate, in engine_wolfssl_verify.c */
void engine_wolfssl_set_verify(struct engine *e);
/* To be called when the handshake is done: keeps the peer's leaf and makes sure of its name. */
int engine_wolfssl_check_peer(struct engine *e);

#endif
