/* ingest/worker/outbox.h: from what a camera's thread decided to what the spool accepted.
 *
 * Threads "evid-<n>" encode and write the picture, then append the event that names it: slow
 * disks hold up neither decoding nor other cameras' decisions. A camera's events keep their
 * order, for a lane is served by one thread. Bounded: when half full, new happenings are
 * refused and counted, so that ends and losses always find room. */
#ifndef VD_INGEST_WORKER_OUTBOX_H
#define VD_INGEST_WORKER_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "config/config.h"
#include "ingest/evidence/recorder.h"
#include "ingest/source/picture.h"
#include "storage/spool/spool.h"

enum { VD_OUTBOX_THREADS = 2, VD_OUTBOX_ROOM = 512 };

struct vd_outbox;
struct vd_lane; /* one camera's way through the outbox */

struct vd_outbox_opts {
    struct vd_spool *spool;
    const char *media_root;
    const struct vd_clock *clock;
};

/* Borrows all in opts until close. */
int vd_outbox_open(struct vd_outbox **ret_outbox, const struct vd_outbox_opts *opts,
                   struct vd_err *err);

/* A lane for camera of cfg (a reference is taken; private masks are burned into the pictures),
 * or with both NULL one for the node itself. number spreads lanes over threads. VD_ENOMEM. */
int vd_lane_open(struct vd_lane **ret_lane, struct vd_config *cfg,
                 const struct vd_camera_cfg *camera, unsigned number, struct vd_err *err);

/* The lane's happenings are to be on clips of reel; taken, and closed when all that was posted
 * is done. Before the first post. */
void vd_lane_record(struct vd_lane *lane, struct vd_reel *reel);

/* One more who posts: closes the lane too, in the end. */
void vd_lane_hold(struct vd_outbox *outbox, struct vd_lane *lane);

/* Nothing more will be posted; what was is done all the same. Never waits. Sets NULL, accepts
 * NULL. */
void vd_lane_close(struct vd_outbox *outbox, struct vd_lane **lane);

/* Hands over an event (copied; source, sequence, id and recorded_us are filled later, rev is
 * that of its start and else the next of its happening, an update or end names the clip that
 * was told of before) and the
 * picture that explains it (taken in any case, NULL: none), whose id is ev->snapshot. Starts,
 * updates: VD_EAGAIN when the outbox is too full, send nothing more of that happening. Others
 * wait for room, up to 5 s, then VD_EAGAIN: lost, counted and logged. Any thread, but one lane
 * from one thread at a time if its order matters. */
int vd_outbox_post(struct vd_outbox *outbox, struct vd_lane *lane, const struct vd_event *ev,
                   struct vd_picture *picture);

/* It will be closed: from now on each is tried only once if the disk fails, so that lanes, and
 * the reels that wait for them, come to their end. NULL is fine. */
void vd_outbox_hurry(struct vd_outbox *outbox);

/* Does what is queued, trying each only once if the disk fails, and joins. All lanes are closed
 * before. Sets NULL, accepts NULL. */
void vd_outbox_close(struct vd_outbox **outbox);

#endif
