/* bpf: runs a program for seccomp as the kernel would, the few instructions that ours have; anything else, a
 * jump out of the program or a program without an end fails the test.
 * It must not know what the program is for. */

#ifndef BPF_H
#define BPF_H

#include "unit.h"

#include <linux/filter.h>

/* struct seccomp_data in words: number, architecture, two of the instruction pointer, two of each argument in
 * the machine's order. Words, so that a machine of the other order can be played. */
enum { BPF_NUMBER, BPF_ARCH, BPF_ARGUMENTS = 4, BPF_WORDS = 16 };

struct bpf_call {
    uint32_t word[BPF_WORDS];
};

static inline struct bpf_call bpf_call(uint32_t arch, uint32_t number, uint64_t const args[6], int big) {
    struct bpf_call c = {{number, arch}};
    for (int i = 0; i < 6; i++) {
        c.word[BPF_ARGUMENTS + 2 * i + !!big] = (uint32_t)args[i];
        c.word[BPF_ARGUMENTS + 2 * i + !big] = (uint32_t)(args[i] >> 32);
    }
    return c;
}

/* steps, if not null: the instructions that were run. */
static inline uint32_t bpf_run(struct sock_filter const *program, size_t n, struct bpf_call const *c,
                               size_t *steps) {
    uint32_t a = 0;
    for (size_t at = 0, run = 1; at < n; at++, run++) {
        if (steps) *steps = run;
        struct sock_filter const *i = program + at;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (i->k % 4 || i->k / 4 >= BPF_WORDS) fail_msg("instruction %zu loads from %u", at, i->k);
            a = c->word[i->k / 4];
            break;
        case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
        case BPF_JMP | BPF_JGE | BPF_K: at += a >= i->k ? i->jt : i->jf; break;
        case BPF_JMP | BPF_JEQ | BPF_K: at += a == i->k ? i->jt : i->jf; break;
        case BPF_JMP | BPF_JSET | BPF_K: at += (a & i->k) ? i->jt : i->jf; break;
        case BPF_RET | BPF_K: return i->k;
        default: fail_msg("instruction %zu is unknown: %x", at, i->code);
        }
    }
    fail_msg("the program has no end");
    return 0;
}

#endif
