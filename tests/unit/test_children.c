/* test_children: the table of children against a plain list that says the same, also when it is full.
 * No process is made here. */

#include "unit.h"

#include "tcp/children.h"

#include <string.h>

static unsigned char const here[ADDR_KEY] = {[15] = 1}, there[ADDR_KEY] = {[15] = 2};

static void nobody_is_there_at_first(void **state) {
    struct children c;
    unsigned char key[ADDR_KEY];
    (void)state;
    assert_int_equal(children_init(&c, 1), 0);
    assert_int_equal(children_count(&c), 0);
    assert_int_equal(children_of(&c, here), 0);
    assert_false(children_remove(&c, 1, key));
    children_free(&c);
}

static void each_host_has_a_count_of_its_own(void **state) {
    struct children c;
    unsigned char key[ADDR_KEY];
    (void)state;
    assert_int_equal(children_init(&c, 4), 0);
    assert_int_equal(children_add(&c, 10, here), 1);
    assert_int_equal(children_add(&c, 11, there), 1);
    assert_int_equal(children_add(&c, 12, here), 2);
    assert_int_equal(children_count(&c), 3);
    assert_true(children_remove(&c, 10, key));
    assert_memory_equal(key, here, ADDR_KEY);
    assert_int_equal(children_of(&c, here), 1);
    assert_int_equal(children_of(&c, there), 1);
    assert_int_equal(children_count(&c), 2);
    assert_false(children_remove(&c, 10, key));
    children_free(&c);
}

static void a_full_table_has_room_again_when_one_has_gone(void **state) {
    struct children c;
    unsigned char key[ADDR_KEY];
    (void)state;
    assert_int_equal(children_init(&c, 2), 0);
    for (pid_t pid = 1; pid < 1000; pid++) {
        unsigned char host[ADDR_KEY] = {(unsigned char)pid, (unsigned char)(pid >> 8)};
        assert_int_equal(children_add(&c, pid, host), 1);
        if (pid == 1) continue;
        assert_int_equal(children_count(&c), 2);
        assert_true(children_remove(&c, pid - 1, key));
    }
    children_free(&c);
}

/* ---- any order of events ---- */

enum { MAX = 300, HOSTS = 40, STEPS = 20000 };

struct model {
    pid_t pid[MAX];
    unsigned int host[MAX];
    unsigned int n;
    unsigned int seen;
};

static void make_key(unsigned char key[ADDR_KEY], unsigned int host) {
    memset(key, 0, ADDR_KEY);
    key[host % ADDR_KEY] = (unsigned char)(host + 1);
}

static unsigned int count_of(struct model const *m, unsigned int host) {
    unsigned int n = 0;
    for (unsigned int i = 0; i < m->n; i++) n += m->host[i] == host;
    return n;
}

static int has(struct model const *m, pid_t pid) {
    for (unsigned int i = 0; i < m->n; i++)
        if (m->pid[i] == pid) return 1;
    return 0;
}

static void see(pid_t pid, void *data) {
    struct model *m = data;
    assert_true(has(m, pid));
    m->seen++;
}

static void one_comes(struct children *c, struct model *m, uint64_t *chance) {
    unsigned char key[ADDR_KEY];
    unsigned int host = chance_below(chance, HOSTS);
    pid_t pid = (pid_t)chance_below(chance, 100000) + 1;
    if (m->n == MAX || has(m, pid)) return;
    make_key(key, host);
    m->pid[m->n] = pid;
    m->host[m->n++] = host;
    assert_int_equal(children_add(c, pid, key), count_of(m, host));
}

static void one_goes(struct children *c, struct model *m, uint64_t *chance) {
    unsigned char key[ADDR_KEY], expected[ADDR_KEY];
    if (!m->n) return;
    unsigned int i = chance_below(chance, m->n);
    assert_true(children_remove(c, m->pid[i], key));
    make_key(expected, m->host[i]);
    assert_memory_equal(key, expected, ADDR_KEY);
    m->pid[i] = m->pid[--m->n];
    m->host[i] = m->host[m->n];
}

static void check(struct children const *c, struct model *m) {
    unsigned char key[ADDR_KEY];
    assert_int_equal(children_count(c), m->n);
    for (unsigned int host = 0; host < HOSTS; host++) {
        make_key(key, host);
        assert_int_equal(children_of(c, key), count_of(m, host));
    }
    m->seen = 0;
    children_each(c, see, m);
    assert_int_equal(m->seen, m->n);
}

/* More come than go until it is full, then the reverse, and so on. */
static void it_says_the_same_as_a_list(void **state) {
    static struct model m;
    struct children c;
    uint64_t chance = unit_number("SEED", 1);
    (void)state;
    assert_int_equal(children_init(&c, MAX), 0);
    for (unsigned int i = 0; i < STEPS; i++) {
        if (chance_percent(&chance, i / 1000 % 2 ? 30 : 70))
            one_comes(&c, &m, &chance);
        else
            one_goes(&c, &m, &chance);
        if (i % 50 == 0) check(&c, &m);
    }
    while (m.n) one_goes(&c, &m, &chance);
    check(&c, &m);
    children_free(&c);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(nobody_is_there_at_first),
        cmocka_unit_test(each_host_has_a_count_of_its_own),
        cmocka_unit_test(a_full_table_has_room_again_when_one_has_gone),
        cmocka_unit_test(it_says_the_same_as_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
