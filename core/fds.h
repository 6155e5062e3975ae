/* fds: which file descriptors a process holds.
 * Knows nothing of what they are for. */

#ifndef FDS_H
#define FDS_H

/* Opens those of 0, 1 and 2 that are closed to /dev/null, close-on-exec: nothing else may take their
 * number, and what is executed finds them as they were. Returns 0, or -1 with errno. */
int fds_fill_standard(void);

/* Closes every fd but those n in keep, any order, -1 for none. Returns 0, or -1 with errno. */
int fds_close_others(int const *keep, unsigned int n);

/* Closes what an exec would: every fd that is close-on-exec. Returns 0, or -1 with errno. */
int fds_close_on_exec(void);

#endif
