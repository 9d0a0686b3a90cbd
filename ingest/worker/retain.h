/* ingest/worker/retain.h: the media of this machine are kept as long, and as much, as the
 * configuration says; what an unresolved alert shows is kept longer. One thread, in the first
 * worker of a machine only. Deletes nothing while the router does not say what is needed. */
#ifndef VD_INGEST_WORKER_RETAIN_H
#define VD_INGEST_WORKER_RETAIN_H

#include "base/bus.h"
#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"

struct vd_retain;

/* Starts the thread; *ret_retain is the caller's to close. root and replay (the endpoint of the
 * router's replay socket) are borrowed until then, keys (NULL on ipc://) and limits are copied.
 * VD_ENOMEM. */
int vd_retain_open(struct vd_retain **ret_retain, struct vd_bus *bus, const char *replay,
                   const struct vd_bus_keys *keys, const char *root,
                   const struct vd_retention_cfg *limits, const struct vd_clock *clock,
                   struct vd_err *err);

/* Other limits, after the configuration changed. Any thread. */
void vd_retain_change(struct vd_retain *retain, const struct vd_retention_cfg *limits);

/* Ends the thread; sets NULL, accepts NULL. */
void vd_retain_close(struct vd_retain **retain);

#endif
