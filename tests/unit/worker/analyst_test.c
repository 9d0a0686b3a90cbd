/* What an analyst makes of generated places: events, in order, with their pictures. */
#include "ingest/worker/analyst.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "storage/media/media.h"
#include "tests/camsim/scene.h"
#include "tests/support/tmpdir.h"

enum { S = 1000000, FPS = 5, EVENTS_MAX = 256, KEPT_MAX = 640 * 480 };

static const int64_t WALL_US = INT64_C(1700000000) * S;

/* A source whose pictures are those of a scene. */
struct fake {
    struct vd_source base;
    struct vd_scene_picture drawn;
    int w, h;
};

static struct tmpdir dir;
static struct vd_spool *spool;
static struct vd_outbox *outbox;
static struct vd_lane *lane;
static struct vd_analyst *analyst;
static struct vd_err err;
static struct fake fake;
static char media[128];
static int64_t at_us; /* mono of the next picture */
static struct kept {
    int64_t at_us;
    struct vd_scene_picture drawn; /* for its boxes */
} kept[EVENTS_MAX];
static int n_kept;
enum { SHOWN_MAX = 60 * FPS };
static int64_t gathers[SHOWN_MAX]; /* what the source was let after each look */
static struct vd_event events[EVENTS_MAX];
static int n_events;

static struct vd_camera_cfg camera = {
    .id = (char[]){"gate"},
    .area = (char[]){"a"},
    .is_enabled = true,
    .evidence = VD_CONFIG_EVIDENCE_SNAPSHOT,
    .detect = {.is_enabled = true,
               .fps = FPS,
               .min_area = 0.003F,
               .start = {3, 5},
               .quiet_us = 800000,
               .update_us = S},
};

static int give_luma(struct vd_source *source, struct vd_frame *frame, struct vd_err *e)
{
    const struct fake *f = (const struct fake *)source;

    (void)e;
    frame->luma = f->drawn.y;
    frame->stride = f->drawn.y_stride;
    return 0;
}

static void release(struct vd_picture *picture)
{
    free(picture->owner);
    free(picture);
}

static int give_picture(struct vd_source *source, struct vd_picture **ret_picture,
                        struct vd_err *e)
{
    const struct fake *f = (const struct fake *)source;
    struct vd_picture *p = calloc(1, sizeof *p);

    (void)e;
    cr_assert_lt(n_kept, EVENTS_MAX);
    kept[n_kept++] = (struct kept){at_us, f->drawn};
    p->owner = malloc(KEPT_MAX);
    for (int y = 0; y < f->h; y++)
        memcpy((uint8_t *)p->owner + y * f->w, f->drawn.y + y * f->drawn.y_stride,
               (size_t)f->w);
    p->plane[0] = p->owner;
    p->stride[0] = f->w;
    p->w = f->w;
    p->h = f->h;
    p->bytes = KEPT_MAX;
    p->release = release;
    atomic_init(&p->refs, 1);
    *ret_picture = p;
    return 0;
}

static const struct vd_source_ops ops = {.luma = give_luma, .keep = give_picture};

static void set_up(void)
{
    struct vd_outbox_opts opts = {.media_root = media, .clock = &vd_clock_system};
    struct vd_spool_opts sp = {.producer = "/ingest/w1"};

    vd_json_init();
    tmpdir_open(&dir);
    sp.path = tmpdir_file(&dir, "w1.db");
    (void)snprintf(media, sizeof media, "%s/media", dir.path);
    (void)vd_spool_open(&spool, &sp, &err);
    opts.spool = spool;
    (void)vd_outbox_open(&outbox, &opts, &err);
    (void)vd_lane_open(&lane, NULL, NULL, 0, &err);
    fake = (struct fake){.base = {.ops = &ops, .info = {.fps = FPS}}};
    at_us = S;
    n_kept = 0;
    (void)vd_analyst_open(&analyst, &camera, outbox, lane, &vd_clock_system, &err);
}

static void tear_down(void)
{
    vd_analyst_close(&analyst);
    if (lane != NULL)
        vd_lane_close(outbox, &lane);
    vd_outbox_close(&outbox);
    vd_spool_close(&spool);
    tmpdir_close(&dir);
}

TestSuite(analyst, .init = set_up, .fini = tear_down);

/* Shows `seconds` of the scene, from its second `from` on. */
static void show(const char *text, int from, int seconds)
{
    struct vd_scene *scene = NULL;
    struct vd_scene_spec spec;

    cr_assert_eq(vd_scene_parse(&spec, text, &err), 0, "%s: %s", text, err.msg);
    cr_assert_eq(vd_scene_open(&scene, &spec, &err), 0, "%s: %s", text, err.msg);
    for (int i = 0; i < seconds * FPS; i++, at_us += S / FPS) {
        struct vd_frame frame = {.w = spec.width,
                                 .h = spec.height,
                                 .pts_us = at_us,
                                 .mono_us = at_us,
                                 .wall_us = WALL_US + at_us};

        vd_scene_render(scene, (int64_t)from * spec.fps + (int64_t)i * spec.fps / FPS,
                        &fake.drawn);
        fake.w = spec.width;
        fake.h = spec.height;
        fake.base.info.packets++;
        cr_assert_eq(vd_analyst_look(analyst, &fake.base, &frame, &err), 1);
        if (i < SHOWN_MAX)
            gathers[i] = fake.base.gather_us;
    }
    vd_scene_close(&scene);
}

/* All that was told, once nothing more will be. */
static void hear(void)
{
    struct vd_spool_batch *batch = NULL;
    const struct vd_spool_row *rows;
    struct vd_spool_head head;
    struct vd_media_place place = {.kind = VD_MEDIA_SNAPSHOT};
    struct stat st;
    char path[256];

    vd_lane_close(outbox, &lane);
    vd_outbox_close(&outbox);
    cr_assert_eq(vd_spool_batch_new(&batch, &err), 0);
    cr_assert_eq(vd_spool_head(spool, &head, &err), 0);
    n_events = vd_spool_read(spool, head.source, 1, EVENTS_MAX, batch, &rows, &err);
    cr_assert_geq(n_events, 0);
    for (int i = 0; i < n_events; i++) {
        struct vd_event *ev = &events[i];

        cr_assert_eq(vd_event_decode(rows[i].body, rows[i].len, ev, &err), 0, "%s", err.msg);
        if (getenv("VD_SHOW") != NULL)
            fprintf(stderr, "%6.1f %-12s %-6s rev %u since %.1f score %.2f of %.2f %s\n",
                    (double)(ev->time_us - WALL_US) / S, vd_kind_name(ev->kind),
                    vd_phase_name(ev->phase), ev->rev, (double)(ev->start_us - WALL_US) / S,
                    (double)ev->score, (double)ev->why.threshold, ev->detail);
        if (ev->snapshot[0] == '\0')
            continue;
        place.root = media;
        place.area = ev->area;
        cr_assert_eq(vd_media_path(&place, ev->snapshot, path, NULL, sizeof path, &err), 0);
        cr_assert_eq(stat(path, &st), 0, "%s", path);
    }
    vd_spool_batch_free(&batch);
}

/* The n-th (from 0) message of that kind and phase; NULL: there is none. */
static const struct vd_event *heard(enum vd_kind kind, enum vd_phase phase, int n)
{
    for (int i = 0; i < n_events; i++)
        if (events[i].kind == kind && events[i].phase == phase && n-- == 0)
            return &events[i];
    return NULL;
}

/* The picture that a message names: the newest when it was decided. NULL: it names none. */
static const struct kept *picture_of(const struct vd_event *ev, const struct kept *before)
{
    static char seen[VD_MEDIA_ID_MAX + 1];
    const struct kept *found = NULL;

    if (strcmp(ev->snapshot, seen) == 0)
        return before;
    (void)snprintf(seen, sizeof seen, "%s", ev->snapshot);
    for (int i = 0; i < n_kept; i++)
        if (WALL_US + kept[i].at_us <= ev->time_us)
            found = &kept[i];
    return ev->snapshot[0] != '\0' ? found : NULL;
}

static bool is_within(const struct vd_scene_box *thing, const struct vd_event *ev)
{
    float x = thing->x + thing->w / 2, y = thing->y + thing->h / 2;

    for (uint32_t i = 0; i < ev->n_boxes; i++) {
        const struct vd_box *b = &ev->boxes[i];

        if (x >= b->x && x <= b->x + b->w && y >= b->y && y <= b->y + b->h)
            return true;
    }
    return false;
}

/* An alert is opened by whichever message its rule waited for, and shows picture and boxes. */
Test(analyst, boxes_of_every_message_belong_to_the_picture_it_names)
{
    const struct kept *picture = NULL;
    int n_starts = 0, n_updates = 0, n_bests = 0;

    show("road+crossings=3+loop=40+size=320x240+seed=3", 0, 60);
    hear();
    for (int i = 0; i < n_events; i++) {
        const struct vd_event *ev = &events[i];
        const struct kept *named;

        if (ev->kind != VD_KIND_MOTION)
            continue;
        named = picture_of(ev, picture);
        cr_assert_not_null(named, "message %d names no picture", i);
        cr_assert_gt(ev->n_boxes, 0, "message %d", i);
        for (int k = 0; k < named->drawn.n_boxes; k++)
            cr_assert(is_within(&named->drawn.boxes[k], ev),
                      "%s at %.1f: nothing is marked where something is in its picture of %.1f",
                      vd_phase_name(ev->phase), (double)(ev->time_us - WALL_US) / S,
                      (double)named->at_us / S);
        n_starts += ev->phase == VD_PHASE_START;
        n_updates += ev->phase == VD_PHASE_UPDATE;
        n_bests += ev->phase == VD_PHASE_END && named != picture;
        picture = named;
    }
    cr_assert(n_starts >= 3 && n_updates >= 3 && n_bests >= 2,
              "%d starts, %d updates, %d bests", n_starts, n_updates, n_bests);
}

/* From the zones and lines of the configuration to what an event says. */
Test(analyst, events_say_which_way_things_went)
{
    static const struct vd_point corners[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    static const struct vd_line_cfg line = {"middle", {0.5F, 1}, {0.5F, 0}};
    static const struct vd_zone_cfg zone = {.name = "yard",
                                            .polygon = {corners, 4},
                                            .min_area = 0.002F,
                                            .lines = &line,
                                            .n_lines = 1};
    struct vd_camera_cfg with_zone = camera;
    int ends = 0;

    with_zone.zones = &zone;
    with_zone.n_zones = 1;
    vd_analyst_close(&analyst);
    cr_assert_eq(vd_analyst_open(&analyst, &with_zone, outbox, lane, &vd_clock_system, &err),
                 0);
    show("yard+crossings=3+loop=60+size=320x240+seed=5", 0, 60);
    hear();
    for (int i = 0; i < n_events; i++) {
        const struct vd_event_track *track = &events[i].tracks[0];

        if (events[i].kind != VD_KIND_MOTION || events[i].phase != VD_PHASE_END)
            continue;
        ends++;
        cr_assert_geq(events[i].n_tracks, 1);
        cr_assert_str_eq(track->zone, "yard");
        cr_assert(track->did & VD_DID_CROSS, "end %d: %u", ends, track->did);
        cr_assert_str_eq(track->line, "middle");
        cr_assert_gt(track->dwell_ms, 1000);
        cr_assert(track->size > 0.002F && track->size < 0.2F);
    }
    cr_assert_geq(ends, 3);
}

/* The picture that decides must not wait: those before it were let gather, it was not. */
Test(analyst, lets_pictures_gather_while_all_is_quiet_and_none_that_decides)
{
    int n_starts = 0, n_quiet = 0;

    show("road+crossings=3+loop=40+size=320x240+seed=3", 0, SHOWN_MAX / FPS);
    hear();
    for (int i = 0; i < n_events; i++) {
        int64_t since_us = events[i].time_us - WALL_US - S;

        if (events[i].kind != VD_KIND_MOTION || events[i].phase != VD_PHASE_START)
            continue;
        n_starts++;
        cr_assert_eq(gathers[since_us * FPS / S - 1], 0, "start at %.1f s",
                     (double)since_us / S);
    }
    for (int i = 0; i < SHOWN_MAX; i++)
        n_quiet += gathers[i] == 400 * 1000; /* from the first of three pictures to the third */
    cr_assert(n_starts >= 3 && n_quiet >= SHOWN_MAX / 3, "%d starts, %d of %d quiet", n_starts,
              n_quiet, SHOWN_MAX);
}

Test(analyst, tells_of_a_cover_with_picture_figure_and_advice_and_when_it_is_gone)
{
    const struct vd_event *start, *end;

    show("yard+quiet+loop=60+size=320x240", 0, 20);
    cr_assert_eq(vd_analyst_ailments(analyst), 0);
    show("yard+quiet+cover+loop=60+size=320x240", 31, 15);
    cr_assert_eq(vd_analyst_ailments(analyst), 1U << VD_KIND_COVERED);
    show("yard+quiet+loop=60+size=320x240", 0, 15);
    cr_assert_eq(vd_analyst_ailments(analyst), 0);
    hear();
    start = heard(VD_KIND_COVERED, VD_PHASE_START, 0);
    end = heard(VD_KIND_COVERED, VD_PHASE_END, 0);
    cr_assert(start != NULL && end != NULL);
    cr_assert_leq(start->time_us - (WALL_US + 21 * S), 10 * S);
    cr_assert_lt(start->start_us, start->time_us, "dated back");
    cr_assert_neq(start->snapshot[0], '\0');
    cr_assert_gt(start->score, start->why.threshold);
    cr_assert_str_not_empty(start->why.analysis);
    cr_assert_not_null(strstr(start->detail, "% of the usual structure is gone"), "%s",
                       start->detail);
    cr_assert(vd_uuid_equal(&start->event, &end->event));
    cr_assert_eq(end->rev, 2);
    cr_assert_eq(end->end_reason, VD_END_QUIET);
    cr_assert_str_eq(end->snapshot, start->snapshot);
    cr_assert_null(heard(VD_KIND_COVERED, VD_PHASE_START, 1), "once");
}

/* A change of all is a change of the scene, not something that moves in it. Only a camera that
 * is being turned shows a picture in motion, once. What a place stirs takes half a minute to
 * learn: the ailment comes after 40 s. */
Test(analyst, calls_no_ailment_motion)
{
    static const struct {
        const char *with;
        enum vd_kind kind;
        int motions;
    } cases[] = {{"cover", VD_KIND_COVERED, 0},
                 {"turn=10", VD_KIND_MOVED, 1},
                 {"freeze", VD_KIND_FROZEN, 0},
                 {"dark", VD_KIND_DARK, 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[120];

        if (i > 0)
            set_up();
        (void)snprintf(text, sizeof text, "yard+quiet+%s+loop=80+size=320x240", cases[i].with);
        show(text, 5, 95);
        hear();
        cr_assert_not_null(heard(cases[i].kind, VD_PHASE_START, 0), "%s", text);
        cr_assert_not_null(heard(cases[i].kind, VD_PHASE_END, 0), "%s", text);
        cr_assert_null(heard(VD_KIND_MOTION, VD_PHASE_START, cases[i].motions), "%s", text);
        if (i + 1 < sizeof cases / sizeof cases[0])
            tear_down();
    }
}

Test(analyst, keeps_an_ailment_over_a_short_break_and_tells_it_anew_after_a_long_one)
{
    const char *covered = "yard+quiet+cover+loop=60+size=320x240";

    show("yard+quiet+loop=60+size=320x240", 0, 20);
    show(covered, 31, 10);
    vd_analyst_break(analyst, false);
    vd_analyst_reset(analyst);
    show(covered, 41, 4);
    cr_assert_eq(vd_analyst_ailments(analyst), 1U << VD_KIND_COVERED);
    vd_analyst_break(analyst, true);
    cr_assert_eq(vd_analyst_ailments(analyst), 0);
    at_us += 60 * S;
    vd_analyst_reset(analyst);
    show(covered, 31, 15);
    cr_assert_eq(vd_analyst_ailments(analyst), 1U << VD_KIND_COVERED);
    vd_analyst_end(analyst, VD_END_RESTART);
    hear();
    cr_assert_eq(heard(VD_KIND_COVERED, VD_PHASE_END, 0)->end_reason, VD_END_LOST);
    cr_assert_not_null(heard(VD_KIND_COVERED, VD_PHASE_START, 1));
    cr_assert_eq(heard(VD_KIND_COVERED, VD_PHASE_END, 1)->end_reason, VD_END_RESTART);
}

Test(analyst, tells_of_a_stream_that_loses_much)
{
    const struct vd_event *start;

    show("yard+quiet+loop=60+size=320x240", 0, 20);
    for (int i = 0; i < 10; i++) {
        fake.base.info.broken++;
        show("yard+quiet+loop=60+size=320x240", 20 + i, 1);
    }
    cr_assert_eq(vd_analyst_ailments(analyst), 1U << VD_KIND_LOW_QUALITY);
    show("yard+quiet+loop=60+size=320x240", 30, 20);
    cr_assert_eq(vd_analyst_ailments(analyst), 0);
    hear();
    start = heard(VD_KIND_LOW_QUALITY, VD_PHASE_START, 0);
    cr_assert_not_null(start);
    cr_assert_not_null(strstr(start->detail, "is lost or cannot be decoded"), "%s",
                       start->detail);
    cr_assert_gt(start->quality.lost, 0.05F);
}
