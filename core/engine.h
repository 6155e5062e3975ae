/* engine: one TLS connection as a state machine over memory, TLS 1.2 and 1.3 (RFC 5246, RFC 8446).
 * Does no I/O: the caller feeds ciphertext in and takes it out, puts cleartext in and takes it out.
 *
 * Life: engine_new, the engine_add_* and engine_set_* calls and engine_trust, engine_start, engine_handshake until it is
 * not ENGINE_AGAIN, then engine_read and engine_write as often as wanted, engine_close_notify once,
 * engine_free. One implementation: engine_wolfssl*.c, the only files beside key_wolfssl.c that know the
 * library. */

#ifndef ENGINE_H
#define ENGINE_H

#include <stddef.h>
#include <sys/types.h>

#include "config.h"
#include "policy.h"
#include "signer.h"
#include "ticket.h"

struct engine;

enum engine_status {
    ENGINE_OK,     /* done */
    ENGINE_AGAIN,  /* more ciphertext is needed, or what waits to be sent must be taken first */
    ENGINE_CLOSED, /* the peer sent close_notify: it will send no more (RFC 8446 6.1) */
    ENGINE_EOF,    /* the transport ended between two records, with no close_notify */
    ENGINE_FAILED, /* fatal: engine_error says why; an alert for the peer may wait to be sent */
};

enum engine_verify { ENGINE_VERIFY_NONE, ENGINE_VERIFY_OPTIONAL, ENGINE_VERIFY_MANDATORY };

struct engine_config {
    int server;                /* 1: server side, 0: client side */
    enum engine_verify verify; /* the peer's certificate; OPTIONAL is for servers */
    char const *servername;    /* client: name or IP address to ask for and to verify, or 0 */
    int sni_required;          /* server: a client that names none of the named chains fails */
    int tickets; /* server: sessions can be resumed, by tickets that the sealer seals; not with VERIFY */
    struct policy const *policy; /* or 0: what is built in */
};

/* What the handshake came to. Strings live as long as the engine; 0: there is none. */
struct engine_info {
    char const *protocol; /* "TLSv1.2" or "TLSv1.3" */
    char const *cipher;   /* IANA name */
    char const *group;    /* of the key exchange, "X25519" */
    char const *sni; /* server: what the client named, client: what was sent; raw, may hold control bytes */
    char const *alpn;
    unsigned char const *peer; /* the peer's leaf certificate, DER */
    size_t peerlen;
    int resumed;
};

/* The library's version, when this was compiled and as it is now loaded. */
char const *engine_version_built(void);
char const *engine_version_running(void);
unsigned int engine_version_number(void); /* of the running one: 0x05009002 is 5.9.2 */

/* Asks the processor what it has, for this process and those that it forks later: what has assembly asks for much, and a
 * virtual machine takes its time to answer. */
void engine_ask_processor(void);

/* Set-up. engine_new returns 0 when there is no memory or the library fails. The others return 0, or -1 with
 * engine_error set. The engine copies what it is given, but for servername and
 * the policy's alpn. */
struct engine *engine_new(struct engine_config const *config);
void engine_free(struct engine *e);

/* The trust anchors that a file has, PEM, or its one in DER, to be used from engine_trust on. *count is raised by the number of
 * those that are kept: one that is not in time or is there already is not. After an error, those before it are. */
int engine_add_anchors(struct engine *e, unsigned char const *s, size_t len, unsigned int *count);

/* Makes use of them, which takes long for many. A client may do it as late as when it waits for the server's first answer: of
 * what comes before, nothing is verified. *count gets how many can be used; one that cannot ends it, but for pass_over or
 * one that is not in time; a lack of memory always does. */
int engine_trust(struct engine *e, int pass_over, unsigned int *count);

/* A certificate chain, PEM (leaf first) or DER (the leaf alone), whose key the signer knows as number key.
 * name is the server name it is for, "*.example.com" for any one label, or 0: for every other client.
 * Chains for the same name: first wins. */
int engine_add_chain(struct engine *e, char const *name, unsigned char const *s, size_t len,
                     unsigned int key);

/* Certificate revocation lists, PEM or DER, after engine_trust. From then on each certificate of a peer's chain must be found
 * good in one of its issuer. */
int engine_add_crls(struct engine *e, unsigned char const *s, size_t len);

/* A response of OCSP in DER, after the chains: it goes with the one that it is for, to clients that ask. */
int engine_set_staple(struct engine *e, unsigned char const *s, size_t len);

/* Whether it can be used with any of the chains: it is for it, in time, and signed by what can be verified: by what is above
 * it in the chain or, where clients are verified, by a trust anchor. */
int engine_staples(struct engine *e);

/* For a check: how many chains there are; certificate n of one (0: the leaf), appended to der: 1, or 0: there is none; whether
 * each certificate of it is valid and signed by the next one. */
unsigned int engine_chains(struct engine const *e);
int engine_chain_certificate(struct engine *e, unsigned int chain, unsigned int n, stralloc *der);
int engine_verify_chain(struct engine *e, unsigned int chain);

/* Who signs for the keys of the chains. */
void engine_set_signer(struct engine *e, signer_func *sign, void *data);

/* Who seals and opens tickets. */
void engine_set_sealer(struct engine *e, sealer_func *seal, void *data);

/* To be called after the last set-up and the last fork: seeds the generator, and takes the memory for what comes in. */
int engine_start(struct engine *e);

/* Ciphertext. engine_in_room: where up to *len bytes read from the network may be put, 0 with *len 0 when
 * it has enough for now. */
unsigned char *engine_in_room(struct engine *e, size_t *len);
void engine_in_commit(struct engine *e, size_t len);
void engine_in_eof(struct engine *e);
unsigned char const *engine_out(struct engine *e, size_t *len);
void engine_out_taken(struct engine *e, size_t len);

/* Returns ENGINE_OK, AGAIN or FAILED; a transport that ends in the handshake is FAILED. */
enum engine_status engine_handshake(struct engine *e);

/* Cleartext. engine_read puts 1 to len bytes at s, their number in *got, and returns ENGINE_OK; else
 * AGAIN, CLOSED, EOF or FAILED. EOF inside a record is FAILED. engine_write takes all of s (at most
 * ENGINE_WRITE_MAX bytes) and returns ENGINE_OK, or takes nothing: AGAIN (the caller repeats the same
 * bytes later); or FAILED, when some of them may be in records already. */
enum { ENGINE_WRITE_MAX = CONFIG_RECORD_SIZE };
enum engine_status engine_read(struct engine *e, char *s, size_t len, size_t *got);
enum engine_status engine_write(struct engine *e, char const *s, size_t len);

/* Queues our close_notify; once only. Nothing may be written afterwards. */
void engine_close_notify(struct engine *e);

/* After a successful handshake. */
void engine_get_info(struct engine *e, struct engine_info *info);
int engine_is_tls13(struct engine const *e);

/* Gives back the memory of what is empty, when nothing has moved for a while. It is had again without being asked for. */
void engine_rest(struct engine *e);

/* Whether the failure is a fatal alert that the peer sent. */
int engine_failed_by_peer(struct engine const *e);

/* Why the last call failed: one line without control bytes. */
char const *engine_error(struct engine const *e);

#endif
