/* tlsserver: the command line that s6-tlsserver becomes; the header says it. */

#include "tlsserver.h"

#include <errno.h>
#include <string.h>

#include "applet.h"
#include "config.h"
#include "sibling.h"

/* What each of the two is told; and what says the default of the second, and so is no reason to run it. */
#define OF_TCPSERVER "1cCb"
#define OF_ACCESS "wWdDrRpPHhlBtix"
#define ASKS_FOR_ACCESS "ehrpwlBtix"

int tlsserver_parse(struct tlsserver *s, int argc, char const *const *argv, struct opterror *err) {
    struct tlsopt_parsing tls;
    memset(s, 0, sizeof *s);
    struct optable const tables[] = {
        wrapopt_begin(&s->tcp, TCPOPT_TLSSERVER),
        tlsopt_begin(&tls, &s->tls, TLSOPT_TLSSERVER),
        idopt_table(&s->who),
    };
    int first = optable_parse(tables, sizeof tables / sizeof *tables, argc, argv, err);
    if (first < 0 || tlsopt_end(&tls, err) < 0) return -1;
    s->tls.verbosity = s->tcp.verbosity;
    s->operands = argv + first;
    return tcpopt_operands(s->operands, !s->tls.check, err);
}

int tlsserver_has_rules(struct tlsserver const *s) {
    return wrapopt_any(&s->tcp, "ix");
}

int tlsserver_shares_tickets(struct tlsserver const *s) {
    return CONFIG_TICKETS && s->tls.verify == ENGINE_VERIFY_NONE && applet_find("s6-tlsd");
}

/* Each of these adds one program with its options. */

static void add_tcpserver(struct command *c, struct tlsserver const *s) {
    wrapopt_format_verbosity(c, &s->tcp);
    wrapopt_format(c, &s->tcp, OF_TCPSERVER);
    command_add(c, "--");
    command_add(c, s->operands[0]);
    command_add(c, s->operands[1]);
}

static void add_access(struct command *c, struct tlsserver const *s) {
    if (s->tcp.verbosity != 1) command_add_number(c, "-v", s->tcp.verbosity);
    wrapopt_format(c, &s->tcp, OF_ACCESS);
    command_add(c, "--");
}

static void add_tlsd(struct command *c, struct tlsserver const *s) {
    tlsopt_format(c, &s->tls, TLSOPT_TLSD);
    command_add(c, "--");
}

static void add_applyuidgid(struct command *c, struct tlsserver const *s) {
    idopt_format(c, &s->who);
    command_add(c, "--");
}

int tlsserver_build(struct command *c, struct tlsserver const *s, char const **missing) {
    struct {
        int wanted;
        char const *name;
        void (*add)(struct command *, struct tlsserver const *);
    } const chain[] = {
        {!s->tls.check, "s6-tcpserver", add_tcpserver},
        {!s->tls.check && wrapopt_any(&s->tcp, ASKS_FOR_ACCESS), "s6-tcpserver-access", add_access},
        {1, "s6-tlsd", add_tlsd},
        {idopt_given(&s->who), "s6-applyuidgid", add_applyuidgid},
    };
    char const *before = NULL;
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++) {
        if (!chain[i].wanted) continue;
        *missing = chain[i].name;
        if (sibling_add(c, chain[i].name, before) < 0) return -1;
        chain[i].add(c, s);
        before = chain[i].name;
    }
    *missing = NULL;
    command_add_all(c, s->operands + 2);
    return 0;
}
