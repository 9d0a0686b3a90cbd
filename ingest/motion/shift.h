/* ingest/motion/shift.h: by how many pixels the whole picture moved against its background. */
#ifndef VD_INGEST_MOTION_SHIFT_H
#define VD_INGEST_MOTION_SHIFT_H

#include <stddef.h>
#include <stdint.h>

#include "ingest/motion/dsp.h"

enum { VD_SHIFT_MAX = 6 };

/* Sums of columns and rows, means removed: 1-d pictures of a picture. */
struct vd_projection {
    int w, h;
    float columns[352], rows[288];
};

struct vd_shift {
    float dx, dy;  /* picture(x + dx, y + dy) = background(x, y), pixels */
    float trust_x; /* residual at the best shift / residual unshifted, 1: no evidence */
    float trust_y;
};

/* From the sums of w columns and h rows; unit of the values are one grey level. */
void vd_projection_of_sums(struct vd_projection *ret_projection, const int32_t *columns,
                           const int32_t *rows, int w, int h, float unit);

/* Absolute difference of the projections' slopes over +-VD_SHIFT_MAX, refined by a parabola.
 * Both must be of one size. */
void vd_shift_estimate(struct vd_shift *ret_shift, const struct vd_projection *background,
                       const struct vd_projection *picture, const struct vd_dsp *dsp);

#endif
