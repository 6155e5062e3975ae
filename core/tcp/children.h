/* children: which processes serve which hosts, found by pid and by host in logarithmic time.
 * Its memory is taken at the start and depends on the limit alone; it must not fork, kill or wait. */

#ifndef CHILDREN_H
#define CHILDREN_H

#include <stdint.h>
#include <sys/types.h>

#include <skalibs/avltreen.h>
#include <skalibs/genset.h>

#include "tcp/addr.h"

/* Records of one kind, and their index. */
struct children_table {
    genset records;
    avltreen index;
};

struct children {
    struct children_table pids;
    struct children_table hosts;
};

/* Room for max of them, from 1 on; *c must stay where it is. Returns 0, or -1: no memory. */
int children_init(struct children *c, uint32_t max);
void children_free(struct children *c);

uint32_t children_count(struct children const *c);

/* How many serve this host. */
uint32_t children_of(struct children const *c, unsigned char const key[ADDR_KEY]);

/* One more: a pid that is not there yet, with room left. Returns how many serve the host now. */
uint32_t children_add(struct children *c, pid_t pid, unsigned char const key[ADDR_KEY]);

/* One less. Returns 1 and the host that it served, or 0: there is no such child. */
int children_remove(struct children *c, pid_t pid, unsigned char key[ADDR_KEY]);

void children_each(struct children const *c, void (*f)(pid_t, void *), void *data);

#endif
