/* ingest/worker/watchdog.h: one camera's state as others see it, and the `lost` event that goes
 * with it. Belongs to the worker's main thread; fed each tick with what the camera noted. */
#ifndef VD_INGEST_WORKER_WATCHDOG_H
#define VD_INGEST_WORKER_WATCHDOG_H

#include "base/event.h"
#include "base/log.h"
#include "ingest/worker/camera.h"
#include "ingest/worker/health.h"

/* All zero to begin. */
struct vd_watchdog {
    struct vd_health health;
    int64_t since_wall_us; /* in this state */
    bool is_lost;          /* a lost event is open */
    struct vd_event lost;  /* its last message */
    enum vd_fault told;    /* the class it named */
    int64_t told_us;       /* mono */
    struct vd_log_gate gates[VD_N_CAMERA_STATES];
    float fps;      /* as shown: changes only by a tenth or more */
    int64_t key_us; /* likewise */
};

/* Looks again: logs a change of state, posts what has to be posted through the camera's lane.
 */
void vd_watchdog_tick(struct vd_watchdog *dog, struct vd_camera *camera,
                      const struct vd_camera_facts *facts, struct vd_outbox *outbox,
                      const struct vd_health_settings *settings, const struct vd_clock *clock);

/* The camera or the worker stops: ends an open lost event for reason. */
void vd_watchdog_end(struct vd_watchdog *dog, struct vd_camera *camera,
                     struct vd_outbox *outbox, const struct vd_clock *clock,
                     enum vd_end_reason reason);

#endif
