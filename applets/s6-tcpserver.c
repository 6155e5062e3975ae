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
 *     -b backlog       so many connections may wait; by default as many as the system allows
 *     -u uid, -g gid, -G gidlist  become this user, this group, have these supplementary groups, once bound
 *     -U               take all three from UID, GID and GIDLIST; an option after it overrides
 * ip is an IPv4 or IPv6 address, 0.0.0.0 and :: being all of one kind; port 0 is one that the system chooses.
 * SIGTERM ends it; SIGHUP ends its children; SIGQUIT both; SIGABRT both, with SIGKILL.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>

#include <skalibs/alloc.h>
#include <skalibs/env.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "exitcode.h"
#include "fds.h"
#include "ids.h"
#include "tcp/listener.h"
#include "tcp/server.h"

enum { DEFAULT_MAX = 40 };

struct command {
    struct server_options server;
    struct ids ids;
    int backlog;
};

typedef int set_func(struct ids *, char const *);

static void set_id(struct ids *ids, set_func *function, char const *what, char const *text) {
    errno = 0;
    if (function(ids, text) == 0) return;
    if (errno == ENOMEM) strerr_diefusys(EXIT_SYSTEM, "read ", what);
    strerr_dief(EXIT_USAGE, "invalid ", what, ": ", text);
}

static void set_id_from(struct ids *ids, set_func *function, char const *const *envp, char const *name) {
    char const *text = env_get2(envp, name);
    if (!text) strerr_dienotset(EXIT_USAGE, name);
    set_id(ids, function, name, text);
}

/* A number between two; what is beyond counts as the nearer one of them, as in s6-networking. */
static uint32_t number(char const *option, char const *text, uint32_t least, uint32_t greatest) {
    uint32_t n;
    if (!uint320_scan(text, &n)) strerr_dief(EXIT_USAGE, "invalid ", option, ": ", text);
    if (n < least) return least;
    return n > greatest ? greatest : n;
}

/* optopt is the letter, or 0 when what came is a long name. */
static void gccattr_noreturn die_of_option(char const *what, char const *word) {
    char const letter[3] = {'-', (char)optopt, 0};
    strerr_dief(EXIT_USAGE, what, optopt ? letter : word);
}

static void set_option(struct command *c, int option, char const *const *argv) {
    struct server_options *o = &c->server;
    switch (option) {
    case 'q': o->verbosity = 0; break;
    case 'Q': o->verbosity = 1; break;
    case 'v': o->verbosity = 2; break;
    case 'd': o->no_delay = 0; break;
    case 'D': o->no_delay = 1; break;
    case '1': o->announce = 1; break;
    case 'c': o->max = number("-c", optarg, 1, SERVER_MAX); break;
    case 'C': o->max_of_host = number("-C", optarg, 1, SERVER_MAX); break;
    case 'b': c->backlog = (int)number("-b", optarg, 0, INT_MAX); break;
    case 'u': set_id(&c->ids, ids_set_uid, "-u", optarg); break;
    case 'g': set_id(&c->ids, ids_set_gid, "-g", optarg); break;
    case 'G': set_id(&c->ids, ids_set_groups, "-G", optarg); break;
    case 'U':
        set_id_from(&c->ids, ids_set_uid, o->envp, "UID");
        set_id_from(&c->ids, ids_set_gid, o->envp, "GID");
        set_id_from(&c->ids, ids_set_groups, o->envp, "GIDLIST");
        break;
    case ':': die_of_option("no argument after ", argv[optind - 1]);
    default: die_of_option("unknown option ", argv[optind - 1]);
    }
}

static void parse_options(struct command *c, int argc, char const *const *argv) {
    static struct option const no_long_names[] = {{NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 0; /* from the start, whatever has been parsed before */
    while ((option = getopt_long(argc, (char *const *)argv, "+:qQvdD1c:C:b:u:g:G:U", no_long_names, NULL)) !=
           -1)
        set_option(c, option, argv);
    if (c->server.max_of_host > c->server.max) c->server.max_of_host = c->server.max;
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
    struct command c = {
        .server = {.max = DEFAULT_MAX, .max_of_host = DEFAULT_MAX, .verbosity = 1, .envp = envp},
        .backlog = SOMAXCONN};
    struct addr address;
    char const *failed;
    parse_options(&c, argc, argv);
    argv += optind;
    if (argc - optind < 3) strerr_dief(EXIT_USAGE, "no ip, port and program given; --help shows the usage");
    parse_address(&address, argv[0], argv[1]);
    c.server.argv = argv + 2;
    check_standard_fds(c.server.announce);
    int listener = listener_open(&address, c.backlog, &failed);
    if (listener < 0) strerr_diefusys(EXIT_SYSTEM, failed, argv[0], " port ", argv[1]);
    if (ids_apply(&c.ids, &failed) < 0) strerr_diefusys(EXIT_SYSTEM, failed);
    alloc_free(c.ids.groups);
    if (server_run(listener, &c.server, &failed) < 0) strerr_diefusys(EXIT_SYSTEM, failed);
    return 0;
}
