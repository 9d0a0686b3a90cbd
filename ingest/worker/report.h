/* ingest/worker/report.h: what a worker tells the router of itself each second: spool, cameras,
 * metrics. Written by the main thread, read by the ship thread. */
#ifndef VD_INGEST_WORKER_REPORT_H
#define VD_INGEST_WORKER_REPORT_H

#include <stddef.h>

#include "base/err.h"
#include "ingest/worker/camera.h"
#include "ingest/worker/watchdog.h"
#include "storage/spool/spool.h"

struct vd_report;

/* worker and spool are borrowed. */
int vd_report_open(struct vd_report **ret_report, const char *worker, struct vd_spool *spool,
                   struct vd_err *err);
void vd_report_close(struct vd_report **report); /* sets NULL, accepts NULL */

/* Main thread: begins a new picture of the cameras, adds one, and shows it to the other side.
 * VD_ENOMEM leaves a camera out. */
void vd_report_begin(struct vd_report *report);
int vd_report_camera(struct vd_report *report, struct vd_camera *camera,
                     const struct vd_camera_facts *facts, const struct vd_watchdog *dog);
void vd_report_end(struct vd_report *report);

/* Any thread: the part-th piece as JSON, for vd_ship_opts.status; arg is the report. A piece
 * speaks for the cameras it names; all pieces together name them all. */
int vd_report_status(void *arg, int part, char *buf, size_t size);

#endif
