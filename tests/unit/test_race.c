/* test_race: races over a network that is made up, in time that is made up: what begins when, and who wins.
 * No socket is opened here, and nothing waits. */

#include "unit.h"

#include "tcp/race.h"

#include <errno.h>
#include <string.h>

enum { FOREVER = 1000000000, FIRST_FD = 100 };

/* What an address does, in milliseconds from the start of its attempt. */
struct address {
    int answers; /* FOREVER: never */
    int error;   /* what it answers; 0: it connects */
    int refuses; /* errno of an attempt that cannot even begin; 0: it can */
    /* what was seen of it */
    int started; /* -1: not at all */
    int ended;   /* -1: not told */
    int why;
};

struct world {
    struct address *a;
    unsigned int n;
    int now;
    int open;      /* fds */
    int breaks_at; /* then waiting fails, of EBADF */
};

/* The clock begins somewhere. */
static void at(tain *t, int ms) {
    tain base = TAIN_EPOCH, d;
    tain_from_millisecs(&d, ms);
    tain_add(t, &base, &d);
}

static int start(void *data, unsigned int which) {
    struct world *w = data;
    assert_true(which < w->n);
    assert_int_equal(w->a[which].started, -1);
    w->a[which].started = w->now;
    if (w->a[which].refuses) {
        errno = w->a[which].refuses;
        return -1;
    }
    w->open++;
    return FIRST_FD + (int)which;
}

static int finish(void *data, int fd) {
    struct world *w = data;
    struct address *a = &w->a[fd - FIRST_FD];
    assert_true(w->now >= a->started + a->answers);
    errno = a->error;
    return a->error ? -1 : 0;
}

static void failed(void *data, unsigned int which, int fd, int error) {
    struct world *w = data;
    struct address *a = &w->a[which];
    assert_int_equal(a->ended, -1);
    assert_int_equal(fd, a->refuses ? -1 : FIRST_FD + (int)which);
    if (fd >= 0) w->open--;
    a->ended = w->now;
    a->why = error;
    errno = 0; /* as closing may do */
}

static int until_ms(tain const *until) {
    tain t;
    for (int ms = 0; ms < 100000; ms++) {
        at(&t, ms);
        if (!tain_less(&t, until)) return ms;
    }
    return FOREVER;
}

static int wait_for_one(void *data, int const *fds, unsigned int n, tain const *until, tain *now) {
    struct world *w = data;
    int first = until_ms(until);
    unsigned int place = n;
    for (unsigned int i = 0; i < n; i++) {
        struct address const *a = &w->a[fds[i] - FIRST_FD];
        int then = a->answers == FOREVER ? FOREVER : a->started + a->answers;
        if (then < w->now) then = w->now;
        if (then < first) {
            first = then;
            place = i;
        }
    }
    if (first == FOREVER) fail_msg("it waits for ever");
    if (w->breaks_at && first >= w->breaks_at) {
        errno = EBADF;
        return -1;
    }
    assert_true(first >= w->now);
    w->now = first;
    at(now, first);
    return (int)place;
}

struct outcome {
    int fd;
    int error;
    unsigned int which;
};

/* A race over n addresses with these limits, in milliseconds. Afterwards no fd but the winner's is open. */
static struct outcome race(struct world *w, int limit, int deadline) {
    struct race_track track = {
        .data = w, .start = start, .finish = finish, .failed = failed, .wait = wait_for_one};
    struct outcome o;
    tain l, d, now;
    for (unsigned int i = 0; i < w->n; i++) w->a[i].started = w->a[i].ended = -1;
    tain_from_millisecs(&l, limit);
    at(&d, deadline);
    at(&now, 0);
    o.fd = race_run(&track, w->n, &l, &d, &now, &o.which);
    o.error = errno;
    assert_int_equal(w->open, o.fd >= 0);
    return o;
}

#define WORLD(...)                                                                                           \
    struct address a[] = {__VA_ARGS__};                                                                      \
    struct world w = {.a = a, .n = COUNT(a)}

static void one_that_answers_wins(void **state) {
    WORLD({.answers = 40});
    (void)state;
    struct outcome o = race(&w, 2000, 60000);
    assert_int_equal(o.fd, FIRST_FD);
    assert_int_equal(o.which, 0);
    assert_int_equal(w.now, 40);
}

static void the_next_one_begins_after_a_quarter_of_a_second(void **state) {
    WORLD({.answers = FOREVER}, {.answers = FOREVER}, {.answers = 10});
    (void)state;
    struct outcome o = race(&w, 2000, 60000);
    assert_int_equal(o.which, 2);
    assert_int_equal(a[1].started, RACE_DELAY);
    assert_int_equal(a[2].started, 2 * RACE_DELAY);
    assert_int_equal(w.now, 2 * RACE_DELAY + 10);
    assert_int_equal(a[0].why, ECANCELED);
    assert_int_equal(a[1].why, ECANCELED);
}

static void one_that_answers_within_its_head_start_is_alone(void **state) {
    WORLD({.answers = RACE_DELAY - 1}, {.answers = 0});
    (void)state;
    assert_int_equal(race(&w, 2000, 60000).which, 0);
    assert_int_equal(a[1].started, -1);
}

static void a_slow_one_may_still_win(void **state) {
    WORLD({.answers = 400}, {.answers = 300});
    (void)state;
    assert_int_equal(race(&w, 2000, 60000).which, 0);
    assert_int_equal(a[1].started, RACE_DELAY);
    assert_int_equal(a[1].why, ECANCELED);
}

static void a_late_one_may_overtake(void **state) {
    WORLD({.answers = 400}, {.answers = 100});
    (void)state;
    assert_int_equal(race(&w, 2000, 60000).which, 1);
    assert_int_equal(w.now, RACE_DELAY + 100);
}

static void after_a_failure_the_next_one_begins_at_once(void **state) {
    WORLD({.answers = 30, .error = ECONNREFUSED}, {.refuses = ENETUNREACH}, {.answers = 5});
    (void)state;
    assert_int_equal(race(&w, 2000, 60000).which, 2);
    assert_int_equal(a[1].started, 30);
    assert_int_equal(a[2].started, 30);
    assert_int_equal(w.now, 35);
    assert_int_equal(a[0].why, ECONNREFUSED);
    assert_int_equal(a[1].why, ENETUNREACH);
}

static void the_error_is_that_of_the_last_to_fail(void **state) {
    WORLD({.answers = 500, .error = EHOSTUNREACH}, {.answers = 20, .error = ECONNREFUSED});
    (void)state;
    struct outcome o = race(&w, 2000, 60000);
    assert_int_equal(o.fd, -1);
    assert_int_equal(o.error, EHOSTUNREACH);
    assert_int_equal(o.which, 0);
    assert_int_equal(w.now, 500);
}

static void none_that_can_even_begin_is_a_failure(void **state) {
    WORLD({.refuses = EAFNOSUPPORT}, {.refuses = ENETUNREACH});
    (void)state;
    struct outcome o = race(&w, 2000, 60000);
    assert_int_equal(o.fd, -1);
    assert_int_equal(o.error, ENETUNREACH);
    assert_int_equal(o.which, 1);
    assert_int_equal(w.now, 0);
}

static void each_attempt_has_a_limit_of_its_own(void **state) {
    WORLD({.answers = FOREVER}, {.answers = FOREVER});
    (void)state;
    struct outcome o = race(&w, 2000, 60000);
    assert_int_equal(o.fd, -1);
    assert_int_equal(o.error, ETIMEDOUT);
    assert_int_equal(o.which, 1);
    assert_int_equal(a[0].ended, 2000);
    assert_int_equal(a[1].ended, 2000 + RACE_DELAY);
    assert_int_equal(a[0].why, ETIMEDOUT);
}

static void an_answer_at_the_limit_is_too_late(void **state) {
    WORLD({.answers = 100});
    (void)state;
    assert_int_equal(race(&w, 100, 60000).error, ETIMEDOUT);
}

static void an_answer_before_the_limit_is_not(void **state) {
    WORLD({.answers = 99});
    (void)state;
    assert_int_equal(race(&w, 100, 60000).fd, FIRST_FD);
}

/* A limit below the head start is a failure, too. */
static void a_short_limit_brings_the_next_one_sooner(void **state) {
    WORLD({.answers = FOREVER}, {.answers = 10});
    (void)state;
    assert_int_equal(race(&w, 100, 60000).which, 1);
    assert_int_equal(a[1].started, 100);
}

static void the_deadline_ends_all_of_it(void **state) {
    WORLD({.answers = 10, .error = ECONNREFUSED}, {.answers = FOREVER}, {.answers = FOREVER});
    (void)state;
    struct outcome o = race(&w, 2000, 700);
    assert_int_equal(o.fd, -1);
    assert_int_equal(o.error, ETIMEDOUT);
    assert_int_equal(o.which, 1);
    assert_int_equal(w.now, 700);
    assert_int_equal(a[1].why, ECANCELED);
}

static void a_deadline_that_has_come_begins_nothing(void **state) {
    WORLD({.answers = 0});
    (void)state;
    assert_int_equal(race(&w, 2000, 0).error, ETIMEDOUT);
    assert_int_equal(a[0].started, -1);
}

static void a_wait_that_fails_ends_it(void **state) {
    WORLD({.answers = FOREVER}, {.answers = FOREVER});
    (void)state;
    w.breaks_at = 300;
    assert_int_equal(race(&w, 2000, 60000).error, EBADF);
}

/* Whatever happens: no fd is left (race() sees to that), each attempt that began has an end but the winner, and the
 * winner is one that answers. */
static void any_race_ends_well(void **state) {
    uint64_t chance = unit_number("SEED", 1);
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct address a[RACE_MAX];
        struct world w = {.a = a, .n = 1 + chance_below(&chance, RACE_MAX)};
        int some = 0;
        memset(a, 0, sizeof a);
        for (unsigned int j = 0; j < w.n; j++) {
            a[j].answers = chance_percent(&chance, 50) ? FOREVER : (int)chance_below(&chance, 1500);
            a[j].error = chance_percent(&chance, 70) ? ECONNREFUSED : 0;
            a[j].refuses = chance_percent(&chance, 20) ? ENETUNREACH : 0;
            some |= !a[j].refuses && !a[j].error && a[j].answers < 1000;
        }
        struct outcome o = race(&w, 1000, 90000);
        assert_int_equal(o.fd >= 0, some);
        for (unsigned int j = 0; j < w.n; j++) {
            int won = o.fd >= 0 && j == o.which;
            assert_true(!won || (!a[j].error && a[j].answers < 1000));
            assert_int_equal(a[j].started >= 0 && !won, a[j].ended >= 0);
        }
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(one_that_answers_wins),
        cmocka_unit_test(the_next_one_begins_after_a_quarter_of_a_second),
        cmocka_unit_test(one_that_answers_within_its_head_start_is_alone),
        cmocka_unit_test(a_slow_one_may_still_win),
        cmocka_unit_test(a_late_one_may_overtake),
        cmocka_unit_test(after_a_failure_the_next_one_begins_at_once),
        cmocka_unit_test(the_error_is_that_of_the_last_to_fail),
        cmocka_unit_test(none_that_can_even_begin_is_a_failure),
        cmocka_unit_test(each_attempt_has_a_limit_of_its_own),
        cmocka_unit_test(an_answer_at_the_limit_is_too_late),
        cmocka_unit_test(an_answer_before_the_limit_is_not),
        cmocka_unit_test(a_short_limit_brings_the_next_one_sooner),
        cmocka_unit_test(the_deadline_ends_all_of_it),
        cmocka_unit_test(a_deadline_that_has_come_begins_nothing),
        cmocka_unit_test(a_wait_that_fails_ends_it),
        cmocka_unit_test(any_race_ends_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
