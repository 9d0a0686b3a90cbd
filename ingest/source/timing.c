#include "ingest/source/timing.h"

enum {
    JUMP_US = 2 * 1000 * 1000,
    WINDOW_US = 4 * 1000 * 1000, /* a burst at the start is forgotten after two of these */
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

/* The least offset of this window and the one before. */
static void least(struct vd_timing *t, int64_t offset_us, int64_t mono_us, bool is_anew)
{
    if (!t->has_offset || is_anew) {
        t->has_offset = true;
        t->window_us = mono_us;
        t->least_us[0] = t->least_us[1] = offset_us;
    }
    if (mono_us - t->window_us > WINDOW_US) {
        t->window_us = mono_us;
        t->least_us[1] = t->least_us[0];
        t->least_us[0] = offset_us;
    }
    if (offset_us < t->least_us[0])
        t->least_us[0] = offset_us;
    t->offset_us = t->least_us[0] < t->least_us[1] ? t->least_us[0] : t->least_us[1];
}

/* Stream time that leaps together with the offset is the camera's; an offset that grows while
 * stream time runs on is ours: what is read has waited. */
static void learn_behind(struct vd_timing *t, int64_t pts_us, int64_t offset_us)
{
    int64_t step_us = pts_us - t->last_pts_us, off_us = offset_us - t->base_us;
    bool leapt = (step_us > JUMP_US || step_us < 0) && (off_us > JUMP_US || off_us < -JUMP_US);

    if (!t->has_offset || leapt || off_us < 0)
        t->base_us = offset_us;
    t->behind_us = offset_us - t->base_us;
}

static int64_t map(struct vd_timing *t, int64_t pts_us, int64_t mono_us)
{
    int64_t offset_us = mono_us - pts_us;
    bool jumped = t->has_offset &&
                  (offset_us - t->offset_us > JUMP_US || t->offset_us - offset_us > JUMP_US);

    if (t->has_offset && !jumped)
        learn_interval(t, pts_us - t->last_pts_us);
    learn_behind(t, pts_us, offset_us);
    least(t, offset_us, mono_us, jumped);
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

void vd_timing_fresh(struct vd_timing *t)
{
    t->base_us += t->behind_us;
    t->behind_us = 0;
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
