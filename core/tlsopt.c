/* tlsopt: the options that the TLS applets share; the header says it. */

#include "tlsopt.h"

#include <stdint.h>
#include <string.h>

#include "config.h"
#include "hostname.h"

enum {
    ALL = TLSOPT_SERVERS | TLSOPT_CLIENTS,
    IO = TLSOPT_TLSD_IO | TLSOPT_TLSC_IO,
    UCSPI = TLSOPT_UCSPITLSD | TLSOPT_UCSPITLSC,
    WRAPPERS = TLSOPT_TLSSERVER | TLSOPT_TLSCLIENT,
};

enum { LONG_SNI = OPTABLE_LONG, LONG_MANDATORY_SNI, LONG_VERIFY, LONG_NO_VERIFY, LONG_CHECK };

/* The one table: from it come the letters, the long names and whether there is an argument. */
static struct optable_row const rows[] = {
    {ALL, 'S', 0, "close-notify"},
    {ALL, 's', 0, "no-close-notify"},
    {ALL, 'J', 0, "enforce-close-notify"},
    {ALL, 'j', 0, "no-enforce-close-notify"},
    {ALL & ~IO, 'Z', 0, "keep"},
    {ALL & ~IO, 'z', 0, "no-keep"},
    {ALL & ~WRAPPERS, 'v', 1, "verbosity"},
    {ALL, 'K', 1, "handshake-timeout"},
    {ALL, 'I', 1, "idle-timeout"},
    {TLSOPT_SERVERS, 'Y', 0, "client-cert"},
    {TLSOPT_SERVERS, 'y', 0, "mandatory-client-cert"},
    {TLSOPT_SERVERS, 'k', 1, "sni-level"},
    {TLSOPT_SERVERS, LONG_SNI, 0, "sni"},
    {TLSOPT_SERVERS, LONG_MANDATORY_SNI, 0, "mandatory-sni"},
    {TLSOPT_CLIENTS, 'Y', 0, "no-client-cert"},
    {TLSOPT_CLIENTS, 'y', 0, "client-cert"},
    {TLSOPT_CLIENTS, 'k', 1, "servername"},
    {TLSOPT_CLIENTS, LONG_VERIFY, 0, "verify-cert"},
    {TLSOPT_CLIENTS, LONG_NO_VERIFY, 0, "no-verify-cert"},
    {TLSOPT_TLSC | TLSOPT_UCSPITLSC, '6', 1, "read-fd"},
    {TLSOPT_TLSC | TLSOPT_UCSPITLSC, '7', 1, "write-fd"},
    {IO, 'd', 1, "notification-fd"},
#if CONFIG_CHECK
    {ALL, LONG_CHECK, OPTABLE_MAYBE, "check"},
#endif
};

static void set_defaults(struct tlsopt *o, enum tlsopt_user user) {
    int client = (user & TLSOPT_CLIENTS) != 0;
    memset(o, 0, sizeof *o);
    o->verbosity = 1;
    o->verify = client ? ENGINE_VERIFY_MANDATORY : ENGINE_VERIFY_NONE;
    o->rfd = client ? 6 : 0;
    o->wfd = client ? 7 : 1;
    o->notif = -1;
}

/* What gives prog its two fds cannot be its stderr. */
static void fd_number(unsigned int *n, char const *arg, struct opterror *err) {
    optable_number(n, arg, err);
    if (!err->what && (*n > INT32_MAX || *n == 2)) err->what = "invalid file descriptor for option ";
}

/* 0, 1 and 2 are the connection's, and what is said. */
static void notification_fd(int *fd, char const *arg, struct opterror *err) {
    unsigned int n = 0;
    optable_number(&n, arg, err);
    if (!err->what && (n > INT32_MAX || n < 3)) err->what = "invalid file descriptor for option ";
    *fd = (int)n;
}

static void client_certificate(struct tlsopt_parsing *p, int code, struct opterror *err) {
    int server = (p->user & TLSOPT_SERVERS) != 0;
#if CONFIG_CLIENT_CERTS
    (void)err;
    if (server)
        p->o->verify = code == 'y' ? ENGINE_VERIFY_MANDATORY : ENGINE_VERIFY_OPTIONAL;
    else
        p->o->send_cert = code == 'y';
#else
    if (server || code == 'y') err->what = "client certificates are not built in: option ";
#endif
}

static void sni_level(struct tlsopt *o, unsigned int level, struct opterror *err) {
#if CONFIG_SNI_CERTS
    if (level > 2) err->what = "no such level for option ";
#else
    if (level) err->what = "certificates by server name are not built in: option ";
#endif
    o->snilevel = level;
}

unsigned int tlsopt_handshake_limit(struct tlsopt const *o) {
    return o->handshake ? o->handshake : CONFIG_HANDSHAKE_LIMIT;
}

int tlsopt_set_servername(struct tlsopt *o, char const *name) {
    char ip[16];
    o->servername = name;
    return hostname_ip(name, ip) || hostname_valid(name) ? 0 : -1;
}

static void name_or_level(struct tlsopt_parsing *p, char const *arg, struct opterror *err) {
    unsigned int level = 0;
    if (p->user & TLSOPT_SERVERS) {
        optable_number(&level, arg, err);
        if (!err->what) sni_level(p->o, level, err);
    } else if (tlsopt_set_servername(p->o, arg) < 0) {
        err->what = "invalid server name for option ";
    }
}

static void check(struct tlsopt *o, char const *form, struct opterror *err) {
    o->check = form ? TLSOPT_CHECK_PLAIN : TLSOPT_CHECK_TELL;
    if (form && strcmp(form, "plain")) err->what = "no such form for option ";
}

static void take(void *data, int code, char const *arg, struct opterror *err) {
    struct tlsopt_parsing *p = data;
    struct tlsopt *o = p->o;
    switch (code) {
    case 'S': o->close = RELAY_CLOSE_NOTIFY; break;
    case 's': o->close = RELAY_CLOSE_FIN; break;
    case 'J': o->strict = 1; break;
    case 'j': o->strict = 0; break;
    case 'Z': o->keep = 1; break;
    case 'z': o->keep = 0; break;
    case 'v': optable_number(&o->verbosity, arg, err); break;
    case 'K': optable_number(&o->handshake, arg, err); break;
    case 'I':
        optable_number(&o->idle, arg, err);
        p->idle_given = 1;
        break;
    case 'Y':
    case 'y': client_certificate(p, code, err); break;
    case 'k': name_or_level(p, arg, err); break;
    case '6': fd_number(&o->rfd, arg, err); break;
    case '7': fd_number(&o->wfd, arg, err); break;
    case 'd': notification_fd(&o->notif, arg, err); break;
    case LONG_SNI: sni_level(o, 1, err); break;
    case LONG_MANDATORY_SNI: sni_level(o, 2, err); break;
    case LONG_CHECK: check(o, arg, err); break;
    case LONG_VERIFY: o->verify = ENGINE_VERIFY_MANDATORY; break;
    default: o->verify = ENGINE_VERIFY_NONE; break; /* LONG_NO_VERIFY */
    }
}

/* In s6-networking since 2.4, and here where nothing says otherwise, -K is of the handshake alone. */
static unsigned int default_idle(struct tlsopt const *o, enum tlsopt_user user) {
    return (user & (IO | UCSPI)) ? 0 : o->handshake;
}

struct optable tlsopt_begin(struct tlsopt_parsing *p, struct tlsopt *o, enum tlsopt_user user) {
    *p = (struct tlsopt_parsing){.o = o, .user = user};
    set_defaults(o, user);
    return (struct optable){rows, sizeof rows / sizeof *rows, user, take, p};
}

int tlsopt_end(struct tlsopt_parsing const *p, struct opterror *err) {
    struct tlsopt *o = p->o;
    if (!p->idle_given) o->idle = default_idle(o, p->user);
    if (o->rfd != o->wfd) return 0;
    *err = (struct opterror){"one file descriptor for both directions: option ", "-6 and -7", "", 0, ""};
    return -1;
}

int tlsopt_parse(struct tlsopt *o, enum tlsopt_user user, int argc, char const *const *argv,
                 struct opterror *err) {
    struct tlsopt_parsing p;
    struct optable table = tlsopt_begin(&p, o, user);
    int first = optable_parse(&table, 1, argc, argv, err);
    return first < 0 || tlsopt_end(&p, err) < 0 ? -1 : first;
}

static void format_certificates(struct command *c, struct tlsopt const *o, int client) {
    if (client && o->send_cert) command_add(c, "-y");
    if (client && o->verify == ENGINE_VERIFY_NONE) command_add(c, "--no-verify-cert");
    if (!client && o->verify == ENGINE_VERIFY_OPTIONAL) command_add(c, "-Y");
    if (!client && o->verify == ENGINE_VERIFY_MANDATORY) command_add(c, "-y");
    if (o->snilevel) command_add_number(c, "-k", o->snilevel);
    if (!o->servername) return;
    command_add(c, "-k");
    command_add(c, o->servername);
}

void tlsopt_format(struct command *c, struct tlsopt const *o, enum tlsopt_user user) {
    struct tlsopt d;
    set_defaults(&d, user);
    if (o->close == RELAY_CLOSE_NOTIFY) command_add(c, "-S");
    if (o->close == RELAY_CLOSE_FIN) command_add(c, "-s");
    if (o->strict) command_add(c, "-J");
    if (o->keep) command_add(c, "-Z");
    if (o->verbosity != d.verbosity) command_add_number(c, "-v", o->verbosity);
    if (o->handshake) command_add_number(c, "-K", o->handshake);
    if (o->idle != default_idle(o, user)) command_add_number(c, "-I", o->idle);
    format_certificates(c, o, (user & TLSOPT_CLIENTS) != 0);
    if (o->rfd != d.rfd) command_add_number(c, "-6", o->rfd);
    if (o->wfd != d.wfd) command_add_number(c, "-7", o->wfd);
    if (o->notif != d.notif) command_add_number(c, "-d", (unsigned int)o->notif);
    if (o->check == TLSOPT_CHECK_TELL) command_add(c, "--check");
    if (o->check == TLSOPT_CHECK_PLAIN) command_add(c, "--check=plain");
}
