/* exitcode: every exit code an applet uses, by name; what each means is the contract's table. */

#ifndef EXITCODE_H
#define EXITCODE_H

enum {
    EXIT_CONFIG = 96,         /* key, certificate, trust anchors or policy unusable */
    EXIT_ENGINE = 97,         /* the TLS engine could not be set up */
    EXIT_TLS = 98,            /* the TLS connection failed */
    EXIT_USAGE = 100,         /* wrong usage, a needed variable unset, an invalid number */
    EXIT_SYSTEM = 111,        /* a system call failed */
    EXIT_NOTEXECUTABLE = 126, /* prog was found and could not be executed */
    EXIT_NOTFOUND = 127,      /* prog was not found */
};

#endif
