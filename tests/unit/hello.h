/* hello: builds ClientHellos byte by byte, and reads them in pieces of memory of exactly their size.
 * It must not need a TLS library: what is right is what RFC 8446 4.1.2 and RFC 6066 3 say. */

#ifndef HELLO_H
#define HELLO_H

#include "unit.h"

#include "clienthello.h"

#include <skalibs/stralloc.h>

#include <string.h>

/* ---- building ---- */

static inline void add(stralloc *sa, void const *s, size_t len) {
    if (len) assert_true(stralloc_catb(sa, s, len));
}

static inline void add_number(stralloc *sa, unsigned int bytes, size_t n) {
    while (bytes--) {
        char c = (char)(n >> 8 * bytes);
        add(sa, &c, 1);
    }
}

/* A vector: its length in so many bytes, and its content. */
static inline void add_vector(stralloc *sa, unsigned int bytes, void const *s, size_t len) {
    add_number(sa, bytes, len);
    add(sa, s, len);
}

static inline void add_extension(stralloc *sa, unsigned int type, void const *s, size_t len) {
    add_number(sa, 2, type);
    add_vector(sa, 2, s, len);
}

static inline void add_name(stralloc *sa, unsigned int type, void const *s, size_t len) {
    add_number(sa, 1, type);
    add_vector(sa, 2, s, len);
}

/* server_name with the names that are in list */
static inline void add_names(stralloc *sa, stralloc const *list) {
    stralloc ext = STRALLOC_ZERO;
    add_vector(&ext, 2, list->s, list->len);
    add_extension(sa, 0, ext.s, ext.len);
    stralloc_free(&ext);
}

static inline void add_server_name(stralloc *sa, void const *s, size_t len) {
    stralloc list = STRALLOC_ZERO;
    add_name(&list, 0, s, len);
    add_names(sa, &list);
    stralloc_free(&list);
}

/* The message around these extensions; none: as from a client older than extensions. */
static inline void add_hello(stralloc *sa, stralloc const *extensions) {
    static char const random[32];
    stralloc body = STRALLOC_ZERO;
    add_number(&body, 2, 0x0303);
    add(&body, random, sizeof random);
    add_vector(&body, 1, random, 32);            /* session id */
    add_vector(&body, 2, "\x13\x01\xc0\x2b", 4); /* suites */
    add_vector(&body, 1, "\0", 1);               /* compression */
    if (extensions) add_vector(&body, 2, extensions->s, extensions->len);
    add_number(sa, 1, 1);
    add_vector(sa, 3, body.s, body.len);
    stralloc_free(&body);
}

static inline void add_record(stralloc *sa, void const *s, size_t len) {
    add(sa, "\x16\3\1", 3);
    add_vector(sa, 2, s, len);
}

/* ---- reading ---- */

static struct clienthello hello;

/* In a piece of memory of exactly its size, for the sanitizer. */
static inline enum clienthello_status read_bytes(void const *s, size_t len) {
    unsigned char *copy = malloc(len ? len : 1);
    if (len) memcpy(copy, s, len);
    enum clienthello_status status = clienthello_read(&hello, copy, len);
    free(copy);
    return status;
}

static inline enum clienthello_status read_extensions(stralloc const *extensions) {
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    add_hello(&message, extensions);
    add_record(&in, message.s, message.len);
    enum clienthello_status status = read_bytes(in.s, in.len);
    if (status == CLIENTHELLO_OK) assert_int_equal(hello.used, in.len);
    stralloc_free(&message);
    stralloc_free(&in);
    return status;
}

static inline enum clienthello_status read_one_name(void const *s, size_t len) {
    stralloc extensions = STRALLOC_ZERO;
    add_server_name(&extensions, s, len);
    enum clienthello_status status = read_extensions(&extensions);
    stralloc_free(&extensions);
    return status;
}

static inline enum clienthello_status read_one_extension(unsigned int type, void const *s, size_t len) {
    stralloc extensions = STRALLOC_ZERO;
    add_extension(&extensions, type, s, len);
    enum clienthello_status status = read_extensions(&extensions);
    stralloc_free(&extensions);
    return status;
}

/* BAD, with an alert and a reason. */
static inline void assert_bad(enum clienthello_status status, int alert) {
    assert_int_equal(status, CLIENTHELLO_BAD);
    assert_int_equal(hello.alert, alert);
    assert_true(hello.why && *hello.why);
}

/* ---- a hello as clients send it ---- */

static inline void make_usual(stralloc *message) {
    stralloc extensions = STRALLOC_ZERO;
    add_extension(&extensions, 0x0a0a, 0, 0); /* GREASE, RFC 8701 */
    add_server_name(&extensions, "www.example.com", 15);
    add_extension(&extensions, 10, "\0\6\x11\xec\0\x1d\0\x17", 8); /* supported_groups */
    add_extension(&extensions, 43, "\4\3\4\3\3", 5);               /* supported_versions */
    add_extension(&extensions, 16, "\0\3\2h2", 5);                 /* ALPN */
    add_hello(message, &extensions);
    stralloc_free(&extensions);
}

static inline void assert_usual(void) {
    assert_true(hello.named);
    assert_string_equal(hello.name, "www.example.com");
    assert_true(hello.offers_tls13);
    assert_int_equal(hello.alpnlen, 3);
    assert_memory_equal(hello.alpn, "\2h2", 3);
    assert_int_equal(hello.ngroups, 3);
    assert_int_equal(hello.groups[0], 0x11ec);
    assert_int_equal(hello.groups[1], 0x001d);
    assert_int_equal(hello.groups[2], 0x0017);
}

#endif
