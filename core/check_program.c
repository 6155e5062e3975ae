/* check_program: whether a program can be executed; check.h says it.
 * Apart from the check, so that an applet that only asks this has no engine in it. */

#include "check.h"

#include <string.h>
#include <unistd.h>

#include "sibling.h"

int check_program(char const *name) {
    struct command c = {.failed = 0};
    if (strchr(name, '/')) return !access(name, X_OK);
    int found = sibling_add(&c, name, NULL) == 0;
    command_free(&c);
    return found;
}
