/* ingest/motion/shift.c: global shift by one-dimensional projections. */
#include "ingest/motion/shift.h"

#include <math.h>
#include <string.h>

/* Slopes, so that light does not matter. */
static void finish(float *sums, int n, float scale)
{
    for (int i = 0; i + 1 < n; i++)
        sums[i] = (sums[i + 1] - sums[i]) * scale;
    sums[n - 1] = 0;
}

void vd_projection_of_bytes(struct vd_projection *p, const uint8_t *data, ptrdiff_t stride,
                            int w, int h)
{
    uint32_t columns[352] = {0};

    p->w = w;
    p->h = h;
    for (int y = 0; y < h; y++, data += stride) {
        uint32_t sum = 0;

        for (int x = 0; x < w; x++) {
            columns[x] += data[x];
            sum += data[x];
        }
        p->rows[y] = (float)sum;
    }
    for (int x = 0; x < w; x++)
        p->columns[x] = (float)columns[x];
    finish(p->columns, w, 1.0F / (float)h);
    finish(p->rows, h, 1.0F / (float)w);
}

void vd_projection_of_q7(struct vd_projection *p, const int16_t *data, ptrdiff_t stride, int w,
                         int h)
{
    int32_t columns[352] = {0};

    p->w = w;
    p->h = h;
    for (int y = 0; y < h; y++, data += stride) {
        int32_t sum = 0;

        for (int x = 0; x < w; x++) {
            columns[x] += data[x];
            sum += data[x];
        }
        p->rows[y] = (float)sum;
    }
    for (int x = 0; x < w; x++)
        p->columns[x] = (float)columns[x];
    finish(p->columns, w, 1.0F / (128.0F * (float)h));
    finish(p->rows, h, 1.0F / (128.0F * (float)w));
}

static float best_shift(const float *b, const float *x, int n, float *ret_trust)
{
    float cost[2 * VD_SHIFT_MAX + 1], least;
    int best = VD_SHIFT_MAX;

    for (int s = -VD_SHIFT_MAX; s <= VD_SHIFT_MAX; s++) {
        float sum = 0;

        for (int i = VD_SHIFT_MAX; i < n - VD_SHIFT_MAX - 1; i++)
            sum += fminf(fabsf(x[i + s] - b[i]), 12.0F);
        cost[s + VD_SHIFT_MAX] = sum;
        if (sum < cost[best])
            best = s + VD_SHIFT_MAX;
    }
    least = cost[best];
    *ret_trust = cost[VD_SHIFT_MAX] > 0 ? least / cost[VD_SHIFT_MAX] : 1;
    if (best > 0 && best < 2 * VD_SHIFT_MAX) {
        float l = cost[best - 1], r = cost[best + 1], bend = l - 2 * least + r;

        if (bend > 0)
            return (float)(best - VD_SHIFT_MAX) + 0.5F * (l - r) / bend;
    }
    return (float)(best - VD_SHIFT_MAX);
}

void vd_shift_estimate(struct vd_shift *ret_shift, const struct vd_projection *background,
                       const struct vd_projection *picture)
{
    ret_shift->dx =
        best_shift(background->columns, picture->columns, background->w, &ret_shift->trust_x);
    ret_shift->dy =
        best_shift(background->rows, picture->rows, background->h, &ret_shift->trust_y);
}
