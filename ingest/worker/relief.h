/* ingest/worker/relief.h: keeps a worker in time: measures, asks the ladder, moves cameras and
 * tells of it, as one happening of the node from the first step down to the last one up. Main
 * thread only. */
#ifndef VD_INGEST_WORKER_RELIEF_H
#define VD_INGEST_WORKER_RELIEF_H

#include "base/clock.h"
#include "base/err.h"
#include "ingest/worker/crew.h"
#include "ingest/worker/outbox.h"

struct vd_relief;

/* Borrows all; posts to lane in the name of worker. VD_ENOMEM. */
int vd_relief_open(struct vd_relief **ret_relief, const char *worker, struct vd_outbox *outbox,
                   struct vd_lane *lane, const struct vd_clock *clock, struct vd_err *err);

/* To be called often; does something once a second. Sets the metrics of lag and ladder, too. */
void vd_relief_tick(struct vd_relief *relief, struct vd_crew *crew);

/* Ends what is open. Sets NULL, accepts NULL. */
void vd_relief_close(struct vd_relief **relief);

#endif
