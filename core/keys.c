/* keys: the private keys of one run; the header says it. */

#include "keys.h"

#include "exitcode.h"
#include "say.h"

static void warn_of_exposed(stralloc *exposed, unsigned int verbosity) {
    if (exposed->len && verbosity > 1 && stralloc_0(exposed))
        strerr_warnw("key file readable by others:", exposed->s);
    stralloc_free(exposed);
}

struct keyring *keys_read(struct creds const *creds, unsigned int verbosity, int *code,
                          struct creds_error *err) {
    stralloc exposed = STRALLOC_ZERO;
    struct keyring *ring = keyring_new();
    *code = EXIT_ENGINE;
    *err = (struct creds_error){.what = "set up the TLS engine", .object = "", .reason = "no randomness"};
    if (!ring) return 0;
    *code = EXIT_CONFIG;
    int failed = creds_load_keys(creds, ring, err, &exposed) < 0;
    warn_of_exposed(&exposed, verbosity);
    if (failed) {
        keyring_free(ring);
        return 0;
    }
    say_debug(verbosity, "keys read: ", genalloc_len(struct creds_pair, &creds->pairs));
    return ring;
}
