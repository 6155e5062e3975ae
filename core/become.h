/* become: another applet in the process of this one: what an execution of this binary would come to, without one (Kconfig
 * NO_EXEC).
 * Must not decide which applet, nor whether: sibling does. */

#ifndef BECOME_H
#define BECOME_H

#include "applet.h"

/* Closes what is close-on-exec, takes on the environment, the name and the command line, and exits with what the applet
 * returns. The caller's signal state and all else that an execution hands down must be as it is to be handed down; no
 * signal may be caught any more. Nothing of the applets before is freed: envp may be theirs.
 * Returns only when it could not begin, with errno set. */
void become(struct applet const *applet, char const *const *argv, char const *const *envp);

#endif
