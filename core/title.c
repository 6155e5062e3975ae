/* title: the command line that others see of this process; the header says it. */

#include "title.h"

#include <string.h>

/* Where main()'s words are, one after the other, each with its NUL. */
static char *start, *end;

void title_find(char const *const *argv) {
    start = end = (char *)argv[0];
    for (; *argv == end; argv++) end += strlen(*argv) + 1;
}

/* The last byte stays NUL: another one there would tell the kernel that this is one text, which goes on behind it. */
void title_show(char const *const *argv) {
    char *s = start;
    memset(start, 0, (size_t)(end - start));
    for (; *argv && s < end; argv++) s = mempcpy(s, *argv, strnlen(*argv, (size_t)(end - s) - 1)) + 1;
}
