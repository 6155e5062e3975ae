/* client_wolfssl: a client by wolfSSL that connects twice, the second time with the session of the first, and prints what the
 * server says each time. Arguments: port, file of the trust anchors, 1.2 or 1.3. It must not verify the name. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

static int dial(char const *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) exit(111);
    return fd;
}

static void failed(char const *what) {
    fprintf(stderr, "client_wolfssl: %s\n", what);
    exit(1);
}

static WOLFSSL_SESSION *converse(WOLFSSL_CTX *ctx, char const *port, WOLFSSL_SESSION *session) {
    char line[64] = "";
    WOLFSSL *ssl = wolfSSL_new(ctx);
    wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, "localhost", 9);
    wolfSSL_UseSessionTicket(ssl);
    if (session && wolfSSL_set_session(ssl, session) != WOLFSSL_SUCCESS) failed("no use for the session");
    wolfSSL_set_fd(ssl, dial(port));
    if (wolfSSL_connect(ssl) != WOLFSSL_SUCCESS) failed("no handshake");
    if (wolfSSL_read(ssl, line, sizeof line - 1) <= 0) failed("no answer");
    printf("%d %s", wolfSSL_session_reused(ssl), line);
    session = wolfSSL_get1_session(ssl);
    wolfSSL_shutdown(ssl);
    close(wolfSSL_get_fd(ssl));
    wolfSSL_free(ssl);
    return session;
}

int main(int argc, char const *const *argv) {
    if (argc != 4 || wolfSSL_Init() != WOLFSSL_SUCCESS) return 100;
    WOLFSSL_CTX *ctx =
        wolfSSL_CTX_new(strcmp(argv[3], "1.2") ? wolfTLSv1_3_client_method() : wolfTLSv1_2_client_method());
    if (wolfSSL_CTX_load_verify_locations(ctx, argv[2], 0) != WOLFSSL_SUCCESS) failed("no trust anchors");
    WOLFSSL_SESSION *first = converse(ctx, argv[1], 0);
    if (!first) failed("no session");
    wolfSSL_SESSION_free(converse(ctx, argv[1], first));
    wolfSSL_SESSION_free(first);
    wolfSSL_CTX_free(ctx);
    return 0;
}
