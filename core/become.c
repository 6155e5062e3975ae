/* become: another applet in the process of this one; the header says it. */

#include "become.h"

#include <stdlib.h>
#include <unistd.h>

#include <skalibs/env.h>

#include "fds.h"
#include "title.h"

void become(struct applet const *applet, char const *const *argv, char const *const *envp) {
    struct command words = {.failed = 0}; /* copies: where they are now may be where the title is */
    command_add_all(&words, argv);
    char const *const *own = command_argv(&words);
    if (!own || fds_close_on_exec() < 0) {
        command_free(&words);
        return;
    }
    environ = (char **)envp;
    title_show(own);
    exit(applet_run(applet, (int)env_len(own), own, envp));
}
