/* sandbox: a directory of its own for a test program, gone at the end, and the commands that fill it.
 * It must not know what is in the files. */

#ifndef SANDBOX_H
#define SANDBOX_H

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char sandbox_path[] = "/tmp/s6-tls-unit-XXXXXX";

/* The shell runs it, in the directory, and must succeed. */
static inline void sandbox_run(char const *command) {
    int status = system(command);
    if (status) fail_msg("%s: status %d", command, status);
}

static inline int sandbox_enter(void **state) {
    (void)state;
    return mkdtemp(sandbox_path) && !chdir(sandbox_path) ? 0 : -1;
}

static inline int sandbox_leave(void **state) {
    (void)state;
    sandbox_run("rm -rf \"$PWD\"");
    return 0;
}

/* The whole file in a piece of memory of exactly its size, to be freed. */
static inline unsigned char *sandbox_read(char const *name, size_t *len) {
    static unsigned char room[65536];
    FILE *f = fopen(name, "rb");
    if (!f) fail_msg("%s: cannot open", name);
    *len = fread(room, 1, sizeof room, f);
    fclose(f);
    assert_true(*len && *len < sizeof room);
    unsigned char *copy = malloc(*len);
    return memcpy(copy, room, *len);
}

static inline void sandbox_write(char const *name, void const *s, size_t len) {
    FILE *f = fopen(name, "wb");
    assert_true(f && fwrite(s, 1, len, f) == len && !fclose(f));
}

#endif
