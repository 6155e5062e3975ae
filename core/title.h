/* title: the command line that others see of this process (ps, /proc/PID/cmdline).
 * Must not change what this process itself reads as its command line. */

#ifndef TITLE_H
#define TITLE_H

/* To be called first, with main()'s argv: the kernel shows the memory that these words are in. */
void title_find(char const *const *argv);

/* Shows these words instead, cut off where the first ones ended. They must not be in the memory of main()'s argv, which
 * is overwritten. */
void title_show(char const *const *argv);

#endif
