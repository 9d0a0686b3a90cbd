/* ingest/motion/shift.c: global shift by one-dimensional projections. */
#include "ingest/motion/shift.h"

_Static_assert(VD_SHIFT_MAX == 6, "what the kernel looks through");

/* Slopes, so that light does not matter. */
static void finish(float *sums, int n, float scale)
{
    for (int i = 0; i + 1 < n; i++)
        sums[i] = (sums[i + 1] - sums[i]) * scale;
    sums[n - 1] = 0;
}

void vd_projection_of_sums(struct vd_projection *p, const int32_t *columns, const int32_t *rows,
                           int w, int h, float unit)
{
    p->w = w;
    p->h = h;
    for (int x = 0; x < w; x++)
        p->columns[x] = (float)columns[x];
    for (int y = 0; y < h; y++)
        p->rows[y] = (float)rows[y];
    finish(p->columns, w, 1.0F / (unit * (float)h));
    finish(p->rows, h, 1.0F / (unit * (float)w));
}

static float best_shift(const float *b, const float *x, int n, const struct vd_dsp *dsp,
                        float *ret_trust)
{
    float cost[2 * VD_SHIFT_MAX + 1], least;
    int best = VD_SHIFT_MAX;

    dsp->shift_cost(b, x, n, cost);
    for (int i = 0; i <= 2 * VD_SHIFT_MAX; i++)
        if (cost[i] < cost[best])
            best = i;
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
                       const struct vd_projection *picture, const struct vd_dsp *dsp)
{
    ret_shift->dx = best_shift(background->columns, picture->columns, background->w, dsp,
                               &ret_shift->trust_x);
    ret_shift->dy =
        best_shift(background->rows, picture->rows, background->h, dsp, &ret_shift->trust_y);
}
