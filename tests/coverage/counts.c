/* counts: linked into a build that counts, begins the counting before main(), in the place of the library's own start,
 * which would leave a variable in the environment. What it calls for that must not fail in tests/wire/faults.c. */

#include <dlfcn.h>
#include <unistd.h>

extern void __llvm_profile_initialize(void);
int __llvm_profile_runtime;

static void __attribute__((constructor)) begin(void) {
    char **env = environ;
    int none = 0, *faults_on = dlsym(RTLD_DEFAULT, "faults_on");
    if (!faults_on) faults_on = &none;
    int on = *faults_on;
    *faults_on = 0;
    __llvm_profile_initialize();
    *faults_on = on;
    environ = env;
}
