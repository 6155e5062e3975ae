/* cage_parts: what the files of the cage share.
 * Not to be included by anything else. */

#ifndef CAGE_PARTS_H
#define CAGE_PARTS_H

#include "cage.h"

/* Each returns 0, or -1 with errno. */
int cage_no_new_privileges(void);
int cage_hide_memory(void);
int cage_drop_groups(void);
int cage_close_files(void);
int cage_set_limits(unsigned int polled);
int cage_filter_calls(enum cage_process who);

#endif
