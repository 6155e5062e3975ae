/* engines: two engines that speak to each other through memory, for tests of them. */

#ifndef ENGINES_H
#define ENGINES_H

#include "sandbox.h"

#include "engine_wolfssl.h" /* to make the peer do what engine.h has no word for */
#include "keyring.h"

#include <string.h>

static struct keyring *ring;
static struct engine *server, *client;
static struct policy const *policy; /* of those to be made; 0: what is built in */

static int make_key(void **state) {
    char const *why;
    size_t len;
    if (sandbox_enter(state) < 0) return -1;
    sandbox_run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert"
                " -subj /CN=x -days 1 2>/dev/null");
    unsigned char *key = sandbox_read("key", &len);
    ring = keyring_new();
    if (!ring || keyring_add(ring, key, len, &why) < 0) return -1;
    free(key);
    return 0;
}

static int free_key(void **state) {
    keyring_free(ring);
    return sandbox_leave(state);
}

/* ---- the wire between them ---- */

/* At most max bytes. */
static size_t carry(struct engine *from, struct engine *to, size_t max) {
    size_t n, room;
    unsigned char const *s = engine_out(from, &n);
    unsigned char *r = engine_in_room(to, &room);
    if (n > max) n = max;
    if (n > room) n = room;
    if (n) memcpy(r, s, n);
    engine_in_commit(to, n);
    engine_out_taken(from, n);
    return n;
}

static void carry_all(struct engine *from, struct engine *to) {
    while (carry(from, to, SIZE_MAX))
        ;
}

/* Bytes cross the wire in pieces of that size. */
static void shake_hands(size_t piece) {
    enum engine_status s = ENGINE_AGAIN, c = ENGINE_AGAIN;
    for (int i = 0; i < 20000 && (s == ENGINE_AGAIN || c == ENGINE_AGAIN); i++) {
        if (c == ENGINE_AGAIN) c = engine_handshake(client);
        carry(client, server, piece);
        if (s == ENGINE_AGAIN) s = engine_handshake(server);
        carry(server, client, piece);
    }
    assert_int_equal(s, ENGINE_OK);
    assert_int_equal(c, ENGINE_OK);
    carry_all(server, client);
}

static int make_engines(void **state) {
    size_t len;
    unsigned char *cert = sandbox_read("cert", &len);
    (void)state;
    server = engine_new(&(struct engine_config){.server = 1, .policy = policy});
    client = engine_new(&(struct engine_config){.server = 0, .policy = policy});
    engine_set_signer(server, keyring_sign, ring);
    int bad =
        engine_add_chain(server, 0, cert, len, 0) < 0 || engine_start(server) < 0 || engine_start(client) < 0;
    free(cert);
    return bad ? -1 : 0;
}

static int free_engines(void **state) {
    (void)state;
    engine_free(server);
    engine_free(client);
    return 0;
}

/* ---- what crosses it ---- */

static char buf[ENGINE_WRITE_MAX];

static void assert_reads(struct engine *e, char const *s) {
    size_t got = 0;
    assert_int_equal(engine_read(e, buf, sizeof buf, &got), ENGINE_OK);
    assert_int_equal(got, strlen(s));
    assert_memory_equal(buf, s, got);
}

#endif
