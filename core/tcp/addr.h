/* addr: the address and port of one end of a TCP connection, IPv4 or IPv6, read from text and shown as text.
 * Must not look a name up. */

#ifndef ADDR_H
#define ADDR_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/* Which of the two it is, any.sa_family says. */
struct addr {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

enum {
    ADDR_TEXT = INET6_ADDRSTRLEN, /* the longest address as text, with its NUL */
    ADDR_KEY = 16,                /* bytes that tell one host from another */
};

/* Reads an address, without its port: 192.0.2.1, ::1, fe80::1%eth0. Returns 0, or -1: it is none. */
int addr_scan(struct addr *a, char const *text, uint16_t port);

/* The address as text, without port and interface. IPv4 inside IPv6 (RFC 4291 2.5.5.2) is shown as IPv4. */
void addr_text(char text[ADDR_TEXT], struct addr const *a);

/* The address alone, as an IPv6 one; what addr_text shows the same has the same key, but for the interface. */
void addr_key(unsigned char key[ADDR_KEY], struct addr const *a);

uint16_t addr_port(struct addr const *a);
void addr_set_port(struct addr *a, uint16_t port);

/* What to give to bind and connect as the length. */
socklen_t addr_len(struct addr const *a);

/* Both ends of a socket. Return 0, or -1 with errno (EAFNOSUPPORT: neither IPv4 nor IPv6). */
int addr_of_local(struct addr *a, int fd);
int addr_of_remote(struct addr *a, int fd);

#endif
