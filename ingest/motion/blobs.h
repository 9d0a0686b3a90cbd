/* ingest/motion/blobs.h: connected components of flagged pixels. */
#ifndef VD_INGEST_MOTION_BLOBS_H
#define VD_INGEST_MOTION_BLOBS_H

#include <stdint.h>

#include "ingest/motion/dsp.h"
#include "ingest/motion/motion.h"

enum { VD_BLOBS_MAX = 64, VD_RUNS_MAX = 16384 };

struct vd_run {
    int16_t y, x0, x1; /* pixels x0 .. x1 - 1 of row y */
    int32_t parent;    /* union-find over runs; after labelling, the root */
};

struct vd_blob {
    int x0, y0, x1, y1; /* bounds, pixels, x1 and y1 beyond */
    int area, strong, changed, darker;
    float cx, cy;                       /* centre of mass */
    int zone_area[VD_MOTION_ZONES_MAX]; /* pixels in each zone */
    bool is_light;                      /* set by who judges: no thing, a change of light */
    int32_t root;                       /* the run that stands for it */
};

struct vd_blobs {
    int w, h; /* of the picture */
    int n;    /* the largest, by area, falling */
    struct vd_blob blobs[VD_BLOBS_MAX];
    int n_small; /* components below min_area or without enough seeds */
    int n_runs;
    bool is_cut; /* too many runs: the picture is all noise */
    struct vd_run runs[VD_RUNS_MAX];
    int32_t label[VD_RUNS_MAX]; /* root run -> scratch index */
};

/* Flags and zones of w x h pixels, rows pitch apart, a multiple of 32; no flag beyond w. */
struct vd_flag_map {
    const struct vd_dsp *dsp;
    const bool *is_busy; /* may be false for 8 rows without a flag */
    const uint8_t *flags;
    const uint16_t *zones;
    int w, h, pitch;
};

/* Components (8 neighbours) of the pixels with VD_PIXEL_WEAK that hold at least min_area pixels
 * and min_strong seeds. Words of zeros are skipped, so a quiet picture costs one look. */
void vd_blobs_find(struct vd_blobs *blobs, const struct vd_flag_map *map, int min_area,
                   int min_strong);

/* Sets the pixels of blob i, moved by shift (x, y), in a picture of bytes (blobs->w x blobs->h,
 * rows pitch apart) to 255, and those that it encloses from left, right, above and below; what
 * leaves the picture is left out. */
void vd_blobs_paint(const struct vd_blobs *blobs, int i, const int shift[2], uint8_t *picture,
                    int pitch);

#endif
