/* ingest/worker/supervisor.h: a worker: its share of the cameras, and what they hand over to.
 */
#ifndef VD_INGEST_WORKER_SUPERVISOR_H
#define VD_INGEST_WORKER_SUPERVISOR_H

#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"

enum { VD_WORKER_NAME_MAX = 63 };

struct vd_worker_opts {
    const char *config_folder, *state_folder;
    const char *worker; /* "w1": a valid id */
    int share, shares;  /* this worker takes share of shares: 0 of 2 */
    const struct vd_clock *clock;
};

struct vd_supervisor;

/* Opens spool, bus, media and outbox, ends what a crash left open, starts the cameras. signals
 * is a signalfd (base/notify.h), borrowed. Texts in opts are borrowed until close. */
int vd_supervisor_open(struct vd_supervisor **ret_supervisor, const struct vd_worker_opts *opts,
                       int signals, struct vd_err *err);

/* Looks after it all until SIGTERM or SIGINT; SIGHUP and changed files reload. */
int vd_supervisor_run(struct vd_supervisor *supervisor, struct vd_err *err);

/* Stops cameras, outbox, ship (2 s for what is unacknowledged), spool. Sets NULL, accepts NULL.
 */
void vd_supervisor_close(struct vd_supervisor **supervisor);

#endif
