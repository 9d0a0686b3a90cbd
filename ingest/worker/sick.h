/* ingest/worker/sick.h: what ails a camera, as events: covered, dark, bright, blurred, moved,
 * frozen, low-quality. ingest/condition judges, this tells. The camera's thread owns it.
 *
 * A short break of the stream ends nothing: what hung before the lens still hangs there. */
#ifndef VD_INGEST_WORKER_SICK_H
#define VD_INGEST_WORKER_SICK_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"
#include "ingest/motion/motion.h"
#include "ingest/source/source.h"
#include "ingest/worker/outbox.h"

struct vd_sick;

/* camera and outbox outlive it; it posts to lane. VD_ENOMEM. */
int vd_sick_open(struct vd_sick **ret_sick, const struct vd_camera_cfg *camera,
                 struct vd_outbox *outbox, struct vd_lane *lane, struct vd_err *err);

/* Sets NULL, accepts NULL. Say first why what is open ends. */
void vd_sick_close(struct vd_sick **sick);

/* Another session begins: its counts start anew; the usual view is kept. */
void vd_sick_gap(struct vd_sick *sick);

/* Looks at the detector's small picture of frame, which source has just now; analysis names how
 * it was made, for why.analysis. */
void vd_sick_look(struct vd_sick *sick, const struct vd_motion_picture *small,
                  const struct vd_frame *frame, struct vd_source *source, const char *analysis);

/* Ends what is open. What still holds is told anew when pictures come again. */
void vd_sick_end(struct vd_sick *sick, enum vd_end_reason reason, int64_t wall_us);

/* Bit k: a happening of enum vd_kind k is open. */
uint32_t vd_sick_kinds(const struct vd_sick *sick);

#endif
