/* addr: one end of a TCP connection; the header says it. */

#include "tcp/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

/* An interface is named after a %: only then does an address that is local to a link say where it is. */
static int scan_v6(struct sockaddr_in6 *v6, char const *text) {
    char ip[ADDR_TEXT];
    char const *percent = strchr(text, '%');
    size_t len = percent ? (size_t)(percent - text) : strlen(text);
    if (len >= sizeof ip) return -1;
    memcpy(ip, text, len);
    ip[len] = 0;
    if (inet_pton(AF_INET6, ip, &v6->sin6_addr) != 1) return -1;
    if (percent && !(v6->sin6_scope_id = if_nametoindex(percent + 1))) return -1;
    v6->sin6_family = AF_INET6;
    return 0;
}

int addr_scan(struct addr *a, char const *text, uint16_t port) {
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1)
        a->v4.sin_family = AF_INET;
    else if (scan_v6(&a->v6, text) < 0)
        return -1;
    addr_set_port(a, port);
    return 0;
}

void addr_key(unsigned char key[ADDR_KEY], struct addr const *a) {
    static unsigned char const mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (a->any.sa_family == AF_INET6) {
        memcpy(key, &a->v6.sin6_addr, ADDR_KEY);
        return;
    }
    memcpy(key, mapped, sizeof mapped);
    memcpy(key + sizeof mapped, &a->v4.sin_addr, 4);
}

void addr_text(char text[ADDR_TEXT], struct addr const *a) {
    unsigned char key[ADDR_KEY];
    struct in6_addr v6;
    addr_key(key, a);
    memcpy(&v6, key, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6))
        inet_ntop(AF_INET, key + 12, text, ADDR_TEXT);
    else
        inet_ntop(AF_INET6, key, text, ADDR_TEXT);
}

uint16_t addr_port(struct addr const *a) {
    return ntohs(a->any.sa_family == AF_INET6 ? a->v6.sin6_port : a->v4.sin_port);
}

void addr_set_port(struct addr *a, uint16_t port) {
    if (a->any.sa_family == AF_INET6)
        a->v6.sin6_port = htons(port);
    else
        a->v4.sin_port = htons(port);
}

socklen_t addr_len(struct addr const *a) {
    return a->any.sa_family == AF_INET6 ? sizeof a->v6 : sizeof a->v4;
}

static int check(struct addr const *a, int result) {
    if (result < 0) return -1;
    if (a->any.sa_family == AF_INET || a->any.sa_family == AF_INET6) return 0;
    errno = EAFNOSUPPORT;
    return -1;
}

int addr_of_local(struct addr *a, int fd) {
    socklen_t len = sizeof *a;
    memset(a, 0, sizeof *a);
    return check(a, getsockname(fd, &a->any, &len));
}

int addr_of_remote(struct addr *a, int fd) {
    socklen_t len = sizeof *a;
    memset(a, 0, sizeof *a);
    return check(a, getpeername(fd, &a->any, &len));
}
