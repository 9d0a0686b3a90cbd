/* ingest/motion/motion.c: one frame from luma to what counts, in order. */
#include "ingest/motion/motion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/background.h"
#include "ingest/motion/blobs.h"
#include "ingest/motion/follow.h"
#include "ingest/motion/zones.h"

enum { WARM_FRAMES = 8, WARM_US = 1500000, SETTLE_US = 300000, SETTLE_MAX_US = 1800000 };

/* Many specks are no thing: one blob has to be nearly of the least area by itself. */
static const float LARGEST = 0.75F;
static const float MOVING_SHARE = 0.08F, MAX_AREA = 0.55F;
static const float REST_MIN = 0.4F, REST_LIGHT = 40, LARGE_AREA = 0.75F;

struct vd_motion {
    struct vd_motion_settings settings;
    int frame_w, frame_h;
    struct vd_background bg;
    uint16_t *zones;
    int n_zones, zone_area[VD_MOTION_ZONES_MAX];
    struct vd_zone_asked asked[VD_MOTION_ZONES_MAX];
    float zone_min[VD_MOTION_ZONES_MAX]; /* this frame, of the largest blob */
    float given[VD_MOTION_ZONES_MAX];    /* by all blobs of this frame; 1 is what is asked */
    float largest[VD_MOTION_ZONES_MAX];  /* of these parts */
    int min_blob;                        /* pixels */
    struct vd_blobs *blobs;
    struct vd_follow follow;
    enum vd_motion_state state;
    int shift[2]; /* of the last picture against the background, pixels */
    bool is_begun;
    int64_t begun_us, last_us, settled_us;
    uint8_t *render;
    uint64_t suppressed[VD_MOTION_REASONS];
};

static bool polygon_ok(const struct vd_motion_polygon *polygon)
{
    if (polygon->n_points < 3 || polygon->n_points > VD_MOTION_POINTS_MAX)
        return false;
    for (int i = 0; i < polygon->n_points; i++)
        if (!(polygon->points[i].x >= 0 && polygon->points[i].x <= 1) ||
            !(polygon->points[i].y >= 0 && polygon->points[i].y <= 1))
            return false;
    return true;
}

static int check(const struct vd_motion_settings *s, struct vd_err *err)
{
    if (s->n_zones < 0 || s->n_zones > VD_MOTION_ZONES_MAX)
        return vd_err_set(err, VD_EINVAL, "zones: %d, at most %d", s->n_zones,
                          VD_MOTION_ZONES_MAX);
    if (s->n_masks < 0 || s->n_masks > VD_MOTION_MASKS_MAX)
        return vd_err_set(err, VD_EINVAL, "masks: %d, at most %d", s->n_masks,
                          VD_MOTION_MASKS_MAX);
    for (int i = 0; i < s->n_zones; i++) {
        if (!polygon_ok(&s->zones[i].polygon))
            return vd_err_set(err, VD_EINVAL, "zone '%.63s': polygon out of bounds",
                              s->zones[i].name);
        if (!(s->zones[i].min_area >= 0 && s->zones[i].min_area <= 1) ||
            !(s->zones[i].min_area_top >= 0 && s->zones[i].min_area_top <= 1))
            return vd_err_set(err, VD_EINVAL, "zone '%.63s': min_area out of 0..1",
                              s->zones[i].name);
    }
    for (int i = 0; i < s->n_masks; i++)
        if (!polygon_ok(&s->masks[i]))
            return vd_err_set(err, VD_EINVAL, "mask %d: polygon out of bounds", i + 1);
    return 0;
}

int vd_motion_open(struct vd_motion **ret_motion, const struct vd_motion_settings *settings,
                   struct vd_err *err)
{
    struct vd_motion *m;
    int rc = check(settings, err);

    if (rc < 0)
        return rc;
    m = calloc(1, sizeof *m);
    if (m == NULL)
        return vd_err_set(err, VD_ENOMEM, "detector: out of memory");
    m->settings = *settings;
    if (m->settings.warm_up_us == 0)
        m->settings.warm_up_us = WARM_US;
    if (m->settings.max_area == 0)
        m->settings.max_area = MAX_AREA;
    *ret_motion = m;
    return 0;
}

static void drop_buffers(struct vd_motion *m)
{
    vd_background_fini(&m->bg);
    free(m->zones);
    free(m->blobs);
    free(m->render);
    m->zones = NULL;
    m->blobs = NULL;
    m->render = NULL;
    m->frame_w = m->frame_h = 0;
    m->is_begun = false;
}

void vd_motion_close(struct vd_motion **motion)
{
    if (motion == NULL || *motion == NULL)
        return;
    drop_buffers(*motion);
    free(*motion);
    *motion = NULL;
}

void vd_motion_reset(struct vd_motion *motion)
{
    motion->is_begun = false;
}

/* Of what is asked of a zone, by sensitivity. */
static float area_factor(const struct vd_motion *m)
{
    static const float by_sensitivity[] = {
        [VD_MOTION_MEDIUM] = 1, [VD_MOTION_LOW] = 2.5F, [VD_MOTION_HIGH] = 0.4F};

    return by_sensitivity[m->settings.sensitivity];
}

static int fit_to(struct vd_motion *m, const struct vd_frame *frame, struct vd_err *err)
{
    unsigned flags = vd_cpu_flags();
    size_t pixels;

    drop_buffers(m);
    if (m->settings.cpu_flags_mask != 0)
        flags &= m->settings.cpu_flags_mask;
    if (vd_background_init(&m->bg, frame->w, frame->h, flags) < 0)
        return vd_err_set(err, VD_ENOMEM, "detector: out of memory");
    pixels = (size_t)m->bg.pitch * (size_t)m->bg.h;
    m->zones = malloc(pixels * sizeof *m->zones);
    m->blobs = malloc(sizeof *m->blobs);
    m->render = calloc(pixels, 1);
    if (m->zones == NULL || m->blobs == NULL || m->render == NULL)
        return vd_err_set(err, VD_ENOMEM, "detector: out of memory");
    m->n_zones =
        vd_zones_render(m->zones, m->zone_area, &m->settings, m->bg.w, m->bg.h, m->bg.pitch);
    m->min_blob = m->bg.w * m->bg.h;
    for (int i = 0; i < m->n_zones; i++) {
        int half;

        m->asked[i] = vd_zones_ask(&m->settings, i, m->zone_area[i], area_factor(m));
        half =
            (int)(0.5F * fminf(m->asked[i].top, m->asked[i].bottom) * (float)m->zone_area[i]);
        m->min_blob = half < m->min_blob ? half : m->min_blob;
    }
    m->min_blob = m->min_blob > 12 ? m->min_blob : 12;
    m->bg.zones = m->zones;
    m->frame_w = frame->w;
    m->frame_h = frame->h;
    return 0;
}

static void begin(struct vd_motion *m, int64_t mono_us, enum vd_motion_state state)
{
    vd_background_begin(&m->bg);
    vd_follow_init(&m->follow);
    m->is_begun = true;
    m->begun_us = m->settled_us = mono_us;
    m->state = state;
}

/* Share of the looked-at picture that differs. */
static float changed_share(const struct vd_motion *m)
{
    int sum = 0, all = 0;

    for (int i = 0; i < m->bg.cols * m->bg.rows; i++) {
        sum += (int)(64 * m->bg.cells[i].share);
        all += 64;
    }
    return (float)sum / (float)all;
}

/* Bounds lo .. hi - 1 of something on the background, where the picture of n pixels has them.
 */
static void moved_bounds(int lo, int hi, int shift, int n, float *ret_at, float *ret_size)
{
    lo += shift;
    hi += shift;
    lo = lo > 0 ? lo : 0;
    hi = hi < n ? hi : n;
    *ret_at = (float)lo / (float)n;
    *ret_size = hi > lo ? (float)(hi - lo) / (float)n : 0;
}

static void add_box(struct vd_motion *m, const struct vd_blob *blob,
                    const struct vd_blob_track *track, struct vd_motion_result *r)
{
    float w = (float)m->bg.w, h = (float)m->bg.h;
    struct vd_motion_box *box;
    uint32_t zones = 0;
    bool is_enough = false;

    for (int z = 0; z < m->n_zones; z++) {
        float least = vd_zones_asked_at(&m->asked[z], (float)blob->y1 / h), share = 0;

        if (m->zone_area[z] > 0)
            share = (float)blob->zone_area[z] / (float)m->zone_area[z];
        r->zone_score[z] += share;
        m->given[z] += share / least;
        is_enough |= share >= LARGEST * least;
        if (share / least <= m->largest[z])
            continue;
        m->largest[z] = share / least;
        m->zone_min[z] = least;
    }
    for (int z = 0; z < m->n_zones; z++)
        zones |= blob->zone_area[z] > 0 ? 1U << z : 0;
    if (zones == 0 || r->n_boxes == VD_MOTION_BOXES_MAX)
        return;
    box = &r->boxes[r->n_boxes++];
    *box = (struct vd_motion_box){
        .area = (float)blob->area / (w * h),
        .zones = zones,
        .track = track->number,
        .travel = track->travel / hypotf(w, h),
        .is_sure = track->is_sure && is_enough && !track->is_rest,
    };
    moved_bounds(blob->x0, blob->x1, m->bg.now.dx, m->bg.w, &box->x, &box->w);
    moved_bounds(blob->y0, blob->y1, m->bg.now.dy, m->bg.h, &box->y, &box->h);
}

static void add_seen(const struct vd_motion *m, const struct vd_blob *blob,
                     const struct vd_blob_track *track, bool is_moving,
                     struct vd_motion_result *r)
{
    struct vd_motion_seen *seen;

    if (r->n_seen == VD_MOTION_SEEN_MAX)
        return;
    seen = &r->seen[r->n_seen++];
    *seen = (struct vd_motion_seen){
        .track = track->number, .is_moving = is_moving, .is_sure = track->is_sure};
    moved_bounds(blob->x0, blob->x1, m->bg.now.dx, m->bg.w, &seen->x, &seen->w);
    moved_bounds(blob->y0, blob->y1, m->bg.now.dy, m->bg.h, &seen->y, &seen->h);
}

/* A change of light keeps structures and has soft borders: few cells of the blob, by its
 * outline, look like another thing. */
static bool is_light(struct vd_motion *m, const struct vd_blob *blob)
{
    int seen[VD_LOOK_OBJECT + 1] = {0}, n;
    int r1 = (blob->y1 - 1) / VD_CELL, c1 = (blob->x1 - 1) / VD_CELL;

    for (int r = blob->y0 / VD_CELL; r <= r1; r++)
        for (int c = blob->x0 / VD_CELL; c <= c1; c++)
            if (m->bg.cells[r * m->bg.cols + c].share > 0.12F)
                seen[vd_background_look_of(&m->bg, r, c)]++;
    n = seen[VD_LOOK_FLAT] + seen[VD_LOOK_LIT] + seen[VD_LOOK_OBJECT];
    if (n < 4)
        return seen[VD_LOOK_LIT] > 0 && seen[VD_LOOK_OBJECT] == 0;
    return (float)seen[VD_LOOK_OBJECT] < 0.3F * fminf((float)n, 4 * sqrtf((float)n));
}

/* What looks like another thing keeps its background: somebody may stand in the new light. */
static void relight(struct vd_motion *m, const struct vd_blob *blob)
{
    int r1 = (blob->y1 - 1) / VD_CELL, c1 = (blob->x1 - 1) / VD_CELL;

    for (int r = blob->y0 / VD_CELL; r <= r1; r++)
        for (int c = blob->x0 / VD_CELL; c <= c1; c++)
            if (m->bg.cells[r * m->bg.cols + c].share > 0.12F &&
                vd_background_look_of(&m->bg, r, c) != VD_LOOK_OBJECT)
                vd_background_relight(&m->bg, r, c);
}

/* Which blobs count, and why the others do not. */
static void judge(struct vd_motion *m, struct vd_motion_result *r)
{
    int blob_track[VD_BLOBS_MAX];

    for (int i = 0; i < m->blobs->n; i++)
        m->blobs->blobs[i].is_light = is_light(m, &m->blobs->blobs[i]);
    vd_follow_step(&m->follow, m->blobs, m->min_blob, r->mono_us, blob_track);
    vd_background_cover_none(&m->bg);
    memset(m->largest, 0, sizeof m->largest);
    memset(m->given, 0, sizeof m->given);
    for (int z = 0; z < m->n_zones; z++)
        m->zone_min[z] = m->asked[z].bottom;
    for (int i = 0; i < m->follow.n_proved; i++)
        vd_background_decide(&m->bg, m->follow.proved[i], true);
    for (int i = 0; i < m->follow.n_ended; i++)
        vd_background_decide(&m->bg, m->follow.ended[i], false);
    r->suppressed[VD_MOTION_ERRATIC] += (uint32_t)m->follow.n_erratic;
    r->suppressed[VD_MOTION_SMALL] += (uint32_t)m->blobs->n_small;
    for (int i = 0; i < m->blobs->n; i++) {
        struct vd_blob *blob = &m->blobs->blobs[i];
        const int bounds[4] = {blob->x0, blob->y0, blob->x1, blob->y1};
        struct vd_blob_track *track =
            blob_track[i] < 0 ? NULL : &m->follow.tracks[blob_track[i]];

        if (blob->is_light && blob->area >= m->min_blob) {
            r->suppressed[VD_MOTION_LIGHT]++;
            relight(m, blob);
            continue;
        }
        if (track == NULL) {
            r->suppressed[VD_MOTION_SMALL]++;
            continue;
        }
        if (track->changed < MOVING_SHARE) {
            r->suppressed[VD_MOTION_STILL]++;
            vd_background_still(&m->bg, bounds);
            add_seen(m, blob, track, false, r);
            continue;
        }
        add_seen(m, blob, track, true, r);
        track->doubt = vd_background_doubt(&m->bg, bounds);
        track->is_restless = vd_background_is_restless(&m->bg, bounds);
        if (m->state == VD_MOTION_WARM_UP) {
            add_box(m, blob, track, r);
            continue;
        }
        if (track->is_sure)
            vd_background_hold(&m->bg, bounds);
        else
            vd_background_own(&m->bg, bounds, track->number);
        add_box(m, blob, track, r);
    }
    for (int z = 0; z < m->n_zones; z++) {
        if (m->given[z] >= 1 && m->largest[z] >= LARGEST)
            r->moving |= 1U << z;
        r->score = fmaxf(r->score, r->zone_score[z]);
    }
}

/* Nothing counts now; what would have is counted under reason. */
static void suppress(struct vd_motion_result *r, enum vd_motion_reason reason)
{
    r->suppressed[reason] += (uint32_t)r->n_boxes;
    r->n_boxes = r->n_seen = 0;
    r->moving = 0;
    r->score = 0;
    memset(r->zone_score, 0, sizeof r->zone_score);
}

/* Where the rest of the place is as it was, or all of it a little brighter, something large is
 * before it. */
static bool is_scene_change(const struct vd_motion *m, float changed)
{
    const struct vd_light *light = &m->bg.light;

    if (light->agree >= REST_MIN && fabsf(light->mean) < REST_LIGHT &&
        m->state != VD_MOTION_SCENE_CHANGE)
        return changed > fmaxf(m->settings.max_area, LARGE_AREA);
    return changed > m->settings.max_area;
}

static void next_state(struct vd_motion *m, struct vd_motion_result *r)
{
    if (m->state == VD_MOTION_WARM_UP) {
        if (m->bg.frames < WARM_FRAMES || r->mono_us - m->begun_us < m->settings.warm_up_us) {
            suppress(r, VD_MOTION_WARMING);
            return;
        }
    } else if (is_scene_change(m, r->changed)) {
        r->scene_changed = m->state != VD_MOTION_SCENE_CHANGE;
        if (r->scene_changed)
            m->begun_us = r->mono_us;
        suppress(r, VD_MOTION_LIGHT);
        {
            int64_t begun = m->begun_us;

            begin(m, r->mono_us, VD_MOTION_SCENE_CHANGE);
            m->begun_us = begun;
        }
        return;
    } else if (m->state == VD_MOTION_SCENE_CHANGE) {
        if (r->mono_us - m->settled_us < SETTLE_US &&
            r->mono_us - m->begun_us < SETTLE_MAX_US) {
            suppress(r, VD_MOTION_LIGHT);
            return;
        }
    }
    m->state = r->moving ? VD_MOTION_MOVING : VD_MOTION_QUIET;
}

static void fill_numbers(const struct vd_motion *m, struct vd_motion_result *r)
{
    r->light = m->bg.light.mean / 255;
    r->gain = m->bg.light.gain;
    r->offset = m->bg.light.offset;
    r->dx = m->bg.shift.dx;
    r->dy = m->bg.shift.dy;
    r->shift_px = hypotf(r->dx, r->dy);
    r->moved_candidate =
        fabsf(r->dx) > VD_SHIFT_MAX - 0.5F || fabsf(r->dy) > VD_SHIFT_MAX - 0.5F;
    r->sigma = m->bg.sigma;
    r->threshold = m->bg.t_min;
    r->n_zones = m->n_zones;
    memcpy(r->zone_min_area, m->zone_min, sizeof r->zone_min_area);
}

int vd_motion_analyze(struct vd_motion *m, const struct vd_frame *frame,
                      struct vd_motion_result *ret_result, struct vd_err *err)
{
    struct vd_motion_result r = {.mono_us = frame->mono_us,
                                 .wall_us = frame->wall_us,
                                 .pts_us = frame->pts_us,
                                 .gain = 1};
    struct vd_flag_map map;
    float dt_s = (float)(frame->mono_us - m->last_us) * 1e-6F;

    if (frame->w < VD_FRAME_SIDE_MIN || frame->h < VD_FRAME_SIDE_MIN ||
        frame->w > VD_FRAME_SIDE_MAX || frame->h > VD_FRAME_SIDE_MAX)
        return vd_err_set(err, VD_EINVAL, "frame of %d x %d pixels", frame->w, frame->h);
    if (frame->w != m->frame_w || frame->h != m->frame_h) {
        int rc = fit_to(m, frame, err);

        if (rc < 0) {
            drop_buffers(m);
            return rc;
        }
    }
    dt_s = dt_s > 0.001F && dt_s < 2 ? dt_s : 0.2F;
    m->last_us = frame->mono_us;
    vd_background_look(&m->bg, frame);
    if (!m->is_begun)
        begin(m, frame->mono_us, VD_MOTION_WARM_UP);
    vd_background_align(&m->bg);
    m->shift[0] = m->bg.now.dx;
    m->shift[1] = m->bg.now.dy;
    r.suppressed[VD_MOTION_SHAKE] += m->shift[0] != 0 || m->shift[1] != 0;
    vd_background_compare(&m->bg, dt_s);
    r.suppressed[VD_MOTION_TEXTURE] += vd_background_cells(&m->bg) > 0;
    r.changed = changed_share(m);
    map = (struct vd_flag_map){&m->bg.dsp, m->bg.is_busy, m->bg.flags, m->zones,
                               m->bg.w,    m->bg.h,       m->bg.pitch};
    vd_blobs_find(m->blobs, &map, 12, 4);
    judge(m, &r);
    vd_background_usual(&m->bg, dt_s);
    next_state(m, &r);
    r.state = m->state;
    fill_numbers(m, &r);
    vd_background_done(&m->bg, dt_s);
    for (int i = 0; i < VD_MOTION_REASONS; i++)
        m->suppressed[i] += r.suppressed[i];
    *ret_result = r;
    return 0;
}

struct vd_motion_picture vd_motion_luma(const struct vd_motion *m)
{
    return (struct vd_motion_picture){m->bg.last, m->bg.luma_stride,
                                      m->bg.last == NULL ? 0 : m->bg.w, m->bg.h};
}

struct vd_motion_picture vd_motion_background(struct vd_motion *m)
{
    for (int i = 0; m->render != NULL && i < m->bg.pitch * m->bg.h; i++)
        m->render[i] = (uint8_t)((m->bg.model.mean0[i] + 64) >> 7);
    return (struct vd_motion_picture){m->render, m->bg.pitch, m->bg.w, m->bg.h};
}

struct vd_motion_picture vd_motion_mask(struct vd_motion *m)
{
    if (m->render == NULL)
        return (struct vd_motion_picture){.data = NULL};
    memset(m->render, 0, (size_t)m->bg.pitch * (size_t)m->bg.h);
    for (int i = 0; i < m->blobs->n; i++)
        if (!m->blobs->blobs[i].is_light)
            vd_blobs_paint(m->blobs, i, m->shift, m->render, m->bg.pitch);
    return (struct vd_motion_picture){m->render, m->bg.pitch, m->bg.w, m->bg.h};
}

const uint64_t *vd_motion_suppressed(const struct vd_motion *m)
{
    return m->suppressed;
}

const char *vd_motion_reason_name(enum vd_motion_reason reason)
{
    static const char *const names[VD_MOTION_REASONS] = {
        [VD_MOTION_SMALL] = "small",     [VD_MOTION_STILL] = "still",
        [VD_MOTION_TEXTURE] = "texture", [VD_MOTION_LIGHT] = "light",
        [VD_MOTION_ERRATIC] = "erratic", [VD_MOTION_SHAKE] = "shake",
        [VD_MOTION_WARMING] = "warming",
    };

    return names[reason];
}
