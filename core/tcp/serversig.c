/* serversig: the signals that a server lives by; the header says it. */

#include "tcp/serversig.h"

#include <stddef.h>

#include <skalibs/selfpipe.h>

static int const orders[SERVERSIG_ORDERS] = {SIGTERM, SIGHUP, SIGQUIT, SIGABRT};

int serversig_trap(struct serversig *s) {
    for (int i = 0; i < SERVERSIG_ORDERS; i++)
        if (sigaction(orders[i], NULL, &s->orders[i]) < 0) return -1;
    int fd = callersig_trap(&s->caller);
    if (fd < 0) return -1;
    for (int i = 0; i < SERVERSIG_ORDERS; i++)
        if (!selfpipe_trap(orders[i])) return -1;
    return fd;
}

/* The trap goes first (again in callersig, where it does nothing): where there is no signalfd, it sets what it has
 * trapped to the default. The mask is last. */
int serversig_restore(struct serversig const *s) {
    selfpipe_finish();
    for (int i = 0; i < SERVERSIG_ORDERS; i++)
        if (sigaction(orders[i], &s->orders[i], NULL) < 0) return -1;
    return callersig_restore(&s->caller);
}
