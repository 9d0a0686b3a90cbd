/* base/notify.h: what a process tells its supervisor, and the signals it takes. */
#ifndef VD_BASE_NOTIFY_H
#define VD_BASE_NOTIFY_H

#include "base/err.h"

/* Sends state ("READY=1", "STOPPING=1", "STATUS=…", "WATCHDOG=1") to $NOTIFY_SOCKET by
 * sd_notify(3)'s protocol; does nothing when there is none. */
void vd_notify(const char *state);

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD for the process and ignores SIGPIPE. Returns a
 * signalfd for them, non-blocking, the caller's to close. Call before any thread exists. */
int vd_signals_open(struct vd_err *err);

/* Takes one signal number from the descriptor, 0 when there is none. */
int vd_signals_take(int fd);

/* Keeps secrets out of core dumps and other processes' ptrace: PR_SET_DUMPABLE 0. */
void vd_undumpable(void);

#endif
