/* client: the other end of a benchmark, by OpenSSL, or over plain TCP for the wall. It must not know who serves.
 *
 * client PORT full|resume|nodelay COUNT   so many connections one after the other, each for one answer of 6 bytes;
 *                                         nodelay: without Nagle's algorithm on its side
 * client PORT down|up|both BYTES CONNECTIONS   so many at once, each moving so many
 * client PORT idle COUNT                  holds so many, says so by a line, and waits for the end of its stdin
 * "plain" before a mode: over plain TCP.
 * Prints one line of JSON: seconds in all, the median of microseconds to the first byte, and how many resumed. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER = 6, PIECE = 65536 };

static SSL_CTX *ctx; /* 0: plain TCP */
static SSL_SESSION *session;
static int keeps_session, nodelay;
static unsigned short port;

struct conn {
    int fd;
    SSL *ssl;
};

static void die(char const *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int keep_session(SSL *ssl, SSL_SESSION *s) {
    (void)ssl;
    if (!keeps_session) return 0;
    if (session) SSL_SESSION_free(session);
    session = s;
    return 1;
}

static struct conn dial(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct conn c = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
    if (c.fd < 0 || connect(c.fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
    if (!ctx) return c;
    c.ssl = SSL_new(ctx);
    SSL_set_fd(c.ssl, c.fd);
    SSL_set_tlsext_host_name(c.ssl, "localhost");
    if (session) SSL_set_session(c.ssl, session);
    if (SSL_connect(c.ssl) != 1) die("handshake");
    return c;
}

static int take(struct conn const *c, void *s, int len) {
    return ctx ? SSL_read(c->ssl, s, len) : (int)read(c->fd, s, (size_t)len);
}

static int put(struct conn const *c, void const *s, int len) {
    return ctx ? SSL_write(c->ssl, s, len) : (int)write(c->fd, s, (size_t)len);
}

static void hang_up(struct conn *c) {
    if (ctx) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    close(c->fd);
}

static void take_exactly(struct conn const *c, long bytes) {
    static char buf[PIECE];
    for (int n; bytes; bytes -= n) {
        n = take(c, buf, bytes < PIECE ? (int)bytes : PIECE);
        if (n <= 0) die("read");
    }
}

static int compare(void const *a, void const *b) {
    double x = *(double const *)a, y = *(double const *)b;
    return (x > y) - (x < y);
}

static void many(long n) {
    double *first = calloc((size_t)n, sizeof *first), start = now();
    long resumed = 0;
    for (long i = 0; i < n; i++) {
        char rest[8];
        double began = now();
        struct conn c = dial();
        take_exactly(&c, ANSWER);
        first[i] = now() - began;
        resumed += ctx && SSL_session_reused(c.ssl);
        while (take(&c, rest, sizeof rest) > 0)
            ;
        hang_up(&c);
    }
    double all = now() - start;
    qsort(first, (size_t)n, sizeof *first, compare);
    printf("{\"seconds\": %f, \"first\": %.0f, \"worst\": %.0f, \"resumed\": %ld}\n", all, first[n / 2] * 1e6,
           first[n - 1] * 1e6, resumed);
}

static void send_all(struct conn const *c, long bytes) {
    static char buf[PIECE];
    for (int n; bytes; bytes -= n) {
        n = put(c, buf, bytes < PIECE ? (int)bytes : PIECE);
        if (n <= 0) die("write");
    }
}

/* What could be moved without waiting. */
static int moved(struct conn const *c, int n) {
    int why = ctx && n <= 0 ? SSL_get_error(c->ssl, n) : 0;
    if (n > 0) return n;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE || (!ctx && n < 0 && errno == EAGAIN))
        return 0;
    die("move");
    return 0;
}

static void both_ways(struct conn const *c, long bytes) {
    static char in[PIECE], out[PIECE];
    long to_send = bytes, to_take = bytes;
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (ctx) SSL_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
    while (to_take) {
        struct pollfd p = {.fd = c->fd, .events = (short)(to_send ? POLLIN | POLLOUT : POLLIN)};
        int sent = to_send ? moved(c, put(c, out, to_send < PIECE ? (int)to_send : PIECE)) : 0;
        int taken = moved(c, take(c, in, PIECE));
        to_send -= sent;
        to_take -= taken;
        if (!sent && !taken) poll(&p, 1, -1);
    }
    fcntl(c->fd, F_SETFL, 0);
}

static void move(struct conn const *c, char way, long bytes) {
    if (way == 'b') both_ways(c, bytes);
    if (way == 'u') {
        send_all(c, bytes);
        take_exactly(c, ANSWER);
    }
    if (way == 'd') take_exactly(c, bytes);
}

/* In a process of its own: it has shaken hands when it says so, and moves when it is told to. */
static void one_of_many(int ready, int go, char way, long bytes) {
    struct conn c = dial();
    char word = 0;
    if (write(ready, &word, 1) != 1 || read(go, &word, 1) != 0) die("start");
    move(&c, way, bytes);
    hang_up(&c);
    exit(0);
}

static void bulk(char way, long bytes, long connections) {
    int ready[2], go[2], status = 0;
    char word;
    if (pipe(ready) < 0 || pipe(go) < 0) die("pipe");
    for (long i = 0; i < connections; i++)
        if (!fork()) {
            close(go[1]);
            one_of_many(ready[1], go[0], way, bytes);
        }
    close(ready[1]);
    for (long i = 0; i < connections; i++)
        if (read(ready[0], &word, 1) != 1) exit(1);
    double start = now();
    close(go[1]);
    for (long i = 0; i < connections; i++)
        if (wait(&status) < 0 || status) exit(1);
    printf("{\"seconds\": %f}\n", now() - start);
}

static void idle(long n) {
    struct conn *c = calloc((size_t)n, sizeof *c);
    char end;
    for (long i = 0; i < n; i++) c[i] = dial();
    printf("{\"held\": %ld}\n", n);
    fflush(stdout);
    while (read(0, &end, 1) > 0)
        ;
    for (long i = 0; i < n; i++) hang_up(&c[i]);
}

int main(int argc, char const *const *argv) {
    if (argc != 4 && argc != 5) return 100;
    char const *mode = argv[2];
    long n = atol(argv[3]);
    port = (unsigned short)atoi(argv[1]);
    if (strncmp(mode, "plain", 5) != 0) {
        ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256");
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, keep_session);
    } else
        mode += 5;
    keeps_session = !strcmp(mode, "resume");
    nodelay = !strcmp(mode, "nodelay");
    if (argc == 5)
        bulk(mode[0], n, atol(argv[4]));
    else if (!strcmp(mode, "idle"))
        idle(n);
    else
        many(n);
    return 0;
}
