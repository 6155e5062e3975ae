/* under_valgrind: stands where the binary is expected and runs the binary under valgrind. Compiled by watch.py, with
 * VALGRIND the words of the command and REAL the directory of the binary and its applets' names.
 * It must not be a script: shells drop variables such as KEYFILE:x, and others open fds or change signals. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp) {
    static char *const valgrind[] = {VALGRIND};
    enum { WORDS = sizeof valgrind / sizeof *valgrind };
    char *words[WORDS + argc + 1];
    char const *slash = strrchr(argv[0], '/');
    char real[sizeof REAL "/" + strlen(argv[0])];
    sprintf(real, "%s/%s", REAL, slash ? slash + 1 : argv[0]);
    memcpy(words, valgrind, sizeof valgrind);
    words[WORDS] = real;
    memcpy(words + WORDS + 1, argv + 1, (size_t)argc * sizeof *argv);
    execve(valgrind[0], words, envp);
    perror(valgrind[0]);
    return 111;
}
