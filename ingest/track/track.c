/* ingest/track/track.c: the life cycle of a happening: M of N, dated back, one end for each. */
#include "ingest/track/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum {
    N_MAX = 32,
    QUIET_US = 800000,
    MAX_AGE_US = 600000000,
    UPDATE_US = 1000000,
    SURE_US = 1000000, /* a sure box stays a reason to start for so long */
    GO_ON_US = 600000, /* and to go on for so long */
};

struct past {
    bool is_moving;
    int64_t mono_us, wall_us;
    float score;
};

struct vd_track {
    struct vd_track_settings settings;
    struct past past[N_MAX]; /* ring of the last n results */
    int at, filled;
    int64_t sure_us; /* when something sure was last seen; 0 never */
    bool is_open;
    struct vd_happening open;
    int64_t moved_mono_us, moved_wall_us; /* last qualifying frame */
    int64_t told_us;                      /* last start or update */
    float told_score;
    uint32_t told_zones;
    float best;
    uint64_t number;
    struct vd_objects objects;
};

void vd_track_take_zones(struct vd_track_settings *settings,
                         const struct vd_motion_settings *motion)
{
    static const struct vd_motion_polygon whole = {4, {{0, 0}, {1, 0}, {1, 1}, {0, 1}}};

    settings->n_zones = motion->n_zones > 0 ? motion->n_zones : 1;
    settings->zones[0].polygon = whole;
    for (int i = 0; i < motion->n_zones; i++) {
        (void)vd_str_copy(settings->zones[i].name, sizeof settings->zones[i].name,
                          motion->zones[i].name);
        settings->zones[i].polygon = motion->zones[i].polygon;
    }
}

int vd_track_open(struct vd_track **ret_track, const struct vd_track_settings *settings,
                  struct vd_err *err)
{
    struct vd_track *t;
    struct vd_track_settings s = *settings;

    s.m = s.m != 0 ? s.m : 3;
    s.n = s.n != 0 ? s.n : 5;
    s.quiet_us = s.quiet_us != 0 ? s.quiet_us : QUIET_US;
    s.max_age_us = s.max_age_us != 0 ? s.max_age_us : MAX_AGE_US;
    s.update_every_us = s.update_every_us != 0 ? s.update_every_us : UPDATE_US;
    if (s.m < 1 || s.n > N_MAX || s.m > s.n)
        return vd_err_set(err, VD_EINVAL, "m of n: %d of %d, 1 <= m <= n <= %d", s.m, s.n,
                          N_MAX);
    if (s.quiet_us < 0 || s.max_age_us < 0 || s.update_every_us < 0)
        return vd_err_set(err, VD_EINVAL, "track: a negative time");
    if (s.n_zones < 0 || s.n_zones > VD_MOTION_ZONES_MAX)
        return vd_err_set(err, VD_EINVAL, "track: %d zones, at most %d", s.n_zones,
                          VD_MOTION_ZONES_MAX);
    for (int i = 0; i < s.n_zones; i++)
        if (s.zones[i].n_lines < 0 || s.zones[i].n_lines > VD_TRACK_LINES_MAX)
            return vd_err_set(err, VD_EINVAL, "zone '%.63s': %d lines, at most %d",
                              s.zones[i].name, s.zones[i].n_lines, VD_TRACK_LINES_MAX);
    t = calloc(1, sizeof *t);
    if (t == NULL)
        return vd_err_set(err, VD_ENOMEM, "track: out of memory");
    t->settings = s;
    if (vd_objects_init(&t->objects, t->settings.zones, s.n_zones) < 0) {
        free(t);
        return vd_err_set(err, VD_ENOMEM, "track: out of memory");
    }
    *ret_track = t;
    return 0;
}

void vd_track_close(struct vd_track **track)
{
    if (track == NULL || *track == NULL)
        return;
    vd_objects_fini(&(*track)->objects);
    free(*track);
    *track = NULL;
}

static struct vd_happening *add(struct vd_track_out *out, const struct vd_happening *happening)
{
    out->happenings[out->n] = *happening;
    return &out->happenings[out->n++];
}

static void remember(struct vd_track *t, const struct vd_motion_result *r)
{
    t->past[t->at] = (struct past){r->moving != 0, r->mono_us, r->wall_us, r->score};
    t->at = (t->at + 1) % t->settings.n;
    t->filled += t->filled < t->settings.n;
    for (int i = 0; i < r->n_boxes; i++)
        if (r->boxes[i].is_sure && (r->boxes[i].zones & r->moving))
            t->sure_us = r->mono_us;
}

/* How many of the last n moved; *ret_first is the earliest of them. */
static int count_moving(const struct vd_track *t, const struct past **ret_first)
{
    int sum = 0;

    for (int i = 0; i < t->filled; i++) {
        const struct past *p = &t->past[i];

        if (!p->is_moving)
            continue;
        sum++;
        if (*ret_first == NULL || p->mono_us < (*ret_first)->mono_us)
            *ret_first = p;
    }
    return sum;
}

static void tell_objects(struct vd_track *t, int64_t now_us)
{
    t->open.n_tracks = (uint32_t)vd_objects_tell(&t->objects, now_us, t->open.tracks,
                                                 &t->open.tracks_left_out);
}

static void tell(const struct vd_motion_result *r, struct vd_happening *h)
{
    h->time_wall_us = r->wall_us;
    h->score = r->score;
    h->peak = fmaxf(h->peak, r->score);
    h->zones |= r->moving;
    h->n_boxes = r->n_boxes;
    memcpy(h->boxes, r->boxes, sizeof h->boxes);
    h->why.threshold = r->threshold;
    h->why.sigma = r->sigma;
    h->why.light = r->light;
    h->why.shift_px = r->shift_px;
    h->why.min_area = r->zone_min_area[0];
    for (int z = 0; z < r->n_zones; z++)
        if (r->zone_score[z] >= r->score)
            h->why.min_area = r->zone_min_area[z];
}

static void start(struct vd_track *t, const struct vd_motion_result *r,
                  const struct past *first, struct vd_track_out *out)
{
    t->open = (struct vd_happening){
        .kind = VD_TRACK_MOTION,
        .phase = VD_TRACK_START,
        .number = ++t->number,
        .rev = 1,
        .start_mono_us = first->mono_us,
        .start_wall_us = first->wall_us,
        .why = {.m = t->settings.m, .n = t->settings.n},
    };
    for (int i = 0; i < t->filled; i++)
        if (t->past[i].is_moving)
            t->open.peak = fmaxf(t->open.peak, t->past[i].score);
    tell(r, &t->open);
    vd_objects_begin(&t->objects);
    tell_objects(t, r->mono_us);
    t->is_open = true;
    t->moved_mono_us = r->mono_us;
    t->moved_wall_us = r->wall_us;
    t->told_us = r->mono_us;
    t->told_score = r->score;
    t->told_zones = t->open.zones;
    t->best = r->score;
    out->best = true;
    add(out, &t->open);
}

static void end(struct vd_track *t, enum vd_track_end reason, int64_t now_wall_us,
                struct vd_track_out *out)
{
    tell_objects(t, t->moved_mono_us);
    vd_objects_end(&t->objects);
    t->open.phase = VD_TRACK_END;
    t->open.end_reason = reason;
    t->open.rev++;
    t->open.end_mono_us = t->moved_mono_us;
    t->open.end_wall_us = t->moved_wall_us;
    t->open.time_wall_us = now_wall_us;
    add(out, &t->open);
    t->is_open = false;
    t->filled = t->at = 0;
    t->sure_us = 0;
}

/* Something done, a zone more, or a score half as large again or half as small. */
static bool is_news(const struct vd_track *t)
{
    return vd_objects_have_news(&t->objects) || t->open.zones != t->told_zones ||
           t->open.score > 1.5F * t->told_score || t->open.score < 0.5F * t->told_score;
}

static void go_on(struct vd_track *t, const struct vd_motion_result *r,
                  struct vd_track_out *out)
{
    t->moved_mono_us = r->mono_us;
    t->moved_wall_us = r->wall_us;
    t->open.phase = VD_TRACK_UPDATE;
    tell(r, &t->open);
    if (r->score > t->best) {
        t->best = r->score;
        out->best = true;
    }
    if (r->mono_us - t->told_us < t->settings.update_every_us || !is_news(t))
        return;
    tell_objects(t, r->mono_us);
    t->open.rev++;
    t->told_us = r->mono_us;
    t->told_score = r->score;
    t->told_zones = t->open.zones;
    add(out, &t->open);
}

/* Nothing moves, and yet something is there that may loiter. */
static void stand(struct vd_track *t, const struct vd_motion_result *r,
                  struct vd_track_out *out)
{
    t->moved_mono_us = r->mono_us;
    t->moved_wall_us = r->wall_us;
    if (r->mono_us - t->told_us < t->settings.update_every_us ||
        !vd_objects_have_news(&t->objects))
        return;
    t->open.phase = VD_TRACK_UPDATE;
    t->open.rev++;
    t->open.time_wall_us = r->wall_us;
    t->told_us = r->mono_us;
    tell_objects(t, r->mono_us);
    add(out, &t->open);
}

static void scene_change(struct vd_track *t, const struct vd_motion_result *r,
                         struct vd_track_out *out)
{
    struct vd_happening h = {
        .kind = VD_TRACK_SCENE_CHANGE,
        .phase = VD_TRACK_START,
        .number = ++t->number,
        .rev = 1,
        .start_mono_us = r->mono_us,
        .start_wall_us = r->wall_us,
    };

    tell(r, &h);
    h.score = h.peak = r->changed;
    add(out, &h);
    h.phase = VD_TRACK_END;
    h.end_reason = VD_TRACK_SCENE;
    h.rev = 2;
    h.end_mono_us = r->mono_us;
    h.end_wall_us = r->wall_us;
    add(out, &h);
}

void vd_track_feed(struct vd_track *t, const struct vd_motion_result *r,
                   struct vd_track_out *ret_out)
{
    const struct past *first = NULL;
    bool waits;

    memset(ret_out, 0, sizeof *ret_out);
    if (r->scene_changed) {
        if (t->is_open)
            end(t, VD_TRACK_SCENE, r->wall_us, ret_out);
        vd_objects_reset(&t->objects);
        t->filled = t->at = 0;
        t->sure_us = 0;
        scene_change(t, r, ret_out);
        return;
    }
    remember(t, r);
    vd_objects_feed(&t->objects, r);
    waits = vd_objects_wait(&t->objects);
    if (t->is_open) {
        if (r->moving && r->mono_us - t->sure_us <= GO_ON_US)
            go_on(t, r, ret_out);
        else if (waits)
            stand(t, r, ret_out);
        if (r->mono_us - t->moved_mono_us >= t->settings.quiet_us)
            end(t, VD_TRACK_QUIET, r->wall_us, ret_out);
        else if (!waits && r->mono_us - t->open.start_mono_us >= t->settings.max_age_us)
            end(t, VD_TRACK_AGE, r->wall_us, ret_out);
    } else if (r->moving && t->sure_us != 0 && r->mono_us - t->sure_us <= SURE_US &&
               count_moving(t, &first) >= t->settings.m) {
        start(t, r, first, ret_out);
    }
    ret_out->is_open = t->is_open;
}

void vd_track_stop(struct vd_track *t, struct vd_track_out *ret_out)
{
    memset(ret_out, 0, sizeof *ret_out);
    if (t->is_open)
        end(t, VD_TRACK_STOP, t->moved_wall_us, ret_out);
    vd_objects_reset(&t->objects);
    t->filled = t->at = 0;
    t->sure_us = 0;
}
