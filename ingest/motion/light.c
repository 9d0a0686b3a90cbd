/* ingest/motion/light.c: robust gain and offset between two pictures of the same place. */
#include "ingest/motion/light.h"

#include <math.h>
#include <stdint.h>

enum { SAMPLES_MAX = 400, PAIRS = 96 };

static const float GAIN_MIN = 0.5F, GAIN_MAX = 2.0F;
static const float RUN_MIN = 15;     /* grey levels between two cells that tell a gain */
static const float AGREE_MIN = 0.3F; /* of the cells have to agree */

struct sample {
    const struct vd_dsp *dsp;
    float b[SAMPLES_MAX], x[SAMPLES_MAX];
    int n;
    float limit;
};

static float expected(float gain, float offset, float b)
{
    float e = gain * b + offset;

    return e < 0 ? 0 : e > 255 ? 255 : e;
}

/* As vd_agree_fn. Exposure is no straight line: the more there is to explain, the more may be
 * left over. */
static bool agrees(const struct sample *s, int i, float gain, float offset)
{
    float e = expected(gain, offset, s->b[i]);

    return fabsf(s->x[i] - e) <= s->limit + 0.15F * fabsf(e - s->b[i]);
}

static int count_agreeing(const struct sample *s, float gain, float offset)
{
    return s->dsp->agree(s->b, s->x, s->n, gain, offset, s->limit);
}

static void keep_better(const struct sample *s, float gain, float offset, int *best,
                        struct vd_light *light)
{
    int n;

    if (!(gain >= GAIN_MIN && gain <= GAIN_MAX))
        return;
    n = count_agreeing(s, gain, offset);
    if (n > *best) {
        *best = n;
        light->gain = gain;
        light->offset = offset;
    }
}

/* The same pairs for the same picture: a linear congruential sequence, seeded by nothing. */
static int search(const struct sample *s, struct vd_light *light)
{
    uint32_t seed = 1;
    int best = 0;

    for (int i = 0; i < PAIRS; i++) {
        int a, b;
        float run;

        seed = seed * 1664525U + 1013904223U;
        a = (int)((seed >> 8) % (uint32_t)s->n);
        seed = seed * 1664525U + 1013904223U;
        b = (int)((seed >> 8) % (uint32_t)s->n);
        run = s->b[b] - s->b[a];
        if (fabsf(run) >= RUN_MIN) {
            float gain = (s->x[b] - s->x[a]) / run;

            keep_better(s, gain, s->x[a] - gain * s->b[a], &best, light);
        }
        if (i % 4 == 0)
            keep_better(s, 1, s->x[a] - s->b[a], &best, light);
        if (i % 4 == 1 && s->b[a] > RUN_MIN)
            keep_better(s, s->x[a] / s->b[a], 0, &best, light);
    }
    return best;
}

/* Least squares over those that agree; kept where it does not lose any. */
static void refine(const struct sample *s, struct vd_light *light, int *best)
{
    for (int turn = 0; turn < 2; turn++) {
        double sb = 0, sx = 0, sbb = 0, sbx = 0, n = 0, det;

        for (int i = 0; i < s->n; i++) {
            if (!agrees(s, i, light->gain, light->offset) || s->x[i] < 4 || s->x[i] > 250)
                continue;
            n++;
            sb += (double)s->b[i];
            sx += (double)s->x[i];
            sbb += (double)(s->b[i] * s->b[i]);
            sbx += (double)(s->b[i] * s->x[i]);
        }
        det = n * sbb - sb * sb;
        if (n < 16)
            return;
        if (det > 100 * n * n)
            keep_better(s, (float)((n * sbx - sb * sx) / det),
                        (float)((sx * sbb - sb * sbx) / det), best, light);
        else
            keep_better(s, light->gain, (float)((sx - (double)light->gain * sb) / n), best,
                        light);
        *best -= *best > 0; /* the next turn may be as good and is the finer one */
    }
    *best = count_agreeing(s, light->gain, light->offset);
}

static float mean_change(const float *background, int n, const struct vd_light *light)
{
    float sum = 0;

    for (int i = 0; i < n; i++)
        sum += expected(light->gain, light->offset, background[i]) - background[i];
    return sum / (float)n;
}

static float median_difference(const struct sample *s)
{
    int count[257] = {0}, seen = 0;

    for (int i = 0; i < s->n; i++) {
        float far = 8 * fabsf(s->x[i] - s->b[i]);

        count[far < 256 ? (int)far : 256]++;
    }
    for (int i = 0; i < 257; i++) {
        seen += count[i];
        if (2 * seen >= s->n)
            return (float)i / 8;
    }
    return 32;
}

void vd_light_estimate(struct vd_light *ret_light, const float *background,
                       const float *picture, int n, float noise, const struct vd_dsp *dsp)
{
    struct vd_light fit = {.gain = 1};
    struct sample s = {.dsp = dsp, .limit = fmaxf(2.5F, noise)};
    int step = (n + SAMPLES_MAX - 1) / SAMPLES_MAX, none, best;
    float median;

    for (int i = 0; i < n; i += step) {
        s.b[s.n] = background[i];
        s.x[s.n++] = picture[i];
    }
    none = count_agreeing(&s, 1, 0);
    median = median_difference(&s);
    *ret_light = (struct vd_light){.gain = 1};
    ret_light->agree = ret_light->agree_none = (float)none / (float)s.n;
    if ((median < 0.6F && none * 10 >= 9 * s.n) || s.n < 32)
        return;
    best = search(&s, &fit);
    refine(&s, &fit, &best);
    fit.agree = (float)best / (float)s.n;
    fit.agree_none = ret_light->agree_none;
    fit.mean = mean_change(background, n, &fit);
    fit.is_changed =
        fit.agree >= AGREE_MIN &&
        (fit.agree >= fit.agree_none + 0.12F ||
         (fit.agree >= fit.agree_none + 0.02F && fit.agree > 0.8F && fabsf(fit.mean) > 0.75F));
    if (fit.is_changed)
        *ret_light = fit;
}
