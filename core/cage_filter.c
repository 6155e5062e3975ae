/* cage_filter: from a table of the system calls that a process may make to the program that tells the kernel.
 * Must not include a header of the C library, like cage_arch.h. */

#include "cage_filter.h"

#include <linux/seccomp.h>

#include "cage_arch.h"

/* Kernels before 4.14 end the thread instead, for them it is the same number: ours have one. */
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

enum { LOW = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0, HIGH = 4 - LOW };

struct writer {
    struct sock_filter *program;
    size_t len;
    int number_loaded; /* whether the accumulator is known to hold the call's number */
};

static void add(struct writer *w, unsigned int code, uint32_t k, unsigned int yes, unsigned int no) {
    if (w->len < CAGE_PROGRAM_MAX)
        w->program[w->len] =
            (struct sock_filter){.code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k};
    w->len++;
}

static void load(struct writer *w, size_t offset) {
    add(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
    w->number_loaded = offset == offsetof(struct seccomp_data, nr);
}

static void load_argument(struct writer *w, unsigned int n, unsigned int half) {
    load(w, offsetof(struct seccomp_data, args) + 8 * (size_t)n + half);
}

static void give(struct writer *w, uint32_t verdict) {
    add(w, BPF_RET | BPF_K, verdict, 0, 0);
}

/* Instructions that a condition takes. */
static unsigned int length(enum cage_test test) {
    static unsigned char const lengths[] = {
        [CAGE_ANY] = 0, [CAGE_IS] = 2, [CAGE_WITH] = 3, [CAGE_WITHOUT] = 2, [CAGE_NULL] = 4};
    return lengths[test];
}

/* One condition; where it does not hold, rest instructions of the rule are passed over. */
static void add_condition(struct writer *w, unsigned int n, enum cage_test test, uint32_t value,
                          unsigned int rest) {
    if (test == CAGE_ANY) return;
    load_argument(w, n, LOW);
    switch (test) {
    case CAGE_WITHOUT: add(w, BPF_JMP | BPF_JSET | BPF_K, value, rest, 0); break;
    case CAGE_WITH: add(w, BPF_ALU | BPF_AND | BPF_K, value, 0, 0); /* fallthrough */
    case CAGE_IS: add(w, BPF_JMP | BPF_JEQ | BPF_K, value, 0, rest); break;
    default:
        add(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, rest + 2);
        load_argument(w, n, HIGH);
        add(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, rest);
        break;
    }
}

static void add_rule(struct writer *w, struct cage_rule const *r) {
    unsigned int rest = 1; /* the verdict */
    if (r->call < 0) return;
    for (int i = 0; i < CAGE_CONDITIONS; i++) rest += length(r->when[i].test);
    if (!w->number_loaded) load(w, offsetof(struct seccomp_data, nr));
    add(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->call, 0, rest);
    for (int i = 0; i < CAGE_CONDITIONS; i++) {
        rest -= length(r->when[i].test);
        add_condition(w, r->when[i].argument, r->when[i].test, r->when[i].value, rest);
    }
    give(w, SECCOMP_RET_ALLOW);
}

size_t cage_filter(enum cage_process who, struct sock_filter program[CAGE_PROGRAM_MAX]) {
    struct writer w = {.program = program};
    struct cage_rule const *rules;
    size_t n;
    load(&w, offsetof(struct seccomp_data, arch));
    add(&w, BPF_JMP | BPF_JEQ | BPF_K, CAGE_AUDIT_ARCH, 1, 0);
    give(&w, SECCOMP_RET_KILL_PROCESS);
    for (unsigned int part = 0; (rules = cage_rules(who, part, &n)); part++)
        for (size_t i = 0; i < n; i++) add_rule(&w, rules + i);
    give(&w, SECCOMP_RET_KILL_PROCESS);
    return w.len <= CAGE_PROGRAM_MAX ? w.len : 0;
}

uint32_t cage_filter_arch(void) {
    return CAGE_AUDIT_ARCH;
}

int cage_filter_big_endian(void) {
    return LOW != 0;
}
