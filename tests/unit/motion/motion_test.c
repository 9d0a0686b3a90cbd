/* The whole detector on generated scenes with known truth. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/motion.h"
#include "tests/support/rnd.h"

enum { W = 320, H = 240, STEP_US = 200000 };

struct scene {
    uint8_t luma[W * H];
    struct vd_motion *motion;
    struct vd_motion_result result;
    uint64_t rnd;
    int frame;
    float gain;
    int noise, dx;
};

static struct scene scene;

static void begin(const struct vd_motion_settings *settings)
{
    struct vd_motion_settings none = {0};
    struct vd_err err;

    memset(&scene, 0, sizeof scene);
    scene.rnd = rnd_seed();
    scene.gain = 1;
    scene.noise = 3;
    cr_assert_eq(vd_motion_open(&scene.motion, settings ? settings : &none, &err), 0);
}

static void end(void)
{
    vd_motion_close(&scene.motion);
    cr_assert_null(scene.motion);
}

/* With a box in it, or part of one. */
static void show_box(int box_x, int box_y, int box_w, int box_h)
{
    struct vd_frame frame = {.luma = scene.luma, .stride = W, .w = W, .h = H};
    struct vd_err err;

    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            int sx = x + scene.dx;
            float v = (float)(50 + ((sx / 13 + y / 11) * 53) % 90 + sx / 29 % 2 * 25 +
                              y / 37 % 2 * 20);

            if (x >= box_x && x < box_x + box_w && y >= box_y && y < box_y + box_h)
                v = (float)(200 - ((x - box_x) / 5 + y / 3) % 3 * 14);
            v = v * scene.gain + (float)(rnd_next(&scene.rnd) % (unsigned)scene.noise);
            scene.luma[y * W + x] = (uint8_t)fminf(255, v);
        }
    }
    frame.mono_us = frame.pts_us = frame.wall_us = (int64_t)scene.frame++ * STEP_US;
    cr_assert_eq(vd_motion_analyze(scene.motion, &frame, &scene.result, &err), 0);
}

/* A box of 24 x 48 pixels at x, or none when x < -24. */
static void show(int box_x)
{
    show_box(box_x, 100, 24, 48);
}

static void quiet(int frames)
{
    for (int i = 0; i < frames; i++)
        show(-100);
}

static bool has_sure(void)
{
    for (int i = 0; i < scene.result.n_boxes; i++)
        if (scene.result.boxes[i].is_sure)
            return true;
    return false;
}

Test(motion, a_walker_is_found_and_boxed)
{
    int moving = 0, sure = 0;

    begin(NULL);
    quiet(20);
    for (int i = 0; i < 20; i++) {
        show(20 + i * 8);
        moving += scene.result.moving != 0;
        sure += has_sure();
    }
    cr_assert(moving >= 19, "moving on %d of 20 frames", moving);
    cr_assert(sure >= 16, "sure on %d of 20 frames", sure);
    cr_assert(fabsf(scene.result.boxes[0].x - (20 + 19 * 8) / (float)W) < 0.02F);
    cr_assert(fabsf(scene.result.boxes[0].w - 24 / (float)W) < 0.03F);
    end();
}

/* What is far is small: as much less is asked of it as its zone says. */
Test(motion, the_least_area_grows_with_nearness)
{
    static const struct {
        int y, h;
        float top, bottom;
        bool counts;
    } rows[] = {
        {30, 14, 0.002F, 0.002F, true},  {206, 14, 0.002F, 0.002F, true},
        {30, 14, 0.002F, 0.010F, true},  {206, 14, 0.002F, 0.010F, false},
        {30, 14, 0.010F, 0.010F, false}, {110, 11, 0.002F, 0.010F, false},
        {110, 36, 0.002F, 0.010F, true}, {206, 34, 0.002F, 0.010F, true},
        {30, 14, 0, 0.010F, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_motion_settings s = {
            .n_zones = 1,
            .zones = {{.polygon = {4, {{0, 0.1F}, {1, 0.1F}, {1, 1}, {0, 1}}},
                       .min_area = rows[i].bottom,
                       .min_area_top = rows[i].top}}};
        int moving = 0;

        begin(&s);
        quiet(20);
        for (int k = 0; k < 12; k++) {
            show_box(20 + k * 8, rows[i].y, 26, rows[i].h);
            moving += scene.result.moving != 0;
        }
        cr_assert(rows[i].counts ? moving >= 10 : moving == 0, "row %zu: moving on %d of 12", i,
                  moving);
        end();
    }
}

Test(motion, what_stays_stops_counting_at_once_and_is_absorbed)
{
    int moving = 0;

    begin(NULL);
    quiet(400); /* the memory of a background is as long as its life, up to a minute */
    for (int i = 0; i < 10; i++)
        show(20 + i * 8);
    for (int i = 0; i < 300; i++) {
        show(92);
        moving += i > 3 && scene.result.moving;
    }
    cr_assert_eq(moving, 0, "moving on %d frames while it stood", moving);
    cr_assert(scene.result.changed < 0.001F, "%.4f differs after a minute",
              (double)scene.result.changed);
    for (int i = 0; i < 10; i++)
        show(-100);
    cr_assert(scene.result.changed < 0.005F, "a ghost of %.4f", (double)scene.result.changed);
    end();
}

Test(motion, exposure_steps_are_light)
{
    static const float gains[] = {1.25F, 0.8F, 1.3F, 1.0F};
    int moving = 0;

    begin(NULL);
    quiet(20);
    for (int step = 0; step < 4; step++) {
        scene.gain = gains[step];
        for (int i = 0; i < 15; i++) {
            show(-100);
            moving += scene.result.moving != 0;
        }
    }
    cr_assert_eq(moving, 0, "moving on %d frames", moving);
    end();
}

Test(motion, lights_out_is_a_scene_change_and_soon_quiet)
{
    int changes = 0;

    begin(NULL);
    quiet(20);
    scene.gain = 0.1F;
    for (int i = 0; i < 15; i++) {
        show(-100);
        changes += scene.result.scene_changed;
        cr_assert(i < 10 || scene.result.state == VD_MOTION_QUIET, "frame %d: state %d", i,
                  scene.result.state);
    }
    cr_assert_eq(changes, 1, "%d scene changes", changes);
    end();
}

/* A wall of a person: 58 % of the picture differ in the end, the rest is as it was. */
Test(motion, who_comes_close_is_no_scene_change)
{
    int changes = 0, sure = 0;

    begin(NULL);
    quiet(20);
    for (int i = 0; i < 5; i++) {
        show_box(-60 + i * 20, 0, 185, H);
        changes += scene.result.scene_changed;
        sure += has_sure();
    }
    cr_assert_eq(changes, 0, "%d scene changes", changes);
    cr_assert(sure >= 2, "sure on %d frames", sure);
    end();
}

Test(motion, a_shaking_camera_is_compensated_and_a_new_pose_followed)
{
    int moving = 0;

    begin(NULL);
    quiet(20);
    for (int i = 0; i < 60; i++) {
        scene.dx = i < 30 ? (int)(rnd_next(&scene.rnd) % 5) - 2 : 3;
        show(-100);
        moving += scene.result.moving != 0;
    }
    cr_assert(moving <= 2, "moving on %d of 60 frames", moving);
    cr_assert(scene.result.shift_px < 0.6F, "shift %.2f left", (double)scene.result.shift_px);
    end();
}

/* First column of the mask with something in it. */
static int mask_left(void)
{
    struct vd_motion_picture mask = vd_motion_mask(scene.motion);

    for (int x = 0; x < mask.w; x++)
        for (int y = 0; y < mask.h; y++)
            if (mask.data[y * mask.stride + x] != 0)
                return x;
    return -1;
}

Test(motion, a_shaking_camera_shows_things_where_the_picture_has_them)
{
    begin(NULL);
    quiet(20);
    for (int i = 0; i < 12; i++) {
        int x = 40 + i * 8;

        scene.dx = i % 2 ? -3 : 3;
        show(x);
        cr_assert_eq(scene.result.dx != 0, true, "frame %d: no shift", i);
        cr_assert_gt(scene.result.n_boxes, 0, "frame %d", i);
        cr_assert(fabsf(scene.result.boxes[0].x * W - (float)x) <= 1.5F, "box at %.1f, not %d",
                  (double)(scene.result.boxes[0].x * W), x);
        cr_assert_float_eq(scene.result.seen[0].x, scene.result.boxes[0].x, 1e-6F);
        cr_assert(abs(mask_left() - x) <= 1, "mask at %d, not %d", mask_left(), x);
    }
    cr_assert_gt(vd_motion_suppressed(scene.motion)[VD_MOTION_SHAKE], 10);
    end();
}

Test(motion, what_went_nowhere_is_counted_as_erratic_when_it_is_gone)
{
    begin(NULL);
    quiet(20);
    for (int i = 0; i < 6; i++)
        show_box(i % 2 ? 60 : 66, 100, 24, 48);
    cr_assert_eq(vd_motion_suppressed(scene.motion)[VD_MOTION_ERRATIC], 0);
    quiet(6);
    cr_assert_eq(vd_motion_suppressed(scene.motion)[VD_MOTION_ERRATIC], 1);
    end();
}

Test(motion, a_mask_blinds_and_a_zone_counts_its_own)
{
    struct vd_motion_settings s = {
        .n_zones = 2,
        .zones = {{.name = "left", .polygon = {4, {{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}}}},
                  {.name = "right", .polygon = {4, {{0.5F, 0}, {1, 0}, {1, 1}, {0.5F, 1}}}}},
        .n_masks = 1,
        .masks = {{4, {{0, 0}, {0.25F, 0}, {0.25F, 1}, {0, 1}}}},
    };
    uint32_t seen = 0;

    begin(&s);
    quiet(20);
    for (int i = 0; i < 6; i++) {
        show(4 + i * 8);
        cr_assert_eq(scene.result.moving, 0, "seen in the mask");
    }
    quiet(10);
    for (int i = 0; i < 10; i++) {
        show(170 + i * 8);
        seen |= scene.result.moving;
    }
    cr_assert_eq(seen, 2, "zones 0x%x", seen);
    end();
}

Test(motion, warm_up_takes_at_most_two_seconds)
{
    begin(NULL);
    quiet(11);
    cr_assert_eq(scene.result.state, VD_MOTION_QUIET);
    end();
}

Test(motion, refuses_settings_that_cannot_be)
{
    struct vd_motion_settings s = {.n_zones = VD_MOTION_ZONES_MAX + 1};
    struct vd_motion *motion = NULL;
    struct vd_err err;

    cr_assert_eq(vd_motion_open(&motion, &s, &err), VD_EINVAL);
    s = (struct vd_motion_settings){.n_zones = 1, .zones = {{.polygon = {.n_points = 2}}}};
    cr_assert_eq(vd_motion_open(&motion, &s, &err), VD_EINVAL);
    cr_assert_null(motion);
}

Test(motion, any_size_and_any_stride_will_do)
{
    static uint8_t luma[700 * 500];
    struct vd_motion_settings none = {0};
    struct vd_motion *motion = NULL;
    struct vd_motion_result result;
    struct vd_err err;
    uint64_t rnd = rnd_seed();

    cr_assert_eq(vd_motion_open(&motion, &none, &err), 0);
    for (int i = 0; i < 60; i++) {
        int w = 16 + (int)(rnd_next(&rnd) % 600), h = 16 + (int)(rnd_next(&rnd) % 400);
        struct vd_frame frame = {.luma = luma, .stride = 700, .w = w, .h = h};

        if (i % 2) {
            frame.luma = luma + 700 * (h - 1);
            frame.stride = -700;
        }
        for (int k = 0; k < 6; k++) {
            for (size_t p = 0; p < sizeof luma; p += 7)
                luma[p] = (uint8_t)rnd_next(&rnd);
            frame.mono_us = (i * 6 + k) * (int64_t)STEP_US;
            cr_assert_eq(vd_motion_analyze(motion, &frame, &result, &err), 0);
            cr_assert(vd_motion_mask(motion).w <= VD_MOTION_W_MAX);
        }
    }
    vd_motion_close(&motion);
}
