/* ingest/motion/dsp.c: the hot loops in plain C, which specify every other version, and the
 * choice between versions. */
#include "ingest/motion/dsp.h"

#include <math.h>
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

static void classify(const struct vd_compare_row *row, const struct vd_model_step *step,
                     uint8_t *flags, int i)
{
    const struct vd_model *model = row->model;
    int v = row->x[i] << 7;
    int d = distance(v, model->mean0[i]);
    int d1 = distance(v, model->mean1[i]);
    int t = threshold(step, model->dev[i]);
    int slack = row->tolerance[i] << 7;
    unsigned f = 0;

    if (model->weight1[i] >= step->weight_bg)
        d = MIN(d, d1);
    if (d > MIN(t + slack, INT16_MAX))
        f |= VD_PIXEL_WEAK;
    if (d > MIN(MIN(2 * t, INT16_MAX) + slack, INT16_MAX))
        f |= VD_PIXEL_STRONG;
    if (v < model->mean0[i])
        f |= VD_PIXEL_DARKER;
    if (distance(v, row->before[i] << 7) > MIN(t + (t >> 1), INT16_MAX))
        f |= VD_PIXEL_CHANGED;
    flags[i] = (uint8_t)(f & VD_PIXEL_WEAK ? f : 0);
}

static void learn(const struct vd_compare_row *row, const struct vd_model_step *step, int i)
{
    const struct vd_model *model = row->model;
    int v = row->x[i] << 7;
    int m0 = model->mean0[i], m1 = model->mean1[i];
    int d0 = distance(v, m0), d1 = distance(v, m1);
    int dev = model->dev[i], weight = model->weight1[i];
    int t = threshold(step, dev);
    int is0 = d0 <= t, is1 = !is0 && d1 <= t;

    if (is0)
        m0 += share(v - m0, step->a_mean);
    if (is1)
        m1 += share(v - m1, step->a_mean);
    if (!row->hold[i]) {
        int d = MIN(MIN(d0, d1), step->dev_max);

        dev += share(d - dev, step->a_dev);
        weight +=
            is1 ? share(INT16_MAX - weight, step->a_weight) : -share(weight, step->a_weight);
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

static void compare_c(const struct vd_compare_row *row, const struct vd_model_step *step,
                      uint8_t *flags, int w)
{
    for (int i = 0; i < w; i++) {
        classify(row, step, flags, i);
        learn(row, step, i);
    }
}

static void sum_bytes_c(const uint8_t *p, ptrdiff_t stride, int w, int rows, int32_t *columns,
                        int32_t *cells, int32_t *row_sums)
{
    memset(cells, 0, (size_t)(w + 7) / 8 * sizeof *cells);
    for (int y = 0; y < rows; y++, p += stride) {
        int32_t sum = 0;

        for (int x = 0; x < w; x++) {
            columns[x] += p[x];
            cells[x / 8] += p[x];
            sum += p[x];
        }
        row_sums[y] = sum;
    }
}

static void sum_q7_c(const int16_t *p, ptrdiff_t stride, int w, int rows, int32_t *columns,
                     int32_t *cells, int32_t *row_sums)
{
    memset(cells, 0, (size_t)(w + 7) / 8 * sizeof *cells);
    for (int y = 0; y < rows; y++, p += stride) {
        int32_t sum = 0;

        for (int x = 0; x < w; x++) {
            columns[x] += p[x];
            cells[x / 8] += p[x];
            sum += p[x];
        }
        row_sums[y] = sum;
    }
}

static void count_c(const uint8_t *flags, ptrdiff_t stride, int w, int rows, uint8_t *weak,
                    uint8_t *restless)
{
    for (int c = 0; c < w / 8; c++) {
        int sum = 0, both = 0;

        for (int y = 0; y < rows; y++) {
            for (int x = 8 * c; x < 8 * c + 8; x++) {
                int f = flags[y * stride + x];

                sum += f & VD_PIXEL_WEAK;
                both += f & VD_PIXEL_WEAK & (f / VD_PIXEL_CHANGED);
            }
        }
        weak[c] = (uint8_t)sum;
        restless[c] = (uint8_t)both;
    }
}

static void bits_c(const uint8_t *flags, int w, uint64_t *bits)
{
    memset(bits, 0, (size_t)(w + 63) / 64 * sizeof *bits);
    for (int x = 0; x < w; x++)
        bits[x / 64] |= (uint64_t)(flags[x] & VD_PIXEL_WEAK) << (x % 64);
}

static void relight_c(int16_t *p, int n, int gain_q12, int offset_q7)
{
    for (int i = 0; i < n; i++) {
        int v = ((p[i] * gain_q12 + (1 << 11)) >> 12) + offset_q7;

        p[i] = (int16_t)MAX(0, MIN(v, 255 << 7));
    }
}

static void range_c(const int16_t *above, const int16_t *row, const int16_t *below,
                    uint8_t *range, int w)
{
    for (int x = 0; x < w; x++) {
        int lo = INT16_MAX, hi = 0;

        for (int i = x > 0 ? x - 1 : 0; i <= x + 1 && i < w; i++) {
            lo = MIN(lo, MIN(above[i], MIN(row[i], below[i])));
            hi = MAX(hi, MAX(above[i], MAX(row[i], below[i])));
        }
        hi = (hi - lo) >> 8;
        range[x] = (uint8_t)MIN(hi, 100);
    }
}

static int agree_c(const float *b, const float *x, int n, float gain, float offset, float limit)
{
    int agreeing = 0;

    for (int i = 0; i < n; i++) {
        float e = gain * b[i] + offset;

        e = MIN(MAX(e, 0.0F), 255.0F);
        agreeing += fabsf(x[i] - e) <= limit + 0.15F * fabsf(e - b[i]);
    }
    return agreeing;
}

static void shift_cost_c(const float *b, const float *x, int n, float cost[13])
{
    for (int s = -6; s <= 6; s++) {
        float sum = 0;

        for (int i = 6; i < n - 7; i++) {
            float d = fabsf(x[i + s] - b[i]);

            sum += MIN(d, 12.0F);
        }
        cost[s + 6] = sum;
    }
}

const struct vd_dsp vd_dsp_c = {
    .shrink = shrink_c,
    .compare = compare_c,
    .sum_bytes = sum_bytes_c,
    .sum_q7 = sum_q7_c,
    .count = count_c,
    .bits = bits_c,
    .relight = relight_c,
    .range = range_c,
    .agree = agree_c,
    .shift_cost = shift_cost_c,
};

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
    *dsp = vd_dsp_c;
#if defined(__x86_64__)
    if (cpu_flags & VD_CPU_SSE2)
        vd_dsp_init_sse2(dsp);
    if (cpu_flags & VD_CPU_AVX2)
        vd_dsp_init_avx2(dsp);
#elif defined(__aarch64__)
    if (cpu_flags & VD_CPU_NEON)
        vd_dsp_init_neon(dsp);
#else
    (void)cpu_flags;
#endif
}
