/* relay_parts: what the files of the relay share.
 * Not to be included by anything else. */

#ifndef RELAY_PARTS_H
#define RELAY_PARTS_H

#include "relay.h"

/* Ends and failures, relay_end.c. relay_fail: an alert may wait to be sent, so our direction goes on until it
 * has; relay_cut_out: it does not. relay_all_sent: nothing but our close_notify may wait. */
size_t relay_unsent(struct relay *r);
void relay_moved(struct relay *r);
void relay_end_in(struct relay *r);
void relay_cut_out(struct relay *r);
void relay_fail(struct relay *r, char const *why);
void relay_end_out(struct relay *r);
int relay_all_sent(struct relay *r);

/* A cleartext fd failed, with errno e. */
void relay_lose(struct relay *r, int e);

/* Network to prog, relay_in.c. The int ones return whether something moved or changed. */
void relay_net_over(struct relay *r, int e);
void relay_read_net(struct relay *r);
void relay_drop_in(struct relay *r);
int relay_step_in(struct relay *r);
int relay_wants_net(struct relay *r);
int relay_read_rest(struct relay *r);

/* prog to network, relay_out.c. The same. */
int relay_may_take(struct relay *r);
void relay_read_from(struct relay *r);
int relay_flush(struct relay *r);
int relay_step_out(struct relay *r);

/* Limits, relay_time.c. relay_check_rest: gives back the memory of one that has moved nothing for a while. */
void relay_check_rest(struct relay *r);
int relay_is_idle(struct relay const *r);
void relay_set_deadline(struct relay const *r, tain *deadline);
void relay_check_time(struct relay *r);

#endif
