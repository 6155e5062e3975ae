/* tcpopt: the table of the options of the TCP programs; the header says it. */

#include "tcpopt.h"

enum {
    TLSSERVER = TCPOPT_TLSSERVER,
    SERVERS = TCPOPT_TCPSERVER | TCPOPT_TLSSERVER,
    CLIENTS = TCPOPT_TCPCLIENT | TCPOPT_TLSCLIENT,
    EACH = SERVERS | CLIENTS,
    NAMING = CLIENTS | TCPOPT_TLSSERVER, /* those that look names up, or pass it on */
};

static struct optable_row const rows[] = {
    {EACH, 'q', 0, "quiet"},
    {EACH, 'Q', 0, "normally-verbose"},
    {EACH, 'v', 0, "verbose"},
    {EACH, 'd', 0, "nagle"},
    {EACH, 'D', 0, "no-nagle"},
    {NAMING, 'r', 0, "ident"},
    {NAMING, 'R', 0, "no-ident"},
    {NAMING, TCPOPT_DNS, 0, "dns"},
    {NAMING, 'H', 0, "no-dns"},
    {NAMING, 'h', 0, "hosts"},
    {NAMING, TCPOPT_NO_HOSTS, 0, "no-hosts"},
    {NAMING, 'l', 1, "local-name"},
    {NAMING, 't', 1, "timeout"},
    {SERVERS, '1', 0, "notify"},
    {SERVERS, 'c', 1, "global-max-connections"},
    {SERVERS, 'C', 1, "local-max-connections"},
    {SERVERS, 'b', 1, "backlog"},
    {TLSSERVER, 'e', 0, NULL},
    {TLSSERVER, 'w', 0, "strict-resolution"},
    {TLSSERVER, 'W', 0, "no-strict-resolution"},
    {TLSSERVER, 'p', 0, "paranoid"},
    {TLSSERVER, 'P', 0, "no-paranoid"},
    {TLSSERVER, 'B', 1, "banner"},
    {TLSSERVER, 'i', 1, "rules-directory"},
    {TLSSERVER, 'x', 1, "rules-file"},
    {CLIENTS, '4', 0, "ipv4"},
    {CLIENTS, '6', 0, "ipv6"},
    {CLIENTS, 'n', 0, "qualify"},
    {CLIENTS, 'N', 0, "no-qualify"},
    {CLIENTS, 'T', 1, "connection-timeouts"},
    {CLIENTS, 'i', 1, "local-ip"},
    {CLIENTS, 'p', 1, "local-port"},
};

struct optable tcpopt_table(enum tcpopt_user user, optable_take *take, void *data) {
    return (struct optable){rows, sizeof rows / sizeof *rows, user, take, data};
}

int tcpopt_operands(char const *const *operands, int program, struct opterror *err) {
    static char const *const names[] = {"address", "port", "program"};
    for (int i = 0; i < 2 + program; i++) {
        if (operands[i]) continue;
        *err = (struct opterror){"no ", names[i], "; --help shows the usage", 0, ""};
        return -1;
    }
    return 0;
}
