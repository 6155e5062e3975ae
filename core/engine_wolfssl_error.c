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

/* RFC 8446 6, RFC 5246 7.2, RFC 6066, RFC 7301 */
static char const *alert_name(int code) {
    static struct {
        int code;
        char const *name;
    } const names[] = {
        {0, "close_notify"},
        {10, "unexpected_message"},
        {20, "bad_record_mac"},
        {22, "record_overflow"},
        {40, "handshake_failure"},
        {42, "bad_certificate"},
        {43, "unsupported_certificate"},
        {44, "certificate_revoked"},
        {45, "certificate_expired"},
        {46, "certificate_unknown"},
        {47, "illegal_parameter"},
        {48, "unknown_ca"},
        {49, "access_denied"},
        {50, "decode_error"},
        {51, "decrypt_error"},
        {70, "protocol_version"},
        {71, "insufficient_security"},
        {80, "internal_error"},
        {86, "inappropriate_fallback"},
        {90, "user_canceled"},
        {100, "no_renegotiation"},
        {109, "missing_extension"},
        {110, "unsupported_extension"},
        {112, "unrecognized_name"},
        {113, "bad_certificate_status_response"},
        {115, "unknown_psk_identity"},
        {116, "certificate_required"},
        {120, "no_application_protocol"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code) return names[i].name;
    return "of an unknown kind";
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
    case DOMAIN_NAME_MISMATCH: return "certificate is for another name";
    case NO_PEER_CERT: return "peer sent no certificate";
    case MATCH_SUITE_ERROR: return "no cipher suite in common";
    case VERSION_ERROR: return "no protocol version in common";
    case ECC_CURVE_ERROR: return "no key exchange group in common";
    case SECURE_RENEGOTIATION_E: return "peer wants to renegotiate";
    case VERIFY_MAC_ERROR:
    case DECRYPT_ERROR: return "bad record (authentication failed)";
    case WOLFSSL_ERROR_SSL: return "protocol error";
    default: return 0;
    }
}

int engine_fail_code(struct engine *e, char const *doing, int code) {
    WOLFSSL_ALERT_HISTORY alerts;
    char number[INT_FMT], reason[WOLFSSL_MAX_ERROR_SZ] = "";
    char const *text = words(e->verify_error ? e->verify_error : code);
    if (code == FATAL_ERROR && e->ssl && wolfSSL_get_alert_history(e->ssl, &alerts) == WOLFSSL_SUCCESS &&
        alerts.last_rx.level == alert_fatal) {
        e->failed_by_peer = 1;
        return engine_fail(e, doing, ": peer sent alert ", alert_name(alerts.last_rx.code), (char *)0);
    }
    if (e->verify_error) {
        number[int_fmt(number, e->verify_depth)] = 0;
        if (!text) text = wolfSSL_ERR_error_string((unsigned long)e->verify_error, reason);
        return engine_fail(e, doing, ": peer's ", text, e->verify_depth ? " (number " : "",
                           e->verify_depth ? number : "", e->verify_depth ? " above the leaf)" : "",
                           (char *)0);
    }
    if (!text) text = wolfSSL_ERR_error_string((unsigned long)code, reason);
    number[int_fmt(number, code)] = 0;
    return engine_fail(e, doing, ": ", text, " (wolfSSL ", number, ")", (char *)0);
}
