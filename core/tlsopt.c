/* tlsopt: the options that the TLS applets share; the header says it. */

#include "tlsopt.h"

#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include <skalibs/types.h>

#include "config.h"
#include "hostname.h"

enum { BOTH = TLSOPT_SERVER | TLSOPT_CLIENT };
enum { LONG_SNI = 256, LONG_MANDATORY_SNI, LONG_VERIFY, LONG_NO_VERIFY };

/* The one table: from it come the letters, the long names and whether there is an argument. */
static struct option_row {
    unsigned int sides;
    int code; /* the letter, or LONG_* */
    int has_arg;
    char const *name;
} const table[] = {
    {BOTH, 'S', 0, "close-notify"},
    {BOTH, 's', 0, "no-close-notify"},
    {BOTH, 'J', 0, "enforce-close-notify"},
    {BOTH, 'j', 0, "no-enforce-close-notify"},
    {BOTH, 'Z', 0, "keep"},
    {BOTH, 'z', 0, "no-keep"},
    {BOTH, 'v', 1, "verbosity"},
    {BOTH, 'K', 1, "handshake-timeout"},
    {BOTH, 'I', 1, "idle-timeout"},
    {TLSOPT_SERVER, 'Y', 0, "client-cert"},
    {TLSOPT_SERVER, 'y', 0, "mandatory-client-cert"},
    {TLSOPT_SERVER, 'k', 1, "sni-level"},
    {TLSOPT_SERVER, LONG_SNI, 0, "sni"},
    {TLSOPT_SERVER, LONG_MANDATORY_SNI, 0, "mandatory-sni"},
    {TLSOPT_CLIENT, 'Y', 0, "no-client-cert"},
    {TLSOPT_CLIENT, 'y', 0, "client-cert"},
    {TLSOPT_CLIENT, 'k', 1, "servername"},
    {TLSOPT_CLIENT, LONG_VERIFY, 0, "verify-cert"},
    {TLSOPT_CLIENT, LONG_NO_VERIFY, 0, "no-verify-cert"},
    {TLSOPT_CLIENT, '6', 1, "read-fd"},
    {TLSOPT_CLIENT, '7', 1, "write-fd"},
};

enum { TABLE_N = sizeof table / sizeof *table };

/* Stop at the first operand; tell a missing argument from an unknown option. */
static void make_getopt_tables(enum tlsopt_side side, char *letters, struct option *names) {
    *letters++ = '+';
    *letters++ = ':';
    for (struct option_row const *row = table; row < table + TABLE_N; row++) {
        if (!(row->sides & side)) continue;
        *names++ = (struct option){.name = row->name, .has_arg = row->has_arg, .val = row->code};
        if (row->code > 255) continue;
        *letters++ = (char)row->code;
        if (row->has_arg) *letters++ = ':';
    }
    *letters = 0;
    memset(names, 0, sizeof *names);
}

static void set_defaults(struct tlsopt *o, enum tlsopt_side side) {
    memset(o, 0, sizeof *o);
    o->verbosity = 1;
    o->verify = side == TLSOPT_CLIENT ? ENGINE_VERIFY_MANDATORY : ENGINE_VERIFY_NONE;
    o->rfd = side == TLSOPT_CLIENT ? 6 : 0;
    o->wfd = side == TLSOPT_CLIENT ? 7 : 1;
}

struct parsing {
    struct tlsopt *o;
    enum tlsopt_side side;
    int idle_given;
    char const *what;
};

static void number(struct parsing *p, unsigned int *n, char const *arg) {
    if (!uint0_scan(arg, n)) p->what = "invalid number for option ";
}

/* What gives prog its two fds cannot be its stderr. */
static void fd_number(struct parsing *p, unsigned int *n, char const *arg) {
    number(p, n, arg);
    if (!p->what && (*n > INT32_MAX || *n == 2)) p->what = "invalid file descriptor for option ";
}

static void client_certificate(struct parsing *p, int code) {
#if CONFIG_CLIENT_CERTS
    if (p->side == TLSOPT_CLIENT)
        p->o->send_cert = code == 'y';
    else
        p->o->verify = code == 'y' ? ENGINE_VERIFY_MANDATORY : ENGINE_VERIFY_OPTIONAL;
#else
    if (p->side == TLSOPT_SERVER || code == 'y') p->what = "client certificates are not built in: option ";
#endif
}

static void sni_level(struct parsing *p, unsigned int level) {
#if !CONFIG_SNI_CERTS
    if (level) p->what = "certificates by server name are not built in: option ";
#endif
    p->o->snilevel = level < 2 ? level : 2;
}

static void name_or_level(struct parsing *p, char const *arg) {
    char ip[16];
    unsigned int level = 0;
    if (p->side == TLSOPT_SERVER) {
        number(p, &level, arg);
        if (!p->what) sni_level(p, level);
        return;
    }
    if (!hostname_ip(arg, ip) && !hostname_valid(arg)) p->what = "invalid server name for option ";
    p->o->servername = arg;
}

static void take(struct parsing *p, int code, char const *arg) {
    struct tlsopt *o = p->o;
    switch (code) {
    case 'S': o->close = RELAY_CLOSE_NOTIFY; break;
    case 's': o->close = RELAY_CLOSE_FIN; break;
    case 'J': o->strict = 1; break;
    case 'j': o->strict = 0; break;
    case 'Z': o->keep = 1; break;
    case 'z': o->keep = 0; break;
    case 'v': number(p, &o->verbosity, arg); break;
    case 'K': number(p, &o->handshake, arg); break;
    case 'I':
        number(p, &o->idle, arg);
        p->idle_given = 1;
        break;
    case 'Y':
    case 'y': client_certificate(p, code); break;
    case 'k': name_or_level(p, arg); break;
    case '6': fd_number(p, &o->rfd, arg); break;
    case '7': fd_number(p, &o->wfd, arg); break;
    case LONG_SNI: sni_level(p, 1); break;
    case LONG_MANDATORY_SNI: sni_level(p, 2); break;
    case LONG_VERIFY: o->verify = ENGINE_VERIFY_MANDATORY; break;
    case LONG_NO_VERIFY: o->verify = ENGINE_VERIFY_NONE; break;
    case ':': p->what = "no argument to option "; break;
    default: p->what = "unknown option "; break;
    }
}

int tlsopt_parse(struct tlsopt *o, enum tlsopt_side side, int argc, char const *const *argv,
                 char const **what, char const **where) {
    char letters[2 * TABLE_N + 3];
    struct option names[TABLE_N + 1];
    struct parsing p = {.o = o, .side = side};
    int code, at = 1;
    set_defaults(o, side);
    make_getopt_tables(side, letters, names);
    opterr = 0;
    optind = 0; /* from the start, whatever has been parsed before */
    while ((code = getopt_long(argc, (char *const *)argv, letters, names, 0)) >= 0) {
        take(&p, code, optarg);
        if (p.what) {
            *what = p.what;
            *where = argv[at];
            return -1;
        }
        at = optind;
    }
    if (!p.idle_given) o->idle = o->handshake;
    if (o->rfd != o->wfd) return optind;
    *what = "one file descriptor for both directions: option ";
    *where = "-6 and -7";
    return -1;
}
