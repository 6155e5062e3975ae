/* s6-tcpclient: connects to a host by TCP and becomes a program that has the connection.
 * It must not do anything but read options and say what happens when: core/tcp connects.
 *
 * config S6_TCPCLIENT
 *     bool "s6-tcpclient: a program behind a TCP connection to a host"
 *     default y
 *     help
 *       Connects to a TCP port of a host, whichever of its addresses answers
 *       first, and executes a program that has the connection on file
 *       descriptors 6 and 7.
 *
 * usage: s6-tcpclient [ -q | -Q | -v ] [ -4 | -6 ] [ -d | -D ] [ -r | -R ] [ -h | -H ] [ -n | -N ] [ -t timeout ] [ -T timeoutconn ] [ -i localip ] [ -p localport ] [ -l localname ] host port prog...
 *     -q | -Q | -v    print what is fatal | also warnings (default) | also each attempt
 *     -4 | -6         take IPv4 | IPv6 addresses only
 *     -d | -D         leave Nagle's algorithm on (default) | turn it off (TCP_NODELAY)
 *     -r | -R         ask the host who owns the connection there, by IDENT | do not (default)
 *     -h              look in /etc/hosts too, which is done anyway
 *     -H              look no name up: host is an address, or several with commas between
 *     -n | -N         complete host with the search domains of /etc/resolv.conf | do not (default)
 *     -t timeout      seconds for the name and the connection together; 0, the default, is no limit
 *     -T timeoutconn  x+y: an address is given x seconds, and y when none has answered; 2+58 by default
 *     -i localip      connect from this address
 *     -p localport    connect from this port
 *     -l localname    the value of TCPLOCALHOST, which is not looked up then
 */

#include <limits.h>
#include <netinet/tcp.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "applet.h"
#include "exitcode.h"
#include "fds.h"
#include "tcp/clientenv.h"
#include "tcp/dial.h"
#include "tcp/lookup.h"
#include "tcpopt.h"

struct request {
    struct lookup_query query;
    struct dial dial;
    struct clientenv env;
    struct addr from;
    unsigned int limit; /* seconds; 0: none */
    unsigned int verbosity;
    unsigned int no_delay : 1;
};

static void set_limit(unsigned int *seconds, char const *text, struct opterror *err) {
    optable_number(seconds, text, err);
    if (*seconds > INT_MAX) *seconds = INT_MAX;
}

/* "2+58" */
static void set_limits(unsigned int limit[2], char const *text, struct opterror *err) {
    size_t len = uint_scan(text, &limit[0]);
    if (!len || text[len] != '+' || !uint0_scan(text + len + 1, &limit[1]) || (!limit[0] && !limit[1]))
        err->what = "invalid numbers for option ";
}

static void set_local_ip(struct request *c, char const *text, struct opterror *err) {
    if (addr_scan(&c->from, text, 0) < 0) err->what = "invalid address for option ";
    c->dial.from = &c->from;
}

static void set_local_port(struct request *c, char const *text, struct opterror *err) {
    if (!uint160_scan(text, &c->dial.from_port)) err->what = "invalid port for option ";
}

/* /etc/hosts is looked into whatever is said of it. */
static void take(void *data, int code, char const *arg, struct opterror *err) {
    struct request *c = data;
    switch (code) {
    case 'q': c->verbosity = 0; break;
    case 'Q': c->verbosity = 1; break;
    case 'v': c->verbosity = 2; break;
    case '4': c->query.family = AF_INET; break;
    case '6': c->query.family = AF_INET6; break;
    case 'd': c->no_delay = 0; break;
    case 'D': c->no_delay = 1; break;
    case 'r': c->env.ident = 1; break;
    case 'R': c->env.ident = 0; break;
    case 'H': c->query.numeric = 1; break;
    case TCPOPT_DNS: c->query.numeric = 0; break;
    case 'n': c->query.qualified = 1; break;
    case 'N': c->query.qualified = 0; break;
    case 't': set_limit(&c->limit, arg, err); break;
    case 'T': set_limits(c->dial.limit, arg, err); break;
    case 'i': set_local_ip(c, arg, err); break;
    case 'p': set_local_port(c, arg, err); break;
    case 'l': c->env.local_name = arg; break;
    default: break; /* -h, --no-hosts */
    }
}

/* Returns the index of the first operand. */
static int parse_options(struct request *c, int argc, char const *const *argv) {
    struct opterror err;
    struct optable const table = tcpopt_table(TCPOPT_TCPCLIENT, take, c);
    int first = optable_parse(&table, 1, argc, argv, &err);
    if (first < 0 || tcpopt_operands(argv + first, 1, &err) < 0) applet_refuse(&err);
    addr_set_port(&c->from, c->dial.from_port);
    return first;
}

/* From an address of one family, only addresses of that family can be reached. */
static void restrict_family(struct request *c) {
    sa_family_t family = c->from.any.sa_family;
    if (!c->dial.from) return;
    if (c->query.family != AF_UNSPEC && c->query.family != family)
        strerr_dief(EXIT_USAGE, "the address of -i is not of the kind that -4 or -6 asks for");
    c->query.family = family;
}

static void set_deadline(tain *deadline, unsigned int limit) {
    if (limit)
        tain_addsec_g(deadline, (int)limit);
    else
        tain_add_g(deadline, &tain_infinite_relative);
}

static void find(struct request *c, struct lookup_result *found) {
    char const *why;
    int permanent;
    if (lookup_run(found, &c->query, &c->dial.deadline, &why, &permanent) == 0) return;
    strerr_dief(permanent ? EXIT_USAGE : EXIT_SYSTEM, "unable to find an address of ", c->query.host, ": ",
                why);
}

static int connect_to(struct request *c, struct lookup_result const *found, char const *port) {
    struct addr const *last;
    char ip[ADDR_TEXT];
    c->dial.to = found->addr;
    c->dial.n = found->n;
    c->dial.verbose = c->verbosity > 1;
    int fd = dial_run(&c->dial, &last);
    if (fd >= 0) return fd;
    addr_text(ip, last);
    strerr_diefusys(EXIT_SYSTEM, "connect to ", c->query.host, " port ", port, ": ", ip);
}

static void describe(stralloc *vars, struct request *c, int fd) {
    struct addr remote, local;
    char ip[ADDR_TEXT], port[UINT16_FMT];
    if (addr_of_remote(&remote, fd) < 0 || addr_of_local(&local, fd) < 0)
        strerr_diefusys(EXIT_SYSTEM, "find the addresses of the connection");
    addr_text(ip, &remote);
    port[uint16_fmt(port, addr_port(&remote))] = 0;
    if (c->verbosity > 1) strerr_warni("connected to ", ip, " port ", port);
    c->env.names = !c->query.numeric;
    c->env.warn = c->verbosity > 0;
    c->env.deadline = c->dial.deadline;
    if (!clientenv_add(vars, &c->env, &remote, &local))
        strerr_diefusys(EXIT_SYSTEM, "build the environment of prog");
}

static void give_to_prog(int fd, int no_delay) {
    int on = 1;
    if (no_delay) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* where its number is 6 already, nothing is moved, and the flag stays */
    if (fd_move(6, fd) < 0 || uncoe(6) < 0 || fd_copy(7, 6) < 0)
        strerr_diefusys(EXIT_SYSTEM, "give prog its file descriptors");
}

int s6_tcpclient_main(int argc, char const *const *argv, char const *const *envp) {
    struct request c = {.query = {.family = AF_UNSPEC}, .dial = {.limit = {2, 58}}, .verbosity = 1};
    struct lookup_result found;
    stralloc vars = STRALLOC_ZERO;
    argv += parse_options(&c, argc, argv);
    c.query.host = argv[0];
    if (!uint160_scan(argv[1], &c.query.port)) strerr_dief(EXIT_USAGE, "invalid port: ", argv[1]);
    restrict_family(&c);
    if (fds_fill_standard() < 0) strerr_diefusys(EXIT_SYSTEM, "open /dev/null");
    if (!tain_now_set_stopwatch_g()) tain_now_set_wallclock_g();
    set_deadline(&c.dial.deadline, c.limit);
    find(&c, &found);
    int fd = connect_to(&c, &found, argv[1]);
    describe(&vars, &c, fd);
    give_to_prog(fd, c.no_delay);
    applet_exec_with(argv + 2, envp, vars.s, vars.len);
}
