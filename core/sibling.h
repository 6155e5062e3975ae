/* sibling: programs that are known by name: those that are built into this binary, and those of PATH.
 * The one place that decides which of the two runs, and how. Prints nothing. */

#ifndef SIBLING_H
#define SIBLING_H

#include <skalibs/stralloc.h>

#include "command.h"

/* Executes argv. A name without a slash that is a built-in applet's is that applet, out of this same binary, whether or
 * not a symlink for it is anywhere; every other is a program of PATH, or a path. So it is for every program that an applet
 * of ours is given: it cannot know whether s6-applyuidgid behind it was put there by s6-tlsserver or typed. Who wants
 * another program of that name gives its path.
 * In a build with NO_EXEC an applet is not executed but called in this process, which has to be as become.h says.
 * Returns only when that failed, the exit code for it (126, or 127: not found), with errno set. */
int sibling_exec(char const *const *argv, char const *const *envp);

/* Adds the words that make the program called before, or NULL when that is us, execute the one called name. To one that is
 * not built in, only PATH is known: it is told the path of this binary. Returns 0, or -1 with errno set (ENOENT: name
 * is neither built in nor in PATH, or this binary has no path any more). */
int sibling_add(struct command *c, char const *name, char const *before);

/* Appends the path of this binary and a NUL. Returns 0, or -1 with errno set. */
int sibling_self(stralloc *path);

#endif
