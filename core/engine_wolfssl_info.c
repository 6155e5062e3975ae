/* engine_wolfssl_info: what the handshake came to.
 * Must not change the connection. */

#include "engine_wolfssl.h"

/* The names of RFC 8446 4.2.7 as people write them. */
static char const *group_name(char const *library) {
    static char const *const names[][2] = {
        {"SECP256R1", "P-256"},
        {"SECP384R1", "P-384"},
        {"SECP521R1", "P-521"},
    };
    for (size_t i = 0; library && i < sizeof names / sizeof *names; i++)
        if (!strcmp(library, names[i][0])) return names[i][1];
    return library;
}

static char const *cipher_name(struct engine *e) {
    int suite = wolfSSL_get_current_cipher_suite(e->ssl);
    return wolfSSL_get_cipher_name_iana_from_suite((unsigned char)(suite >> 8), (unsigned char)suite);
}

void engine_get_info(struct engine *e, struct engine_info *info) {
    memset(info, 0, sizeof *info);
    info->protocol = wolfSSL_get_version(e->ssl);
    info->cipher = cipher_name(e);
    info->group = group_name(wolfSSL_get_curve_name(e->ssl));
    info->sni = e->named ? e->sni : 0;
    info->alpn = *e->alpn ? e->alpn : 0;
    info->resumed = wolfSSL_session_reused(e->ssl);
    info->peer = e->peer.len ? (unsigned char const *)e->peer.s : 0;
    info->peerlen = e->peer.len;
}

int engine_is_tls13(struct engine const *e) {
    return !CONFIG_TLS12 || wolfSSL_version(e->ssl) == TLS1_3_VERSION;
}
