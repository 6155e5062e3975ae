/* clienthello: reads a TLS client's first flight (RFC 8446 4.1.2) before the engine does, for what it wants.
 * Strict about lengths, about the name and the protocols; leaves everything else to the engine. */

#ifndef CLIENTHELLO_H
#define CLIENTHELLO_H

#include <stddef.h>

/* Alert descriptions (RFC 8446 6). */
enum {
    ALERT_UNEXPECTED_MESSAGE = 10,
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_ILLEGAL_PARAMETER = 47,
    ALERT_DECODE_ERROR = 50,
    ALERT_INTERNAL_ERROR = 80,
    ALERT_UNRECOGNIZED_NAME = 112,
    ALERT_NO_APPLICATION_PROTOCOL = 120,
};

enum clienthello_status { CLIENTHELLO_OK, CLIENTHELLO_MORE, CLIENTHELLO_BAD };

/* A ClientHello that does not fit into this many bytes is bad. */
enum { CLIENTHELLO_MAX = 16000 };

/* More groups than that are not looked at. */
enum { CLIENTHELLO_GROUPS_MAX = 32 };

struct clienthello {
    char name[256]; /* the server name, NUL-terminated, without a trailing dot; may hold control bytes */
    int named;      /* 0: the client sent none */
    int offers_tls13;
    int offers_psk_dhe; /* to resume with a key exchange (RFC 8446 4.2.9) */
    int odd_identity;   /* one in pre_shared_key (RFC 8446 4.2.11) is not as long as it says (ticket.h) */
    int has_key_share;  /* if only to say which one it could make */
    int asks_status;    /* 1: of our certificate (RFC 6066 8); 2, 3: of all of the chain (RFC 6961) */
    unsigned short groups[CLIENTHELLO_GROUPS_MAX]; /* NamedGroup (RFC 8446 4.2.7), in the client's order */
    unsigned int ngroups;
    unsigned char const *alpn; /* the names of protocols that it offers (alpn.h), in message; 0: none */
    size_t alpnlen;
    unsigned char const *ticket; /* of TLS 1.2 (RFC 5077), in message; 0: none */
    size_t ticketlen;
    int alert;       /* CLIENTHELLO_BAD: the alert to answer with */
    char const *why; /* CLIENTHELLO_BAD: in words, static */
    unsigned int nrecords;
    size_t used; /* bytes of these records; 0: there is something behind the hello in the last one */
    size_t len;
    unsigned char
        message[4 + CLIENTHELLO_MAX +
                1]; /* the handshake message, len bytes; one more shows that something is behind it */
};

/* Reads the len bytes at s, TLS records from the start of the connection; the hello may be spread over
 * several. */
enum clienthello_status clienthello_read(struct clienthello *h, unsigned char const *s, size_t len);

#endif
