#include "ingest/worker/sick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ingest/condition/condition.h"
#include "storage/media/media.h"

enum {
    WINDOW_US = 4 * 1000 * 1000, /* loss is a share of one to two of these */
    SETTLE_US = 5 * 1000 * 1000, /* of a session: it may begin between key frames */
    /* After a break what was on is told anew only when it had time to be over instead: longer
     * than any condition takes to end. */
    REOPEN_US = 10 * 1000 * 1000,
};

struct open {
    bool is_open, is_refused;
    struct vd_condition_change why;
    struct vd_event last;
};

struct counts {
    uint64_t packets, broken;
};

struct vd_sick {
    const struct vd_camera_cfg *camera;
    struct vd_outbox *outbox;
    struct vd_lane *lane;
    struct vd_condition *condition;
    struct open open[VD_N_KINDS];
    int64_t session_us, window_us; /* mono; 0: not begun */
    struct counts before[2];       /* at the begin of the window, and of the one before */
    float lost;
    struct vd_quality quality;
};

/* ---- in words ---- */

struct figures {
    const struct vd_condition_numbers *now;
    float score, lost;
};

static double gone_percent(const struct figures *f)
{
    return round((double)f->score * 100);
}

static double p95(const struct figures *f)
{
    return round((double)f->now->p95);
}

static double p50(const struct figures *f)
{
    return round((double)f->now->p50);
}

static double stir(const struct figures *f)
{
    return (double)f->now->stir;
}

static double lost_percent(const struct figures *f)
{
    return (double)f->lost * 100;
}

static double noise(const struct figures *f)
{
    return (double)f->now->noise;
}

/* What is wrong, the figure, what to do. scale: of the monitor's figure to 0..1. */
static const struct wording {
    enum vd_kind kind;
    float scale;
    double (*figure)(const struct figures *f);
    const char *before;
    int digits;
    const char *after;
} wordings[] = {
    {VD_KIND_COVERED, 1, gone_percent, "The picture shows nothing: ", 0,
     " % of the usual structure is gone. Look whether something hangs before the lens."},
    {VD_KIND_DARK, 1 / 255.0F, p95, "The picture is dark: 95 % of it lies below ", 0,
     " of 255. Look whether the light or the infrared lamp is out, or the lens is covered."},
    {VD_KIND_BRIGHT, 1 / 255.0F, p50, "The picture is washed out: half of it lies above ", 0,
     " of 255. Look whether a lamp or the sun shines into the lens."},
    {VD_KIND_BLURRED, 1, gone_percent, "The picture is blurred: ", 0,
     " % of the usual sharpness is left. Clean the lens, then set its focus."},
    {VD_KIND_MOVED, 1, gone_percent, "The camera looks elsewhere: ", 0,
     " % of the usual structure is not where it was. Turn it back; after 10 minutes the new "
     "view counts as the usual one."},
    {VD_KIND_FROZEN, 1 / 255.0F, stir, "The picture stands still while the stream goes on: ", 2,
     " grey levels of change. Restart the camera."},
    {VD_KIND_LOW_QUALITY, 1 / 255.0F, noise, "The picture is noisy: ", 1,
     " grey levels, several times the usual. Look at light, lens and the camera's bit rate."},
};

static const struct wording lossy = {
    VD_KIND_LOW_QUALITY,
    1,
    lost_percent,
    "The stream is damaged: ",
    1,
    " % of it is lost or cannot be decoded. Check cable, switch and radio link."};

static const struct wording *wording_of(enum vd_kind kind, float lost, float threshold)
{
    size_t i = 0;

    if (kind == VD_KIND_LOW_QUALITY && threshold < 1 && lost >= threshold)
        return &lossy;
    while (wordings[i].kind != kind)
        i++;
    return &wordings[i];
}

static float fraction(float value)
{
    return value > 0 ? fminf(value, 1) : 0; /* and no NaN */
}

static void describe(const struct vd_sick *s, const struct vd_condition_change *change,
                     struct vd_event *ev)
{
    const struct wording *w = wording_of(change->kind, s->lost, change->threshold);
    struct figures f = {vd_condition_last(s->condition), change->score, s->lost};
    size_t len = 0;

    ev->score = fraction(change->score * w->scale);
    ev->peak = fmaxf(ev->peak, ev->score);
    ev->why.threshold = fraction(change->threshold * w->scale);
    ev->why.sigma = fmaxf(f.now->noise, 0);
    ev->detail[0] = '\0';
    if (change->is_on)
        (void)vd_str_add(ev->detail, sizeof ev->detail, &len, "%s%.*f%s", w->before, w->digits,
                         w->figure(&f), w->after);
    else if (change->reason == VD_END_RELEARN)
        (void)vd_str_add(ev->detail, sizeof ev->detail, &len,
                         "What the camera sees now counts as its usual view. Look whether "
                         "zones and masks still fit.");
    else
        (void)vd_str_add(ev->detail, sizeof ev->detail, &len, "The picture is as usual again.");
}

/* ---- opening, closing ---- */

int vd_sick_open(struct vd_sick **ret_sick, const struct vd_camera_cfg *camera,
                 struct vd_outbox *outbox, struct vd_lane *lane, struct vd_err *err)
{
    struct vd_sick *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "condition monitor: out of memory");
    s->camera = camera;
    s->outbox = outbox;
    s->lane = lane;
    rc = vd_condition_open(&s->condition, err);
    if (rc < 0) {
        vd_sick_close(&s);
        return rc;
    }
    *ret_sick = s;
    return 0;
}

void vd_sick_close(struct vd_sick **sick)
{
    struct vd_sick *s = *sick;

    *sick = NULL;
    if (s == NULL)
        return;
    vd_condition_close(&s->condition);
    free(s);
}

void vd_sick_gap(struct vd_sick *s)
{
    vd_condition_gap(s->condition);
    s->session_us = s->window_us = 0;
    s->lost = 0;
}

/* ---- telling ---- */

static void post(struct vd_sick *s, struct open *open, struct vd_picture *picture)
{
    struct vd_event *ev = &open->last;

    ev->rev++;
    ev->quality = s->quality;
    if (vd_outbox_post(s->outbox, s->lane, ev, picture) < 0 && ev->phase == VD_PHASE_START)
        open->is_refused = true;
}

static void begin(struct vd_sick *s, const struct vd_condition_change *change,
                  const struct vd_frame *frame, struct vd_source *source, const char *analysis)
{
    struct open *open = &s->open[change->kind];
    struct vd_event *ev = &open->last;
    struct vd_picture *picture = NULL;
    struct vd_uuid uuid = vd_uuid_make(frame->wall_us);

    *open = (struct open){.is_open = true, .why = *change};
    ev->kind = change->kind;
    ev->phase = VD_PHASE_START;
    ev->event = vd_uuid_make(frame->wall_us);
    ev->time_us = frame->wall_us;
    ev->start_us = frame->wall_us - (frame->mono_us - change->since_mono_us);
    (void)vd_str_copy(ev->area, sizeof ev->area, s->camera->area);
    (void)vd_str_copy(ev->camera, sizeof ev->camera, s->camera->id);
    (void)vd_str_copy(ev->why.analysis, sizeof ev->why.analysis, analysis);
    describe(s, change, ev);
    if (s->camera->evidence != VD_CONFIG_EVIDENCE_OFF)
        (void)vd_source_keep(source, &picture, NULL);
    if (picture != NULL)
        vd_media_id(s->camera->id, &uuid, ev->snapshot);
    post(s, open, picture);
}

static void finish(struct vd_sick *s, struct open *open, enum vd_end_reason reason,
                   int64_t time_us, int64_t end_us)
{
    struct vd_event *ev = &open->last;

    open->is_open = false;
    ev->phase = VD_PHASE_END;
    ev->end_reason = reason;
    ev->time_us = time_us;
    ev->end_us = end_us > ev->start_us ? end_us : ev->start_us;
    if (!open->is_refused)
        post(s, open, NULL);
}

static void tell(struct vd_sick *s, const struct vd_condition_change *change,
                 const struct vd_frame *frame, struct vd_source *source, const char *analysis)
{
    struct open *open = &s->open[change->kind];

    if (change->is_on) {
        if (!open->is_open)
            begin(s, change, frame, source, analysis);
    } else if (open->is_open) {
        describe(s, change, &open->last);
        finish(s, open, change->reason, frame->wall_us,
               frame->wall_us - (frame->mono_us - change->since_mono_us));
    }
}

/* Packets and pictures that came damaged, of all in the last 4 to 8 s. */
static void measure_loss(struct vd_sick *s, const struct vd_source_info *info, int64_t mono_us)
{
    struct counts now = {info->packets, info->broken};
    uint64_t packets, broken;

    if (s->session_us == 0)
        s->session_us = mono_us;
    if (mono_us - s->session_us < SETTLE_US || s->window_us == 0) {
        s->window_us = mono_us;
        s->before[0] = s->before[1] = now;
        return;
    }
    packets = now.packets - s->before[1].packets;
    broken = now.broken - s->before[1].broken;
    s->lost = packets + broken > 0 ? (float)broken / (float)(packets + broken) : 0;
    if (mono_us - s->window_us < WINDOW_US)
        return;
    s->window_us = mono_us;
    s->before[1] = s->before[0];
    s->before[0] = now;
}

/* What outlasted a break that was told as the end of it. */
static void reopen(struct vd_sick *s, const struct vd_frame *frame, struct vd_source *source,
                   const char *analysis)
{
    if (frame->mono_us - s->session_us < REOPEN_US)
        return;
    for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++) {
        enum vd_kind kind = wordings[i].kind;
        struct vd_condition_change change = s->open[kind].why;

        change.since_mono_us = frame->mono_us;
        if (vd_condition_is_on(s->condition, kind) && !s->open[kind].is_open)
            begin(s, &change, frame, source, analysis);
    }
}

void vd_sick_look(struct vd_sick *s, const struct vd_motion_picture *small,
                  const struct vd_frame *frame, struct vd_source *source, const char *analysis)
{
    struct vd_condition_picture picture = {.luma = small->data,
                                           .stride = small->stride,
                                           .w = small->w,
                                           .h = small->h,
                                           .mono_us = frame->mono_us};
    struct vd_condition_out out;
    struct vd_source_info info;

    vd_source_info(source, &info);
    measure_loss(s, &info, frame->mono_us);
    picture.lost = s->lost;
    if (!vd_condition_look(s->condition, &picture, &out))
        return;
    s->quality = (struct vd_quality){
        .fps = info.fps, .lost = s->lost, .clock_skew_ms = (int32_t)(info.skew_us / 1000)};
    for (int i = 0; i < out.n; i++)
        tell(s, &out.changes[i], frame, source, analysis);
    reopen(s, frame, source, analysis);
}

void vd_sick_end(struct vd_sick *s, enum vd_end_reason reason, int64_t wall_us)
{
    for (int kind = 0; kind < VD_N_KINDS; kind++) {
        if (!s->open[kind].is_open)
            continue;
        s->open[kind].last.detail[0] = '\0';
        finish(s, &s->open[kind], reason, wall_us, wall_us);
    }
}

uint32_t vd_sick_kinds(const struct vd_sick *s)
{
    uint32_t kinds = 0;

    for (int kind = 0; kind < VD_N_KINDS; kind++)
        if (s->open[kind].is_open)
            kinds |= UINT32_C(1) << kind;
    return kinds;
}
