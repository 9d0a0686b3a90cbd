/* ingest/motion/dsp.h: the hot loops, and nothing but the hot loops.
 *
 * A dsp function sees bytes and sizes. It does not allocate, log, lock, read a clock or know
 * what a camera is. The C version is the specification; every other version must give the same
 * bytes (tests/unit/motion/dsp_test.c). Grey levels in Q7 are level * 128 in int16_t: 255 fits,
 * and so does the difference of any two. */
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

/* What the model says of a pixel. */
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
 * 1 <= n <= 32. sums is scratch of n * w uint16_t. */
typedef void vd_shrink_fn(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                          ptrdiff_t dst_stride, int w, int h, int n);

/* Classifies w pixels of a row against the model: threshold = max(t_min, 3 dev) + tolerance,
 * seeds at twice the first part. before is the earlier frame's row. */
typedef void vd_classify_fn(const uint8_t *x, const uint8_t *before, const uint8_t *tolerance,
                            const struct vd_model *model, const struct vd_model_step *step,
                            uint8_t *flags, int w);

/* Lets the model learn w pixels of a row. hold[i] != 0: something moves there; the noise scale
 * and the weight keep still. */
typedef void vd_learn_fn(const uint8_t *x, const uint8_t *hold, const struct vd_model *model,
                         const struct vd_model_step *step, int w);

struct vd_dsp {
    vd_shrink_fn *shrink;
    vd_classify_fn *classify;
    vd_learn_fn *learn;
};

unsigned vd_cpu_flags(void);

/* Picks the best version that cpu_flags allows; 0 gives plain C. */
void vd_dsp_init(struct vd_dsp *dsp, unsigned cpu_flags);

#endif
