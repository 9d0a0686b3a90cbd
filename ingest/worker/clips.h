/* ingest/worker/clips.h: a camera's clips: its packets into a reel, of its main stream by a
 * connection of its own where it is watched on a sub stream; what the reel tells, as events. */
#ifndef VD_INGEST_WORKER_CLIPS_H
#define VD_INGEST_WORKER_CLIPS_H

#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"
#include "ingest/evidence/live.h"
#include "ingest/evidence/recorder.h"
#include "ingest/worker/gate.h"
#include "ingest/worker/outbox.h"

struct vd_clips;

struct vd_clips_opts {
    struct vd_config *cfg; /* outlives it, as all else here */
    const struct vd_camera_cfg *camera;
    const struct vd_clock *clock;
    struct vd_recorder *recorder;
    struct vd_outbox *outbox;
    struct vd_lane *lane; /* its happenings are recorded; nothing was posted to it yet */
    struct vd_live *live;
    struct vd_gate *gate;
    unsigned number; /* spreads cameras over threads */
};

/* *ret_clips stays NULL for a camera that keeps none. */
int vd_clips_open(struct vd_clips **ret_clips, const struct vd_clips_opts *opts,
                  struct vd_err *err);

/* A packet of the stream that is watched. The camera's thread. NULL is fine, as below. */
void vd_clips_packet(struct vd_clips *clips, const struct vd_packet *packet);

/* That stream broke, or is not there: why, for people. */
void vd_clips_break(struct vd_clips *clips, const char *why);

void vd_clips_ask_stop(struct vd_clips *clips);

/* What is being recorded is finished by the recorder, once the lane is closed and empty. Sets
 * NULL. */
void vd_clips_close(struct vd_clips **clips);

/* At a worker's start, when the ends of its unfinished happenings are posted to lane: what a
 * crash cut of clips is made whole, or removed, and told of in lane. */
int vd_clips_recover(const struct vd_recorder_opts *opts, struct vd_outbox *outbox,
                     struct vd_lane *lane, struct vd_err *err);

#endif
