#include "ingest/worker/analyst.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ingest/motion/motion.h"
#include "ingest/track/track.h"
#include "ingest/worker/numbers.h"
#include "ingest/worker/settings.h"
#include "ingest/worker/sick.h"
#include "storage/media/media.h"

enum {
    GATHER_MAX_US = 400 * 1000,
    EVERY_FPS = 10, /* what a camera that is looked at in full is thinned from */
    LATE_PARTS = 4, /* a frame this part of a step early is in time */
    KINDS = 2,
};

/* What is open of one kind: the detector's happening as the world knows it. */
struct open {
    bool is_open, is_refused;
    uint64_t number; /* the tracker's */
    struct vd_uuid event;
    uint32_t rev;
    struct vd_event last; /* its last message */
};

struct vd_analyst {
    const struct vd_camera_cfg *camera;
    struct vd_outbox *outbox;
    struct vd_lane *lane;
    const struct vd_clock *clock;
    struct vd_motion *motion;
    struct vd_track *track;
    struct vd_sick *sick;
    struct vd_motion_settings settings;
    struct vd_track_out out; /* too large for a stack frame that is always there */
    int64_t gather_us;       /* how late a picture may be looked at while all is quiet */
    int divide;              /* of the configured rate; 0 is 1 */
    int64_t due_us;          /* mono of the frame to look at next */
    struct open open[KINDS]; /* by enum vd_track_kind */
    struct vd_picture *best; /* of the open motion, better than the picture of its start */
    struct vd_box best_boxes[VD_EVENT_BOXES_MAX]; /* what moved in it */
    uint32_t n_best_boxes;
    struct vd_quality quality;
    int described_w, described_h, described_divide; /* by analysis */
    char analysis[24];
};

/* A start needs m pictures with motion. The first of them may come as late as the m-th is made:
 * then all that follow are read at once, and the one that decides is not late. */
static int64_t gather_of(const struct vd_camera_cfg *camera,
                         const struct vd_track_settings *track)
{
    float fps = camera->detect.fps > 0 ? camera->detect.fps : EVERY_FPS;
    int64_t us = (int64_t)((float)(track->m - 1) * 1e6F / fps);

    return us < GATHER_MAX_US ? us : GATHER_MAX_US;
}

int vd_analyst_open(struct vd_analyst **ret_analyst, const struct vd_camera_cfg *camera,
                    struct vd_outbox *outbox, struct vd_lane *lane,
                    const struct vd_clock *clock, struct vd_err *err)
{
    struct vd_track_settings track;
    struct vd_analyst *a = calloc(1, sizeof *a);
    int rc;

    if (a == NULL)
        return vd_err_set(err, VD_ENOMEM, "analyst: out of memory");
    a->camera = camera;
    a->outbox = outbox;
    a->lane = lane;
    a->clock = clock;
    vd_settings_of(camera, &a->settings, &track);
    a->gather_us = gather_of(camera, &track);
    rc = vd_motion_open(&a->motion, &a->settings, err);
    if (rc == 0)
        rc = vd_track_open(&a->track, &track, err);
    if (rc == 0)
        rc = vd_sick_open(&a->sick, camera, outbox, lane, err);
    if (rc < 0) {
        vd_analyst_close(&a);
        return rc;
    }
    *ret_analyst = a;
    return 0;
}

void vd_analyst_close(struct vd_analyst **analyst)
{
    struct vd_analyst *a = *analyst;

    *analyst = NULL;
    if (a == NULL)
        return;
    vd_picture_unref(&a->best);
    vd_sick_close(&a->sick);
    vd_track_close(&a->track);
    vd_motion_close(&a->motion);
    free(a);
}

void vd_analyst_reset(struct vd_analyst *a)
{
    vd_motion_reset(a->motion);
    vd_sick_gap(a->sick);
    a->due_us = 0;
}

/* Whether this picture is to be looked at, so that on the whole fps are. */
static bool is_due(struct vd_analyst *a, int64_t mono_us)
{
    int64_t step_us;

    if (a->camera->detect.fps <= 0 && a->divide <= 1)
        return true;
    step_us = (int64_t)(1e6F / (a->camera->detect.fps > 0 ? a->camera->detect.fps : EVERY_FPS));
    step_us *= a->divide > 1 ? a->divide : 1;
    if (mono_us < a->due_us - step_us / LATE_PARTS)
        return false;
    a->due_us += step_us;
    if (a->due_us <= mono_us) /* the first, or after a gap */
        a->due_us = mono_us + step_us;
    return true;
}

static void note_quality(struct vd_analyst *a, const struct vd_source *source)
{
    struct vd_source_info info;
    float all;

    vd_source_info(source, &info);
    all = (float)(info.packets + info.broken);
    a->quality = (struct vd_quality){
        .fps = info.fps,
        .lost = all > 0 ? (float)info.broken / all : 0,
        .clock_skew_ms = (int32_t)(info.skew_us / 1000),
    };
}

static void describe(struct vd_analyst *a, const struct vd_motion_picture *small)
{
    size_t len = 0;

    if (small->w == a->described_w && small->h == a->described_h &&
        a->divide == a->described_divide)
        return;
    a->described_w = small->w;
    a->described_h = small->h;
    a->described_divide = a->divide;
    a->analysis[0] = '\0';
    (void)vd_str_add(a->analysis, sizeof a->analysis, &len, "%dx%d@%g", small->w, small->h,
                     (double)a->camera->detect.fps / (a->divide > 1 ? a->divide : 1));
}

static void fill_common(const struct vd_analyst *a, const struct open *open,
                        struct vd_event *ev)
{
    ev->event = open->event;
    ev->rev = open->rev;
    (void)vd_str_copy(ev->area, sizeof ev->area, a->camera->area);
    (void)vd_str_copy(ev->camera, sizeof ev->camera, a->camera->id);
    (void)vd_str_copy(ev->why.analysis, sizeof ev->why.analysis, a->analysis);
    ev->quality = a->quality;
}

/* Names a picture, which is then written before the event is accepted. */
static void name_snapshot(const struct vd_analyst *a, struct vd_event *ev)
{
    struct vd_uuid uuid = vd_uuid_make(ev->time_us);

    vd_media_id(a->camera->id, &uuid, ev->snapshot);
}

static void begin(struct vd_analyst *a, const struct vd_happening *h)
{
    struct open *open = &a->open[h->kind];

    *open = (struct open){.is_open = true, .number = h->number};
    open->event = vd_uuid_make(h->time_wall_us);
    if (h->kind == VD_TRACK_MOTION)
        vd_picture_unref(&a->best);
}

/* What a message shows: a picture, and what moved in it. */
struct view {
    char snapshot[VD_MEDIA_ID_MAX + 1];
    struct vd_box boxes[VD_EVENT_BOXES_MAX];
    uint32_t n_boxes;
};

static void show_boxes(struct vd_event *ev, const struct vd_box *boxes, uint32_t n)
{
    memcpy(ev->boxes, boxes, sizeof ev->boxes);
    ev->n_boxes = n;
}

static void view_of(const struct vd_event *ev, struct view *view)
{
    memcpy(view->snapshot, ev->snapshot, sizeof view->snapshot);
    memcpy(view->boxes, ev->boxes, sizeof view->boxes);
    view->n_boxes = ev->n_boxes;
}

/* Boxes belong to the picture beside them: a message that names an earlier one, or the best,
 * has the boxes of that, for an alert may be opened by it. */
static void show(struct vd_analyst *a, struct vd_event *ev, const struct view *before,
                 struct vd_picture **ret_picture)
{
    if (ev->phase == VD_PHASE_END && ev->kind == VD_KIND_MOTION && a->best != NULL) {
        *ret_picture = a->best;
        a->best = NULL;
        show_boxes(ev, a->best_boxes, a->n_best_boxes);
        return;
    }
    memcpy(ev->snapshot, before->snapshot, sizeof ev->snapshot);
    if (ev->snapshot[0] != '\0')
        show_boxes(ev, before->boxes, before->n_boxes);
}

static void keep_best(struct vd_analyst *a, struct vd_source *source,
                      const struct vd_motion_result *result)
{
    vd_picture_unref(&a->best);
    (void)vd_source_keep(source, &a->best, NULL);
    a->n_best_boxes = 0;
    for (int i = 0; i < result->n_boxes && i < VD_EVENT_BOXES_MAX; i++) {
        const struct vd_motion_box *b = &result->boxes[i];

        a->best_boxes[a->n_best_boxes++] =
            (struct vd_box){fminf(b->x, 1), fminf(b->y, 1), fminf(b->w, 1), fminf(b->h, 1)};
    }
}

static void tell(struct vd_analyst *a, const struct vd_happening *h, struct vd_source *source,
                 enum vd_end_reason reason)
{
    struct open *open = &a->open[h->kind];
    bool wants_picture = a->camera->evidence != VD_CONFIG_EVIDENCE_OFF;
    struct vd_picture *picture = NULL;
    struct vd_event *ev = &open->last;
    struct view before;

    if (h->phase == VD_TRACK_START)
        begin(a, h);
    if (!open->is_open || open->number != h->number || open->is_refused)
        return;
    view_of(ev, &before);
    memset(ev, 0, sizeof *ev);
    vd_track_to_event(h, &a->settings, ev);
    open->rev++;
    if (h->end_mono_us != 0) /* a step of the wall clock lengthens nothing */
        ev->end_us = h->start_wall_us + (h->end_mono_us - h->start_mono_us);
    fill_common(a, open, ev);
    if (ev->phase == VD_PHASE_END && reason != VD_END_NONE)
        ev->end_reason = reason;
    if (wants_picture && ev->phase == VD_PHASE_START && source != NULL)
        (void)vd_source_keep(source, &picture, NULL);
    if (wants_picture && ev->phase != VD_PHASE_START)
        show(a, ev, &before, &picture);
    if (picture != NULL)
        name_snapshot(a, ev);
    if (vd_outbox_post(a->outbox, a->lane, ev, picture) < 0 && ev->phase == VD_PHASE_START)
        open->is_refused = true;
    if (ev->phase == VD_PHASE_END)
        open->is_open = false;
}

static void tell_all(struct vd_analyst *a, struct vd_source *source, enum vd_end_reason reason)
{
    for (int i = 0; i < a->out.n; i++)
        tell(a, &a->out.happenings[i], source, reason);
}

int vd_analyst_look(struct vd_analyst *a, struct vd_source *source, struct vd_frame *frame,
                    struct vd_err *err)
{
    struct vd_motion_picture small;
    struct vd_motion_result result;
    bool is_tense;
    int rc;

    if (!is_due(a, frame->mono_us))
        return 0;
    rc = vd_source_luma(source, frame, err);
    if (rc == 0)
        rc = vd_motion_analyze(a->motion, frame, &result, err);
    if (rc < 0)
        return rc;
    vd_number_add(VD_NUMBER_ANALYSED, 1);
    small = vd_motion_luma(a->motion);
    describe(a, &small);
    vd_track_feed(a->track, &result, &a->out);
    if (a->out.n > 0) {
        note_quality(a, source);
        tell_all(a, source, VD_END_NONE);
    }
    if (a->out.best && a->open[VD_TRACK_MOTION].is_open &&
        a->camera->evidence != VD_CONFIG_EVIDENCE_OFF &&
        (a->out.n == 0 || a->out.happenings[a->out.n - 1].phase != VD_TRACK_START))
        keep_best(a, source, &result);
    vd_sick_look(a->sick, &small, frame, source, a->analysis);
    is_tense = result.moving != 0 && !a->out.is_open;
    vd_source_gather(source, is_tense ? 0 : a->out.is_open ? a->gather_us / 2 : a->gather_us);
    return 1;
}

void vd_analyst_thin(struct vd_analyst *a, int divide)
{
    a->divide = divide;
}

static void end_motion(struct vd_analyst *a, enum vd_end_reason reason)
{
    vd_track_stop(a->track, &a->out);
    tell_all(a, NULL, reason);
    vd_picture_unref(&a->best);
}

void vd_analyst_end(struct vd_analyst *a, enum vd_end_reason reason)
{
    end_motion(a, reason);
    vd_sick_end(a->sick, reason, a->clock->wall_us(a->clock->self));
}

void vd_analyst_break(struct vd_analyst *a, bool is_gone)
{
    end_motion(a, VD_END_LOST);
    if (is_gone)
        vd_sick_end(a->sick, VD_END_LOST, a->clock->wall_us(a->clock->self));
}

uint32_t vd_analyst_ailments(const struct vd_analyst *a)
{
    return vd_sick_kinds(a->sick);
}
