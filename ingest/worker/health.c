#include "ingest/worker/health.h"

const char *vd_camera_state_name(enum vd_camera_state state)
{
    static const char *const names[VD_N_CAMERA_STATES] = {
        [VD_CAMERA_CONNECTING] = "connecting",
        [VD_CAMERA_ONLINE] = "online",
        [VD_CAMERA_DEGRADED] = "degraded",
        [VD_CAMERA_LOST] = "lost",
    };

    return names[state];
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_bad(const struct vd_health_settings *s, const struct vd_health_facts *f,
                   int64_t now_us)
{
    int64_t frame_limit_us = later(s->degraded_us, 2 * f->key_us);

    return now_us - later(f->packet_us, f->begun_us) > s->degraded_us ||
           now_us - later(f->frame_us, f->begun_us) > frame_limit_us;
}

static bool change(struct vd_health *h, enum vd_camera_state state, int64_t now_us)
{
    if (h->state == state)
        return false;
    h->state = state;
    h->since_us = now_us;
    return true;
}

bool vd_health_step(struct vd_health *h, const struct vd_health_settings *s,
                    const struct vd_health_facts *f, int64_t now_us)
{
    bool bad = is_bad(s, f, now_us);
    /* Pictures must keep coming while they are counted as good. */
    bool is_back = !bad && f->good_since_us != 0 &&
                   f->frame_us - f->good_since_us >= s->back_us &&
                   f->good_since_us > h->quiet_from_us;

    switch (h->state) {
    case VD_CAMERA_CONNECTING:
        if (f->frame_us != 0 && !bad)
            return change(h, VD_CAMERA_ONLINE, now_us);
        /* fallthrough */
    case VD_CAMERA_ONLINE:
        if (!bad)
            return false;
        h->degraded_us = now_us;
        h->quiet_from_us = later(f->frame_us, f->begun_us);
        return change(h, VD_CAMERA_DEGRADED, now_us);
    case VD_CAMERA_DEGRADED:
        if (is_back)
            return change(h, VD_CAMERA_ONLINE, now_us);
        if (bad && now_us - h->degraded_us >= s->lost_us)
            return change(h, VD_CAMERA_LOST, now_us);
        return false;
    case VD_CAMERA_LOST:
        return is_back && change(h, VD_CAMERA_ONLINE, now_us);
    case VD_N_CAMERA_STATES:
        break;
    }
    return false;
}
