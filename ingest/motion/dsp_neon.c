/* ingest/motion/dsp_neon.c: the hot loops for 64-bit ARM, where NEON is always there. */
#include "ingest/motion/dsp.h"

#if defined(__aarch64__)

#include <arm_neon.h>

enum { LANES = 8 };
typedef int16x8_t v16, m16;

#define ALWAYS static inline __attribute__((always_inline, unused))

#define v_load                vld1q_s16
#define v_store               vst1q_s16
#define v_set(v)              vdupq_n_s16((int16_t)(v))
#define v_add                 vaddq_s16
#define v_sub                 vsubq_s16
#define v_adds                vqaddq_s16
#define v_min                 vminq_s16
#define v_max                 vmaxq_s16
#define v_or                  vorrq_s16
#define v_apart               vabdq_s16
#define v_share               vqrdmulhq_s16
#define v_shl7(v)             vshlq_n_s16(v, 7)
#define v_shr(v, n)           vshrq_n_s16(v, n)
#define v_above(a, b)         vreinterpretq_s16_u16(vcgtq_s16(a, b))
#define v_is_zero(v)          vreinterpretq_s16_u16(vceqzq_s16(v))
#define m_and                 vandq_s16
#define m_and_not             vbicq_s16
#define m_any(a, b)           (vmaxvq_u16(vreinterpretq_u16_s16(vorrq_s16(a, b))) != 0)
#define v_keep                vandq_s16
#define v_drop(m, v)          vbicq_s16(v, m)
#define v_pick(m, a, b)       vbslq_s16(vreinterpretq_u16_s16(m), a, b)
#define v_negate_unless(m, v) v_pick(m, v, vnegq_s16(v))

ALWAYS v16 v_bytes(const uint8_t *p)
{
    return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p)));
}

ALWAYS void v_store_bytes(uint8_t *p, v16 v)
{
    vst1_u8(p, vmovn_u16(vreinterpretq_u16_s16(v)));
}

#include "ingest/motion/dsp_lanes.h"

static void shrink_neon(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                        ptrdiff_t dst_stride, int w, int h, int n)
{
    if (n != 2) {
        vd_dsp_c.shrink(src, src_stride, dst, dst_stride, w, h, n);
        return;
    }
    for (int y = 0; y < h; y++, src += 2 * src_stride, dst += dst_stride) {
        int x = 0;

        for (; x + 8 <= w; x += 8) {
            uint16x8_t sum = vpaddlq_u8(vld1q_u8(src + 2 * x));

            sum = vpadalq_u8(sum, vld1q_u8(src + src_stride + 2 * x));
            vst1_u8(dst + x, vrshrn_n_u16(sum, 2));
        }
        if (x < w)
            vd_dsp_c.shrink(src + 2 * x, src_stride, dst + x, dst_stride, w - x, 1, 2);
    }
}

static void sum_bytes_neon(const uint8_t *p, ptrdiff_t stride, int w, int rows,
                           int32_t *columns, int32_t *cells, int32_t *row_sums)
{
    int32_t more[8] = {0};
    int x = 0;

    if (w % 8 != 0)
        vd_dsp_c.sum_bytes(p + w / 8 * 8, stride, w % 8, rows, columns + w / 8 * 8,
                           cells + w / 8, more);
    for (int y = 0; y < rows; y++)
        row_sums[y] = more[y];
    for (; x + 8 <= w; x += 8) {
        uint16x8_t sum = vdupq_n_u16(0);
        int32x4_t low = vld1q_s32(columns + x), high = vld1q_s32(columns + x + 4);

        for (int y = 0; y < rows; y++) {
            uint8x8_t v = vld1_u8(p + y * stride + x);

            sum = vaddw_u8(sum, v);
            row_sums[y] += vaddlv_u8(v);
        }
        low = vaddw_s16(low, vreinterpret_s16_u16(vget_low_u16(sum)));
        vst1q_s32(columns + x, low);
        vst1q_s32(columns + x + 4, vaddw_high_s16(high, vreinterpretq_s16_u16(sum)));
        cells[x / 8] = (int32_t)vaddlvq_u16(sum);
    }
}

static void sum_q7_neon(const int16_t *p, ptrdiff_t stride, int w, int rows, int32_t *columns,
                        int32_t *cells, int32_t *row_sums)
{
    int32_t more[8] = {0};
    int x = 0;

    if (w % 8 != 0)
        vd_dsp_c.sum_q7(p + w / 8 * 8, stride, w % 8, rows, columns + w / 8 * 8, cells + w / 8,
                        more);
    for (int y = 0; y < rows; y++)
        row_sums[y] = more[y];
    for (; x + 8 <= w; x += 8) {
        int32x4_t low = vdupq_n_s32(0), high = low;

        for (int y = 0; y < rows; y++) {
            int16x8_t v = vld1q_s16(p + y * stride + x);

            low = vaddw_s16(low, vget_low_s16(v));
            high = vaddw_high_s16(high, v);
            row_sums[y] += vaddlvq_s16(v);
        }
        vst1q_s32(columns + x, vaddq_s32(vld1q_s32(columns + x), low));
        vst1q_s32(columns + x + 4, vaddq_s32(vld1q_s32(columns + x + 4), high));
        cells[x / 8] = vaddvq_s32(vaddq_s32(low, high));
    }
}

static void count_neon(const uint8_t *flags, ptrdiff_t stride, int w, int rows, uint8_t *weak,
                       uint8_t *restless)
{
    const uint8x8_t one = vdup_n_u8(1);

    for (int x = 0; x < w; x += 8) {
        uint8x8_t sum = vdup_n_u8(0), both = sum;

        for (int y = 0; y < rows; y++) {
            uint8x8_t f = vld1_u8(flags + y * stride + x), is_weak = vand_u8(f, one);

            sum = vadd_u8(sum, is_weak);
            both = vadd_u8(both, vand_u8(is_weak, vshr_n_u8(f, 3)));
        }
        weak[x / 8] = vaddv_u8(sum);
        restless[x / 8] = vaddv_u8(both);
    }
}

static void relight_neon(int16_t *p, int n, int gain_q12, int offset_q7)
{
    const int16x8_t top = vdupq_n_s16(255 << 7), zero = vdupq_n_s16(0);
    const int32x4_t offset = vdupq_n_s32(offset_q7);
    int i = 0;

    for (; i + 8 <= n; i += 8) {
        int16x8_t v = vld1q_s16(p + i);
        int32x4_t low = vmull_n_s16(vget_low_s16(v), (int16_t)gain_q12);
        int32x4_t high = vmull_n_s16(vget_high_s16(v), (int16_t)gain_q12);

        low = vaddq_s32(vrshrq_n_s32(low, 12), offset);
        high = vaddq_s32(vrshrq_n_s32(high, 12), offset);
        v = vcombine_s16(vqmovn_s32(low), vqmovn_s32(high));
        vst1q_s16(p + i, vmaxq_s16(zero, vminq_s16(top, v)));
    }
    if (i < n)
        vd_dsp_c.relight(p + i, n - i, gain_q12, offset_q7);
}

/* To be compiled with -ffp-contract=off: a product and its sum are two roundings. */
static int agree_neon(const float *b, const float *x, int n, float gain, float offset,
                      float limit)
{
    const float32x4_t offsets = vdupq_n_f32(offset), most = vdupq_n_f32(limit);
    const float32x4_t zero = vdupq_n_f32(0), top = vdupq_n_f32(255);
    uint32x4_t agreeing = vdupq_n_u32(0);
    int i = 0, rest = 0;

    for (; i + 4 <= n; i += 4) {
        float32x4_t was = vld1q_f32(b + i);
        float32x4_t e = vaddq_f32(vmulq_n_f32(was, gain), offsets), far;

        e = vminq_f32(vmaxq_f32(e, zero), top);
        far = vaddq_f32(most, vmulq_n_f32(vabdq_f32(e, was), 0.15F));
        agreeing = vsubq_u32(agreeing, vcleq_f32(vabdq_f32(vld1q_f32(x + i), e), far));
    }
    if (i < n)
        rest = vd_dsp_c.agree(b + i, x + i, n - i, gain, offset, limit);
    return (int)vaddvq_u32(agreeing) + rest;
}

/* A lane a shift, so that each adds up in the order of the C version; the last four overlap. */
static void shift_cost_neon(const float *b, const float *x, int n, float cost[13])
{
    static const int from[4] = {-6, -2, 2, 3};
    const float32x4_t most = vdupq_n_f32(12);
    float32x4_t sum[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};

    for (int i = 6; i < n - 7; i++)
        for (int k = 0; k < 4; k++) {
            float32x4_t d = vabdq_f32(vld1q_f32(x + i + from[k]), vdupq_n_f32(b[i]));

            sum[k] = vaddq_f32(sum[k], vminq_f32(d, most));
        }
    for (int k = 0; k < 4; k++)
        vst1q_f32(cost + from[k] + 6, sum[k]);
}

void vd_dsp_init_neon(struct vd_dsp *dsp)
{
    dsp->shrink = shrink_neon;
    dsp->compare = compare_rows;
    dsp->sum_bytes = sum_bytes_neon;
    dsp->sum_q7 = sum_q7_neon;
    dsp->count = count_neon;
    dsp->relight = relight_neon;
    dsp->range = range_row;
    dsp->agree = agree_neon;
    dsp->shift_cost = shift_cost_neon;
}

#endif
