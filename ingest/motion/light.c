/* ingest/motion/light.c: robust gain and offset between two pictures of the same place. */
#include "ingest/motion/light.h"

#include <math.h>
#include <string.h>

enum { BINS = 1024 };

/* Median of n values within [lo, hi], to a bin's width. */
static float median(const float *values, int n, float lo, float hi)
{
    int count[BINS] = {0}, seen = 0;
    float scale = BINS / (hi - lo);

    for (int i = 0; i < n; i++) {
        float at = (values[i] - lo) * scale;
        int bin = at <= 0 ? 0 : at >= BINS - 1 ? BINS - 1 : (int)at;

        count[bin]++;
    }
    for (int bin = 0; bin < BINS; bin++) {
        seen += count[bin];
        if (2 * seen >= n)
            return lo + ((float)bin + 0.5F) / scale;
    }
    return hi;
}

/* order[] = indices of values (0..255) in rising order. */
static void sort_by_level(const float *values, int n, short *order)
{
    int start[257] = {0};

    for (int i = 0; i < n; i++)
        start[(int)values[i] + 1]++;
    for (int level = 0; level < 256; level++)
        start[level + 1] += start[level];
    for (int i = 0; i < n; i++)
        order[start[(int)values[i]]++] = (short)i;
}

/* Cells at either end of the scale say nothing of gain. */
static bool is_usable(float background, float picture)
{
    return background > 6 && background < 245 && picture > 6 && picture < 245;
}

static float fit_gain(const float *background, const float *picture, const short *order, int n)
{
    float slopes[VD_LIGHT_CELLS_MAX / 2];
    int n_slopes = 0;

    for (int i = 0; i < n / 2; i++) {
        int a = order[i], b = order[i + (n + 1) / 2];
        float run = background[b] - background[a];

        if (run >= 20)
            slopes[n_slopes++] = (picture[b] - picture[a]) / run;
    }
    if (n_slopes < 24)
        return 1;
    return median(slopes, n_slopes, 0.0F, 4.0F);
}

static void residuals(struct vd_light *light, const float *background, const float *picture,
                      int n, float limit)
{
    float rest[VD_LIGHT_CELLS_MAX], raw[VD_LIGHT_CELLS_MAX];
    int out = 0;
    float sum = 0;

    for (int i = 0; i < n; i++) {
        float expected = light->gain * background[i] + light->offset;

        expected = expected < 0 ? 0 : expected > 255 ? 255 : expected;
        sum += expected - background[i];
        raw[i] = fabsf(picture[i] - background[i]);
        rest[i] = fabsf(picture[i] - expected);
        out += rest[i] > limit;
    }
    light->mean = sum / (float)n;
    light->before = median(raw, n, 0, 128);
    light->after = median(rest, n, 0, 128);
    light->outliers = (float)out / (float)n;
}

void vd_light_estimate(struct vd_light *ret_light, const float *background,
                       const float *picture, int n, float noise)
{
    struct vd_light none = {.gain = 1}, fit = {.gain = 1};
    short order[VD_LIGHT_CELLS_MAX];
    float b[VD_LIGHT_CELLS_MAX], x[VD_LIGHT_CELLS_MAX];
    float limit = 4 * noise > 6 ? 4 * noise : 6;
    int used = 0;

    residuals(&none, background, picture, n, limit);
    *ret_light = none;
    if (none.before < 0.75F && none.outliers < 0.15F)
        return;
    for (int i = 0; i < n; i++) {
        if (!is_usable(background[i], picture[i]))
            continue;
        b[used] = background[i];
        x[used++] = picture[i];
    }
    if (used < n / 4 || used < 16)
        return;
    sort_by_level(b, used, order);
    fit.gain = fit_gain(b, x, order, used);
    for (int i = 0; i < used; i++)
        x[i] -= fit.gain * b[i];
    fit.offset = median(x, used, -256, 256);
    residuals(&fit, background, picture, n, limit);
    fit.is_changed = fit.after < 0.8F * none.before && none.before - fit.after > 0.4F &&
                     fit.outliers <= none.outliers + 0.02F;
    if (fit.is_changed)
        *ret_light = fit;
}
