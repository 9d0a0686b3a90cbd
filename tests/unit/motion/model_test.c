/* The model of one pixel against closed-form answers: a step, a ramp, noise of known sigma. */
#include <criterion/criterion.h>

#include <math.h>

#include "ingest/motion/dsp.h"
#include "tests/support/rnd.h"

struct pixel {
    int16_t mean0, mean1, dev, weight1;
};

static const struct vd_model_step step = {
    .t_min = 576,    /* 4.5 grey levels */
    .dev_max = 1536, /* 12 */
    .a_mean = 1092,  /* 0.2 s / 6 s */
    .a_dev = 819,    /* 0.2 s / 8 s */
    .a_weight = 94,  /* 0.2 s / 70 s */
    .weight_new = 1600,
    .weight_bg = 7209, /* 0.22 */
};

static uint8_t show(struct pixel *p, uint8_t x)
{
    const struct vd_model model = {&p->mean0, &p->mean1, &p->dev, &p->weight1};
    const uint8_t zero = 0;
    const struct vd_compare_row row = {
        .x = &x, .before = &x, .tolerance = &zero, .hold = &zero, .model = &model};
    struct vd_dsp dsp;
    uint8_t flags = 0;

    vd_dsp_init(&dsp, 0);
    dsp.compare(&row, &step, &flags, 1);
    return flags;
}

static struct pixel settled(int level)
{
    return (struct pixel){(int16_t)(level << 7), (int16_t)(level << 7), 128, 0};
}

/* weight(n) = 1 - (1 - w1)(1 - a)^(n-1) with w1 = a; background from 0.22 on:
 * n = 1 + ln((1 - 0.22) / (1 - a)) / ln(1 - a) = 86 frames = 17 s at 5 a second. */
Test(model, absorbs_what_came_to_stay_after_the_stated_time)
{
    struct pixel p = settled(100);
    double a = 94.0 / 32768;
    int want = (int)ceil(log(1 - 0.22) / log(1 - a)), n = 0;

    while (n < 1000 && (show(&p, 160) & VD_PIXEL_WEAK))
        n++;
    cr_assert(abs(n - want) <= 3, "absorbed after %d frames, want %d", n, want);
}

Test(model, knows_the_old_background_again_when_the_visitor_leaves)
{
    struct pixel p = settled(100);

    for (int i = 0; i < 300; i++) /* a minute */
        show(&p, 160);
    cr_assert_eq(p.mean0 >> 7, 160, "mode 0 is at %d", p.mean0 >> 7);
    cr_assert_not(show(&p, 100) & VD_PIXEL_WEAK, "a ghost where the visitor stood");
}

/* An EMA with rate a follows a ramp of r levels a frame with a lag of r / a. */
Test(model, follows_a_ramp_that_is_slower_than_threshold_times_rate)
{
    struct pixel p = settled(60);
    double r = 0.05, lag = r / (1092.0 / 32768);

    for (int i = 0; i < 2000; i++) {
        uint8_t flags = show(&p, (uint8_t)lrint(60 + r * i));

        cr_assert_not(flags & VD_PIXEL_WEAK, "lost at frame %d", i);
    }
    cr_assert(fabs(60 + r * 2000 - p.mean0 / 128.0 - lag) < 1.0, "lag %.2f, want %.2f",
              60 + r * 2000 - p.mean0 / 128.0, lag);
}

Test(model, does_not_drift_on_a_constant)
{
    struct pixel p = settled(77);

    for (int i = 0; i < 100000; i++)
        show(&p, 77);
    cr_assert_eq(p.mean0, 77 << 7, "mean went to %d / 128", p.mean0);
}

/* Sum of 12 uniforms: sigma 1, to be scaled. */
static double gauss(uint64_t *rnd)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += (double)(rnd_next(rnd) >> 11) / 9007199254740992.0;
    return sum;
}

/* dev settles near the mean absolute deviation, 0.8 sigma, so that the threshold of 3 dev is
 * 2.4 sigma and 1.6 % of a normal distribution lie beyond; what lies beyond counts less in dev,
 * and dev wanders, which together make it 3 to 7 %. Seeds, at twice that, are practically none.
 */
Test(model, false_pixel_rate_at_noise_of_known_sigma)
{
    uint64_t rnd = rnd_seed();

    for (int sigma = 3; sigma <= 9; sigma += 3) {
        struct pixel p = settled(128);
        int weak = 0, strong = 0, n = 40000;

        for (int i = 0; i < 2000 + n; i++) {
            uint8_t flags = show(&p, (uint8_t)lrint(128 + sigma * gauss(&rnd)));

            weak += i >= 2000 && (flags & VD_PIXEL_WEAK);
            strong += i >= 2000 && (flags & VD_PIXEL_STRONG);
        }
        cr_assert(weak < n * 0.07, "sigma %d: %.2f %% weak", sigma, 100.0 * weak / n);
        cr_assert(strong < n * 0.0005, "sigma %d: %.3f %% strong", sigma, 100.0 * strong / n);
        cr_assert(fabs(p.dev / 128.0 - 0.8 * sigma) < 0.35 * sigma, "sigma %d: dev %.2f", sigma,
                  p.dev / 128.0);
    }
}

Test(model, two_values_in_turn_become_two_modes)
{
    struct pixel p = settled(50);
    int weak = 0;

    for (int i = 0; i < 1200; i++) {
        uint8_t flags = show(&p, i % 3 == 0 ? 150 : 50);

        weak += i > 600 && (flags & VD_PIXEL_WEAK);
    }
    cr_assert_eq(weak, 0, "%d of 600 frames", weak);
}
