/* ingest/motion/light.h: how the light of a whole picture changed against its background,
 * estimated on cell means so that what moves has little say. */
#ifndef VD_INGEST_MOTION_LIGHT_H
#define VD_INGEST_MOTION_LIGHT_H

#include <stdbool.h>

#include "ingest/motion/dsp.h"

enum { VD_LIGHT_CELLS_MAX = 2048 };

struct vd_light {
    float gain, offset; /* picture = gain * background + offset, grey levels */
    float mean;         /* mean change of the cells by it, grey levels, signed */
    float agree;        /* share of the cells that gain and offset explain */
    float agree_none;   /* share of the cells that need no explanation */
    bool is_changed;    /* worth applying */
};

/* n <= VD_LIGHT_CELLS_MAX cell means (grey levels) of the background and of the picture; noise
 * is that of a pixel. The largest consensus among hypotheses from pairs of cells (Fischler and
 * Bolles 1981, with a fixed sequence of pairs), refined by least squares: it stands what covers
 * more than half of the picture. Gains beyond a factor of 2 are no light change that a
 * background survives. */
void vd_light_estimate(struct vd_light *ret_light, const float *background,
                       const float *picture, int n, float noise, const struct vd_dsp *dsp);

#endif
