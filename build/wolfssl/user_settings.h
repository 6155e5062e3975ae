/* user_settings: what a wolfSSL that is built from source consists of, from the symbols of the configuration.
 * Nothing may be in it that no applet uses: what is not there cannot be attacked. Versions 5.5 to 5.9. */

#ifndef USER_SETTINGS_H
#define USER_SETTINGS_H

#include "config.h"
#ifndef __ASSEMBLER__
#include <stdio.h> /* 5.5 calls snprintf without, where the compiler is clang */
#endif

/* One process, one thread, one connection; its I/O goes through memory; what is resumed comes in a ticket. */
#define SINGLE_THREADED
#define WOLFSSL_USER_IO
#define NO_FILESYSTEM
#define NO_WRITEV
#if CONFIG_TICKETS
#define HAVE_SESSION_TICKET
#define WOLFSSL_NO_DEF_TICKET_ENC_CB
#define MICRO_SESSION_CACHE /* with tickets it does not link without one (5.7, 5.9); it stays off */
/* For a longer ticket, as another server may have given one, it ends the handshake (TLS 1.3): by default of more than 238 bytes
 * (5.9) or 1,536. The context has room for one: with 384 each connection keeps two pages more. */
#define MAX_PSK_ID_LEN 320
#else
#define NO_SESSION_CACHE
#endif
#define NO_ERROR_QUEUE
#define WOLFSSL_NO_SOCK
#define WOLFSSL_IGNORE_FILE_WARN

/* Each random number comes from the kernel, through core/engine_wolfssl_random.c: no generator here. */
#ifndef __ASSEMBLER__
int engine_wolfssl_random(unsigned char *s, unsigned int len);
#endif
#define CUSTOM_RAND_GENERATE_BLOCK engine_wolfssl_random

/* What configure would have found */
#define HAVE_SYS_TIME_H
#define HAVE_LIMITS_H /* sizes of long and long long */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WORDS_BIGENDIAN
#endif
#if !defined __x86_64__ && !defined __i386__ && !defined __aarch64__
#define WOLFSSL_USE_ALIGN          /* else a ticket is a bus error on mips */
#define WOLFSSL_SP_INT_DIGIT_ALIGN /* likewise a number, with 5.5 */
#endif

/* Protocol */
#define WOLFSSL_TLS13
#define NO_OLD_TLS
#define NO_PSK
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_SNI
#define WOLFSSL_ALWAYS_KEEP_SNI
#if CONFIG_ALPN
#define HAVE_ALPN
#endif
#define HAVE_HKDF
#if CONFIG_TLS12
#define HAVE_EXTENDED_MASTER
#define HAVE_SERVER_RENEGOTIATION_INFO
#if CONFIG_SUITES_AES_CBC
#define HAVE_ENCRYPT_THEN_MAC
#endif
#elif !CONFIG_OCSP_STAPLE /* 5.9 has what reads staples among its TLS 1.2, which stays then, and is not spoken */
#define WOLFSSL_NO_TLS12
#endif
#if CONFIG_CLIENT && !CONFIG_SERVER
#define NO_WOLFSSL_SERVER
#endif
#if CONFIG_SERVER && !CONFIG_CLIENT
#define NO_WOLFSSL_CLIENT
#endif

/* Certificates. The callback for good ones too: names are compared there. Peers send more than the path to an anchor. */
#define WOLFSSL_ALWAYS_VERIFY_CB
#define WOLFSSL_ALT_CERT_CHAINS
#define WOLFSSL_IP_ALT_NAME
#define KEEP_PEER_CERT
#define WOLFSSL_BASE64_ENCODE
#if CONFIG_CRL
#define HAVE_CRL
#endif
#if CONFIG_OCSP_STAPLE
#define HAVE_OCSP
#define HAVE_CERTIFICATE_STATUS_REQUEST
#endif
#define NO_PWDBASED
#define NO_PKCS12
#if CONFIG_OWN_CERTS
#define HAVE_PK_CALLBACKS
#endif

/* Arithmetic: in constant time, with no memory of earlier points */
#define WOLFSSL_SP_MATH_ALL
#define SP_INT_BITS 4096
#define ECC_TIMING_RESISTANT
#define TFM_TIMING_RESISTANT
#if defined __SIZEOF_INT128__
#define HAVE___UINT128_T 1
#endif

/* Signatures: whatever a peer may have, and of our own what is chosen */
#define HAVE_ECC
#define ECC_USER_CURVES /* P-256, and what follows */
#define HAVE_ECC384
#define HAVE_ECC521
#if !CONFIG_OPTIMIZE_SIZE
#define ECC_SHAMIR
#endif
#if CONFIG_KEY_RSA || CONFIG_PEER_CERTS
#define WC_RSA_BLINDING
#define WC_RSA_PSS
#define WOLFSSL_PSS_LONG_SALT
#else
#define NO_RSA
#endif
#if CONFIG_KEY_ED25519 || CONFIG_PEER_CERTS
#define HAVE_ED25519
#endif

/* Key exchange */
#define NO_DH
#if CONFIG_GROUP_X25519
#define HAVE_CURVE25519
#endif
#if CONFIG_GROUP_X25519MLKEM768
#define WOLFSSL_HAVE_MLKEM
#define WOLFSSL_NO_ML_KEM_512
#define WOLFSSL_NO_ML_KEM_1024
#define WOLFSSL_PQC_HYBRIDS
#define WOLFSSL_TLS_NO_MLKEM_STANDALONE
#define WOLFSSL_SHA3
#define WOLFSSL_SHAKE128
#define WOLFSSL_SHAKE256
#endif

/* Suites and hashes */
#if CONFIG_SUITES_AES_GCM
#define HAVE_AESGCM
#define GCM_TABLE_4BIT
#endif
#if CONFIG_SUITES_AES_CCM
#define HAVE_AESCCM
#endif
#if !CONFIG_SUITES_AES_CBC
#define NO_AES_CBC
#endif
#if !CONFIG_SUITES_AES_GCM && !CONFIG_SUITES_AES_CCM && !CONFIG_SUITES_AES_CBC
#define NO_AES
#endif
#if CONFIG_SUITES_CHACHA20 || CONFIG_TICKETS /* sealed with it */
#define HAVE_CHACHA
#define HAVE_POLY1305
#endif
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define NO_DSA
#define NO_DES3
#define NO_RC4
#define NO_MD4
#define NO_MD5
#if CONFIG_OPTIMIZE_SIZE
#define USE_SLOW_SHA256
#define USE_SLOW_SHA512
#define WOLFSSL_AES_SMALL_TABLES
#endif

/* For the machines of build/source.mk: chosen when it runs, by what the processor has */
#if CONFIG_WOLFSSL_ASM
#define WOLFSSL_HAVE_SP_ECC
#define WOLFSSL_SP_384
#define WOLFSSL_SP_521
#define WOLFSSL_HAVE_SP_RSA
#define WOLFSSL_SP_4096
#if defined __aarch64__
#define WOLFSSL_ARMASM
#define WOLFSSL_SP_ARM64_ASM
#else
#define USE_INTEL_SPEEDUP
#define WOLFSSL_AESNI
#define WOLFSSL_SP_X86_64_ASM
#endif
#endif

#endif
