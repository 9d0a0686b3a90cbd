/* Every generated ailment at every generated place, and every kind of weather that is none. */
#include "ingest/condition/condition.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/camsim/scene.h"
#include "tests/support/rnd.h"

enum { LOOP_S = 26, FPS = 2, SIDES_MAX = 320 * 180 };

/* All cases take minutes: `make soak` sets VD_SOAK, everybody else runs a third, which third by
 * VD_SEED. */
static bool is_chosen(size_t n)
{
    uint64_t state = rnd_seed() * 1000 + n;

    return getenv("VD_SOAK") != NULL || rnd_next(&state) % 3 == 0;
}

struct seen {
    int on[VD_N_KINDS], off[VD_N_KINDS];
    double first_s[VD_N_KINDS]; /* when each first began */
};

/* What a hard codec leaves of a picture: a pixel keeps its value until it differs by much, and
 * a key frame every two seconds renews it all. */
static void replenish(uint8_t *shown, const struct vd_scene_picture *drawn, int w, int h,
                      int frame)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int fresh = drawn->y[y * drawn->y_stride + x] & ~3;

            if (frame % (2 * FPS) == 0 || abs(fresh - shown[y * w + x]) > 10)
                shown[y * w + x] = (uint8_t)fresh;
        }
}

/* Shows the monitor `seconds` of a scene; a picture every half second. */
static void watch_as(const char *text, int seconds, bool is_hard, struct seen *ret_seen)
{
    static uint8_t shown[SIDES_MAX];
    struct vd_condition *monitor = NULL;
    struct vd_scene *scene = NULL;
    struct vd_scene_spec spec;
    struct vd_err err = {0};

    *ret_seen = (struct seen){0};
    cr_assert_eq(vd_scene_parse(&spec, text, &err), 0, "%s: %s", text, err.msg);
    cr_assert_eq(vd_scene_open(&scene, &spec, &err), 0, "%s: %s", text, err.msg);
    cr_assert_eq(vd_condition_open(&monitor, &err), 0);
    for (int frame = 0; frame < seconds * FPS; frame++) {
        struct vd_scene_picture drawn;
        struct vd_condition_out out;

        vd_scene_render(scene, frame, &drawn);
        if (is_hard) {
            replenish(shown, &drawn, spec.width, spec.height, frame);
            drawn.y = shown;
            drawn.y_stride = spec.width;
        }
        cr_assert(vd_condition_look(
            monitor,
            &(struct vd_condition_picture){.luma = drawn.y,
                                           .stride = drawn.y_stride,
                                           .w = spec.width,
                                           .h = spec.height,
                                           .mono_us = (frame + 1) * INT64_C(1000000) / FPS},
            &out));
        for (int i = 0; i < out.n; i++) {
            enum vd_kind kind = out.changes[i].kind;

            if (out.changes[i].is_on && ret_seen->on[kind]++ == 0)
                ret_seen->first_s[kind] = (double)frame / FPS;
            else if (!out.changes[i].is_on)
                ret_seen->off[kind]++;
        }
    }
    vd_condition_close(&monitor);
    vd_scene_close(&scene);
}

static void watch(const char *text, int seconds, struct seen *ret_seen)
{
    watch_as(text, seconds, false, ret_seen);
}

/* What is done to the camera in the middle of the loop, and what must be said of it, how soon.
 */
static const struct {
    const char *with;
    enum vd_kind kind;
    int within_s;
} ailments[] = {
    {"cover", VD_KIND_COVERED, 10},      {"covering", VD_KIND_COVERED, 20}, /* takes 10 s */
    {"dark", VD_KIND_DARK, 10},          {"bright", VD_KIND_BRIGHT, 10},
    {"defocus=4", VD_KIND_BLURRED, 30},  {"defocus=6", VD_KIND_BLURRED, 30},
    {"defocus=12", VD_KIND_BLURRED, 30}, {"defocus=24", VD_KIND_BLURRED, 30},
    {"turn=2", VD_KIND_MOVED, 30},       {"turn=5", VD_KIND_MOVED, 30},
    {"turn=10", VD_KIND_MOVED, 30},      {"turn=30", VD_KIND_MOVED, 30},
    {"freeze", VD_KIND_FROZEN, 10},      {"burst", VD_KIND_LOW_QUALITY, 10},
};

static void recognise_all(const char *place, const char *more)
{
    for (size_t i = 0; i < sizeof ailments / sizeof ailments[0]; i++) {
        enum vd_kind kind = ailments[i].kind;
        struct seen seen;
        char text[160];

        if (!is_chosen(i * 64 + (size_t)place[0] + strlen(more)))
            continue;
        snprintf(text, sizeof text, "%s+%s%s+size=320x180+fps=%d+loop=%d", place,
                 ailments[i].with, more, FPS, 2 * LOOP_S);
        watch(text, 2 * LOOP_S - 1, &seen);
        cr_assert_eq(seen.on[kind], 1, "%s: %s began %d times", text, vd_kind_name(kind),
                     seen.on[kind]);
        cr_assert_eq(seen.off[kind], 0, "%s: %s flaps", text, vd_kind_name(kind));
        cr_assert(seen.first_s[kind] >= LOOP_S &&
                      seen.first_s[kind] <= LOOP_S + ailments[i].within_s,
                  "%s: %s began at %.1f s, done at %d s", text, vd_kind_name(kind),
                  seen.first_s[kind], LOOP_S);
        for (int k = 0; k < VD_N_KINDS; k++)
            cr_assert(k == (int)kind || seen.on[k] == 0, "%s: also %s", text,
                      vd_kind_name((enum vd_kind)k));
    }
}

Test(condition, is_recognised_in_the_yard)
{
    recognise_all("yard", "");
    recognise_all("yard", "+night");
}

Test(condition, is_recognised_at_the_gate)
{
    recognise_all("gate", "");
    recognise_all("gate", "+night");
}

Test(condition, is_recognised_on_the_road)
{
    recognise_all("road", "");
    recognise_all("road", "+night");
}

Test(condition, is_recognised_at_the_dock)
{
    recognise_all("dock", "");
    recognise_all("dock", "+night");
}

Test(condition, is_recognised_in_the_car_park)
{
    recognise_all("carpark", "");
    recognise_all("carpark", "+night");
}

Test(condition, is_recognised_in_the_corridor)
{
    recognise_all("corridor", "");
    recognise_all("corridor", "+night");
}

Test(condition, weather_light_and_people_are_none)
{
    static const char *const places[] = {"yard", "gate", "road", "dock", "carpark", "corridor"};
    static const char *const weathers[] = {
        "night",   "noise",      "rain",          "snow",        "sway",
        "clouds",  "headlights", "switch",        "insects",     "shake",
        "flicker", "steps",      "night+insects", "noise+night", "night+headlights+rain",
    };

    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++)
        for (size_t i = 0; i < sizeof weathers / sizeof weathers[0]; i++) {
            struct seen seen;
            char text[160];

            if (!is_chosen(p * 64 + i))
                continue;
            snprintf(text, sizeof text, "%s+%s+crossings=5+size=320x180+fps=%d+loop=%d",
                     places[p], weathers[i], FPS, 2 * LOOP_S);
            watch(text, 2 * LOOP_S, &seen);
            for (int k = 0; k < VD_N_KINDS; k++)
                cr_assert_eq(seen.on[k], 0, "%s: false %s", text,
                             vd_kind_name((enum vd_kind)k));
        }
}

/* The quiet yard of the demonstration was called frozen after each passer-by. */
Test(condition, a_still_place_under_a_hard_codec_is_not_frozen)
{
    static const char *const places[] = {"yard", "carpark", "corridor"};

    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        struct seen seen;
        char text[160];

        snprintf(text, sizeof text, "%s+crossings=3+size=320x180+fps=%d+loop=%d", places[p],
                 FPS, 4 * LOOP_S);
        watch_as(text, 8 * LOOP_S, true, &seen);
        for (int k = 0; k < VD_N_KINDS; k++)
            cr_assert_eq(seen.on[k], 0, "%s: false %s", text, vd_kind_name((enum vd_kind)k));
    }
}

/* Cover in the middle of the loop, off again at its end. */
Test(condition, ends_when_it_is_over)
{
    static const struct {
        const char *with;
        enum vd_kind kind;
    } rows[] = {{"cover", VD_KIND_COVERED},    {"dark", VD_KIND_DARK},
                {"bright", VD_KIND_BRIGHT},    {"defocus=12", VD_KIND_BLURRED},
                {"turn=10", VD_KIND_MOVED},    {"freeze", VD_KIND_FROZEN},
                {"burst", VD_KIND_LOW_QUALITY}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen;
        char text[160];

        snprintf(text, sizeof text, "gate+%s+size=320x180+fps=%d+loop=%d", rows[i].with, FPS,
                 2 * LOOP_S);
        watch(text, 3 * LOOP_S - 4, &seen);
        cr_assert_eq(seen.on[rows[i].kind], 1, "%s", text);
        cr_assert_eq(seen.off[rows[i].kind], 1, "%s does not end", text);
    }
}

Test(condition, odd_pictures_are_left_alone)
{
    static uint8_t grey[SIDES_MAX];
    struct vd_condition *monitor = NULL;
    struct vd_condition_picture picture = {.luma = grey, .stride = 320, .w = 16, .h = 16};
    struct vd_condition_out out = {.n = 9};

    cr_assert_eq(vd_condition_open(&monitor, NULL), 0);
    cr_assert(!vd_condition_look(monitor, &picture, &out), "too small to judge");
    cr_assert_eq(out.n, 0);
    picture.w = 320;
    picture.h = 180;
    picture.mono_us = 1000000;
    cr_assert(vd_condition_look(monitor, &picture, &out));
    picture.mono_us += 100000;
    cr_assert(!vd_condition_look(monitor, &picture, &out), "two a second are enough");
    vd_condition_gap(monitor);
    vd_condition_close(&monitor);
    cr_assert_null(monitor);
    vd_condition_close(&monitor);
}
