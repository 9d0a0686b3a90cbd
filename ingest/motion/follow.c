/* ingest/motion/follow.c: nearest prediction first, constant speed, short memory. */
#include "ingest/motion/follow.h"

#include <math.h>
#include <string.h>

enum { LOST_US = 700000, STAY_US = 600000 };

static const float MOVING_SHARE = 0.08F, DOUBT_MAX = 4, SWARM_MAX = 6, SWARM_S = 4;
/* Of the picture: what is so large and spreads is near, not far foliage. */
static const float LARGE = 0.015F;
/* Of the picture: what is so small is far, and has to go its own length before it is believed.
 */
static const float SMALL = 0.002F;
/* Of its largest area: something small that is left of a thing that was not. */
static const float REST = 0.5F;

void vd_follow_init(struct vd_follow *follow)
{
    memset(follow, 0, sizeof *follow);
    follow->next_number = 1;
}

/* How badly blob fits where track should be now; < 1 is a match. */
static float misfit(const struct vd_blob_track *track, const struct vd_blob *blob, float dt_s)
{
    float gx = track->vx * dt_s, gy = track->vy * dt_s;
    float w = track->x1 - track->x0, h = track->y1 - track->y0;
    float bw = (float)(blob->x1 - blob->x0), bh = (float)(blob->y1 - blob->y0);
    float dx = blob->cx - (track->cx + gx), dy = blob->cy - (track->cy + gy);
    float reach_x = 0.5F * (w + bw) + 4, reach_y = 0.5F * (h + bh) + 4;
    float larger = fmaxf(w * h, bw * bh), smaller = fminf(w * h, bw * bh);

    if (larger > 6 * smaller)
        return 1;
    if (track->hits == 1) {
        float size = 0.35F * hypotf(w, h);

        reach_x += size;
        reach_y += size;
    }
    return fmaxf(fabsf(dx) / reach_x, fabsf(dy) / reach_y);
}

/* From here on its way counts: where it was first seen, or stood last. */
static void anchor(struct vd_blob_track *track, const struct vd_blob *blob, int64_t mono_us)
{
    track->first_us = mono_us;
    track->hits = 1;
    track->misses = 0;
    track->from_cx = blob->cx;
    track->from_cy = blob->cy;
    track->stay_cx = blob->cx;
    track->stay_cy = blob->cy;
    track->went_us = mono_us;
    track->from_x0 = (float)blob->x0;
    track->from_y0 = (float)blob->y0;
    track->from_x1 = (float)blob->x1;
    track->from_y1 = (float)blob->y1;
    track->path = track->travel = track->moving_s = 0;
    track->is_sure = false;
}

/* The way both ends of an interval went: growing or shrinking in place is no way. An end at the
 * picture's border says nothing. */
static float moved(float from_low, float from_high, bool low_cut, bool high_cut)
{
    if (low_cut && high_cut)
        return 0;
    if (low_cut)
        return fabsf(from_high);
    if (high_cut)
        return fabsf(from_low);
    return from_low * from_high <= 0 ? 0 : fminf(fabsf(from_low), fabsf(from_high));
}

/* Some edge lies clearly beyond where the track began: a blob that changes its shape where it
 * stands goes nowhere. */
static bool reaches_out(const struct vd_blob_track *t, float least)
{
    return t->from_x0 - t->x0 >= least || t->x1 - t->from_x1 >= least ||
           t->from_y0 - t->y0 >= least || t->y1 - t->from_y1 >= least;
}

/* Things on the ground make less than half their length in a step of 0.2 s, unless they go
 * straight; what darts about is an insect, and of many insects some make a line by chance.
 * Where tracks went nowhere lately, or the place moves of itself, more is asked. */
static bool goes_somewhere(const struct vd_blob_track *t, float size, float far, float swarm)
{
    float more = floorf(fminf(DOUBT_MAX, t->doubt)) + (t->is_restless && !t->is_large ? 1 : 0);
    float crowd = t->is_large ? 0 : floorf(fminf(SWARM_MAX, swarm));
    float straight = far / fmaxf(1, t->path);
    float hits = (float)t->hits - floorf(0.5F * crowd);

    if (t->path > 0.5F * size * (float)(t->hits - 1) &&
        (t->is_small || straight < 0.85F || (float)t->hits < 4 + crowd))
        return false;
    if (crowd >= 1 && 2 * t->misses > t->hits)
        return false;
    if (t->is_small)
        return hits >= 5 + more && t->travel >= (1 + 0.2F * more) * size && straight >= 0.75F;
    if (hits >= 3 + more && t->travel >= fmaxf(4, (0.15F + 0.1F * more) * size) &&
        straight >= 0.5F && far >= 0.4F * t->travel)
        return true;
    if (hits >= 3 + more && t->is_large && reaches_out(t, fmaxf(6, 0.15F * size)))
        return true;
    return hits >= 6 + more && far >= fmaxf(4, (0.25F + 0.1F * more) * size) &&
           straight >= 0.6F && reaches_out(t, fmaxf(4, 0.15F * size));
}

static void hit(const struct vd_follow *follow, struct vd_blob_track *track,
                const struct vd_blob *blob, int64_t mono_us)
{
    float w = (float)follow->w, h = (float)follow->h;
    float dt_s = (float)(mono_us - track->last_us) * 1e-6F;
    float dx = blob->cx - track->cx, dy = blob->cy - track->cy;
    float share = (float)blob->changed / (float)blob->area, size, far;

    if (dt_s > 0) {
        float k = track->hits == 1 ? 1.0F : 0.5F;

        track->vx += k * (dx / dt_s - track->vx);
        track->vy += k * (dy / dt_s - track->vy);
    }
    track->path += hypotf(dx, dy);
    track->cx = blob->cx;
    track->cy = blob->cy;
    track->x0 = (float)blob->x0;
    track->y0 = (float)blob->y0;
    track->x1 = (float)blob->x1;
    track->y1 = (float)blob->y1;
    track->area = fmaxf((float)blob->area, 0.8F * track->area);
    track->is_large = (float)blob->area > LARGE * w * h;
    track->is_small = track->area < SMALL * w * h;
    track->peak = fmaxf(track->peak, track->area);
    track->is_rest = track->is_small && track->area < REST * track->peak;
    track->travel = hypotf(
        moved(track->x0 - track->from_x0, track->x1 - track->from_x1,
              track->x0 < 2 || track->from_x0<2, track->x1> w - 2 || track->from_x1 > w - 2),
        moved(track->y0 - track->from_y0, track->y1 - track->from_y1,
              track->y0 < 2 || track->from_y0<2, track->y1> h - 2 || track->from_y1 > h - 2));
    track->changed = fmaxf(share, 0.5F * track->changed);
    track->hits++;
    track->last_us = mono_us;
    if (track->changed < MOVING_SHARE) {
        anchor(track, blob, mono_us);
        return;
    }
    track->moved_us = mono_us;
    track->moving_s += dt_s;
    size = hypotf(track->x1 - track->x0, track->y1 - track->y0);
    far = hypotf(track->cx - track->from_cx, track->cy - track->from_cy);
    if (hypotf(track->cx - track->stay_cx, track->cy - track->stay_cy) >
        fmaxf(4, 0.25F * size)) {
        track->stay_cx = track->cx;
        track->stay_cy = track->cy;
        track->went_us = mono_us;
    }
    /* What stays in a place that moves of itself is that place. */
    if (track->is_sure && track->is_restless && mono_us - track->went_us > STAY_US)
        anchor(track, blob, mono_us);
    if (share >= MOVING_SHARE && goes_somewhere(track, size, far, follow->swarm))
        track->is_sure = true;
}

static void begin(struct vd_follow *follow, const struct vd_blob *blob, int64_t mono_us,
                  int *ret_track)
{
    for (int i = 0; i < VD_TRACKS_MAX; i++) {
        struct vd_blob_track *track = &follow->tracks[i];

        if (track->number != 0)
            continue;
        *track = (struct vd_blob_track){
            .number = follow->next_number++,
            .last_us = mono_us,
            .moved_us = mono_us,
            .cx = blob->cx,
            .cy = blob->cy,
            .x0 = (float)blob->x0,
            .y0 = (float)blob->y0,
            .x1 = (float)blob->x1,
            .y1 = (float)blob->y1,
            .changed = (float)blob->changed / (float)blob->area,
        };
        anchor(track, blob, mono_us);
        *ret_track = i;
        return;
    }
}

static void forget(struct vd_follow *follow, int64_t mono_us)
{
    float fade = fminf(1, (float)(mono_us - follow->last_us) * 1e-6F / SWARM_S);

    follow->n_ended = follow->n_proved = follow->n_erratic = 0;
    for (int i = 0; i < VD_TRACKS_MAX; i++) {
        struct vd_blob_track *track = &follow->tracks[i];

        track->blob = -1;
        track->misses += track->number != 0 && track->last_us < follow->last_us;
        if (track->number == 0 || mono_us - track->last_us <= LOST_US)
            continue;
        if (!track->is_sure)
            follow->ended[follow->n_ended++] = track->number;
        follow->n_erratic += !track->is_sure && track->changed >= MOVING_SHARE;
        track->number = 0;
    }
    follow->swarm += (float)follow->n_erratic / SWARM_S - fade * follow->swarm;
    follow->last_us = mono_us;
}

void vd_follow_step(struct vd_follow *follow, const struct vd_blobs *blobs, int min_area,
                    int64_t mono_us, int *blob_track)
{
    follow->w = blobs->w;
    follow->h = blobs->h;
    forget(follow, mono_us);
    for (int b = 0; b < blobs->n; b++) {
        int best = -1;
        float least = 1;

        blob_track[b] = -1;
        if (blobs->blobs[b].area < min_area || blobs->blobs[b].is_light)
            continue;
        for (int i = 0; i < VD_TRACKS_MAX; i++) {
            struct vd_blob_track *track = &follow->tracks[i];
            float bad;

            if (track->number == 0 || track->blob >= 0)
                continue;
            bad = misfit(track, &blobs->blobs[b], (float)(mono_us - track->last_us) * 1e-6F);
            if (bad < least) {
                least = bad;
                best = i;
            }
        }
        if (best >= 0) {
            bool was_sure = follow->tracks[best].is_sure;

            hit(follow, &follow->tracks[best], &blobs->blobs[b], mono_us);
            if (follow->tracks[best].is_sure && !was_sure)
                follow->proved[follow->n_proved++] = follow->tracks[best].number;
        } else
            begin(follow, &blobs->blobs[b], mono_us, &best);
        blob_track[b] = best;
        if (best >= 0)
            follow->tracks[best].blob = b;
    }
}
