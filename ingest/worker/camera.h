/* ingest/worker/camera.h: one camera's thread ("cam-<id>"): connect, read, decode, analyse; and
 * again, at the pace of what went wrong. Never gives up. */
#ifndef VD_INGEST_WORKER_CAMERA_H
#define VD_INGEST_WORKER_CAMERA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"
#include "ingest/evidence/live.h"
#include "ingest/evidence/recorder.h"
#include "ingest/source/source.h"
#include "ingest/worker/gate.h"
#include "ingest/worker/health.h"
#include "ingest/worker/ladder.h"
#include "ingest/worker/outbox.h"

struct vd_camera;

/* What all cameras of a worker share; borrowed. */
struct vd_camera_tools {
    const struct vd_clock *clock;
    struct vd_gate *gate;
    struct vd_outbox *outbox;
    struct vd_live *live;
    struct vd_recorder *recorder;
};

/* A copy of what the thread noted last. */
struct vd_camera_facts {
    struct vd_health_facts health;
    struct vd_source_info info; /* of the present or last session */
    enum vd_fault fault; /* why the last session ended or did not begin; NONE while well */
    char message[200];   /* likewise */
    bool is_connected;
    uint32_t sessions, faults;
    enum vd_level level; /* as vd_camera_level said last */
    uint32_t ailments;   /* bit k: one of enum vd_kind k is open */
};

/* Starts the thread for one camera of cfg (referenced for as long as the camera lives). number
 * spreads cameras over the outbox' threads. */
int vd_camera_start(struct vd_camera **ret_camera, struct vd_config *cfg,
                    const struct vd_camera_cfg *settings, const struct vd_camera_tools *tools,
                    unsigned number, struct vd_err *err);

const struct vd_camera_cfg *vd_camera_settings(const struct vd_camera *camera);

/* For posting what is judged outside of the thread. */
struct vd_lane *vd_camera_lane(struct vd_camera *camera);

void vd_camera_facts(struct vd_camera *camera, struct vd_camera_facts *ret_facts);

/* How much the camera is worth now; the thread follows with its next packet. */
void vd_camera_level(struct vd_camera *camera, enum vd_level level);

/* Asks the thread to end; what is open ends for reason. Returns at once; any number of times.
 */
void vd_camera_ask_stop(struct vd_camera *camera, enum vd_end_reason reason);

/* Joins the thread (asked before), frees all. Sets NULL, accepts NULL. */
void vd_camera_close(struct vd_camera **camera);

#endif
