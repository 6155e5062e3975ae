/* s6-tcpserver: a TCP super-server, which runs a program for each connection.
 * It must not do anything but read options, bind and drop privileges: core/tcp serves.
 *
 * config S6_TCPSERVER
 *     bool "s6-tcpserver: a program for each TCP connection"
 *     default y
 *     help
 *       Listens on a TCP port, IPv4 or IPv6, and runs a program for each
 *       connection, with the connection on its stdin and stdout.
 *
 * usage: s6-tcpserver [ -q | -Q | -v ] [ -d | -D ] [ -1 ] [ -c maxconn ] [ -C localmaxconn ] [ -b backlog ] [ -G gidlist ] [ -g gid ] [ -u uid ] [ -U ] ip port prog...
 *     -q | -Q | -v     print what is fatal | also warnings (default) | also a line for each connection
 *     -d | -D          leave Nagle's algorithm on (default) | turn it off on connections (TCP_NODELAY)
 *     -1               print the port and a newline on stdout when ready, then close it
 *     -c maxconn       so many connections at a time, 40 by default, at most 16384; more wait
 *     -C localmaxconn  so many of them from one address, 40 by default, at most maxconn; more are closed
 *     -b backlog       so many connections may wait; by default SOMAXCONN, if the system allows so many
 *     -u uid, -g gid, -G gidlist  become this user, this group, have these supplementary groups, once bound
 *     -U               take all three from UID, GID and GIDLIST; an option after it overrides
 * ip is an IPv4 or IPv6 address, 0.0.0.0 and :: being all of one kind; port 0 is one that the system chooses.
 * SIGTERM ends it; SIGHUP ends its children; SIGQUIT both; SIGABRT both, with SIGKILL.
 */

#include <fcntl.h>
#include <limits.h>

#include <skalibs/alloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "applet.h"
#include "exitcode.h"
#include "fds.h"
#include "idopt.h"
#include "tcp/listener.h"
#include "tcp/server.h"
#include "tcpopt.h"

enum { DEFAULT_MAX = 40 };

struct request {
    struct server_options server;
    struct idopt who;
    unsigned int backlog;
};

/* A number between two; what is beyond counts as the nearer one of them, as in s6-networking. */
static unsigned int bounded(char const *text, unsigned int least, unsigned int greatest,
                            struct opterror *err) {
    unsigned int n = least;
    optable_number(&n, text, err);
    if (n < least) return least;
    return n > greatest ? greatest : n;
}

static void take(void *data, int code, char const *arg, struct opterror *err) {
    struct request *c = data;
    struct server_options *o = &c->server;
    switch (code) {
    case 'q': o->verbosity = 0; break;
    case 'Q': o->verbosity = 1; break;
    case 'v': o->verbosity = 2; break;
    case 'd': o->no_delay = 0; break;
    case 'D': o->no_delay = 1; break;
    case '1': o->announce = 1; break;
    case 'c': o->max = bounded(arg, 1, SERVER_MAX, err); break;
    case 'C': o->max_of_host = bounded(arg, 1, SERVER_MAX, err); break;
    default: c->backlog = bounded(arg, 0, INT_MAX, err); break; /* -b */
    }
}

/* Returns the index of the first operand. */
static int parse_options(struct request *c, int argc, char const *const *argv) {
    struct opterror err;
    struct optable const tables[] = {tcpopt_table(TCPOPT_TCPSERVER, take, c), idopt_table(&c->who)};
    int first = optable_parse(tables, 2, argc, argv, &err);
    if (first < 0 || idopt_read_env(&c->who, c->server.envp, &err) < 0 ||
        tcpopt_operands(argv + first, 1, &err) < 0)
        applet_refuse(&err);
    if (c->server.max_of_host > c->server.max) c->server.max_of_host = c->server.max;
    return first;
}

static void parse_address(struct addr *a, char const *ip, char const *port) {
    uint16_t n;
    if (!uint160_scan(port, &n)) strerr_dief(EXIT_USAGE, "invalid port: ", port);
    if (addr_scan(a, ip, n) < 0) strerr_dief(EXIT_USAGE, "invalid IP address: ", ip);
}

/* Before anything is opened, which could take the number of one that is closed. */
static void check_standard_fds(int announce) {
    if (announce && fcntl(1, F_GETFD) < 0) strerr_diefusys(EXIT_SYSTEM, "write the port to stdout");
    if (fds_fill_standard() < 0) strerr_diefusys(EXIT_SYSTEM, "open /dev/null");
}

int s6_tcpserver_main(int argc, char const *const *argv, char const *const *envp) {
    struct request c = {
        .server = {.max = DEFAULT_MAX, .max_of_host = DEFAULT_MAX, .verbosity = 1, .envp = envp},
        .backlog = SOMAXCONN};
    struct addr address;
    char const *failed;
    argv += parse_options(&c, argc, argv);
    parse_address(&address, argv[0], argv[1]);
    c.server.argv = argv + 2;
    check_standard_fds(c.server.announce);
    int listener = listener_open(&address, (int)c.backlog, &failed);
    if (listener < 0) strerr_diefusys(EXIT_SYSTEM, failed, argv[0], " port ", argv[1]);
    if (ids_apply(&c.who.ids, &failed) < 0) strerr_diefusys(EXIT_SYSTEM, failed);
    alloc_free(c.who.ids.groups);
    if (server_run(listener, &c.server, &failed) < 0) strerr_diefusys(EXIT_SYSTEM, failed);
    return 0;
}
