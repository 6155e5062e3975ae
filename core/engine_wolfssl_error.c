/* engine_wolfssl_error: why something failed, in words.
 * Must not let a control byte through. */

#include <stdarg.h>

#include <skalibs/types.h>

#include "engine_wolfssl.h"

static size_t add(char *to, size_t at, size_t size, char const *s) {
    for (; *s && at + 1 < size; s++) {
        to[at] = *s;
        if ((unsigned char)*s < 32 || *s == 127) to[at] = '?';
        at++;
    }
    to[at] = 0;
    return at;
}

int engine_fail(struct engine *e, char const *first, ...) {
    va_list rest;
    size_t at = 0;
    va_start(rest, first);
    for (char const *s = first; s; s = va_arg(rest, char const *)) at = add(e->error, at, sizeof e->error, s);
    va_end(rest);
    return -1;
}

int engine_fail_memory(struct engine *e) {
    return engine_fail(e, "out of memory", (char *)0);
}

/* RFC 8446 6, RFC 5246 7.2, RFC 6066, RFC 7301; and what can be done about it, where that is known. */
static struct alert {
    int code;
    char const *name;
    char const *means;
} const alerts_known[] = {
    {0, "close_notify", NULL},
    {10, "unexpected_message", NULL},
    {20, "bad_record_mac", NULL},
    {22, "record_overflow", NULL},
    {40, "handshake_failure", "we have nothing in common, or no certificate that it asks for"},
    {42, "bad_certificate", "it does not accept our certificate"},
    {43, "unsupported_certificate", "it does not understand our certificate"},
    {44, "certificate_revoked", "our certificate"},
    {45, "certificate_expired", "our certificate, by its clock"},
    {46, "certificate_unknown", "it does not accept our certificate"},
    {47, "illegal_parameter", NULL},
    {48, "unknown_ca", "it does not know the issuer of our certificate"},
    {49, "access_denied", "our certificate is good, and not enough"},
    {50, "decode_error", NULL},
    {51, "decrypt_error", "it finds a signature or a checksum wrong"},
    {70, "protocol_version", "we have no version of TLS in common"},
    {71, "insufficient_security", "our cipher suites are too weak for it"},
    {80, "internal_error", NULL},
    {86, "inappropriate_fallback", NULL},
    {90, "user_canceled", NULL},
    {100, "no_renegotiation", NULL},
    {109, "missing_extension", NULL},
    {110, "unsupported_extension", NULL},
    {112, "unrecognized_name", "it has no certificate for the server name"},
    {113, "bad_certificate_status_response", NULL},
    {115, "unknown_psk_identity", NULL},
    {116, "certificate_required", "it asks for a certificate, and got none"},
    {120, "no_application_protocol", "we have no protocol of ALPN in common"},
};

static int fail_alert(struct engine *e, char const *doing, int code) {
    char number[INT_FMT];
    for (size_t i = 0; i < sizeof alerts_known / sizeof *alerts_known; i++) {
        struct alert const *a = &alerts_known[i];
        if (a->code != code) continue;
        return engine_fail(e, doing, ": peer sent alert ", a->name, a->means ? ": " : "",
                           a->means ? a->means : "", (char *)0);
    }
    number[int_fmt(number, code)] = 0;
    return engine_fail(e, doing, ": peer sent alert of an unknown kind, number ", number, (char *)0);
}

/* The numbers from 7 to 26 are OpenSSL's (X509_V_ERR_*): a library built to be like it gives those to the
 * verify callback, and 13 and 14, an unreadable date, for a date that is wrong. */
static char const *words(int code) {
    switch (code) {
    case 9:
    case 13:
    case ASN_BEFORE_DATE_E: return "certificate is not yet valid";
    case 10:
    case 14:
    case ASN_AFTER_DATE_E: return "certificate has expired";
    case 20:
    case 21:
    case ASN_NO_SIGNER_E: return "certificate is not signed by a trust anchor";
    case 18:
    case 19:
    case ASN_SELF_SIGNED_E: return "certificate is self-signed and no trust anchor";
    case 7:
    case ASN_SIG_CONFIRM_E: return "certificate has a wrong signature";
    case 25:
    case ASN_PATHLEN_INV_E: return "certificate chain is longer than one of its certificates allows";
    case 22:
    case MAX_CHAIN_ERROR: return "certificate chain is too long";
    case 26:
    case EXTKEYUSE_AUTH_E: return "certificate is not meant for this use (extended key usage)";
    case KEYUSE_SIGNATURE_E: return "certificate is not meant for signing (key usage)";
    case 24:
    case NOT_CA_ERROR: return "certificate of an issuer is no CA certificate";
    case 23:
    case CRL_CERT_REVOKED: return "certificate has been revoked";
    case 3:
    case 12:
    case CRL_MISSING:
        return "issuer has no valid revocation list here (none, expired, or with a wrong signature)";
    case DOMAIN_NAME_MISMATCH: return "certificate is for another name";
    case NO_PEER_CERT: return "peer sent no certificate";
    case MATCH_SUITE_ERROR: return "no cipher suite or signature scheme in common";
    case VERSION_ERROR: return "no protocol version in common";
    case ECC_CURVE_ERROR: return "no key exchange group in common";
    case SECURE_RENEGOTIATION_E: return "peer wants to renegotiate";
    case VERIFY_MAC_ERROR:
    case DECRYPT_ERROR: return "bad record (authentication failed)";
    case UNKNOWN_RECORD_TYPE:
    case LENGTH_ERROR: return "what comes is no record: peer does not speak TLS";
    case VERIFY_SIGN_ERROR:
    case SIG_VERIFY_E: return "peer has not the key of its certificate: wrong signature";
    case VERIFY_FINISHED_ERROR: return "handshake was altered on its way";
    case OUT_OF_ORDER_E:
    case SANITY_MSG_E:
    case DUPLICATE_MSG_E: return "peer sent a message that is not due";
    case WOLFSSL_ERROR_SSL: return "protocol error";
    default: return 0;
    }
}

static int fail_verify(struct engine *e, char const *doing, char const *text) {
    char number[INT_FMT];
    int above = e->verify_depth != 0, known = e->verify_detail.len != 0;
    number[int_fmt(number, e->verify_depth)] = 0;
    return engine_fail(e, doing, ": peer's ", text, above ? " (number " : "", above ? number : "",
                       above ? " above the leaf)" : "", known ? ": " : "", known ? e->verify_detail.s : "",
                       (char *)0);
}

int engine_fail_code(struct engine *e, char const *doing, int code) {
    WOLFSSL_ALERT_HISTORY alerts;
    char number[INT_FMT], reason[WOLFSSL_MAX_ERROR_SZ] = "";
    int what = e->verify_error ? e->verify_error : code;
    char const *text = words(what);
    if (code == FATAL_ERROR && e->ssl && wolfSSL_get_alert_history(e->ssl, &alerts) == WOLFSSL_SUCCESS &&
        alerts.last_rx.level == alert_fatal) {
        e->failed_by_peer = 1;
        return fail_alert(e, doing, alerts.last_rx.code);
    }
    if (e->verify_error)
        return fail_verify(e, doing, text ? text : wolfSSL_ERR_error_string((unsigned long)what, reason));
    if (text) return engine_fail(e, doing, ": ", text, (char *)0);
    number[int_fmt(number, code)] = 0;
    return engine_fail(e, doing, ": ", wolfSSL_ERR_error_string((unsigned long)code, reason), " (wolfSSL ",
                       number, ")", (char *)0);
}

/* A client that does not trust us says so in the clear where it has not changed to its keys yet, and the library, which
 * waits for what is encrypted, calls that a parse error and may leave it half unread. Anyone in between can say as much:
 * it is a reason to tell, in a handshake that has failed, and nothing else. */
int engine_fail_handshake(struct engine *e, int code) {
    recordpos_advance(&e->inpos, (unsigned char const *)queue_s(&e->in), queue_len(&e->in));
    if (code != FATAL_ERROR && !e->verify_error && e->inpos.alert[0] == alert_fatal)
        return fail_alert(e, "TLS handshake failed", e->inpos.alert[1]);
    return engine_fail_code(e, "TLS handshake failed", code);
}
