/* applet: looking applets up by their names; the header says it. */

#include "applet.h"

#include <string.h>

struct applet const *applet_find(char const *name) {
    struct applet const *applet = applet_table;
    while (applet->name && strcmp(applet->name, name)) applet++;
    return applet->name ? applet : NULL;
}
