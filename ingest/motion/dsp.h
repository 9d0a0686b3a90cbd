/* ingest/motion/dsp.h: the hot loops, and nothing but the hot loops.
 *
 * A dsp function sees bytes and sizes. It does not allocate, log, lock, read a clock or know
 * what a camera is. The C version is the specification; every other version must give the same
 * bytes (tests/unit/motion/dsp_test.c). Grey levels in Q7 are level * 128 in int16_t: 255 fits,
 * and so does the difference of any two. All sizes are 1 at least unless said otherwise; no
 * alignment is asked for, and nothing beyond the sizes is read or written. */
#ifndef VD_INGEST_MOTION_DSP_H
#define VD_INGEST_MOTION_DSP_H

#include <stddef.h>
#include <stdint.h>

enum {
    VD_CPU_SSE2 = 1 << 0,
    VD_CPU_AVX2 = 1 << 1,
    VD_CPU_NEON = 1 << 2,
    VD_CPU_NONE = 1 << 30, /* as a mask: plain C */
};

/* What the model says of a pixel; nothing where it is not VD_PIXEL_WEAK. */
enum {
    VD_PIXEL_WEAK = 1,    /* differs by more than the growing threshold */
    VD_PIXEL_STRONG = 2,  /* differs by more than the seeding threshold */
    VD_PIXEL_DARKER = 4,  /* is darker than the background */
    VD_PIXEL_CHANGED = 8, /* differs from an earlier frame by more than the growing threshold */
};

/* Two modes a pixel; Q7 grey levels, weight in Q15. README.md says what each is for. */
struct vd_model {
    int16_t *mean0, *mean1, *dev, *weight1;
};

struct vd_model_step {
    int16_t t_min;      /* Q7: least growing threshold */
    int16_t dev_max;    /* Q7: the noise scale grows no further */
    int16_t a_mean;     /* Q15: share of a new value in the mean */
    int16_t a_dev;      /* Q15: share of a new deviation in the noise scale */
    int16_t a_weight;   /* Q15: share of a new frame in the weight of mode 1 */
    int16_t weight_new; /* Q15: below it mode 1 may be given to another value */
    int16_t weight_bg;  /* Q15: from it on mode 1 is background */
};

/* Means of n x n pixels, rounded: dst has w x h pixels, src n times as many each way.
 * 1 <= n <= 32; both strides may be negative. */
typedef void vd_shrink_fn(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                          ptrdiff_t dst_stride, int w, int h, int n);

/* What is compared in a row of pixels, and with what. */
struct vd_compare_row {
    const uint8_t *x, *before; /* this frame's, an earlier frame's */
    const uint8_t *tolerance;  /* grey levels added to the threshold */
    const uint8_t *hold;       /* != 0: something moves there */
    const struct vd_model *model;
};

/* Classifies w pixels of a row against the model: threshold = max(t_min, 3 dev) + tolerance,
 * seeds at twice the first part. Then lets the model learn them; where hold is set the noise
 * scale and the weight keep still. Means are 0 .. 255 << 7, dev and weight are not negative. */
typedef void vd_compare_fn(const struct vd_compare_row *row, const struct vd_model_step *step,
                           uint8_t *flags, int w);

/* Sums over rows (1 .. 8) of w pixels: sets row_sums[rows] and cells[(w + 7) / 8], the sums of
 * 8 columns each; adds to columns[w]. Q7 values are 0 .. 255 << 7. Strides in items. */
typedef void vd_sum_bytes_fn(const uint8_t *p, ptrdiff_t stride, int w, int rows,
                             int32_t *columns, int32_t *cells, int32_t *row_sums);
typedef void vd_sum_q7_fn(const int16_t *p, ptrdiff_t stride, int w, int rows, int32_t *columns,
                          int32_t *cells, int32_t *row_sums);

/* Of rows (1 .. 8) of w flags, for each 8 columns: how many are VD_PIXEL_WEAK, and how many of
 * these are VD_PIXEL_CHANGED too. w is a multiple of 8. */
typedef void vd_count_fn(const uint8_t *flags, ptrdiff_t stride, int w, int rows, uint8_t *weak,
                         uint8_t *restless);

/* Bit i % 64 of bits[i / 64] says whether flags[i] is VD_PIXEL_WEAK; w is a multiple of 32,
 * (w + 63) / 64 words are set. */
typedef void vd_bits_fn(const uint8_t *flags, int w, uint64_t *bits);

/* n values under another light: (p * gain_q12 + 2^11 >> 12) + offset_q7, kept within
 * 0 .. 255 << 7. 0 <= gain_q12 <= 32767, |offset_q7| <= 2^24. */
typedef void vd_relight_fn(int16_t *p, int n, int gain_q12, int offset_q7);

/* For each pixel of a row of w, the range of the 3 x 3 around it (what there is of it) in half
 * grey levels of Q7 >> 8, at most 100. above or below may be the row itself. */
typedef void vd_range_fn(const int16_t *above, const int16_t *row, const int16_t *below,
                         uint8_t *range, int w);

/* How many of n pairs a light explains: e = b * gain + offset, kept within 0 .. 255, is off x
 * by no more than limit + 0.15 |e - b|. One rounding an operation, no fused ones. */
typedef int vd_agree_fn(const float *b, const float *x, int n, float gain, float offset,
                        float limit);

/* cost[s + 6] = sum over i = 6 .. n - 8, in this order, of min(|x[i + s] - b[i]|, 12), for
 * s = -6 .. 6. */
typedef void vd_shift_cost_fn(const float *b, const float *x, int n, float cost[13]);

struct vd_dsp {
    vd_shrink_fn *shrink;
    vd_compare_fn *compare;
    vd_sum_bytes_fn *sum_bytes;
    vd_sum_q7_fn *sum_q7;
    vd_count_fn *count;
    vd_bits_fn *bits;
    vd_relight_fn *relight;
    vd_range_fn *range;
    vd_agree_fn *agree;
    vd_shift_cost_fn *shift_cost;
};

unsigned vd_cpu_flags(void);

/* Picks the best version that cpu_flags allows; 0 gives plain C. */
void vd_dsp_init(struct vd_dsp *dsp, unsigned cpu_flags);

/* Overwrite what their instruction set does better; for vd_dsp_init(). */
void vd_dsp_init_sse2(struct vd_dsp *dsp);
void vd_dsp_init_avx2(struct vd_dsp *dsp);
void vd_dsp_init_neon(struct vd_dsp *dsp);

/* The specification, for the ends of rows that fill no vector. */
extern const struct vd_dsp vd_dsp_c;

#endif
