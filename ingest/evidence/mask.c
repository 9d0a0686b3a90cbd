#include "ingest/evidence/mask.h"

#include <math.h>
#include <string.h>

enum { SLICES = 4, MARGIN = 1 };

/* Blackens row y from x0 to x1 (samples, any order of magnitude), both included. */
static void fill(uint8_t *row, int w, double x0, double x1, uint8_t value)
{
    double from = floor(x0) - MARGIN, to = ceil(x1) + MARGIN;

    if (to < 0 || from > w - 1)
        return;
    from = from < 0 ? 0 : from;
    to = to > w - 1 ? w - 1 : to;
    memset(row + (int)from, value, (size_t)((int)to - (int)from + 1));
}

/* Where the polygon's outline crosses the horizontal line at y, sorted. */
static int crossings(const struct vd_polygon *polygon, int w, int h, double y, double *xs)
{
    int n = 0;

    for (int i = 0; i < polygon->n_points; i++) {
        const struct vd_point *a = &polygon->points[i];
        const struct vd_point *b = &polygon->points[(i + 1) % polygon->n_points];
        double ay = (double)a->y * h, by = (double)b->y * h, x;
        int k;

        if ((ay <= y) == (by <= y))
            continue;
        x = ((double)a->x + (double)(b->x - a->x) * (y - ay) / (by - ay)) * w;
        for (k = n++; k > 0 && xs[k - 1] > x; k--)
            xs[k] = xs[k - 1];
        xs[k] = x;
    }
    return n;
}

static void burn(const struct vd_polygon *polygon, uint8_t *plane, int stride, int w, int h,
                 uint8_t value)
{
    double xs[VD_CONFIG_POINTS_MAX];

    for (int y = 0; y < h; y++) {
        uint8_t *row = plane + (ptrdiff_t)y * stride;

        /* Lines at, between and just beyond the row's edges catch what the middle would miss.
         */
        for (int k = -SLICES; k <= 2 * SLICES; k++) {
            int n = crossings(polygon, w, h, y + (double)k / SLICES + 1e-9, xs);

            for (int i = 0; i + 1 < n; i += 2)
                fill(row, w, xs[i], xs[i + 1], value);
        }
        for (int i = 0; i < polygon->n_points; i++) {
            double px = (double)polygon->points[i].x * w, py = (double)polygon->points[i].y * h;

            if (fabs(py - y - 0.5) <= 1)
                fill(row, w, px, px, value);
        }
    }
}

void vd_mask_burn(const struct vd_mask_cfg *masks, int n_masks, uint8_t *plane, int stride,
                  int w, int h, uint8_t value)
{
    for (int i = 0; i < n_masks; i++)
        if (masks[i].is_private)
            burn(&masks[i].polygon, plane, stride, w, h, value);
}
