/* tcpenv: the variables of a TCP connection; the header says it. */

#include "tcp/tcpenv.h"

#include <string.h>

#include <skalibs/env.h>
#include <skalibs/types.h>

#include "escape.h"

int tcpenv_add_number(stralloc *vars, char const *name, unsigned int n) {
    char fmt[UINT_FMT];
    fmt[uint_fmt(fmt, n)] = 0;
    return env_addmodif(vars, name, fmt);
}

static int add_end(stralloc *vars, char const *ip_name, char const *port_name, struct addr const *a) {
    char text[ADDR_TEXT];
    addr_text(text, a);
    return env_addmodif(vars, ip_name, text) && tcpenv_add_number(vars, port_name, addr_port(a));
}

int tcpenv_add_ends(stralloc *vars, struct addr const *remote, struct addr const *local) {
    return env_addmodif(vars, "PROTO", "TCP") && add_end(vars, "TCPREMOTEIP", "TCPREMOTEPORT", remote) &&
           add_end(vars, "TCPLOCALIP", "TCPLOCALPORT", local);
}

int tcpenv_add_foreign(stralloc *vars, char const *name, char const *text) {
    if (!text || !*text) return env_addmodif(vars, name, NULL);
    return stralloc_cats(vars, name) && stralloc_append(vars, '=') &&
           escape_add(vars, text, strlen(text), "") && stralloc_0(vars);
}
