/* ident: who owns a connection; the header says it. */

#include "tcp/ident.h"

#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/types.h>

#include "tcp/dial.h"

/* ---- the answer ---- */

static char const *skip_blanks(char const *s) {
    return s + strspn(s, " \t");
}

/* What comes after this character, which blanks may stand around; NULL: something else is there. */
static char const *after(char const *s, char c) {
    s = skip_blanks(s);
    return *s == c ? skip_blanks(s + 1) : NULL;
}

static char const *after_port(char const *s, uint16_t port, char c) {
    uint16_t found;
    s = skip_blanks(s);
    size_t len = uint16_scan(s, &found);
    return len && found == port ? after(s + len, c) : NULL;
}

/* "6193, 23 : USERID : UNIX : stjohns" or "6195, 23 : ERROR : NO-USER" */
int ident_parse(char user[IDENT_LINE], char const *line, uint16_t remote_port, uint16_t local_port) {
    char const *s = after_port(line, remote_port, ',');
    errno = EPROTO;
    if (!s || !(s = after_port(s, local_port, ':'))) return -1;
    if (strncmp(s, "ERROR", 5) == 0 && after(s + 5, ':')) errno = ENOENT;
    if (strncmp(s, "USERID", 6) != 0 || !(s = after(s + 6, ':'))) return -1;
    s = strchr(s, ':'); /* after the system's name */
    if (!s) return -1;
    s = skip_blanks(s + 1);
    size_t len = strlen(s);
    if (!len || len >= IDENT_LINE) return -1;
    memcpy(user, s, len + 1);
    return 0;
}

/* ---- the conversation ---- */

static int wait_for(int fd, short events, tain const *deadline) {
    iopause_fd x = {.fd = fd, .events = events};
    int r = iopause_g(&x, 1, deadline);
    if (r == 0) errno = ETIMEDOUT;
    return r > 0 ? 0 : -1;
}

/* It is the first thing that is sent: there is room for all of it. */
static int send_question(int fd, uint16_t remote_port, uint16_t local_port) {
    char line[2 * UINT16_FMT + 4];
    size_t len = uint16_fmt(line, remote_port);
    line[len++] = ',';
    len += uint16_fmt(line + len, local_port);
    line[len++] = '\r';
    line[len++] = '\n';
    return send(fd, line, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

/* Up to the line's end, or the connection's. */
static int receive_line(int fd, char line[IDENT_LINE + 1], tain const *deadline) {
    size_t len = 0;
    while (!memchr(line, '\n', len)) {
        if (len == IDENT_LINE) {
            errno = EPROTO;
            return -1;
        }
        if (wait_for(fd, IOPAUSE_READ, deadline) < 0) return -1;
        ssize_t n = recv(fd, line + len, IDENT_LINE - len, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR) return -1;
        if (n == 0) break;
        if (n > 0) len += (size_t)n;
    }
    line[len] = 0;
    line[strcspn(line, "\r\n")] = 0;
    return 0;
}

static int converse(int fd, char line[IDENT_LINE + 1], uint16_t remote_port, uint16_t local_port,
                    tain const *deadline) {
    if (wait_for(fd, IOPAUSE_WRITE, deadline) < 0 || dial_finish(fd) < 0) return -1;
    if (send_question(fd, remote_port, local_port) < 0) return -1;
    return receive_line(fd, line, deadline);
}

int ident_ask(char user[IDENT_LINE], struct addr const *remote, struct addr const *local, uint16_t port,
              tain const *deadline) {
    char line[IDENT_LINE + 1];
    struct addr to = *remote, from = *local;
    addr_set_port(&to, port);
    addr_set_port(&from, 0); /* from the same address: that is the one it is asked about */
    int fd = dial_start(&to, &from);
    if (fd < 0) return -1;
    int r = converse(fd, line, addr_port(remote), addr_port(local), deadline);
    fd_close(fd);
    return r < 0 ? -1 : ident_parse(user, line, addr_port(remote), addr_port(local));
}
