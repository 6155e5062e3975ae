/* test_cage_filter: the filter of each caged process does what its table says, and the tables say what they
 * should, by numbers that come from elsewhere. tests/wire/test_cage_arch.py builds it against the kernel headers
 * of other machines too.
 * It must not enter a cage. */

#include "bpf.h"

#include <linux/seccomp.h>
#include <string.h>

#include "cage_filter.h"

enum { ALLOW = SECCOMP_RET_ALLOW, CALLS = 600, X32 = 0x40000000 };
static uint32_t const kill = 0x80000000; /* the whole process */

static enum cage_process const processes[] = {CAGE_ENGINE, CAGE_KEY};

/* ---- what each machine is, from its manual ---- */

struct machine {
    char const *name;
    uint32_t arch;
    int big;
    int base; /* of the numbers */
    uint32_t siocoutq, fionread, anonymous;
    struct {
        int read, ppoll, exit_group, ioctl, map, mprotect;
    } has;
    int refused
        [15]; /* open, openat, execve, clone, socket, connect, kill, tgkill, ptrace, prctl, …, the older mmap */
};

static struct machine const machines[] = {
    {"x86_64",
     0xc000003e,
     0,
     0,
     0x5411,
     0x541b,
     0x20,
     {0, 271, 231, 16, 9, 10},
     {2, 257, 59, 56, 41, 42, 62, 234, 101, 157, 310, 425, 319, 272, 272}},
    {"i386",
     0x40000003,
     0,
     0,
     0x5411,
     0x541b,
     0x20,
     {3, 309, 252, 54, 192, 125},
     {5, 295, 11, 120, 359, 362, 37, 270, 26, 172, 347, 425, 356, 310, 90}},
    {"aarch64",
     0xc00000b7,
     0,
     0,
     0x5411,
     0x541b,
     0x20,
     {63, 73, 94, 29, 222, 226},
     {56, 56, 221, 220, 198, 203, 129, 131, 117, 167, 270, 425, 279, 97, 97}},
    {"riscv64",
     0xc00000f3,
     0,
     0,
     0x5411,
     0x541b,
     0x20,
     {63, 73, 94, 29, 222, 226},
     {56, 56, 221, 220, 198, 203, 129, 131, 117, 167, 270, 425, 279, 97, 97}},
    {"arm",
     0x40000028,
     0,
     0,
     0x5411,
     0x541b,
     0x20,
     {3, 336, 248, 54, 192, 125},
     {5, 322, 11, 120, 281, 283, 37, 268, 26, 172, 376, 425, 385, 337, 90}},
    {"mips",
     0x00000008,
     1,
     4000,
     0x7472,
     0x467f,
     0x800,
     {4003, 4302, 4246, 4054, 4210, 4125},
     {4005, 4288, 4011, 4120, 4183, 4170, 4037, 4266, 4026, 4192, 4345, 4425, 4354, 4303, 4090}},
    {"mipsel",
     0x40000008,
     0,
     4000,
     0x7472,
     0x467f,
     0x800,
     {4003, 4302, 4246, 4054, 4210, 4125},
     {4005, 4288, 4011, 4120, 4183, 4170, 4037, 4266, 4026, 4192, 4345, 4425, 4354, 4303, 4090}},
};

/* The one that the filter is for; where the environment names one, that one. */
static struct machine const *machine(void) {
    char const *name = getenv("S6TLS_CAGE_ARCH");
    for (size_t i = 0; i < COUNT(machines); i++)
        if (machines[i].arch == cage_filter_arch() && (!name || !strcmp(name, machines[i].name)))
            return machines + i;
    if (name || cage_filter_arch()) fail_msg("the filter is for %x", cage_filter_arch());
    skip(); /* no cage here */
    return 0;
}

/* ---- programs and tables ---- */

static struct {
    struct sock_filter s[CAGE_PROGRAM_MAX];
    size_t n;
} program[COUNT(processes)];

static int make_programs(void **state) {
    (void)state;
    for (size_t p = 0; p < COUNT(processes); p++)
        if (!(program[p].n = cage_filter(processes[p], program[p].s))) return -1;
    return 0;
}

static uint32_t verdict(size_t p, uint32_t arch, uint32_t number, uint64_t const args[6]) {
    struct bpf_call c = bpf_call(arch, number, args, cage_filter_big_endian());
    return bpf_run(program[p].s, program[p].n, &c, NULL);
}

static int holds(enum cage_test test, uint32_t value, uint64_t argument) {
    uint32_t low = (uint32_t)argument;
    switch (test) {
    case CAGE_ANY: return 1;
    case CAGE_IS: return low == value;
    case CAGE_WITH: return (low & value) == value;
    case CAGE_WITHOUT: return !(low & value);
    case CAGE_NULL: return !argument;
    }
    return 0;
}

/* What the table says. */
static int is_allowed(size_t p, uint32_t number, uint64_t const args[6]) {
    struct cage_rule const *rules;
    size_t n;
    for (unsigned int part = 0; (rules = cage_rules(processes[p], part, &n)); part++)
        for (size_t i = 0; i < n; i++) {
            int all = rules[i].call >= 0 && (uint32_t)rules[i].call == number;
            for (int k = 0; k < CAGE_CONDITIONS; k++)
                all = all &&
                      holds(rules[i].when[k].test, rules[i].when[k].value, args[rules[i].when[k].argument]);
            if (all) return 1;
        }
    return 0;
}

/* ---- arguments worth trying ---- */

static uint64_t pool[1024];
static size_t pool_n;

static void pool_add(uint64_t x) {
    assert_true(pool_n < COUNT(pool));
    pool[pool_n++] = x;
}

/* Zero, one, all, and around each value of the tables: it, a bit more, a bit less, the high half not zero. */
static void fill_pool(void) {
    struct cage_rule const *rules;
    size_t n;
    pool_n = 0;
    pool_add(0), pool_add(1), pool_add(~(uint64_t)0), pool_add((uint64_t)1 << 32), pool_add(7), pool_add(3);
    for (size_t p = 0; p < COUNT(processes); p++)
        for (unsigned int part = 0; (rules = cage_rules(processes[p], part, &n)); part++)
            for (size_t i = 0; i < n; i++)
                for (int k = 0; k < CAGE_CONDITIONS; k++) {
                    uint64_t value = rules[i].when[k].value;
                    if (!value) continue;
                    pool_add(value), pool_add(value + 1), pool_add(value ^ 0x80),
                        pool_add(value | (uint64_t)5 << 32);
                }
}

static void compare(size_t p, uint32_t number, uint64_t const args[6]) {
    uint32_t wanted = is_allowed(p, number, args) ? ALLOW : kill;
    uint32_t got = verdict(p, cage_filter_arch(), number, args);
    if (got != wanted) fail_msg("process %zu, call %u: %x instead of %x", p, number, got, wanted);
}

/* ---- tests ---- */

static void every_number_has_the_verdict_of_the_table(void **state) {
    (void)state;
    uint64_t chance = unit_number("SEED", 20261124);
    struct machine const *m = machine();
    fill_pool();
    for (size_t p = 0; p < COUNT(processes); p++)
        for (uint32_t number = 0; number <= CALLS; number++)
            for (int round = 0; round < 200; round++) {
                uint64_t args[6];
                for (int i = 0; i < 6; i++) args[i] = round ? pool[chance_below(&chance, pool_n)] : 0;
                compare(p, number + (uint32_t)m->base, args);
            }
}

/* Each rule with arguments that fulfil it, and with each of its conditions broken. */
static void every_rule_allows_what_it_says_and_no_more(void **state) {
    (void)state;
    struct cage_rule const *rules;
    size_t n, seen = 0;
    machine();
    for (size_t p = 0; p < COUNT(processes); p++)
        for (unsigned int part = 0; (rules = cage_rules(processes[p], part, &n)); part++)
            for (size_t i = 0; i < n; i++) {
                struct cage_rule const *r = rules + i;
                uint64_t args[6] = {0};
                if (r->call < 0) continue;
                for (int k = 0; k < CAGE_CONDITIONS; k++)
                    if (r->when[k].test == CAGE_IS || r->when[k].test == CAGE_WITH)
                        args[r->when[k].argument] = r->when[k].value;
                assert_int_equal(verdict(p, cage_filter_arch(), (uint32_t)r->call, args), ALLOW);
                for (int k = 0; k < CAGE_CONDITIONS; k++) {
                    uint64_t good = args[r->when[k].argument];
                    if (r->when[k].test == CAGE_ANY) continue;
                    args[r->when[k].argument] =
                        r->when[k].test == CAGE_NULL ? (uint64_t)1 << 40 : good ^ r->when[k].value;
                    compare(p, (uint32_t)r->call, args);
                    args[r->when[k].argument] = good;
                }
                seen++;
            }
    assert_true(seen > 40);
}

/* The kernel runs through it for each number when it is handed over. */
static void a_call_without_conditions_is_found_in_few_steps(void **state) {
    (void)state;
    struct machine const *m = machine();
    uint64_t const none[6] = {0};
    for (size_t p = 0; p < COUNT(processes); p++)
        for (uint32_t number = 0; number <= CALLS; number++) {
            struct bpf_call c = bpf_call(m->arch, number + (uint32_t)m->base, none, cage_filter_big_endian());
            size_t steps;
            bpf_run(program[p].s, program[p].n, &c, &steps);
            assert_in_range(steps, 1, 24);
        }
}

static void another_architecture_ends_the_process(void **state) {
    (void)state;
    struct machine const *m = machine();
    uint64_t const none[6] = {0};
    for (size_t p = 0; p < COUNT(processes); p++)
        for (size_t i = 0; i < COUNT(machines); i++)
            for (uint32_t number = 0; number <= CALLS && machines[i].arch != m->arch; number++)
                assert_int_equal(verdict(p, machines[i].arch, number + (uint32_t)m->base, none), kill);
}

static void numbers_of_x32_and_negative_ones_end_the_process(void **state) {
    (void)state;
    uint64_t const none[6] = {0};
    struct machine const *m = machine();
    for (size_t p = 0; p < COUNT(processes); p++)
        for (uint32_t number = 0; number <= CALLS; number++) {
            assert_int_equal(verdict(p, m->arch, number | X32, none), kill);
            assert_int_equal(verdict(p, m->arch, (uint32_t)0 - 1 - number, none), kill);
        }
}

static uint32_t with(size_t p, int number, unsigned int n, uint64_t value) {
    uint64_t args[6] = {0};
    args[n] = value;
    return verdict(p, cage_filter_arch(), (uint32_t)number, args);
}

static void reading_waiting_and_ending_are_allowed_on_this_machine(void **state) {
    (void)state;
    struct machine const *m = machine();
    assert_int_equal(cage_filter_arch(), m->arch);
    assert_int_equal(cage_filter_big_endian(), m->big);
    for (size_t p = 0; p < COUNT(processes); p++) {
        assert_int_equal(with(p, m->has.read, 0, 0), ALLOW);
        assert_int_equal(with(p, m->has.ppoll, 0, 0), ALLOW);
        assert_int_equal(with(p, m->has.exit_group, 0, 0), ALLOW);
    }
}

static void opening_executing_forking_and_the_like_are_refused_on_this_machine(void **state) {
    (void)state;
    struct machine const *m = machine();
    for (size_t p = 0; p < COUNT(processes); p++)
        for (size_t i = 0; i < COUNT(m->refused); i++) assert_int_equal(with(p, m->refused[i], 0, 0), kill);
}

static void ioctl_is_allowed_for_two_questions_of_the_engine(void **state) {
    (void)state;
    struct machine const *m = machine();
    assert_int_equal(with(0, m->has.ioctl, 1, m->siocoutq), ALLOW);
    assert_int_equal(with(0, m->has.ioctl, 1, m->fionread), ALLOW);
    assert_int_equal(with(1, m->has.ioctl, 1, m->siocoutq), kill);
    for (uint64_t request = 0; request < 0x10000; request++)
        if (request != m->siocoutq && request != m->fionread)
            assert_int_equal(with(0, m->has.ioctl, 1, request), kill);
}

static uint32_t mapping(size_t p, uint64_t protection, uint64_t flags) {
    uint64_t const args[6] = {0, 4096, protection, flags, (uint64_t)-1, 0};
    return verdict(p, cage_filter_arch(), (uint32_t)machine()->has.map, args);
}

static void memory_is_never_mapped_or_made_executable(void **state) {
    (void)state;
    struct machine const *m = machine();
    for (size_t p = 0; p < COUNT(processes); p++)
        for (uint64_t protection = 0; protection < 16; protection++) {
            uint32_t wanted = protection & 4 ? kill : ALLOW;
            assert_int_equal(mapping(p, protection, 2 | m->anonymous), wanted);
            assert_int_equal(with(p, m->has.mprotect, 2, protection), wanted);
            assert_int_equal(mapping(p, protection, 2), kill); /* a file */
        }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(every_number_has_the_verdict_of_the_table),
        cmocka_unit_test(every_rule_allows_what_it_says_and_no_more),
        cmocka_unit_test(a_call_without_conditions_is_found_in_few_steps),
        cmocka_unit_test(another_architecture_ends_the_process),
        cmocka_unit_test(numbers_of_x32_and_negative_ones_end_the_process),
        cmocka_unit_test(reading_waiting_and_ending_are_allowed_on_this_machine),
        cmocka_unit_test(opening_executing_forking_and_the_like_are_refused_on_this_machine),
        cmocka_unit_test(ioctl_is_allowed_for_two_questions_of_the_engine),
        cmocka_unit_test(memory_is_never_mapped_or_made_executable),
    };
    return cmocka_run_group_tests(tests, make_programs, 0);
}
