/* tests/bench/bench_day.c: a whole day before several cameras, 24 hours at 5 pictures a second,
 * straight from the scene library into detector and tracker: night, dawn, wind, clouds, rain,
 * dusk with headlights. Prints, a JSON line for each camera and for each hour of the day, and
 * then as tables, what was found of what came, false alarms, and which way things went.
 * `bench_day [--short] [PLACE…]`: --short is two minutes in place of each hour, and judges: it
 * is a test then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/motion.h"
#include "ingest/track/track.h"
#include "tests/bench/ways.h"
#include "tests/camsim/scene.h"

enum { FPS = 5, STEP_US = 1000000 / FPS, SLACK = FPS, HOURS = 24, CAMERAS_MAX = 16 };

/* An hour of the day. In a plain one everything is asked for: light that is as it is, or falls
 * as rain does, fools nobody. With `then`, it turns into that in the middle: over a third of
 * the hour, or at once where the camera switches to infrared. */
static const struct {
    const char *words, *then;
    bool at_once, is_plain;
    int crossings;
} day[HOURS] = {
    {"+night", NULL, false, false, 2},
    {"+night+insects", NULL, false, false, 1},
    {"+night+rain=50", NULL, false, false, 1},
    {"+night", NULL, false, false, 1},
    {"+night+sway", NULL, false, false, 2},
    {"+night", "", true, false, 3}, /* dawn: infrared off */
    {"", NULL, false, true, 6},
    {"", NULL, false, true, 12},
    {"+clouds", NULL, false, false, 12},
    {"+sway", NULL, false, true, 8},
    {"+clouds+sway", NULL, false, false, 8},
    {"+shake=50", NULL, false, false, 8},
    {"", NULL, false, true, 10},
    {"+steps", NULL, false, true, 8},
    {"+rain=50", NULL, false, true, 8},
    {"+rain", NULL, false, true, 6},
    {"+rain+sway", NULL, false, true, 6},
    {"+rain", "+night+rain+headlights", false, false, 8}, /* dusk */
    {"+night+rain+headlights", NULL, false, false, 6},
    {"+night+headlights", NULL, false, false, 6},
    {"+night+headlights+insects", NULL, false, false, 4},
    {"+night+noise", NULL, false, false, 4},
    {"+night+snow", NULL, false, false, 3},
    {"+night", NULL, false, false, 2},
};

static const struct {
    const char *place;
    int seed;
} cameras[] = {{"yard", 5}, {"gate", 6},    {"road", 7},
               {"dock", 8}, {"carpark", 9}, {"corridor", 10}};

struct sum {
    int crossings, found, false_alarms, scene_changes;
    double hours, false_s, delay_s; /* delay: sum over what was found */
    struct ways_sum ways;
};

struct camera {
    struct vd_motion *motion;
    struct vd_track *track;
    int64_t mono_us;
    uint8_t *luma; /* of a dusk, between two scenes */
};

/* One hour (or what stands for it) before one camera. */
struct hour {
    struct vd_scene *scene, *then;
    const struct vd_scene_crossing *crossings;
    int frames, n, w, h;
    bool at_once;
    int64_t begun_us;
    struct way ways[VD_SCENE_CROSSINGS_MAX];
    int first[VD_SCENE_CROSSINGS_MAX]; /* frame at which it was noticed; 0: it was not */
};

static void die(const char *what, const struct vd_err *err)
{
    fprintf(stderr, "bench_day: %s: %s\n", what, err->msg);
    exit(1);
}

static struct vd_scene *open_scene(const char *place, int seed, const char *words, int loop_s,
                                   int crossings)
{
    char text[VD_SCENE_TEXT_MAX];
    struct vd_scene_spec spec;
    struct vd_scene *scene = NULL;
    struct vd_err err;

    snprintf(text, sizeof text, "%s%s+size=320x240+fps=%d+loop=%d+crossings=%d+seed=%d", place,
             words, FPS, loop_s, crossings, seed);
    if (vd_scene_parse(&spec, text, &err) < 0 || vd_scene_open(&scene, &spec, &err) < 0)
        die(text, &err);
    return scene;
}

/* The share of the second scene in frame i. */
static float turn_of(const struct hour *h, int i)
{
    float part = 3 * (float)i / (float)h->frames - 1;

    if (h->then == NULL)
        return 0;
    if (h->at_once)
        return part >= 0.5F ? 1 : 0;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

/* Both scenes have one script: the truth of the first is that of both. */
static const uint8_t *picture_of(struct camera *cam, struct hour *h, int i, int *ret_stride)
{
    struct vd_scene_picture a, b;
    float k = turn_of(h, i);

    vd_scene_render(h->scene, i, &a);
    ways_see(h->ways, &a);
    *ret_stride = a.y_stride;
    if (k <= 0)
        return a.y;
    vd_scene_render(h->then, i, &b);
    *ret_stride = k >= 1 ? b.y_stride : h->w;
    if (k >= 1)
        return b.y;
    for (int y = 0; y < h->h; y++)
        for (int x = 0; x < h->w; x++)
            cam->luma[y * h->w + x] = (uint8_t)((1 - k) * (float)a.y[y * a.y_stride + x] +
                                                k * (float)b.y[y * b.y_stride + x] + 0.5F);
    return cam->luma;
}

/* The crossing that frame belongs to, or -1. */
static int crossing_at(const struct hour *h, int frame)
{
    for (int c = 0; c < h->n; c++)
        if (frame >= h->crossings[c].start - SLACK && frame <= h->crossings[c].end + 2 * SLACK)
            return c;
    return -1;
}

static void hear(struct hour *h, const struct vd_happening *happening, struct sum *sum)
{
    int c = crossing_at(h, (int)((happening->start_mono_us - h->begun_us) / STEP_US));

    if (happening->kind == VD_TRACK_SCENE_CHANGE) {
        sum->scene_changes += happening->phase == VD_TRACK_START;
        return;
    }
    if (c >= 0)
        ways_hear(&h->ways[c], happening);
    else
        sum->false_alarms += happening->phase == VD_TRACK_START;
}

static void watch(struct camera *cam, struct hour *h, struct sum *sum)
{
    struct vd_motion_result result;
    struct vd_track_out out;
    struct vd_err err;

    h->begun_us = cam->mono_us;
    for (int i = 0; i < h->frames; i++, cam->mono_us += STEP_US) {
        struct vd_frame frame = {.w = h->w, .h = h->h, .mono_us = cam->mono_us};
        int stride, c = crossing_at(h, i);

        frame.luma = picture_of(cam, h, i, &stride);
        frame.stride = stride;
        if (vd_motion_analyze(cam->motion, &frame, &result, &err) < 0)
            die("analysis", &err);
        vd_track_feed(cam->track, &result, &out);
        for (int k = 0; k < out.n; k++)
            hear(h, &out.happenings[k], sum);
        if (out.is_open && c < 0)
            sum->false_s += 1.0 / FPS;
        if (out.is_open && c >= 0 && h->first[c] == 0 && i >= h->crossings[c].start &&
            i <= h->crossings[c].end)
            h->first[c] = i;
    }
}

static void run_hour(struct camera *cam, int camera, int hour, bool is_short, struct sum *sum)
{
    int loop_s = is_short ? 120 : 3600;
    int crossings = is_short ? (day[hour].crossings + 3) / 4 : day[hour].crossings;
    const char *place = cameras[camera].place;
    struct hour h = {.w = 320, .h = 240, .at_once = day[hour].at_once};

    h.scene = open_scene(place, cameras[camera].seed, day[hour].words, loop_s, crossings);
    if (day[hour].then != NULL)
        h.then = open_scene(place, cameras[camera].seed, day[hour].then, loop_s, crossings);
    h.frames = vd_scene_frames(h.scene);
    h.n = vd_scene_crossings(h.scene, &h.crossings);
    watch(cam, &h, sum);
    for (int c = 0; c < h.n; c++) {
        sum->found += h.first[c] > 0;
        sum->delay_s += h.first[c] > 0 ? (double)(h.first[c] - h.crossings[c].start) / FPS : 0;
    }
    sum->crossings += h.n;
    sum->hours += (double)loop_s / 3600;
    ways_judge(h.ways, h.n, &sum->ways);
    vd_scene_close(&h.scene);
    vd_scene_close(&h.then);
}

static void add(struct sum *all, const struct sum *one)
{
    all->crossings += one->crossings;
    all->found += one->found;
    all->false_alarms += one->false_alarms;
    all->scene_changes += one->scene_changes;
    all->hours += one->hours;
    all->false_s += one->false_s;
    all->delay_s += one->delay_s;
    all->ways.due += one->ways.due;
    all->ways.right += one->ways.right;
    all->ways.wrong += one->ways.wrong;
    all->ways.clear += one->ways.clear;
}

static void print_json(const char *key, const char *name, const struct sum *s)
{
    printf("{\"%s\":\"%s\",\"hours\":%.2f,\"crossings\":%d,\"found\":%d,\"false_alarms\":%d,"
           "\"false_alarms_a_day\":%.2f,\"false_s\":%.1f,\"scene_changes\":%d,"
           "\"delay_s\":%.2f,\"ways_due\":%d,\"ways_right\":%d,\"ways_wrong\":%d,"
           "\"ways_clear\":%d}\n",
           key, name, s->hours, s->crossings, s->found, s->false_alarms,
           s->false_alarms * 24 / s->hours, s->false_s, s->scene_changes,
           s->found > 0 ? s->delay_s / s->found : 0, s->ways.due, s->ways.right, s->ways.wrong,
           s->ways.clear);
    fflush(stdout);
}

static void print_row(const char *name, const struct sum *s)
{
    printf("%-30s %7.2f %5d/%-5d %6d %8.1f %7.2f %7d/%-6d %5d\n", name, s->hours, s->found,
           s->crossings, s->false_alarms, s->false_s, s->found > 0 ? s->delay_s / s->found : 0,
           s->ways.right, s->ways.due, s->ways.wrong);
}

static void print_head(const char *what)
{
    printf("\n%-30s %7s %11s %6s %8s %7s %14s %5s\n", what, "hours", "found", "false",
           "false_s", "delay", "ways", "wrong");
}

static void run_camera(int i, bool is_short, struct sum hours[HOURS], struct sum *ret_sum)
{
    struct vd_motion_settings settings = {0};
    struct vd_track_settings track_settings = {0};
    struct camera cam = {.mono_us = 1000000, .luma = malloc(320 * 240)};
    struct vd_err err;

    ways_ask(&track_settings);
    if (cam.luma == NULL || vd_motion_open(&cam.motion, &settings, &err) < 0 ||
        vd_track_open(&cam.track, &track_settings, &err) < 0)
        die("open", &err);
    for (int hour = 0; hour < HOURS; hour++) {
        struct sum sum = {0};

        run_hour(&cam, i, hour, is_short, &sum);
        add(&hours[hour], &sum);
        add(ret_sum, &sum);
    }
    vd_track_close(&cam.track);
    vd_motion_close(&cam.motion);
    free(cam.luma);
}

static bool is_asked_for(const char *place, char **names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], place) == 0)
            return true;
    return n == 0;
}

/* What must hold of two minutes of each hour before two cameras. */
static int judge(const struct sum hours[HOURS], const struct sum *all)
{
    struct sum plain = {0};

    for (int hour = 0; hour < HOURS; hour++)
        if (day[hour].is_plain)
            add(&plain, &hours[hour]);
    print_row("plain hours", &plain);
    if (plain.false_alarms > 0 || plain.ways.wrong > 0 || plain.found < plain.crossings ||
        plain.ways.right < plain.ways.due) {
        fprintf(stderr,
                "bench_day: in plain hours all is to be found, each way, and no more\n");
        return 1;
    }
    if (all->found < 0.9 * all->crossings || all->false_alarms > 3 ||
        all->ways.right < 0.85 * all->ways.due || all->ways.wrong > 0.04 * all->ways.due) {
        fprintf(stderr, "bench_day: less than nine in ten found, more than 3 false alarms, or "
                        "too many wrong ways\n");
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool is_short = argc > 1 && strcmp(argv[1], "--short") == 0;
    struct sum hours[HOURS] = {{0}}, by_camera[CAMERAS_MAX] = {{0}}, all = {0};
    int n = (int)(sizeof cameras / sizeof *cameras);

    for (int i = 0; i < n; i++) {
        if (!is_asked_for(cameras[i].place, argv + 1 + is_short, argc - 1 - is_short))
            continue;
        run_camera(i, is_short, hours, &by_camera[i]);
        print_json("camera", cameras[i].place, &by_camera[i]);
        add(&all, &by_camera[i]);
    }
    for (int hour = 0; hour < HOURS; hour++) {
        char name[64];

        snprintf(name, sizeof name, "%02d%s%s%s", hour, day[hour].words,
                 day[hour].then != NULL ? " to " : "",
                 day[hour].then != NULL ? day[hour].then : "");
        print_json("hour", name, &hours[hour]);
    }
    print_json("all", "day", &all);
    print_head("hour");
    for (int hour = 0; hour < HOURS; hour++) {
        char name[64];

        snprintf(name, sizeof name, "%02d%s%s%.20s", hour, day[hour].words,
                 day[hour].then != NULL ? " to " : "",
                 day[hour].then != NULL ? day[hour].then : "");
        print_row(name, &hours[hour]);
    }
    print_head("camera");
    for (int i = 0; i < n; i++)
        if (by_camera[i].hours > 0)
            print_row(cameras[i].place, &by_camera[i]);
    print_row("all", &all);
    return is_short ? judge(hours, &all) : 0;
}
