/* cpu: what the processor that this runs on is good at.
 * Knows nothing of TLS. */

#ifndef CPU_H
#define CPU_H

/* Whether it has instructions for AES. */
int cpu_has_aes(void);

#endif
