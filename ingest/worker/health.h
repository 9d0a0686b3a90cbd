/* ingest/worker/health.h: whether a camera can be relied on, judged by its pictures and not by
 * its socket. Pure: fed with what the camera's thread noted, once a tick. */
#ifndef VD_INGEST_WORKER_HEALTH_H
#define VD_INGEST_WORKER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum vd_camera_state {
    VD_CAMERA_CONNECTING, /* no picture yet, and not for long */
    VD_CAMERA_ONLINE,
    VD_CAMERA_DEGRADED, /* no packet, or no picture, for too long */
    VD_CAMERA_LOST,     /* degraded for too long: an event says so */
    VD_N_CAMERA_STATES
};

const char *vd_camera_state_name(enum vd_camera_state state);

struct vd_health_settings {
    int64_t degraded_us; /* without a packet; without a picture also twice the key interval */
    int64_t lost_us;     /* degraded for so long is lost */
    int64_t back_us;     /* good pictures for so long end it */
};

/* What the camera's thread noted last; all mono, 0: never. */
struct vd_health_facts {
    int64_t begun_us; /* when the thread started */
    int64_t packet_us, frame_us;
    int64_t good_since_us; /* the present unbroken row of pictures; 0: there is none */
    int64_t key_us;        /* key-frame interval */
};

/* All zero to begin, but since_us. */
struct vd_health {
    enum vd_camera_state state;
    int64_t since_us;      /* mono: in this state */
    int64_t degraded_us;   /* mono: when it last stopped being good */
    int64_t quiet_from_us; /* mono: of the last good picture before that */
};

/* Looks again at now_us. Returns true when the state changed. */
bool vd_health_step(struct vd_health *health, const struct vd_health_settings *settings,
                    const struct vd_health_facts *facts, int64_t now_us);

#endif
