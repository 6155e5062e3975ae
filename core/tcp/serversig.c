/* serversig: the signals that a server lives by; the header says it. */

#include "tcp/serversig.h"

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

/* Where there is no signalfd, skalibs' trap has changed the dispositions. The mask last: an order that came
 * since the fork then finds the caller's disposition. */
int serversig_restore(struct serversig const *s) {
    struct callersig blocked = s->caller;
    sigfillset(&blocked.mask);
    if (callersig_restore(&blocked) < 0) return -1;
    for (int i = 0; i < SERVERSIG_ORDERS; i++)
        if (sigaction(orders[i], &s->orders[i], NULL) < 0) return -1;
    return sigprocmask(SIG_SETMASK, &s->caller.mask, NULL);
}
