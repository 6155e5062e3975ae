/* keyends: both ends of the socketpair of a key process with a key of each kind, for the tests of either side.
 * It must not say what is right. */

#ifndef KEYENDS_H
#define KEYENDS_H

#include "sandbox.h"

#include "request.h"

#include <signal.h>
#include <sys/socket.h>

enum { P256 = 0, RSA = 1, ED25519 = 2 };

static struct keyring *ring;
static int ours, theirs; /* theirs: the other end's, whichever side is tested */

static inline void add_key(char const *file) {
    char const *why;
    size_t len;
    unsigned char *s = sandbox_read(file, &len);
    assert_true(keyring_add(ring, s, len, &why) >= 0);
    free(s);
}

static inline int make_ring(void **state) {
    if (sandbox_enter(state) < 0) return -1;
    sandbox_run(
        "exec 2>&1 >/dev/null; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256;"
        "openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa;"
        "openssl genpkey -algorithm ED25519 -out ed25519");
    ring = keyring_new();
    if (!ring) return -1;
    add_key("p256");
    add_key("rsa");
    add_key("ed25519");
    return 0;
}

static inline int free_ring(void **state) {
    keyring_free(ring);
    return sandbox_leave(state);
}

static inline int make_pair(void **state) {
    int pair[2];
    (void)state;
    signal(SIGPIPE, SIG_DFL);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0) return -1;
    ours = pair[0];
    theirs = pair[1];
    return 0;
}

static inline int close_pair(void **state) {
    (void)state;
    close(ours);
    close(theirs);
    return 0;
}

static inline struct keyproc asker(int ms) {
    struct keyproc k = {.fd = ours};
    tain_now_set_stopwatch_g();
    tain_from_millisecs(&k.deadline, ms);
    tain_add_g(&k.deadline, &k.deadline);
    return k;
}

static inline void send_bytes(void const *s, size_t len) {
    assert_int_equal(send(theirs, s, len, MSG_DONTWAIT), len);
}

static inline void ask(uint32_t key, uint32_t scheme, uint32_t len) {
    send_bytes(request(KEYPROC_SIGN, key, scheme, len), HEADER + len);
}

static inline void ask_ticket(uint32_t op) {
    send_bytes(request(op, 0, 0, sizeof(struct keyproc_ticket)), HEADER + sizeof(struct keyproc_ticket));
}

/* What it says at the end of what it was asked. */
static inline char const *serve(void) {
    shutdown(theirs, SHUT_WR);
    return keyproc_serve(ours, ring, KEYPROC_CONTENT);
}

#endif
