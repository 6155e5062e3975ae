/* check_processes: who would do what, as whom, and in which cage, as a check tells it.
 * Must not change this process: what has to be tried is tried in a child. */

#include "check_parts.h"

#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include "cage.h"
#include "config.h"
#include "relay.h"

static void say_user(struct check *c) {
    struct ids const *ids = &c->plan->ids;
    stralloc sa = STRALLOC_ZERO;
    char fmt[UINT64_FMT];
    int ok =
        stralloc_cats(&sa, "uid ") &&
        stralloc_catb(&sa, fmt, uint64_fmt(fmt, ids->has_uid ? (uint64_t)ids->uid : (uint64_t)geteuid())) &&
        stralloc_cats(&sa, ", gid ") &&
        stralloc_catb(&sa, fmt, uint64_fmt(fmt, ids->has_gid ? (uint64_t)ids->gid : (uint64_t)getegid()));
    if (ok) check_say(c, "engine.user", check_text(&sa));
    stralloc_free(&sa);
    if (!geteuid() && !(ids->has_uid && ids->uid))
        check_warn(c, "the engine stays root: set TLS_UID and TLS_GID", (char *)0);
}

/* What a child says of itself by its exit code: the parts of the cage that are missing, or one of these. */
enum { NO_USER = 100, NO_CAGE };

static int try(struct ids const *ids) {
    char const *failed;
    if (ids_apply(ids, &failed) < 0) return NO_USER;
#if CONFIG_CAGE
    int missing = cage_enter(CAGE_ENGINE, RELAY_POLL_N);
    return missing < 0 ? NO_CAGE : missing;
#else
    return 0;
#endif
}

static void be_child(struct ids const *ids) {
    _exit(try(ids));
}

static void say_cage(struct check *c) {
    int status;
    pid_t pid = fork();
    if (!pid) be_child(&c->plan->ids);
    if (pid < 0 || wait_pid(pid, &status) < 0) {
        check_fail(c, "unable to fork", (char *)0);
        return;
    }
    int code = wait_estatus(status);
    if (code == NO_USER)
        check_fail(c, "unable to become the user of TLS_UID and TLS_GID", (char *)0);
    else if (code >= NO_CAGE)
        check_fail(c, "unable to enter the cage", (char *)0);
#if CONFIG_CAGE
    /* cppcheck-suppress variableScope ; one level for what belongs together */
    char text[CAGE_TEXT_MAX];
    check_say(c, "engine.cage", code >= NO_USER ? "fails" : code ? "in part" : "whole");
    if (code > 0 && code < NO_USER)
        check_warn(c, "this system lacks a part of the cage: ", cage_parts_text(text, code), (char *)0);
#else
    check_say(c, "engine.cage", "not built in");
#endif
}

void check_processes(struct check *c) {
    struct creds const *creds = &c->plan->creds;
    char const *const *prog = c->plan->prog;
    say_user(c);
    say_cage(c);
    if (genalloc_len(struct creds_pair, &creds->pairs))
        check_say(c, "keys.process", CONFIG_KEY_PROCESS ? "of their own" : "the engine's: not built in");
    if (!prog || !prog[0]) return;
    check_say(c, "program", prog[0]);
    if (!check_program(prog[0])) check_fail(c, "unable to execute ", prog[0], ": it is not there", (char *)0);
}
