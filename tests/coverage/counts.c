/* counts: linked into a build that counts, begins the counting before main(), in the place of the library's own start,
 * which would leave a variable in the environment. */

#include <unistd.h>

extern void __llvm_profile_initialize(void);
int __llvm_profile_runtime;

static void __attribute__((constructor)) begin(void) {
    char **env = environ;
    __llvm_profile_initialize();
    environ = env;
}
