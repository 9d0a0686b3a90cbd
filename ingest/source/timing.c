#include "ingest/source/timing.h"

enum {
    JUMP_US = 2 * 1000 * 1000,
    LEAK_SHIFT = 10, /* the least offset forgets by 0.1 %, ten times what a bad quartz drifts */
    SMOOTH = 8,
};

static void learn_interval(struct vd_timing *t, int64_t step_us)
{
    if (step_us <= 0 || step_us > JUMP_US)
        return;
    t->interval_us =
        t->interval_us == 0 ? step_us : t->interval_us + (step_us - t->interval_us) / SMOOTH;
}

static void learn_key(struct vd_timing *t, int64_t out_us)
{
    if (t->key_at_us != 0) {
        t->key_us[1] = t->key_us[0];
        t->key_us[0] = out_us - t->key_at_us;
    }
    t->key_at_us = out_us;
}

static int64_t map(struct vd_timing *t, int64_t pts_us, int64_t mono_us)
{
    int64_t offset_us = mono_us - pts_us;
    bool jumped = t->has_offset &&
                  (offset_us - t->offset_us > JUMP_US || t->offset_us - offset_us > JUMP_US);

    if (!t->has_offset || jumped) {
        t->offset_us = offset_us;
        t->has_offset = true;
    } else {
        t->offset_us += (mono_us - t->last_in_us) >> LEAK_SHIFT;
        if (offset_us < t->offset_us)
            t->offset_us = offset_us;
        learn_interval(t, pts_us - t->last_pts_us);
    }
    t->last_pts_us = pts_us;
    return pts_us + t->offset_us;
}

int64_t vd_timing_feed(struct vd_timing *t, int64_t pts_us, int64_t mono_us, bool is_key)
{
    int64_t out_us = mono_us;

    if (pts_us != VD_TIMING_NONE)
        out_us = map(t, pts_us, mono_us);
    else if (t->last_in_us != 0)
        learn_interval(t, mono_us - t->last_in_us);
    if (out_us <= t->last_out_us)
        out_us = t->last_out_us + 1;
    t->lag_us = mono_us > out_us ? mono_us - out_us : 0;
    t->last_in_us = mono_us;
    t->last_out_us = out_us;
    if (is_key)
        learn_key(t, out_us);
    return out_us;
}

int64_t vd_timing_place(const struct vd_timing *t, int64_t pts_us, int64_t now_us,
                        int64_t *last_us)
{
    int64_t out_us = now_us;

    if (pts_us != VD_TIMING_NONE && t->has_offset && pts_us + t->offset_us < now_us)
        out_us = pts_us + t->offset_us;
    if (out_us <= *last_us)
        out_us = *last_us + 1;
    *last_us = out_us;
    return out_us;
}

int64_t vd_timing_key_us(const struct vd_timing *t)
{
    int64_t longest_us = t->key_us[0] > t->key_us[1] ? t->key_us[0] : t->key_us[1];
    int64_t open_us = t->key_at_us != 0 ? t->last_out_us - t->key_at_us : 0;

    return open_us > longest_us ? open_us : longest_us;
}

int64_t vd_timing_next_us(const struct vd_timing *t)
{
    return t->interval_us > 0 ? t->last_out_us + t->interval_us : 0;
}
