/* signer: what the engine asks of whoever holds the private keys; the keys may be in another process.
 * Knows nothing of where they are. */

#ifndef SIGNER_H
#define SIGNER_H

#include <stddef.h>

/* What is signed: for ECDSA and RSA-PSS a digest, for RSA PKCS#1 v1.5 a DigestInfo, for Ed25519 the
 * content itself (RFC 8446 4.4.3, RFC 5246 7.4.8). RSA-PSS: MGF1 and salt of the digest's own length. */
enum sign_scheme {
    SIGN_ECDSA,
    SIGN_RSA_PKCS1,
    SIGN_RSA_PSS_SHA256,
    SIGN_RSA_PSS_SHA384,
    SIGN_RSA_PSS_SHA512,
    SIGN_ED25519,
};

/* Digests and DigestInfos are short. Ed25519 content is too, but for a TLS 1.2 client: there it is all
 * messages of the handshake. */
enum { SIGN_DIGEST_MAX = 256, SIGN_CONTENT_MAX = 65536, SIGN_OUTPUT_MAX = 1024 };

/* Signs in with key number key. *outlen: in, the room at out (SIGN_OUTPUT_MAX is always enough); out, the
 * signature's length. Returns 0, or -1. */
typedef int signer_func(void *data, unsigned int key, enum sign_scheme scheme, unsigned char const *in,
                        size_t inlen, unsigned char *out, size_t *outlen);

#endif
