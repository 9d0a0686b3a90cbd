/* ingest/motion/dsp.c: the hot loops in plain C, which specify every other version, and the
 * choice between versions. */
#include "ingest/motion/dsp.h"

#include <string.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static void shrink_c(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                     ptrdiff_t dst_stride, int w, int h, int n)
{
    unsigned count = (unsigned)(n * n);
    /* ceil(2^24 / count): exact for sums of at most 32 x 32 bytes */
    uint64_t scale = ((UINT64_C(1) << 32) + count - 1) / count;

    if (n == 1) {
        for (int y = 0; y < h; y++)
            memcpy(dst + y * dst_stride, src + y * src_stride, (size_t)w);
        return;
    }
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            unsigned sum = count / 2;

            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++)
                    sum += src[(y * n + i) * src_stride + x * n + j];
            dst[y * dst_stride + x] = (uint8_t)((sum * scale) >> 32);
        }
    }
}

/* As pmulhrsw: a * b / 2^15, rounded. */
static int16_t share(int a, int b)
{
    return (int16_t)((a * b + 0x4000) >> 15);
}

static int distance(int a, int b)
{
    return a < b ? b - a : a - b;
}

static int threshold(const struct vd_model_step *step, int dev)
{
    return MAX((int)step->t_min, MIN(3 * dev, INT16_MAX));
}

static void classify_c(const uint8_t *x, const uint8_t *before, const uint8_t *tolerance,
                       const struct vd_model *model, const struct vd_model_step *step,
                       uint8_t *flags, int w)
{
    for (int i = 0; i < w; i++) {
        int v = x[i] << 7;
        int d = distance(v, model->mean0[i]);
        int d1 = distance(v, model->mean1[i]);
        int t = threshold(step, model->dev[i]);
        int slack = tolerance[i] << 7;
        unsigned f = 0;

        if (model->weight1[i] >= step->weight_bg)
            d = MIN(d, d1);
        if (d > MIN(t + slack, INT16_MAX))
            f |= VD_PIXEL_WEAK;
        if (d > MIN(MIN(2 * t, INT16_MAX) + slack, INT16_MAX))
            f |= VD_PIXEL_STRONG;
        if (v < model->mean0[i])
            f |= VD_PIXEL_DARKER;
        if (distance(v, before[i] << 7) > MIN(t + (t >> 1), INT16_MAX))
            f |= VD_PIXEL_CHANGED;
        flags[i] = (uint8_t)f;
    }
}

static void learn_c(const uint8_t *x, const uint8_t *hold, const struct vd_model *model,
                    const struct vd_model_step *step, int w)
{
    for (int i = 0; i < w; i++) {
        int v = x[i] << 7;
        int m0 = model->mean0[i], m1 = model->mean1[i];
        int d0 = distance(v, m0), d1 = distance(v, m1);
        int dev = model->dev[i], weight = model->weight1[i];
        int t = threshold(step, dev);
        int is0 = d0 <= t, is1 = !is0 && d1 <= t;

        if (is0)
            m0 += share(v - m0, step->a_mean);
        if (is1)
            m1 += share(v - m1, step->a_mean);
        if (!hold[i]) {
            int d = MIN(MIN(d0, d1), step->dev_max);

            dev += share(d - dev, step->a_dev);
            weight += is1 ? share(INT16_MAX - weight, step->a_weight)
                          : -share(weight, step->a_weight);
            if (!is0 && !is1 && weight < step->weight_new) {
                m1 = v;
                weight = share(INT16_MAX, step->a_weight);
            }
            if (weight > 1 << 14) {
                int m = m0;

                m0 = m1;
                m1 = m;
                weight = INT16_MAX - weight;
            }
        }
        model->mean0[i] = (int16_t)m0;
        model->mean1[i] = (int16_t)m1;
        model->dev[i] = (int16_t)dev;
        model->weight1[i] = (int16_t)weight;
    }
}

unsigned vd_cpu_flags(void)
{
    unsigned flags = 0;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse2"))
        flags |= VD_CPU_SSE2;
    if (__builtin_cpu_supports("avx2"))
        flags |= VD_CPU_AVX2;
#elif defined(__aarch64__)
    flags |= VD_CPU_NEON;
#endif
    return flags;
}

void vd_dsp_init(struct vd_dsp *dsp, unsigned cpu_flags)
{
    (void)cpu_flags;
    dsp->shrink = shrink_c;
    dsp->classify = classify_c;
    dsp->learn = learn_c;
}
