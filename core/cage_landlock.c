/* cage_landlock: takes the file system, new TCP connections and abstract sockets from a process.
 * What the kernel is too young to take away it leaves; must not fail for that. */

#include "cage_parts.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "cage_arch.h"

/* Of linux/landlock.h, which may be older or absent. */
enum { ABI_QUESTION = 1 };
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

/* Each version of the interface has the rights of the ones before, from bit 0 on, and some more.
 * The scope of signals is left out: it would stop a parent-death signal too (PR_SET_PDEATHSIG), which is sent
 * in the name of who dies. The filter takes signals away. */
static unsigned char const rights[][3] = {
    /* files, network, scopes */
    {13, 0, 0}, {14, 0, 0}, {15, 0, 0}, {15, 2, 0}, {16, 2, 0}, {16, 2, 1},
};

enum { KNOWN = sizeof rights / sizeof *rights };

static uint64_t first_bits(unsigned int n) {
    return ((uint64_t)1 << n) - 1;
}

/* A ruleset of all rights and no rule that gives one back. A younger kernel takes the longer structure if
 * what it does not know in it is zero. */
static int make_ruleset(long abi) {
    unsigned char const *n = rights[abi < KNOWN ? abi - 1 : KNOWN - 1];
    struct ruleset all = {first_bits(n[0]), first_bits(n[1]), first_bits(n[2])};
    return (int)syscall(__NR_landlock_create_ruleset, &all, sizeof all, 0);
}

int cage_close_files(void) {
    long abi = syscall(__NR_landlock_create_ruleset, (void *)0, (size_t)0, ABI_QUESTION);
    int fd = abi < 1 ? -1 : make_ruleset(abi);
    if (fd < 0) return -1;
    int r = (int)syscall(__NR_landlock_restrict_self, fd, 0);
    close(fd);
    return r;
}
