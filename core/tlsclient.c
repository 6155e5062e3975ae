/* tlsclient: the command line that s6-tlsclient becomes; the header says it. */

#include "tlsclient.h"

#include <string.h>

#include "sibling.h"

/* What s6-tcpclient is told. */
#define OF_TCPCLIENT "46dDrRhHnNltTip"

static int find_servername(struct tlsclient *s, struct opterror *err) {
    if (s->tls.servername || wrapopt_any(&s->tcp, "H")) return 0;
    if (tlsopt_set_servername(&s->tls, s->operands[0]) == 0) return 0;
    *err = (struct opterror){"no name of a server to verify: ", s->operands[0],
                             "; -k gives one, -H does without", 0, ""};
    return -1;
}

int tlsclient_parse(struct tlsclient *s, int argc, char const *const *argv, struct opterror *err) {
    struct tlsopt_parsing tls;
    struct optable const tables[] = {
        wrapopt_begin(&s->tcp, TCPOPT_TLSCLIENT),
        tlsopt_begin(&tls, &s->tls, TLSOPT_TLSCLIENT),
    };
    int first = optable_parse(tables, sizeof tables / sizeof *tables, argc, argv, err);
    if (first < 0 || tlsopt_end(&tls, err) < 0) return -1;
    s->tls.verbosity = s->tcp.verbosity;
    s->operands = argv + first;
    return tcpopt_operands(s->operands, !s->tls.check, err) < 0 ? -1 : find_servername(s, err);
}

static int add_tcpclient(struct command *c, struct tlsclient const *s, char const **missing) {
    if (sibling_add(c, *missing = "s6-tcpclient", NULL) < 0) return -1;
    wrapopt_format_verbosity(c, &s->tcp);
    wrapopt_format(c, &s->tcp, OF_TCPCLIENT);
    command_add(c, "--");
    command_add(c, s->operands[0]);
    command_add(c, s->operands[1]);
    return 0;
}

int tlsclient_build(struct command *c, struct tlsclient const *s, char const **missing) {
    if (!s->tls.check && add_tcpclient(c, s, missing) < 0) return -1;
    if (sibling_add(c, *missing = "s6-tlsc", s->tls.check ? NULL : "s6-tcpclient") < 0) return -1;
    tlsopt_format(c, &s->tls, TLSOPT_TLSC);
    command_add(c, "--");
    command_add_all(c, s->operands + 2);
    return 0;
}
