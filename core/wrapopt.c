/* wrapopt: the options that s6-tlsserver and s6-tlsclient pass on; the header says it. */

#include "wrapopt.h"

#include <ctype.h>
#include <string.h>

/* Of two letters that say the opposite the last counts. */
static int opposite(int letter) {
    if (!strchr("dDnNpPrRwW", letter)) return 0;
    return isupper(letter) ? tolower(letter) : toupper(letter);
}

static void give(struct wrapopt *w, int letter, char const *arg) {
    w->given[opposite(letter)] = 0;
    w->given[letter] = 1;
    w->arg[letter] = arg;
}

static void take(void *data, int code, char const *arg, struct opterror *err) {
    struct wrapopt *w = data;
    unsigned int seconds;
    switch (code) {
    case 'q': w->verbosity = 0; break;
    case 'Q': w->verbosity = 1; break;
    case 'v': w->verbosity = 2; break;
    case TCPOPT_DNS: w->given['H'] = 0; break;
    case TCPOPT_NO_HOSTS: w->given['h'] = 0; break;
    case 't': optable_number(&seconds, arg, err); /* fall through */
    default: give(w, code, arg); break;
    }
}

struct optable wrapopt_begin(struct wrapopt *w, enum tcpopt_user user) {
    memset(w, 0, sizeof *w);
    w->verbosity = 1;
    return tcpopt_table(user, take, w);
}

int wrapopt_any(struct wrapopt const *w, char const *letters) {
    while (*letters && !w->given[(int)*letters]) letters++;
    return *letters != 0;
}

void wrapopt_format(struct command *c, struct wrapopt const *w, char const *letters) {
    for (; *letters; letters++) {
        char const option[] = {'-', *letters, 0};
        if (!w->given[(int)*letters]) continue;
        command_add(c, option);
        if (w->arg[(int)*letters]) command_add(c, w->arg[(int)*letters]);
    }
}

void wrapopt_format_verbosity(struct command *c, struct wrapopt const *w) {
    if (w->verbosity != 1) command_add(c, w->verbosity ? "-v" : "-q");
}
