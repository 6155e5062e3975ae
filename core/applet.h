/* applet: the table of the applets that are built in, and what all of them begin and end with.
 * Knows of none of them by name. */

#ifndef APPLET_H
#define APPLET_H

#include <skalibs/gccattributes.h>

#include "command.h"
#include "optable.h"

/* Options and operands as main() has them. Returns the exit code. May be called in a process that has run another
 * applet before: nothing of it is static. */
typedef int applet_func(int argc, char const *const *argv, char const *const *envp);

struct applet {
    char const *name;
    applet_func *main;
    char const *usage;
};

/* Ends with a row without a name. It is not in the core: the program that has applets has the table. */
extern struct applet const applet_table[];

/* The applet that is called exactly so, or NULL. */
struct applet const *applet_find(char const *name);

/* Becomes the applet, whose name is then that of the process too. Returns what to exit with. */
int applet_run(struct applet const *applet, int argc, char const *const *argv, char const *const *envp);

/* What the applet prints for --help, and whatever else goes to stdout whole. Returns 0, or exits 111. */
int applet_print(char const *text);

/* Says what is wrong with the command line and exits: 100, or 111 when it was a system call that failed. */
void applet_refuse(struct opterror const *err) gccattr_noreturn;

/* Executes argv by its name, a sibling or a program (sibling.h). When that fails it says so and exits, 126 or 127. */
void applet_exec(char const *const *argv, char const *const *envp) gccattr_noreturn;

/* The same, with vars changed in the environment: NUL-terminated strings, len bytes in all; NAME=value sets, NAME unsets. */
void applet_exec_with(char const *const *argv, char const *const *envp, char const *vars,
                      size_t len) gccattr_noreturn;

/* Executes the command line that built says was put together, vars as above, or else says that missing is, and exits
 * 127 or 111. */
void applet_exec_command(struct command *c, int built, char const *missing, char const *const *envp,
                         char const *vars, size_t len) gccattr_noreturn;

#endif
