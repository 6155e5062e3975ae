/* clienthello: reads a client's first flight; the header says it. */

#include "clienthello.h"

#include <stddef.h>
#include <string.h>

#include "alpn.h"
#include "ticket.h"

enum { RECORD_HANDSHAKE = 22, HANDSHAKE_CLIENT_HELLO = 1, NAME_TYPE_HOST = 0 };
enum {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_STATUS_REQUEST = 5,
    EXTENSION_SUPPORTED_GROUPS = 10,
    EXTENSION_ALPN = 16,
    EXTENSION_STATUS_REQUEST_V2 = 17,
    EXTENSION_SESSION_TICKET = 35,
    EXTENSION_PRE_SHARED_KEY = 41,
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_PSK_KEY_EXCHANGE_MODES = 45,
    EXTENSION_KEY_SHARE = 51
};
enum { RECORD_MAX = 16384, PSK_DHE_KE = 1 };

struct span {
    unsigned char const *s;
    size_t len;
};

static enum clienthello_status bad(struct clienthello *h, int alert, char const *why) {
    h->alert = alert;
    h->why = why;
    return CLIENTHELLO_BAD;
}

/* Takes a vector with a length of n bytes (RFC 8446 3.4) off the front of in. */
static int take_vector(struct span *in, unsigned int n, struct span *v) {
    size_t len = 0;
    if (in->len < n) return 0;
    for (unsigned int i = 0; i < n; i++) len = len << 8 | in->s[i];
    if (in->len - n < len) return 0;
    v->s = in->s + n;
    v->len = len;
    in->s += n + len;
    in->len -= n + len;
    return 1;
}

static int skip(struct span *in, size_t n) {
    if (in->len < n) return 0;
    in->s += n;
    in->len -= n;
    return 1;
}

static enum clienthello_status read_host_name(struct clienthello *h, struct span v) {
    if (h->named) return bad(h, ALERT_ILLEGAL_PARAMETER, "client sent two server names");
    if (!v.len) return bad(h, ALERT_DECODE_ERROR, "client sent an empty server name");
    if (v.len >= sizeof h->name)
        return bad(h, ALERT_ILLEGAL_PARAMETER, "client sent an over-long server name");
    if (memchr(v.s, 0, v.len))
        return bad(h, ALERT_ILLEGAL_PARAMETER, "client sent a server name with a NUL in it");
    if (v.s[v.len - 1] == '.' && !--v.len)
        return bad(h, ALERT_ILLEGAL_PARAMETER, "client sent an empty server name");
    memcpy(h->name, v.s, v.len);
    h->name[v.len] = 0;
    h->named = 1;
    return CLIENTHELLO_OK;
}

/* ServerNameList (RFC 6066 3): at most one name of a type, and one type exists. */
static enum clienthello_status read_server_name(struct clienthello *h, struct span ext) {
    struct span list, v;
    if (h->named) return bad(h, ALERT_ILLEGAL_PARAMETER, "client sent server_name twice");
    if (!take_vector(&ext, 2, &list) || ext.len || !list.len)
        return bad(h, ALERT_DECODE_ERROR, "malformed server_name");
    while (list.len) {
        unsigned char type = list.s[0];
        if (!skip(&list, 1) || !take_vector(&list, 2, &v))
            return bad(h, ALERT_DECODE_ERROR, "malformed server_name");
        if (type != NAME_TYPE_HOST)
            return bad(h, ALERT_ILLEGAL_PARAMETER, "client sent a server name of unknown type");
        if (read_host_name(h, v) != CLIENTHELLO_OK) return CLIENTHELLO_BAD;
    }
    return CLIENTHELLO_OK;
}

static unsigned int number(unsigned char const *s) {
    return (unsigned int)s[0] << 8 | s[1];
}

static enum clienthello_status read_groups(struct clienthello *h, struct span ext) {
    struct span list;
    if (!take_vector(&ext, 2, &list) || ext.len || list.len % 2)
        return bad(h, ALERT_DECODE_ERROR, "malformed supported_groups");
    for (h->ngroups = 0; list.len && h->ngroups < CLIENTHELLO_GROUPS_MAX; skip(&list, 2))
        h->groups[h->ngroups++] = (unsigned short)number(list.s);
    return CLIENTHELLO_OK;
}

static enum clienthello_status read_versions(struct clienthello *h, struct span ext) {
    struct span list;
    if (!take_vector(&ext, 1, &list) || ext.len || list.len % 2)
        return bad(h, ALERT_DECODE_ERROR, "malformed supported_versions");
    for (; list.len; skip(&list, 2))
        if (number(list.s) == 0x0304) h->offers_tls13 = 1;
    return CLIENTHELLO_OK;
}

static enum clienthello_status read_psk_modes(struct clienthello *h, struct span ext) {
    struct span list;
    if (!take_vector(&ext, 1, &list) || ext.len)
        return bad(h, ALERT_DECODE_ERROR, "malformed psk_key_exchange_modes");
    h->offers_psk_dhe = list.len && memchr(list.s, PSK_DHE_KE, list.len);
    return CLIENTHELLO_OK;
}

/* ProtocolNameList (RFC 7301 3.1). The library looks at what its lengths say, wherever that is (CVE-2026-3547). */
static enum clienthello_status read_alpn(struct clienthello *h, struct span ext) {
    struct span list;
    if (h->alpn) return bad(h, ALERT_ILLEGAL_PARAMETER, "client sent its application protocols twice");
    if (!take_vector(&ext, 2, &list) || ext.len || !alpn_is_vector(list.s, list.len))
        return bad(h, ALERT_DECODE_ERROR, "malformed list of application protocols");
    h->alpn = list.s;
    h->alpnlen = list.len;
    return CLIENTHELLO_OK;
}

/* For the answer to the second, the library would need responses for the whole chain. */
static enum clienthello_status ask_status(struct clienthello *h, int version) {
    h->asks_status |= version;
    return CLIENTHELLO_OK;
}

static enum clienthello_status read_ticket(struct clienthello *h, struct span ext) {
    h->ticket = ext.len ? ext.s : 0;
    h->ticketlen = ext.len;
    return CLIENTHELLO_OK;
}

/* Each identity has an age behind it (RFC 8446 4.2.11). The library looks at its length first, and not whether it has come
 * (5.5.4, 5.7.2). */
static enum clienthello_status read_identities(struct clienthello *h, struct span ext) {
    struct span list, identity;
    int good = take_vector(&ext, 2, &list) && list.len;
    while (good && list.len) {
        good = take_vector(&list, 2, &identity) && skip(&list, 4);
        if (good && !ticket_is_whole(identity.s, identity.len)) h->odd_identity = 1;
    }
    return good ? CLIENTHELLO_OK : bad(h, ALERT_DECODE_ERROR, "malformed pre_shared_key");
}

static enum clienthello_status read_extension(struct clienthello *h, unsigned int type, struct span ext) {
    switch (type) {
    case EXTENSION_SERVER_NAME: return read_server_name(h, ext);
    case EXTENSION_STATUS_REQUEST: return ask_status(h, 1);
    case EXTENSION_STATUS_REQUEST_V2: return ask_status(h, 2);
    case EXTENSION_SUPPORTED_GROUPS: return read_groups(h, ext);
    case EXTENSION_ALPN: return read_alpn(h, ext);
    case EXTENSION_SUPPORTED_VERSIONS: return read_versions(h, ext);
    case EXTENSION_PSK_KEY_EXCHANGE_MODES: return read_psk_modes(h, ext);
    case EXTENSION_SESSION_TICKET: return read_ticket(h, ext);
    case EXTENSION_PRE_SHARED_KEY: return read_identities(h, ext);
    case EXTENSION_KEY_SHARE: h->has_key_share = 1; return CLIENTHELLO_OK;
    default: return CLIENTHELLO_OK;
    }
}

static enum clienthello_status read_extensions(struct clienthello *h, struct span list) {
    while (list.len) {
        struct span ext;
        unsigned int type = list.len < 2 ? 0 : number(list.s);
        if (!skip(&list, 2) || !take_vector(&list, 2, &ext))
            return bad(h, ALERT_DECODE_ERROR, "malformed ClientHello");
        if (read_extension(h, type, ext) != CLIENTHELLO_OK) return CLIENTHELLO_BAD;
    }
    return CLIENTHELLO_OK;
}

/* version, random, session id, suites, compression methods, extensions */
static enum clienthello_status read_body(struct clienthello *h, struct span in) {
    struct span v;
    if (!skip(&in, 2 + 32) || !take_vector(&in, 1, &v) || !take_vector(&in, 2, &v) ||
        !take_vector(&in, 1, &v))
        return bad(h, ALERT_DECODE_ERROR, "malformed ClientHello");
    if (!in.len) return CLIENTHELLO_OK;
    if (!take_vector(&in, 2, &v) || in.len) return bad(h, ALERT_DECODE_ERROR, "malformed ClientHello");
    return read_extensions(h, v);
}

/* Adds a record's content, as much of it as has come. Returns 1 when the message is whole. */
static int add_content(struct clienthello *h, unsigned char const *s, size_t len) {
    size_t room = sizeof h->message - h->len;
    memcpy(h->message + h->len, s, len < room ? len : room);
    h->len += len < room ? len : room;
    return h->len >= 4 && h->len >= 4 + ((size_t)h->message[1] << 16 | number(h->message + 2));
}

static enum clienthello_status read_message(struct clienthello *h, size_t used) {
    size_t body = (size_t)h->message[1] << 16 | number(h->message + 2);
    h->used = h->len == 4 + body ? used : 0;
    h->len = 4 + body;
    return read_body(h, (struct span){h->message + 4, body});
}

enum clienthello_status clienthello_read(struct clienthello *h, unsigned char const *s, size_t len) {
    memset(h, 0, offsetof(struct clienthello, message));
    for (size_t at = 0; at < len;) {
        size_t left = len - at;
        if (s[at] != RECORD_HANDSHAKE) return bad(h, ALERT_UNEXPECTED_MESSAGE, "peer does not speak TLS");
        if (left < 5) return CLIENTHELLO_MORE;
        size_t n = number(s + at + 3);
        if (s[at + 1] != 3 || !n || n > RECORD_MAX)
            return bad(h, ALERT_UNEXPECTED_MESSAGE, "peer does not speak TLS");
        h->nrecords++;
        int whole = add_content(h, s + at + 5, n < left - 5 ? n : left - 5);
        if (h->len && h->message[0] != HANDSHAKE_CLIENT_HELLO)
            return bad(h, ALERT_UNEXPECTED_MESSAGE, "client begins with no ClientHello");
        if (h->len >= 4 && (h->message[1] || number(h->message + 2) > CLIENTHELLO_MAX))
            return bad(h, ALERT_ILLEGAL_PARAMETER, "over-long ClientHello");
        if (left - 5 < n) return CLIENTHELLO_MORE;
        at += 5 + n;
        if (whole) return read_message(h, at);
    }
    return CLIENTHELLO_MORE;
}
