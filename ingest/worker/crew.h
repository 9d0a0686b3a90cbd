/* ingest/worker/crew.h: the cameras of a worker, each with its watchdog; changed as the
 * configuration changes. Main thread only. */
#ifndef VD_INGEST_WORKER_CREW_H
#define VD_INGEST_WORKER_CREW_H

#include <stdbool.h>

#include "config/config.h"
#include "ingest/worker/camera.h"
#include "ingest/worker/ladder.h"
#include "ingest/worker/report.h"

struct vd_crew;

/* This worker takes those enabled cameras whose id falls to share of shares. */
int vd_crew_open(struct vd_crew **ret_crew, const struct vd_camera_tools *tools, int share,
                 int shares, struct vd_err *err);

/* Whether a camera of that id falls to this share: by a hash of the id, so that adding one
 * camera moves no other. */
bool vd_crew_is_mine(const char *id, int share, int shares);

/* Starts, restarts and stops cameras so that the crew is what now says. was is what it is now,
 * NULL at first. Cameras that do not differ are left alone. A camera that can't start is logged
 * and left out. Returns how many were touched. */
int vd_crew_change(struct vd_crew *crew, const struct vd_config *was, struct vd_config *now);

/* Looks at every camera; true when the state of one changed. */
bool vd_crew_tick(struct vd_crew *crew, const struct vd_config *cfg);

void vd_crew_report(struct vd_crew *crew, struct vd_report *report);

int vd_crew_size(const struct vd_crew *crew);

/* What the ladder asks of each of the vd_crew_size() cameras, in an order that stands until the
 * next vd_crew_change; and moves the i-th of them. */
void vd_crew_rungs(const struct vd_crew *crew, struct vd_rung *ret_rungs);
void vd_crew_level(struct vd_crew *crew, int i, enum vd_level level);
const char *vd_crew_id(const struct vd_crew *crew, int i);

/* Stops all cameras; what is open ends with reason restart. Sets NULL, accepts NULL. */
void vd_crew_close(struct vd_crew **crew);

#endif
