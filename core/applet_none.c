/* applet_none: the table of a program that has no applets: a unit test. The linker takes it from the archive only where
 * nobody else has one. */

#include "applet.h"

struct applet const applet_table[] = {{NULL, NULL, NULL}};
