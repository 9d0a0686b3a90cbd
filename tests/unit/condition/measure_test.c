#include "ingest/condition/measure.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/rnd.h"

enum { W = 320, H = 176, N = W * H };

/* About normal: the sum of twelve uniform numbers, less their mean (Irwin-Hall). */
static double normal(uint64_t *seed)
{
    double sum = 0;

    for (int i = 0; i < 12; i++)
        sum += (double)(rnd_next(seed) >> 11) / (double)(UINT64_C(1) << 53);
    return sum - 6;
}

static uint8_t grey(double v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5);
}

Test(measure, levels_are_those_of_a_ramp)
{
    static uint8_t luma[256 * 4];
    struct vd_levels levels;

    for (int i = 0; i < 256 * 4; i++)
        luma[i] = (uint8_t)(i % 256);
    vd_measure_levels(luma, 256, 256, 4, &levels);
    cr_assert_float_eq(levels.mean, 127.5, 0.01);
    cr_assert_float_eq(levels.p5, 12, 1.1);
    cr_assert_float_eq(levels.p50, 127, 1.1);
    cr_assert_float_eq(levels.p95, 243, 1.1);
}

/* Noise of known sigma is found within 10 %, whatever the light did and though a fifth of the
 * picture moved. */
Test(measure, noise_is_found_under_light_and_motion)
{
    static const double sigmas[] = {1, 2, 4, 8, 16};
    static uint8_t a[N], b[N];
    uint64_t seed = rnd_seed();

    for (size_t s = 0; s < sizeof sigmas / sizeof sigmas[0]; s++) {
        struct vd_difference d;

        for (int i = 0; i < N; i++) {
            a[i] = grey(100 + sigmas[s] * normal(&seed));
            b[i] = grey(115 + sigmas[s] * normal(&seed) + (i % W < W / 5 ? 60 : 0));
        }
        vd_measure_difference(b, W, a, W, H, &d);
        /* What moved lies beyond: the median of magnitudes becomes the 62nd percentile. */
        cr_assert(d.noise > sigmas[s] * 0.9 && d.noise < sigmas[s] * 1.4 + 0.2,
                  "sigma %.0f: %.2f", sigmas[s], (double)d.noise);
    }
}

Test(measure, equal_pictures_do_not_stir)
{
    static uint8_t a[N];
    struct vd_difference d;
    uint64_t seed = rnd_seed();

    for (int i = 0; i < N; i++)
        a[i] = (uint8_t)rnd_next(&seed);
    vd_measure_difference(a, W, a, W, H, &d);
    cr_assert_eq(d.stir, 0);
    cr_assert_lt(d.noise, 0.6);
}

/* Bricks of random grey, so that there are edges everywhere. */
static void bricks(uint16_t *picture, int shift_px, double gain, double offset)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            uint64_t cell = (uint64_t)((x + shift_px) / 9) * 7919 + (uint64_t)(y / 7) * 104729;

            picture[y * W + x] =
                (uint16_t)(256 * (offset + gain * (double)(60 + rnd_next(&cell) % 120)));
        }
}

Test(measure, light_changes_no_structure)
{
    static uint16_t a[N], b[N];
    struct vd_structure s;

    bricks(a, 0, 1, 0);
    bricks(b, 0, 0.5, 30);
    vd_measure_structure(b, a, W, H, 1, &s);
    cr_assert_gt(s.ref_edged, 0.9);
    cr_assert_eq(s.gone, 0);
    cr_assert_gt(s.match, 0.99);
}

Test(measure, a_flat_picture_has_lost_all_structure)
{
    static uint16_t a[N], b[N];
    struct vd_structure s;

    bricks(a, 0, 1, 0);
    for (int i = 0; i < N; i++)
        b[i] = 90 * 256;
    vd_measure_structure(b, a, W, H, 1, &s);
    cr_assert_eq(s.gone, 1);
    cr_assert_eq(s.edged, 0);
    cr_assert_eq(s.textured, 0);
}

Test(measure, a_turn_is_found_with_its_way)
{
    static const int shifts[] = {8, 12, 24, 40, 76, -16, -60};
    static uint16_t a[N], b[N];

    bricks(a, 400, 1, 0);
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        struct vd_turn t;

        bricks(b, 400 + shifts[i], 0.8, 10);
        vd_measure_turn(b, a, W, H, &t);
        cr_assert_eq(t.dx_px, -shifts[i], "%d: %d", shifts[i], t.dx_px);
        cr_assert_eq(t.dy_px, 0);
        cr_assert_gt(t.match, 0.9);
        cr_assert_lt(t.still, 0.5);
    }
}

Test(measure, blur_takes_fine_energy_and_leaves_coarse)
{
    static uint16_t a[N], b[N];
    struct vd_structure sharp, soft;

    bricks(a, 0, 1, 0);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            uint32_t sum = 0;

            for (int j = -1; j <= 1; j++)
                for (int i = -1; i <= 1; i++) {
                    int yy = y + j < 0 ? 0 : y + j >= H ? H - 1 : y + j;
                    int xx = x + i < 0 ? 0 : x + i >= W ? W - 1 : x + i;

                    sum += a[yy * W + xx];
                }
            b[y * W + x] = (uint16_t)(sum / 9);
        }
    vd_measure_structure(a, a, W, H, 1, &sharp);
    vd_measure_structure(b, a, W, H, 1, &soft);
    cr_assert_lt(soft.fine, 0.6 * sharp.fine);
    cr_assert_gt(soft.match, 0.6);
}
