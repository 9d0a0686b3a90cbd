/* ingest/condition/measure.h: the figures that conditions are decided by, from single pictures.
 * Every function is pure: bytes in, numbers out. Pictures are at most VD_CONDITION_W_MAX x
 * VD_CONDITION_H_MAX. */
#ifndef VD_INGEST_CONDITION_MEASURE_H
#define VD_INGEST_CONDITION_MEASURE_H

#include <stddef.h>
#include <stdint.h>

enum { VD_BLOCK_PX = 16 };

struct vd_levels {
    float mean, p5, p50, p95; /* grey levels */
};

void vd_measure_levels(const uint8_t *luma, ptrdiff_t stride, int w, int h,
                       struct vd_levels *ret_levels);

/* How two pictures of the same size differ; the rows of b are tight. */
struct vd_difference {
    float
        noise; /* standard deviation of the difference of the quieter half of all pixels / √2,
                  after its median (a light change) is taken out; by the median of magnitudes */
    float stir; /* mean magnitude */
};

void vd_measure_difference(const uint8_t *a, ptrdiff_t stride, const uint8_t *b, int w, int h,
                           struct vd_difference *ret_difference);

/* Structure of a picture (grey levels x 256, tight rows) against a reference of the same kind,
 * over whole blocks of VD_BLOCK_PX. noise: grey levels, of one picture as the camera gave it;
 * the picture is an average of several. */
struct vd_structure {
    float textured;  /* share of blocks whose levels deviate more than noise explains */
    float edged;     /* share of blocks with edges above what noise explains */
    float ref_edged; /* the same in the reference */
    float gone;  /* share of the blocks edged in the reference whose edges correlate with the
                    picture's by less than 0.4; 0 when there are none */
    float match; /* correlation of edges over all blocks together */
    float fine;  /* energy of differences over 1 pixel by that over 6, in blocks edged in the
                    reference; 0 when there are none */
};

void vd_measure_structure(const uint16_t *picture, const uint16_t *reference, int w, int h,
                          float noise, struct vd_structure *ret_structure);

/* Where the picture went, if it went as a whole: the shift of up to 80 x 20 pixels at which its
 * edges, in steps of 4 pixels, match the reference's best. About 2 ms: not for every picture.
 */
struct vd_turn {
    float match; /* correlation there, -1..1 */
    float still; /* correlation without a shift */
    int dx_px, dy_px;
};

void vd_measure_turn(const uint16_t *picture, const uint16_t *reference, int w, int h,
                     struct vd_turn *ret_turn);

#endif
