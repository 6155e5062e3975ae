/* engine_wolfssl_ticket: sessions that outlive the process, as tickets that their clients keep.
 * Never sees a key for tickets. */

#include "engine_wolfssl.h"

#include <wolfssl/wolfcrypt/sha256.h>

#include <skalibs/bytestr.h>

#if CONFIG_TICKETS

#ifndef HAVE_SESSION_TICKET
/* cppcheck-suppress preprocessorErrorDirective ; it does not read the library's headers */
#error "this wolfSSL has no session tickets: set CONFIG_TICKETS to n"
#endif

/* Each part after its length, so that no two lists of parts are one text. */
static int add(wc_Sha256 *h, void const *s, size_t len) {
    unsigned char const n[] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16),
                               (unsigned char)(len >> 8), (unsigned char)len};
    return wc_Sha256Update(h, n, sizeof n) || wc_Sha256Update(h, s, (word32)len);
}

/* The numbers in the network's order: hosts that share a key may differ in theirs. */
static int add_list(wc_Sha256 *h, struct policy_list const *list) {
    unsigned char s[2 * POLICY_LIST_MAX];
    for (size_t i = 0; i < list->n; i++) {
        s[2 * i] = (unsigned char)(list->ids[i] >> 8);
        s[2 * i + 1] = (unsigned char)list->ids[i];
    }
    return add(h, s, 2 * (size_t)list->n);
}

static int add_policy(wc_Sha256 *h, struct policy const *p) {
    unsigned char const versions[] = {(unsigned char)p->min, (unsigned char)p->max};
    char const *alpn = p->alpn ? p->alpn : "";
    return add(h, versions, sizeof versions) || add_list(h, &p->suites) || add_list(h, &p->groups) ||
           add(h, alpn, strlen(alpn));
}

/* A session is resumed under the name, the certificate and the policy that it was made under, or not at all: the library
 * would take another host's (5.5.4, 5.7.2). And by the same version of the library, built alike: in another its state has
 * another length. */
static int purpose_of(struct engine const *e, unsigned char out[TICKET_PURPOSE]) {
    char name[sizeof e->sni];
    size_t len = e->named ? strlen(e->sni) : 0;
    char const *library = engine_version_running();
    unsigned char const built[] = {CONFIG_WOLFSSL_SOURCE, CONFIG_ALPN};
    wc_Sha256 h;
    memcpy(name, e->sni, len);
    case_lowerb(name, len);
    if (!e->chain || wc_InitSha256(&h)) return -1;
    int failed = add(&h, library, strlen(library)) || add(&h, built, sizeof built) ||
                 add_policy(&h, &e->policy) || add(&h, e->chain->certs.s, e->chain->certs.len) ||
                 add(&h, name, len) || wc_Sha256Final(&h, out);
    wc_Sha256Free(&h);
    return failed ? -1 : 0;
}

static int seal_or_open(struct engine *e, enum ticket_op op, struct ticket *t) {
    unsigned char purpose[TICKET_PURPOSE];
    return !e->seal || purpose_of(e, purpose) < 0 ? -1 : e->seal(e->seal_data, op, purpose, t);
}

/* Without a key exchange of its own, a resumed session would be open to whoever gets the ticket's key later. */
static int is_refused(struct engine const *e, WOLFSSL *ssl) {
    return e->odd_identity || (wolfSSL_version(ssl) == TLS1_3_VERSION && !e->psk_dhe);
}

/* A session has as many tickets as there are nonces for them (RFC 8446 4.6.1), of one byte here: with one more, the library
 * would end the handshake (5.9.2), or take a nonce twice (5.5.4). Behind its state, a ticket has how many there were before; of
 * several that open, nobody tells which one is taken, and the most counts. */
enum { TICKETS_BEFORE_MAX = 255 };

static int may_have_another(struct engine *e, struct ticket const *t) {
    int before = t->state[t->len - 1];
    if (before == TICKETS_BEFORE_MAX) return 0;
    if (before >= e->tickets_before) e->tickets_before = before + 1;
    return 1;
}

/* A SessionTicketEncCb. */
static int ticket(WOLFSSL *ssl, unsigned char name[WOLFSSL_TICKET_NAME_SZ],
                  unsigned char iv[WOLFSSL_TICKET_IV_SZ], unsigned char mac[WOLFSSL_TICKET_MAC_SZ], int enc,
                  unsigned char *s, int len, int *outlen, void *data) {
    struct engine *e = data;
    struct ticket t;
    int sealed = enc ? len + 1 : len;
    if (len < 1 || sealed > *outlen || (size_t)sealed > sizeof t.state || (!enc && is_refused(e, ssl)))
        return enc ? WOLFSSL_TICKET_RET_FATAL : WOLFSSL_TICKET_RET_REJECT;
    memcpy(t.name, name, sizeof t.name);
    memcpy(t.salt, iv, sizeof t.salt);
    memcpy(t.mac, mac, sizeof t.mac);
    memset(t.state, 0, sizeof t.state);
    memcpy(t.state, s, (size_t)len);
    if (enc) t.state[len] = (unsigned char)e->tickets_before;
    t.len = (uint32_t)sealed;
    int r = seal_or_open(e, enc ? TICKET_SEAL : TICKET_OPEN, &t);
    if (r > 0 && !enc) r = may_have_another(e, &t);
    if (r > 0) {
        memcpy(name, t.name, sizeof t.name);
        memcpy(iv, t.salt, sizeof t.salt);
        memcpy(mac, t.mac, sizeof t.mac);
        memcpy(s, t.state, (size_t)sealed);
        *outlen = enc ? sealed : sealed - 1;
    }
    explicit_bzero(&t, sizeof t);
    return r > 0 ? WOLFSSL_TICKET_RET_OK : r ? WOLFSSL_TICKET_RET_FATAL : WOLFSSL_TICKET_RET_REJECT;
}

int engine_wolfssl_opens(struct engine *e, unsigned char const *ticket, size_t len) {
    struct ticket t;
    int opens = ticket_take(&t, ticket, len) && seal_or_open(e, TICKET_OPEN, &t) > 0;
    explicit_bzero(&t, sizeof t);
    return opens;
}

void engine_wolfssl_heed_tickets(struct engine *e) {
    wolfSSL_CTX_set_TicketEncCb(e->ctx, ticket);
}

void engine_wolfssl_set_tickets(struct engine *e) {
    engine_wolfssl_heed_tickets(e);
    wolfSSL_CTX_set_TicketEncCtx(e->ctx, e);
    wolfSSL_CTX_set_TicketHint(e->ctx, CONFIG_TICKET_LIFETIME);
    wolfSSL_CTX_set_timeout(e->ctx, CONFIG_TICKET_LIFETIME);
#ifdef WOLFSSL_EARLY_DATA
    wolfSSL_CTX_set_max_early_data(e->ctx, 0); /* by default some offer 0-RTT: what anybody can replay */
#endif
}

void engine_set_sealer(struct engine *e, sealer_func *seal, void *data) {
    e->seal = seal;
    e->seal_data = data;
}

#endif
