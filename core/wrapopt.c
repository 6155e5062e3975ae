/* wrapopt: the options that s6-tlsserver and s6-tlsclient pass on; the header says it. */

#include "wrapopt.h"

#include <ctype.h>
#include <string.h>

enum { SERVER = TLSOPT_TLSSERVER, CLIENT = TLSOPT_TLSCLIENT, BOTH = SERVER | CLIENT };
enum { LONG_DNS = OPTABLE_LONG, LONG_NO_HOSTS };

static struct optable_row const rows[] = {
    {BOTH, 'q', 0, "quiet"},
    {BOTH, 'Q', 0, "normally-verbose"},
    {BOTH, 'v', 0, "verbose"},
    {BOTH, 'd', 0, "nagle"},
    {BOTH, 'D', 0, "no-nagle"},
    {BOTH, 'r', 0, "ident"},
    {BOTH, 'R', 0, "no-ident"},
    {BOTH, LONG_DNS, 0, "dns"},
    {BOTH, 'H', 0, "no-dns"},
    {BOTH, 'h', 0, "hosts"},
    {BOTH, LONG_NO_HOSTS, 0, "no-hosts"},
    {BOTH, 'l', 1, "local-name"},
    {BOTH, 't', 1, "timeout"},
    {SERVER, '1', 0, "notify"},
    {SERVER, 'c', 1, "global-max-connections"},
    {SERVER, 'C', 1, "local-max-connections"},
    {SERVER, 'b', 1, "backlog"},
    {SERVER, 'e', 0, NULL},
    {SERVER, 'w', 0, "strict-resolution"},
    {SERVER, 'W', 0, "no-strict-resolution"},
    {SERVER, 'p', 0, "paranoid"},
    {SERVER, 'P', 0, "no-paranoid"},
    {SERVER, 'B', 1, "banner"},
    {SERVER, 'i', 1, "rules-directory"},
    {SERVER, 'x', 1, "rules-file"},
    {CLIENT, '4', 0, "ipv4"},
    {CLIENT, '6', 0, "ipv6"},
    {CLIENT, 'n', 0, "qualify"},
    {CLIENT, 'N', 0, "no-qualify"},
    {CLIENT, 'T', 1, "connection-timeouts"},
    {CLIENT, 'i', 1, "local-ip"},
    {CLIENT, 'p', 1, "local-port"},
};

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
    case LONG_DNS: w->given['H'] = 0; break;
    case LONG_NO_HOSTS: w->given['h'] = 0; break;
    case 't': optable_number(&seconds, arg, err); /* fall through */
    default: give(w, code, arg); break;
    }
}

struct optable wrapopt_begin(struct wrapopt *w, enum tlsopt_user user) {
    memset(w, 0, sizeof *w);
    w->verbosity = 1;
    return (struct optable){rows, sizeof rows / sizeof *rows, user, take, w};
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

int wrapopt_operands(char const *const *operands, struct opterror *err) {
    static char const *const names[] = {"address", "port", "program"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (operands[i]) continue;
        *err = (struct opterror){"no ", names[i], "; --help shows the usage", 0, ""};
        return -1;
    }
    return 0;
}
