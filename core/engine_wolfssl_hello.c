/* engine_wolfssl_hello: a client's first flight, read before the library sees it, and what it decides.
 * Must not let the library have a ClientHello that has not been read here. */

#include "engine_wolfssl.h"

#include "hostname.h"

/* What the library takes for a record, at most; it refuses what is longer. */
enum { RECORD_HEADER = 5, RECORD_MAX = 16384 + 256 };

enum { RECORD_HANDSHAKE = 22, CLIENT_HELLO = 1 };

/* For a client whose first flight the library is not shown. why 0: the reason is set already. */
static enum engine_status refuse(struct engine *e, int alert, char const *why) {
    engine_wolfssl_alert(e, alert);
    if (why) engine_fail(e, why, (char *)0);
    return ENGINE_FAILED;
}

/* Without a key exchange the library would resume too; an odd ticket it reads as far as that says; and for one of TLS 1.2 that
 * is longer than its own, as another server's may be, it would end the handshake. It is not to heed that one; it may still
 * give another, in TLS 1.3. */
static void note_resumption(struct engine *e, struct clienthello const *h) {
    e->psk_dhe = h->offers_psk_dhe && h->has_key_share;
    e->odd_identity = h->odd_identity;
    if (engine_wolfssl_has_tickets(e) && h->ticket && !engine_wolfssl_opens(e, h->ticket, h->ticketlen))
        engine_wolfssl_ignore_tickets(e);
}

static struct chain const *choose_chain(struct engine *e, char const *name) {
    struct chain const *c = genalloc_s(struct chain, &e->chains);
    size_t n = genalloc_len(struct chain, &e->chains), len = name ? strlen(name) : 0;
    struct chain const *wild = 0, *fallback = 0;
    char ip[16];
    if (name && hostname_ip(name, ip)) name = 0;
    for (; n; n--, c++) {
        if (!c->name)
            fallback = fallback ? fallback : c;
        else if (!CONFIG_SNI_CERTS || !name || !hostname_matches(c->name, strlen(c->name), name, len))
            continue;
        else if (c->name[0] != '*')
            return c;
        else
            wild = wild ? wild : c;
    }
    return wild ? wild : fallback;
}

/* The library wants the header of a handshake message in one record. Record boundaries are not in the
 * transcript. */
static void join_records(struct engine *e, struct clienthello const *h) {
    unsigned char const header[] = {RECORD_HANDSHAKE, 3, 1, (unsigned char)(h->len >> 8),
                                    (unsigned char)h->len};
    if (h->nrecords == 1) return;
    queue_drop(&e->in, h->used - sizeof header - h->len);
    memcpy(queue_s(&e->in), header, sizeof header);
    memcpy(queue_s(&e->in) + sizeof header, h->message, h->len);
}

/* What the ClientHello decides: the chain, which cannot change to a key of another type later (TLS 1.2),
 * the group and the application protocol. */
static enum engine_status take_hello(struct engine *e, struct clienthello const *h) {
    struct chain const *c = choose_chain(e, h->named ? h->name : 0);
    memcpy(e->sni, h->name, sizeof e->sni);
    e->named = h->named;
    if (!c || (e->config.sni_required && !c->name))
        return refuse(e, ALERT_UNRECOGNIZED_NAME,
                      h->named ? "no certificate for the server name that the client asks for"
                               : "client asks for no server name");
    if (c != e->chain && engine_wolfssl_use_chain(e, c) < 0) return refuse(e, ALERT_INTERNAL_ERROR, 0);
    note_resumption(e, h);
    if (!e->ssl && engine_wolfssl_make_object(e) < 0) return refuse(e, ALERT_INTERNAL_ERROR, 0);
    if (!engine_wolfssl_choose_group(e, h))
        return refuse(e, ALERT_HANDSHAKE_FAILURE, "no key exchange group in common");
    if (h->asks_status == 1) engine_wolfssl_staple(e, c);
    int chosen = engine_wolfssl_choose_protocol(e, h);
    if (chosen < 0) return refuse(e, ALERT_INTERNAL_ERROR, 0);
    if (!chosen) return refuse(e, ALERT_NO_APPLICATION_PROTOCOL, "no application protocol in common");
    return ENGINE_OK;
}

/* After a HelloRetryRequest (RFC 8446 4.1.2). The library would look at this one as it came. */
static int is_same_client(struct engine const *e, struct clienthello const *h) {
    char alpn[ALPN_NAME_MAX + 1] = "";
    if (h->named != e->named || strcmp(h->name, e->sni)) return 0;
    if (CONFIG_ALPN && e->policy.alpn && h->alpn) alpn_choose(alpn, e->policy.alpn, h->alpn, h->alpnlen);
    return !strcmp(alpn, e->alpn);
}

static enum engine_status take_second_hello(struct engine *e, struct clienthello const *h) {
    note_resumption(e, h);
    return is_same_client(e, h) ? ENGINE_OK
                                : refuse(e, ALERT_ILLEGAL_PARAMETER,
                                         "client asks for something else in its second ClientHello");
}

/* A client that has TLS 1.3 may be asked to send another one. */
static enum engine_status take_any_hello(struct engine *e, struct clienthello const *h) {
    if (!h->used)
        return refuse(e, ALERT_UNEXPECTED_MESSAGE, "client does not wait for the answer to its ClientHello");
    enum engine_status s = e->hello_read ? take_second_hello(e, h) : take_hello(e, h);
    if (s != ENGINE_OK) return s;
    join_records(e, h);
    e->allowed = RECORD_HEADER + h->len;
    if (e->hello_read || !h->offers_tls13 || e->policy.max < POLICY_TLS13) e->hellos_read = 1;
    e->hello_read = 1;
    return ENGINE_OK;
}

static enum engine_status read_hello(struct engine *e) {
    struct clienthello h;
    switch (clienthello_read(&h, (unsigned char const *)queue_s(&e->in), queue_len(&e->in))) {
    case CLIENTHELLO_OK: return take_any_hello(e, &h);
    case CLIENTHELLO_BAD: return refuse(e, h.alert, h.why);
    default:
        if (queue_len(&e->in) >= ENGINE_IN_MAX)
            return refuse(e, ALERT_DECODE_ERROR, "client sends a ClientHello in too many records");
        return ENGINE_AGAIN;
    }
}

/* A record that begins no ClientHello is the library's as a whole. */
static enum engine_status read_record(struct engine *e) {
    unsigned char const *s = (unsigned char const *)queue_s(&e->in);
    size_t have = queue_len(&e->in);
    if (have <= RECORD_HEADER) return have ? ENGINE_AGAIN : ENGINE_OK;
    size_t len = (size_t)s[3] << 8 | s[4];
    if (s[0] == RECORD_HANDSHAKE && len && s[RECORD_HEADER] == CLIENT_HELLO) return read_hello(e);
    if (len > RECORD_MAX) {
        e->hellos_read = 1;
        return ENGINE_OK;
    }
    if (have < RECORD_HEADER + len) return ENGINE_AGAIN;
    e->allowed = RECORD_HEADER + len;
    return ENGINE_OK;
}

enum engine_status engine_wolfssl_read_hellos(struct engine *e) {
    if (e->hellos_read || e->allowed) return ENGINE_OK;
    return e->hello_read ? read_record(e) : read_hello(e);
}
