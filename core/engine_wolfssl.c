/* engine_wolfssl: the engine's life on wolfSSL: handshake, reading, writing, closing.
 * Must not touch a file descriptor: the library's I/O goes to and from two queues. */

#include "engine_wolfssl.h"

#include <malloc.h>
#include <time.h>

#include <wolfssl/wolfcrypt/ecc.h>

#include <skalibs/alloc.h>

#include "hostname.h"

/* Above this much unsent output nothing more is read: a peer that makes us answer (KeyUpdate) and takes no
 * answer must wait. */
enum { OUT_MAX = 65536 };

/* The library asks for a record's header, then for its body. It is not told of the transport's end: it
 * would not send our close_notify after that. */
static int receive(WOLFSSL *ssl, char *buf, int size, void *data) {
    struct engine *e = data;
    size_t n = queue_len(&e->in);
    (void)ssl;
    if (engine_wolfssl_is_server(e) && !e->hellos_read && n > e->allowed) n = e->allowed;
    if (!n || queue_len(&e->out) > OUT_MAX) return WOLFSSL_CBIO_ERR_WANT_READ;
    if (n > (size_t)size) n = (size_t)size;
    e->allowed -= n < e->allowed ? n : e->allowed;
    memcpy(buf, queue_s(&e->in), n);
    recordpos_advance(&e->inpos, (unsigned char const *)queue_s(&e->in), n);
    queue_drop(&e->in, n);
    return (int)n;
}

/* Takes everything, always: wolfSSL 5.5 to 5.9 lose or double data when this answers WANT_WRITE. */
static int send_out(WOLFSSL *ssl, char *buf, int size, void *data) {
    struct engine *e = data;
    (void)ssl;
    if (e->close_sent) return size; /* an answer to a KeyUpdate, an alert: too late (RFC 8446 6.1) */
    recordpos_advance(&e->outpos, (unsigned char const *)buf, (size_t)size);
    return queue_put(&e->out, buf, (size_t)size) ? size : WOLFSSL_CBIO_ERR_GENERAL;
}

struct engine *engine_new(struct engine_config const *config) {
    struct engine *e = alloc(sizeof *e);
    if (!e || !engine_wolfssl_has_random()) {
        alloc_free(e);
        return 0;
    }
    memset(e, 0, sizeof *e);
    e->config = *config;
    if (config->policy)
        e->policy = *config->policy;
    else
        policy_default(&e->policy, config->server);
    if (wolfSSL_Init() == WOLFSSL_SUCCESS) {
        if (!engine_wolfssl_make_ctx(e)) return e;
        wolfSSL_CTX_free(e->ctx);
        wolfSSL_Cleanup();
    }
    alloc_free(e);
    return 0;
}

void engine_free(struct engine *e) {
    if (e->ssl) wolfSSL_free(e->ssl);
    wolfSSL_CTX_free(e->ctx);
    for (size_t i = 0; i < genalloc_len(struct chain, &e->chains); i++) {
        struct chain *c = genalloc_s(struct chain, &e->chains) + i;
        alloc_free(c->name);
        alloc_free((void *)c->certs.s);
    }
    genalloc_free(struct chain, &e->chains);
    stralloc_free(&e->anchors);
    genalloc_free(size_t, &e->anchor_ends);
    stralloc_free(&e->staple);
    stralloc_free(&e->peer);
    stralloc_free(&e->verify_detail);
    queue_free(&e->in);
    queue_free(&e->out);
    alloc_free(e);
    wolfSSL_Cleanup();
}

static int ask_for_name(struct engine *e) {
    char const *name = e->config.servername;
    char ip[16];
    if (!name || hostname_ip(name, ip)) return 0; /* no IP address in SNI: RFC 6066 3 */
    memcpy(e->sni, name, hostname_len(name));
    e->named = 1;
    if (wolfSSL_UseSNI(e->ssl, WOLFSSL_SNI_HOST_NAME, e->sni, (unsigned short)strlen(e->sni)) !=
        WOLFSSL_SUCCESS)
        return engine_fail(e, "unable to ask for a server name", (char *)0);
    return 0;
}

/* X25519 beside the first group: a server without that one need not ask for another hello. */
static int show_shares(struct engine *e) {
#if CONFIG_GROUP_X25519MLKEM768
    struct policy_list const *groups = &e->policy.groups;
    if (e->policy.max < POLICY_TLS13 || groups->n < 2 || groups->ids[0] != WOLFSSL_X25519MLKEM768 ||
        groups->ids[1] != WOLFSSL_ECC_X25519)
        return 0;
    if (wolfSSL_UseKeyShare(e->ssl, WOLFSSL_X25519MLKEM768) != WOLFSSL_SUCCESS ||
        wolfSSL_UseKeyShare(e->ssl, WOLFSSL_ECC_X25519) != WOLFSSL_SUCCESS)
        return engine_fail(e, "unable to make keys for the key exchange", (char *)0);
#endif
    (void)e;
    return 0;
}

int engine_wolfssl_make_object(struct engine *e) {
    e->ssl = wolfSSL_new(e->ctx);
    if (!e->ssl) return engine_fail(e, "unable to make a TLS object", (char *)0);
    wolfSSL_SSLSetIORecv(e->ssl, receive);
    wolfSSL_SSLSetIOSend(e->ssl, send_out);
    wolfSSL_SetIOReadCtx(e->ssl, e);
    wolfSSL_SetIOWriteCtx(e->ssl, e);
    wolfSSL_SetCertCbCtx(e->ssl, e);
    if (CONFIG_OWN_CERTS) engine_wolfssl_bind_signer(e);
    return 0;
}

/* Which of several chains a server uses, the ClientHello decides. Some builds make no server's object
 * without one: theirs is made then. */
int engine_start(struct engine *e) {
#ifdef __GLIBC__
    tzset(); /* else it opens a file when the first date of a certificate is compared; musl never does */
#endif
    /* later, engine_in_room could but say that there is enough for now, and the relay would wait for ever */
    if (!queue_reserve(&e->in, ENGINE_IN_MAX)) return engine_fail_memory(e);
    size_t n = genalloc_len(struct chain, &e->chains);
    if (n == 1 && engine_wolfssl_use_chain(e, genalloc_s(struct chain, &e->chains)) < 0) return -1;
    if (engine_wolfssl_make_object(e) < 0) return n > 1 ? 0 : -1;
    if (engine_wolfssl_is_server(e)) return 0;
    return show_shares(e) < 0 || ask_for_name(e) < 0 ? -1 : engine_wolfssl_offer_protocols(e);
}

unsigned char *engine_in_room(struct engine *e, size_t *len) {
    size_t have = queue_len(&e->in);
    *len = have < ENGINE_IN_MAX ? ENGINE_IN_MAX - have : 0;
    if (!*len) return 0;
    char *room = queue_room(&e->in, *len);
    if (!room) *len = 0;
    return (unsigned char *)room;
}

void engine_in_commit(struct engine *e, size_t len) {
    queue_added(&e->in, len);
}

void engine_in_eof(struct engine *e) {
    e->in_eof = 1;
}

unsigned char const *engine_out(struct engine *e, size_t *len) {
    *len = queue_len(&e->out);
    return (unsigned char const *)queue_s(&e->out);
}

void engine_out_taken(struct engine *e, size_t len) {
    queue_drop(&e->out, len);
}

static enum engine_status failed(struct engine *e) {
    e->failed = 1;
    return ENGINE_FAILED;
}

void engine_wolfssl_alert(struct engine *e, int alert) {
    unsigned char record[] = {21, 3, 3, 0, 2, 2, (unsigned char)alert};
    queue_put(&e->out, record, sizeof record);
}

/* The library ends some TLS 1.2 handshakes without a word: no client certificate, a wrong signature
 * (5.5.4). */
static void say_why(struct engine *e) {
    WOLFSSL_ALERT_HISTORY alerts;
    if (!CONFIG_TLS12 || e->failed_by_peer || e->outpos.encrypted ||
        wolfSSL_version(e->ssl) != TLS1_2_VERSION)
        return;
    if (wolfSSL_get_alert_history(e->ssl, &alerts) == WOLFSSL_SUCCESS && alerts.last_tx.level == alert_fatal)
        return;
    engine_wolfssl_alert(e, ALERT_HANDSHAKE_FAILURE);
}

static int wants_more(int code) {
    /* 0: wolfSSL 5.5.4 has no reason at hand when it was interrupted in mid-flight */
    return code == WOLFSSL_ERROR_WANT_READ || code == WOLFSSL_ERROR_WANT_WRITE || code == 0;
}

/* The library has taken all there was, and no more will come. */
static int transport_ended(struct engine const *e) {
    return e->in_eof && !queue_len(&e->in);
}

static enum engine_status ended_in_handshake(struct engine *e) {
    engine_fail(e, "peer closed the connection during the handshake", (char *)0);
    return failed(e);
}

/* What only a next handshake would need, which this process will not have: anchors, and 900 KB of tables in Debian's library. */
static void give_back_memory(struct engine *e) {
    if (CONFIG_PEER_CERTS) engine_wolfssl_forget_anchors(e);
#ifdef FP_ECC
    wc_ecc_fp_free();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
#endif
}

static enum engine_status handshake_result(struct engine *e, int ret) {
    if (ret == WOLFSSL_SUCCESS) {
        e->hellos_read = 1;
        give_back_memory(e);
        return engine_wolfssl_check_peer(e) < 0 || engine_wolfssl_check_protocol(e) < 0 ? failed(e)
                                                                                        : ENGINE_OK;
    }
    int code = wolfSSL_get_error(e->ssl, ret);
    if (wants_more(code)) return transport_ended(e) ? ended_in_handshake(e) : ENGINE_AGAIN;
    engine_fail_handshake(e, code);
    say_why(e);
    return failed(e);
}

/* The library is shown one ClientHello after the other, each once it has been read here. */
static enum engine_status accept_client(struct engine *e) {
    enum engine_status s;
    do {
        if (engine_wolfssl_has_tickets(e)) engine_wolfssl_heed_tickets(e);
        s = engine_wolfssl_read_hellos(e);
        if (s == ENGINE_FAILED) return failed(e);
        if (s == ENGINE_AGAIN) return e->in_eof ? ended_in_handshake(e) : s;
        s = handshake_result(e, wolfSSL_accept(e->ssl));
    } while (s == ENGINE_AGAIN && !e->hellos_read && !e->allowed && queue_len(&e->in));
    return s;
}

enum engine_status engine_handshake(struct engine *e) {
    if (e->failed) return ENGINE_FAILED;
    return engine_wolfssl_is_server(e) ? accept_client(e) : handshake_result(e, wolfSSL_connect(e->ssl));
}

enum engine_status engine_read(struct engine *e, char *s, size_t len, size_t *got) {
    if (e->failed) return ENGINE_FAILED;
    if (e->close_received) return ENGINE_CLOSED;
    int ret = wolfSSL_read(e->ssl, s, (int)(len < ENGINE_WRITE_MAX ? len : ENGINE_WRITE_MAX));
    if (ret > 0) {
        *got = (size_t)ret;
        return ENGINE_OK;
    }
    int code = wolfSSL_get_error(e->ssl, ret);
    if (code == WOLFSSL_ERROR_ZERO_RETURN) {
        e->close_received = 1;
        return ENGINE_CLOSED;
    }
    if (wants_more(code)) {
        if (!transport_ended(e)) return ENGINE_AGAIN;
        if (!e->inpos.headerlen) return ENGINE_EOF;
        engine_fail(e, "connection ended inside a record", (char *)0);
        return failed(e);
    }
    engine_fail_code(e, "TLS connection failed", code);
    return failed(e);
}

/* What the peer's first window holds (ten segments, RFC 6928) goes in records of a segment each: each is read when it comes.
 * Of a longer one the first bytes would wait for the last, which come a round trip later. */
enum { EARLY = 14000, EARLY_RECORD = 1400 };

static size_t record_of(struct engine const *e, size_t len) {
    return e->written < EARLY && len > EARLY_RECORD ? EARLY_RECORD : len;
}

enum engine_status engine_write(struct engine *e, char const *s, size_t len) {
    if (e->failed || e->close_sent) return ENGINE_FAILED; /* the library would send on after close_notify */
    for (size_t n; len; s += n, len -= n, e->written += n) {
        n = record_of(e, len);
        int ret = wolfSSL_write(e->ssl, s, (int)n);
        if (ret == (int)n) continue;
        /* send_out takes everything: there is nothing to wait for. A record that could not be made leaves no reason,
         * but that of the last read. */
        int code = wolfSSL_get_error(e->ssl, ret);
        engine_fail_code(e, "unable to send", wants_more(code) ? BUILD_MSG_ERROR : code);
        return failed(e);
    }
    return ENGINE_OK;
}

void engine_close_notify(struct engine *e) {
    if (e->close_sent || e->failed) return;
    wolfSSL_shutdown(e->ssl); /* once: a second call eats application data */
    e->close_sent = 1;
}

void engine_rest(struct engine *e) {
    queue_rest(&e->in);
    queue_rest(&e->out);
#ifdef __GLIBC__
    malloc_trim(0); /* what records were made in */
#endif
}

int engine_failed_by_peer(struct engine const *e) {
    return e->failed_by_peer;
}

char const *engine_error(struct engine const *e) {
    return e->error;
}
