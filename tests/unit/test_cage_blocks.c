/* test_cage_blocks: of any table, not only of ours, the filter allows what its rules say and no more.
 * It must not use the tables of core/cage_rules.c: it has its own, made at random. */

#include "bpf.h"

#include <linux/seccomp.h>

#include "cage_filter.h"

enum { ALLOW = SECCOMP_RET_ALLOW, RULES = 130, VALUES = 4 };
static uint32_t const kill = 0x80000000; /* the whole process */

/* The table, in two parts as the real one. */
static struct cage_rule table[RULES];
static size_t rules_n, first_part;
static uint64_t chance;

struct cage_rule const *cage_rules(enum cage_process who, unsigned int part, size_t *n) {
    (void)who;
    if (part > 1) return 0;
    *n = part ? rules_n - first_part : first_part;
    return part ? table + first_part : table;
}

static struct cage_rule random_rule(unsigned int calls, unsigned int conditional) {
    struct cage_rule r = {.call = (int)chance_below(&chance, calls) - chance_percent(&chance, 5)};
    for (int k = 0; k < CAGE_CONDITIONS && chance_percent(&chance, conditional); k++) {
        r.when[k].argument = chance_below(&chance, 6);
        r.when[k].test = (enum cage_test)chance_below(&chance, CAGE_NULL + 1);
        r.when[k].value = 1 + chance_below(&chance, VALUES);
    }
    return r;
}

static void make_table(size_t n, unsigned int calls, unsigned int conditional) {
    rules_n = n;
    first_part = chance_below(&chance, n + 1);
    for (size_t i = 0; i < n; i++) table[i] = random_rule(calls, conditional);
}

static int holds(enum cage_test test, uint32_t value, uint64_t argument) {
    switch (test) {
    case CAGE_ANY: return 1;
    case CAGE_IS: return (uint32_t)argument == value;
    case CAGE_WITH: return !(value & ~argument);
    case CAGE_WITHOUT: return !(value & argument);
    case CAGE_NULL: return !argument;
    }
    return 0;
}

static int is_allowed(uint32_t number, uint64_t const args[6]) {
    for (size_t i = 0; i < rules_n; i++) {
        struct cage_rule const *r = table + i;
        int all = r->call >= 0 && (uint32_t)r->call == number;
        for (int k = 0; k < CAGE_CONDITIONS; k++)
            all = all && holds(r->when[k].test, r->when[k].value, args[r->when[k].argument]);
        if (all) return 1;
    }
    return 0;
}

static uint64_t random_argument(void) {
    uint64_t low = chance_below(&chance, VALUES + 2);
    return chance_percent(&chance, 30) ? low | (uint64_t)1 << 32 : low;
}

static void compare(struct sock_filter const *program, size_t len, uint32_t number) {
    uint64_t args[6];
    for (int i = 0; i < 6; i++) args[i] = random_argument();
    struct bpf_call c = bpf_call(cage_filter_arch(), number, args, cage_filter_big_endian());
    uint32_t wanted = is_allowed(number, args) ? ALLOW : kill;
    uint32_t got = bpf_run(program, len, &c, NULL);
    if (got != wanted) fail_msg("call %u of %zu rules: %x instead of %x", number, rules_n, got, wanted);
}

static void of_any_table_what_a_rule_allows_is_allowed_and_no_more(void **state) {
    struct sock_filter program[CAGE_PROGRAM_MAX];
    (void)state;
    unsigned long written = 0, refused = 0;
    for (unsigned long round = unit_rounds("ROUNDS", 3000); round; round--) {
        unsigned int calls = 1 + chance_below(&chance, 120);
        make_table(1 + chance_below(&chance, 100), calls, chance_below(&chance, 101));
        size_t len = cage_filter(CAGE_ENGINE, program);
        assert_in_range(len, 0, CAGE_PROGRAM_MAX);
        if (!len) {
            refused++;
            continue;
        }
        written++;
        for (uint32_t number = 0; number < calls + 2; number++)
            for (int i = 0; i < 4; i++) compare(program, len, number);
        compare(program, len, ~(uint32_t)0);
    }
    assert_true(written > refused && refused);
}

static void a_call_may_be_allowed_both_at_all_times_and_on_conditions(void **state) {
    struct sock_filter program[CAGE_PROGRAM_MAX];
    (void)state;
    struct cage_rule const always = {.call = 3}, sometimes = {.call = 3, .when = {{0, CAGE_IS, 1}}};
    for (unsigned int mix = 0; mix < 8; mix++) {
        rules_n = 3, first_part = 0;
        for (unsigned int i = 0; i < 3; i++) table[i] = (mix >> i & 1u) ? always : sometimes;
        size_t len = cage_filter(CAGE_ENGINE, program);
        assert_true(len);
        for (uint32_t number = 0; number < 9; number++)
            for (int i = 0; i < 20; i++) compare(program, len, number);
    }
}

static void no_rules_or_too_many_make_no_program(void **state) {
    struct sock_filter program[CAGE_PROGRAM_MAX];
    (void)state;
    make_table(RULES, 1, 0);
    for (size_t i = 0; i < RULES; i++) table[i].call = (int)i;
    assert_int_equal(cage_filter(CAGE_ENGINE, program), 0);
    rules_n = first_part = 0;
    assert_int_equal(cage_filter(CAGE_ENGINE, program), 0);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(of_any_table_what_a_rule_allows_is_allowed_and_no_more),
        cmocka_unit_test(a_call_may_be_allowed_both_at_all_times_and_on_conditions),
        cmocka_unit_test(no_rules_or_too_many_make_no_program),
    };
    chance = unit_number("SEED", 20261126);
    return cmocka_run_group_tests(tests, 0, 0);
}
