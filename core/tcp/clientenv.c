/* clientenv: what a client's program is told; the header says it. */

#include "tcp/clientenv.h"

#include <skalibs/env.h>
#include <skalibs/strerr.h>

#include "tcp/ident.h"
#include "tcp/lookup.h"
#include "tcp/tcpenv.h"

static tain limit_of(struct clientenv const *c, int seconds) {
    tain t;
    tain_addsec_g(&t, seconds);
    return tain_less(&c->deadline, &t) ? c->deadline : t;
}

static int add_names(stralloc *vars, struct clientenv const *c, struct addr const *remote,
                     struct addr const *local) {
    struct lookup_names names = {.remote = "", .local = ""};
    tain deadline = limit_of(c, CLIENTENV_NAMES_LIMIT);
    if (c->names) lookup_names(&names, remote, c->local_name ? NULL : local, &deadline);
    if (!tcpenv_add_foreign(vars, "TCPREMOTEHOST", names.remote)) return 0;
    return c->local_name ? env_addmodif(vars, "TCPLOCALHOST", c->local_name)
                         : tcpenv_add_foreign(vars, "TCPLOCALHOST", names.local);
}

static int add_owner(stralloc *vars, struct clientenv const *c, struct addr const *remote,
                     struct addr const *local) {
    char user[IDENT_LINE] = "";
    tain deadline = limit_of(c, CLIENTENV_IDENT_LIMIT);
    if (c->ident && ident_ask(user, remote, local, IDENT_PORT, &deadline) < 0 && c->warn)
        strerr_warnwusys("learn who owns the connection");
    return tcpenv_add_foreign(vars, "TCPREMOTEINFO", user);
}

int clientenv_add(stralloc *vars, struct clientenv const *c, struct addr const *remote,
                  struct addr const *local) {
    return tcpenv_add_ends(vars, remote, local) && add_names(vars, c, remote, local) &&
           add_owner(vars, c, remote, local);
}
