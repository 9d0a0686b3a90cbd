/* ingest/motion/light.h: how the light of a whole picture changed against its background,
 * estimated on cell means so that what moves has little say. */
#ifndef VD_INGEST_MOTION_LIGHT_H
#define VD_INGEST_MOTION_LIGHT_H

#include <stdbool.h>

enum { VD_LIGHT_CELLS_MAX = 2048 };

struct vd_light {
    float gain, offset; /* picture = gain * background + offset, grey levels */
    float mean;         /* mean change of the cells by it, grey levels, signed */
    float before;       /* median |picture - background| of the cells */
    float after;        /* the same once gain and offset are taken out */
    float outliers;     /* share of the cells that differ by more than outlier_level after */
    bool is_changed;    /* worth applying */
};

/* n <= VD_LIGHT_CELLS_MAX cell means (grey levels) of the background and of the picture; noise
 * is the median noise of a cell mean. Slopes by Theil's incomplete method: the median over
 * pairs of a dark and a bright cell, which up to 29 % of foreign cells cannot move far. */
void vd_light_estimate(struct vd_light *ret_light, const float *background,
                       const float *picture, int n, float noise);

#endif
