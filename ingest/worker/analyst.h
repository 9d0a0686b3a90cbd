/* ingest/worker/analyst.h: looks at the pictures of one camera and says what happens in them,
 * as events: what moves, and, by the same small picture, what ails the camera (sick.h). The
 * camera's thread owns it. */
#ifndef VD_INGEST_WORKER_ANALYST_H
#define VD_INGEST_WORKER_ANALYST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"
#include "ingest/source/source.h"
#include "ingest/worker/outbox.h"

struct vd_analyst;

/* cfg (of which camera is one) and outbox outlive it; it posts to lane. */
int vd_analyst_open(struct vd_analyst **ret_analyst, const struct vd_camera_cfg *camera,
                    struct vd_outbox *outbox, struct vd_lane *lane,
                    const struct vd_clock *clock, struct vd_err *err);

/* Sets NULL, accepts NULL. Say first why what is open ends. */
void vd_analyst_close(struct vd_analyst **analyst);

/* Another session begins: what was learnt of the picture may not hold. */
void vd_analyst_reset(struct vd_analyst *analyst);

/* The source has the picture frame describes. Looks at it when the analysis rate asks for it.
 * Returns 1 when it did, 0 when not; VD_EPROTO, VD_ENOMEM. Tunes how the source is read: at
 * once while something may be about to be decided, in bunches when all is quiet. */
int vd_analyst_look(struct vd_analyst *analyst, struct vd_source *source,
                    struct vd_frame *frame, struct vd_err *err);

/* From now on only every divide-th analysis that is configured. */
void vd_analyst_thin(struct vd_analyst *analyst, int divide);

/* Ends what is open. */
void vd_analyst_end(struct vd_analyst *analyst, enum vd_end_reason reason);

/* The session broke: what moved ends; what ails the camera goes on unless it is_gone. */
void vd_analyst_break(struct vd_analyst *analyst, bool is_gone);

/* Bit k: an ailment of enum vd_kind k is open. */
uint32_t vd_analyst_ailments(const struct vd_analyst *analyst);

#endif
