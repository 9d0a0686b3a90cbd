/* ingest/motion/dsp_lanes.h: loops that read the same in every instruction set, written once.
 *
 * To be included by one dsp_<isa>.c after it has said what these are there:
 *   LANES          how many int16_t a vector holds: 8 or 16
 *   v16, m16       vectors of int16_t, and of their truths (all bits or none)
 *   v_load, v_store, v_bytes (widens bytes), v_store_bytes (narrows 0 .. 255), v_set
 *   v_add, v_sub, v_adds (saturates), v_min, v_max, v_apart (|a - b|), v_share (as share() of
 *   dsp.c), v_shl7, v_shr (arithmetic), v_or
 *   v_above (a > b), v_is_zero, m_and, m_and_not (a and not b), v_keep (v where m, else 0),
 *   v_drop (v where not m, else 0), m_any (whether any of two),
 *   v_pick (a where m, else b), v_negate_unless (-v where not m)
 * Ends of rows that fill no vector are left to the C version. */
#ifndef VD_INGEST_MOTION_DSP_LANES_H
#define VD_INGEST_MOTION_DSP_LANES_H

#include "ingest/motion/dsp.h"

struct lanes_step {
    v16 t_min, dev_max, a_mean, a_dev, a_weight, weight_new, weight_bg, fresh;
};

static inline v16 classify_lanes(const struct lanes_step *s, v16 v, v16 before, v16 slack,
                                 v16 m0, v16 d0, v16 d1, v16 t, v16 weight)
{
    v16 d = v_pick(v_above(s->weight_bg, weight), d0, v_min(d0, d1)), f;

    f = v_or(v_set(VD_PIXEL_WEAK),
             v_keep(v_above(d, v_adds(v_adds(t, t), slack)), v_set(VD_PIXEL_STRONG)));
    f = v_or(f, v_keep(v_above(m0, v), v_set(VD_PIXEL_DARKER)));
    f = v_or(f, v_keep(v_above(v_apart(v, before), v_adds(t, v_shr(t, 1))),
                       v_set(VD_PIXEL_CHANGED)));
    return v_keep(v_above(d, v_adds(t, slack)), f);
}

/* Some of the pixels are not as mode 0 has them. */
static inline void compare_odd(const struct vd_compare_row *row, const struct vd_model *model,
                               const struct lanes_step *s, uint8_t *flags, int i, v16 t,
                               v16 weight)
{
    const v16 full = v_set(INT16_MAX);
    v16 v = v_shl7(v_bytes(row->x + i)), before = v_shl7(v_bytes(row->before + i));
    v16 slack = v_shl7(v_bytes(row->tolerance + i));
    v16 m0 = v_load(model->mean0 + i), m1 = v_load(model->mean1 + i);
    v16 d0 = v_apart(v, m0), d1 = v_apart(v, m1), w, n0, n1;
    m16 not0 = v_above(d0, t), far1 = v_above(d1, t), free = v_is_zero(v_bytes(row->hold + i));
    m16 is1 = m_and_not(not0, far1), is_new, is_flip;

    v_store_bytes(flags + i, classify_lanes(s, v, before, slack, m0, d0, d1, t, weight));
    n0 = v_add(m0, v_share(v_sub(v, m0), v_drop(not0, s->a_mean)));
    n1 = v_add(m1, v_share(v_sub(v, m1), v_keep(is1, s->a_mean)));
    w = v_share(v_pick(is1, v_sub(full, weight), weight), s->a_weight);
    w = v_add(weight, v_negate_unless(is1, w));
    is_new = m_and(m_and(m_and(not0, far1), free), v_above(s->weight_new, w));
    n1 = v_pick(is_new, v, n1);
    w = v_pick(is_new, s->fresh, w);
    is_flip = m_and(free, v_above(w, v_set(1 << 14)));
    v_store(model->mean0 + i, v_pick(is_flip, n1, n0));
    v_store(model->mean1 + i, v_pick(is_flip, n0, n1));
    w = v_pick(is_flip, v_sub(full, w), w);
    v_store(model->weight1 + i, v_pick(free, w, weight));
}

/* Most of a quiet picture is as mode 0 has it: no flag, and mode 1 fades. */
static inline void compare_lanes(const struct vd_compare_row *row, const struct vd_model *model,
                                 const struct lanes_step *s, uint8_t *flags, int i)
{
    v16 v = v_shl7(v_bytes(row->x + i)), m0 = v_load(model->mean0 + i), off = v_sub(v, m0);
    v16 dev = v_load(model->dev + i), weight = v_load(model->weight1 + i);
    v16 t = v_max(s->t_min, v_adds(dev, v_adds(dev, dev))), d0 = v_apart(v, m0), d;
    m16 free = v_is_zero(v_bytes(row->hold + i));

    d = v_min(v_min(d0, v_apart(v, v_load(model->mean1 + i))), s->dev_max);
    d = v_keep(free, v_share(v_sub(d, dev), s->a_dev));
    v_store(model->dev + i, v_add(dev, d));
    if (m_any(v_above(d0, t), v_above(weight, v_set(1 << 14)))) {
        compare_odd(row, model, s, flags, i, t, weight);
        return;
    }
    v_store_bytes(flags + i, v_set(0));
    v_store(model->mean0 + i, v_add(m0, v_share(off, s->a_mean)));
    v_store(model->weight1 + i, v_sub(weight, v_keep(free, v_share(weight, s->a_weight))));
}

static void compare_rows(const struct vd_compare_row *row, const struct vd_model_step *step,
                         uint8_t *flags, int w)
{
    const struct lanes_step s = {
        .t_min = v_set(step->t_min),
        .dev_max = v_set(step->dev_max),
        .a_mean = v_set(step->a_mean),
        .a_dev = v_set(step->a_dev),
        .a_weight = v_set(step->a_weight),
        .weight_new = v_set(step->weight_new),
        .weight_bg = v_set(step->weight_bg),
        .fresh = v_share(v_set(INT16_MAX), v_set(step->a_weight)),
    };
    const struct vd_compare_row here = *row; /* which no store can change */
    const struct vd_model m = *row->model;
    int i = 0;

    for (; i + LANES <= w; i += LANES)
        compare_lanes(&here, &m, &s, flags, i);
    if (i < w) {
        const struct vd_model rest = {m.mean0 + i, m.mean1 + i, m.dev + i, m.weight1 + i};
        const struct vd_compare_row end = {row->x + i, row->before + i, row->tolerance + i,
                                           row->hold + i, &rest};

        vd_dsp_c.compare(&end, step, flags + i, w - i);
    }
}

/* The 3 x 3 around pixels i .. i + LANES - 1: columns i - 1 .. i + LANES are read. */
static inline void range_lanes(const int16_t *above, const int16_t *row, const int16_t *below,
                               uint8_t *range, int i)
{
    v16 lo = v_load(row + i), hi = lo;

    for (int j = i - 1; j <= i + 1; j++) {
        v16 a = v_load(above + j), b = v_load(row + j), c = v_load(below + j);

        lo = v_min(lo, v_min(a, v_min(b, c)));
        hi = v_max(hi, v_max(a, v_max(b, c)));
    }
    v_store_bytes(range + i, v_min(v_shr(v_sub(hi, lo), 8), v_set(100)));
}

/* The last vector lies over the one before it. */
static void range_row(const int16_t *above, const int16_t *row, const int16_t *below,
                      uint8_t *range, int w)
{
    uint8_t ends[2];
    int i = 1;

    if (w < LANES + 2) {
        vd_dsp_c.range(above, row, below, range, w);
        return;
    }
    for (; i + LANES < w; i += LANES)
        range_lanes(above, row, below, range, i);
    range_lanes(above, row, below, range, w - 1 - LANES);
    vd_dsp_c.range(above, row, below, ends, 2);
    range[0] = ends[0];
    vd_dsp_c.range(above + w - 2, row + w - 2, below + w - 2, ends, 2);
    range[w - 1] = ends[1];
}

#endif
