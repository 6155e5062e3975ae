/* cage_filter: from a table of the system calls that a process may make to the program that tells the kernel.
 * Must not include a header of the C library, like cage_arch.h.
 *
 * The kernel follows the program for every call that it knows when it is handed over, to remember what is always allowed
 * (5.11), and that took longer than all else of the cage while calls were looked for one by one. So they are sorted, in
 * blocks, and whole blocks are passed over. */

#include "cage_filter.h"

#include <linux/seccomp.h>

#include "cage_arch.h"

/* Kernels before 4.14 end the thread instead, for them it is the same number: ours have one. */
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

enum { LOW = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0, HIGH = 4 - LOW };
enum { RULES_MAX = 128, BLOCK = 6 /* rules, about the square root of how many there are */ };

struct writer {
    struct sock_filter *program;
    size_t len;
    size_t allow; /* where this verdict is */
};

static void add(struct writer *w, unsigned int code, uint32_t k, size_t yes, size_t no) {
    if (w->len < CAGE_PROGRAM_MAX)
        w->program[w->len] =
            (struct sock_filter){.code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k};
    w->len++;
}

static void load(struct writer *w, size_t offset) {
    add(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_argument(struct writer *w, unsigned int n, unsigned int half) {
    load(w, offsetof(struct seccomp_data, args) + 8 * (size_t)n + half);
}

static void give(struct writer *w, uint32_t verdict) {
    add(w, BPF_RET | BPF_K, verdict, 0, 0);
}

/* Instructions that a condition takes. */
static size_t length(enum cage_test test) {
    static unsigned char const lengths[] = {
        [CAGE_ANY] = 0, [CAGE_IS] = 2, [CAGE_WITH] = 3, [CAGE_WITHOUT] = 2, [CAGE_NULL] = 4};
    return lengths[test];
}

/* Instructions that a rule's conditions and its verdict take; 0: it has no conditions. */
static size_t rule_length(struct cage_rule const *r) {
    size_t n = 0;
    for (int i = 0; i < CAGE_CONDITIONS; i++) n += length(r->when[i].test);
    return n ? n + 1 : 0;
}

/* One condition; where it does not hold, rest instructions of the rule are passed over. */
static void add_condition(struct writer *w, unsigned int n, enum cage_test test, uint32_t value,
                          size_t rest) {
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

/* The rules of one call, n of them, one after the other until one allows it; one without conditions does at once. The
 * accumulator has the call's number; behind a condition it has not, but then no other call can follow. */
static void add_call(struct writer *w, struct cage_rule const *const *rules, size_t n) {
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        size_t one = rule_length(rules[i]);
        if (!one) {
            add(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rules[0]->call, w->allow - w->len - 1, 0);
            return;
        }
        all += one;
    }
    add(w, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rules[0]->call, 0, all + 1);
    for (size_t i = 0; i < n; i++) {
        size_t rest = rule_length(rules[i]);
        for (int k = 0; k < CAGE_CONDITIONS; k++) {
            rest -= length(rules[i]->when[k].test);
            add_condition(w, rules[i]->when[k].argument, rules[i]->when[k].test, rules[i]->when[k].value,
                          rest);
        }
        give(w, SECCOMP_RET_ALLOW);
    }
    give(w, SECCOMP_RET_KILL_PROCESS);
}

static size_t same_call(struct cage_rule const *const *rules, size_t n) {
    size_t i = 1;
    while (i < n && rules[i]->call == rules[0]->call) i++;
    return i;
}

/* The calls of one block; those above it are passed over to it. */
static size_t add_block(struct writer *w, struct cage_rule const *const *rules, size_t n) {
    size_t start = w->len, end = 0;
    while (end < n && end < BLOCK) end += same_call(rules + end, n - end);
    if (end < n) add(w, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)rules[end]->call, 0, 0);
    for (size_t i = 0, same; i < end; i += same) {
        same = same_call(rules + i, end - i);
        add_call(w, rules + i, same);
    }
    give(w, SECCOMP_RET_KILL_PROCESS);
    if (end < n && start < CAGE_PROGRAM_MAX) w->program[start].jt = (uint8_t)(w->len - start - 1);
    return end;
}

/* The verdict that all share is at the end, so that every jump is forward. */
static size_t write_program(struct writer *w, struct cage_rule const *const *rules, size_t n) {
    load(w, offsetof(struct seccomp_data, arch));
    add(w, BPF_JMP | BPF_JEQ | BPF_K, CAGE_AUDIT_ARCH, 1, 0);
    give(w, SECCOMP_RET_KILL_PROCESS);
    load(w, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < n;) i += add_block(w, rules + i, n - i);
    give(w, SECCOMP_RET_ALLOW);
    return w->len;
}

/* By the numbers of their calls. Returns how many, or 0 if there are more than RULES_MAX. */
static size_t sort_rules(enum cage_process who, struct cage_rule const *sorted[RULES_MAX]) {
    struct cage_rule const *rules;
    size_t n, all = 0, at;
    for (unsigned int part = 0; (rules = cage_rules(who, part, &n)); part++)
        for (size_t i = 0; i < n; i++) {
            if (rules[i].call < 0) continue;
            if (all == RULES_MAX) return 0;
            for (at = all++; at && sorted[at - 1]->call > rules[i].call; at--) sorted[at] = sorted[at - 1];
            sorted[at] = rules + i;
        }
    return all;
}

/* Written twice: the first time tells where the verdict is. */
size_t cage_filter(enum cage_process who, struct sock_filter program[CAGE_PROGRAM_MAX]) {
    struct cage_rule const *rules[RULES_MAX];
    size_t n = sort_rules(who, rules);
    struct writer trial = {.program = program};
    size_t len = write_program(&trial, rules, n);
    if (!n || len > CAGE_PROGRAM_MAX) return 0;
    struct writer w = {.program = program, .allow = len - 1};
    return write_program(&w, rules, n);
}

uint32_t cage_filter_arch(void) {
    return CAGE_AUDIT_ARCH;
}

int cage_filter_big_endian(void) {
    return LOW != 0;
}
