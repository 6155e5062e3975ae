/* prog: what is behind every server of a benchmark. It must cost next to nothing.
 *
 * prog answer        writes 6 bytes
 * prog source BYTES  writes so many
 * prog sink BYTES    reads so many, and writes 6
 * prog echo          writes what it reads
 * prog wait          writes 6 bytes and waits for the end of its stdin */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buf[65536];

int main(int argc, char const *const *argv) {
    char const *what = argc > 1 ? argv[1] : "answer";
    long left = argc > 2 ? atol(argv[2]) : 0;
    ssize_t n = 1;
    if (!strcmp(what, "echo")) {
        while ((n = read(0, buf, sizeof buf)) > 0)
            for (ssize_t done = 0, m; done < n; done += m)
                if ((m = write(1, buf + done, (size_t)(n - done))) <= 0) return 1;
        return 0;
    }
    if (!strcmp(what, "source"))
        for (; left && n > 0; left -= n)
            n = write(1, buf, left < (long)sizeof buf ? (size_t)left : sizeof buf);
    if (!strcmp(what, "sink"))
        for (; left && n > 0; left -= n) n = read(0, buf, sizeof buf);
    if (strcmp(what, "source") != 0) n = write(1, "hello\n", 6);
    if (!strcmp(what, "wait"))
        while (read(0, buf, sizeof buf) > 0)
            ;
    return n <= 0;
}
