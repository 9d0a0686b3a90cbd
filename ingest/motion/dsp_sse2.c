/* ingest/motion/dsp_sse2.c: the hot loops with what every x86-64 has. */
#include "ingest/motion/dsp.h"

#if defined(__x86_64__)

#include <emmintrin.h>
#include <math.h>
#include <string.h>

enum { LANES = 8 };
typedef __m128i v16, m16;

#define ALWAYS static inline __attribute__((always_inline, unused))

ALWAYS __m128i load(const void *p)
{
    return _mm_loadu_si128(p);
}

ALWAYS void store(void *p, __m128i v)
{
    _mm_storeu_si128(p, v);
}

ALWAYS v16 v_load(const int16_t *p)
{
    return load(p);
}

ALWAYS void v_store(int16_t *p, v16 v)
{
    store(p, v);
}

ALWAYS v16 v_bytes(const uint8_t *p)
{
    return _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(const void *)p),
                             _mm_setzero_si128());
}

ALWAYS void v_store_bytes(uint8_t *p, v16 v)
{
    _mm_storel_epi64((__m128i *)(void *)p, _mm_packus_epi16(v, v));
}

ALWAYS v16 v_set(int v)
{
    return _mm_set1_epi16((int16_t)v);
}

#define v_add           _mm_add_epi16
#define v_sub           _mm_sub_epi16
#define v_adds          _mm_adds_epi16
#define v_min           _mm_min_epi16
#define v_max           _mm_max_epi16
#define v_or            _mm_or_si128
#define v_shl7(v)       _mm_slli_epi16(v, 7)
#define v_shr(v, n)     _mm_srai_epi16(v, n)
#define v_above         _mm_cmpgt_epi16
#define v_is_zero(v)    _mm_cmpeq_epi16(v, _mm_setzero_si128())
#define m_and           _mm_and_si128
#define m_and_not(a, b) _mm_andnot_si128(b, a)
#define m_any(a, b)     (_mm_movemask_epi8(_mm_or_si128(a, b)) != 0)
#define v_keep          _mm_and_si128
#define v_drop          _mm_andnot_si128

ALWAYS v16 v_apart(v16 a, v16 b)
{
    return v_max(v_sub(a, b), v_sub(b, a));
}

/* pmulhrsw came later: (a * b >> 14, + 1) >> 1 from the halves of the product. */
ALWAYS v16 v_share(v16 a, v16 b)
{
    __m128i low = _mm_srli_epi16(_mm_mullo_epi16(a, b), 14), high = _mm_mulhi_epi16(a, b);

    return v_add(v_add(high, high), _mm_avg_epu16(low, _mm_setzero_si128()));
}

ALWAYS v16 v_pick(m16 m, v16 a, v16 b)
{
    return _mm_xor_si128(b, _mm_and_si128(m, _mm_xor_si128(a, b)));
}

ALWAYS v16 v_negate_unless(m16 m, v16 v)
{
    __m128i not_m = _mm_xor_si128(m, _mm_set1_epi16(-1));

    return v_sub(_mm_xor_si128(v, not_m), not_m);
}

#include "ingest/motion/dsp_lanes.h"

/* Sums of 2 x 2: bytes are masked apart into words. */
static void shrink_2(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                     ptrdiff_t dst_stride, int w, int h)
{
    const __m128i even = _mm_set1_epi16(0xFF), half = _mm_set1_epi16(2);

    for (int y = 0; y < h; y++, src += 2 * src_stride, dst += dst_stride) {
        int x = 0;

        for (; x + 16 <= w; x += 16) {
            __m128i sum[2];

            for (int i = 0; i < 2; i++) {
                __m128i a = load(src + 2 * x + 16 * i);
                __m128i b = load(src + src_stride + 2 * x + 16 * i);

                a = v_add(_mm_and_si128(a, even), _mm_srli_epi16(a, 8));
                b = v_add(_mm_and_si128(b, even), _mm_srli_epi16(b, 8));
                sum[i] = _mm_srli_epi16(v_add(v_add(a, b), half), 2);
            }
            store(dst + x, _mm_packus_epi16(sum[0], sum[1]));
        }
        if (x < w)
            vd_dsp_c.shrink(src + 2 * x, src_stride, dst + x, dst_stride, w - x, 1, 2);
    }
}

/* Sums of n rows, 16 columns at a time. */
static void add_rows(const uint8_t *src, ptrdiff_t stride, uint16_t *sums, int w, int n)
{
    const __m128i zero = _mm_setzero_si128();
    int x = 0;

    for (; x + 16 <= w; x += 16) {
        __m128i low = zero, high = zero;

        for (int i = 0; i < n; i++) {
            __m128i v = load(src + i * stride + x);

            low = v_add(low, _mm_unpacklo_epi8(v, zero));
            high = v_add(high, _mm_unpackhi_epi8(v, zero));
        }
        store(sums + x, low);
        store(sums + x + 8, high);
    }
    for (; x < w; x++) {
        sums[x] = 0;
        for (int i = 0; i < n; i++)
            sums[x] = (uint16_t)(sums[x] + src[i * stride + x]);
    }
}

static void shrink_n(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                     ptrdiff_t dst_stride, int w, int h, int n)
{
    unsigned count = (unsigned)(n * n);
    uint64_t scale = ((UINT64_C(1) << 32) + count - 1) / count;
    uint16_t sums[1024];
    int most = 1024 / n;

    for (int y = 0; y < h; y++, src += n * src_stride, dst += dst_stride) {
        for (int x0 = 0; x0 < w; x0 += most) {
            int part = w - x0 < most ? w - x0 : most;

            add_rows(src + x0 * n, src_stride, sums, part * n, n);
            for (int x = 0; x < part; x++) {
                unsigned sum = count / 2;

                for (int i = 0; i < n; i++)
                    sum += sums[x * n + i];
                dst[x0 + x] = (uint8_t)((sum * scale) >> 32);
            }
        }
    }
}

static void shrink_sse2(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                        ptrdiff_t dst_stride, int w, int h, int n)
{
    if (n == 1)
        vd_dsp_c.shrink(src, src_stride, dst, dst_stride, w, h, n);
    else if (n == 2)
        shrink_2(src, src_stride, dst, dst_stride, w, h);
    else
        shrink_n(src, src_stride, dst, dst_stride, w, h, n);
}

static int32_t sum_4(__m128i v)
{
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32(v, 0xB1)));
}

static void add_to(int32_t *p, __m128i v)
{
    store(p, _mm_add_epi32(load(p), v));
}

/* The last columns, fewer than a vector takes; they begin a cell. */
static void sum_rest_bytes(const uint8_t *p, ptrdiff_t stride, int w, int rows,
                           int32_t *columns, int32_t *cells, int32_t *row_sums)
{
    int32_t more[8];

    if (w == 0)
        return;
    vd_dsp_c.sum_bytes(p, stride, w, rows, columns, cells, more);
    for (int y = 0; y < rows; y++)
        row_sums[y] += more[y];
}

static void sum_bytes_sse2(const uint8_t *p, ptrdiff_t stride, int w, int rows,
                           int32_t *columns, int32_t *cells, int32_t *row_sums)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i row_acc[8] = {zero, zero, zero, zero, zero, zero, zero, zero};
    int x = 0;

    for (; x + 16 <= w; x += 16) {
        __m128i low = zero, high = zero, cell = zero;

        for (int y = 0; y < rows; y++) {
            __m128i v = load(p + y * stride + x), sad = _mm_sad_epu8(v, zero);

            low = v_add(low, _mm_unpacklo_epi8(v, zero));
            high = v_add(high, _mm_unpackhi_epi8(v, zero));
            cell = _mm_add_epi32(cell, sad);
            row_acc[y] = _mm_add_epi32(row_acc[y], sad);
        }
        add_to(columns + x, _mm_unpacklo_epi16(low, zero));
        add_to(columns + x + 4, _mm_unpackhi_epi16(low, zero));
        add_to(columns + x + 8, _mm_unpacklo_epi16(high, zero));
        add_to(columns + x + 12, _mm_unpackhi_epi16(high, zero));
        cells[x / 8] = _mm_cvtsi128_si32(cell);
        cells[x / 8 + 1] = _mm_cvtsi128_si32(_mm_srli_si128(cell, 8));
    }
    for (int y = 0; y < rows; y++)
        row_sums[y] = sum_4(row_acc[y]);
    sum_rest_bytes(p + x, stride, w - x, rows, columns + x, cells + x / 8, row_sums);
}

static void sum_rest_q7(const int16_t *p, ptrdiff_t stride, int w, int rows, int32_t *columns,
                        int32_t *cells, int32_t *row_sums)
{
    int32_t more[8];

    if (w == 0)
        return;
    vd_dsp_c.sum_q7(p, stride, w, rows, columns, cells, more);
    for (int y = 0; y < rows; y++)
        row_sums[y] += more[y];
}

/* Two Q7 values add up to less than 2^16. */
static void sum_q7_sse2(const int16_t *p, ptrdiff_t stride, int w, int rows, int32_t *columns,
                        int32_t *cells, int32_t *row_sums)
{
    const __m128i zero = _mm_setzero_si128(), ones = _mm_set1_epi16(1);
    __m128i row_acc[8] = {zero, zero, zero, zero, zero, zero, zero, zero};
    int x = 0;

    for (; x + 8 <= w; x += 8) {
        __m128i low = zero, high = zero;

        for (int y = 0; y < rows; y += 2) {
            __m128i a = load(p + y * stride + x), b = zero;

            row_acc[y] = _mm_add_epi32(row_acc[y], _mm_madd_epi16(a, ones));
            if (y + 1 < rows) {
                b = load(p + (y + 1) * stride + x);
                row_acc[y + 1] = _mm_add_epi32(row_acc[y + 1], _mm_madd_epi16(b, ones));
            }
            a = v_add(a, b);
            low = _mm_add_epi32(low, _mm_unpacklo_epi16(a, zero));
            high = _mm_add_epi32(high, _mm_unpackhi_epi16(a, zero));
        }
        add_to(columns + x, low);
        add_to(columns + x + 4, high);
        cells[x / 8] = sum_4(_mm_add_epi32(low, high));
    }
    for (int y = 0; y < rows; y++)
        row_sums[y] = sum_4(row_acc[y]);
    sum_rest_q7(p + x, stride, w - x, rows, columns + x, cells + x / 8, row_sums);
}

static void count_sse2(const uint8_t *flags, ptrdiff_t stride, int w, int rows, uint8_t *weak,
                       uint8_t *restless)
{
    const __m128i zero = _mm_setzero_si128(), ones = _mm_set1_epi8(1);
    int x = 0;

    for (; x + 16 <= w; x += 16) {
        __m128i sum = zero, both = zero;

        for (int y = 0; y < rows; y++) {
            __m128i f = load(flags + y * stride + x), is_weak = _mm_and_si128(f, ones);

            sum = _mm_add_epi8(sum, is_weak);
            both = _mm_add_epi8(both, _mm_and_si128(is_weak, _mm_srli_epi16(f, 3)));
        }
        sum = _mm_sad_epu8(sum, zero);
        both = _mm_sad_epu8(both, zero);
        weak[x / 8] = (uint8_t)_mm_cvtsi128_si32(sum);
        weak[x / 8 + 1] = (uint8_t)_mm_extract_epi16(sum, 4);
        restless[x / 8] = (uint8_t)_mm_cvtsi128_si32(both);
        restless[x / 8 + 1] = (uint8_t)_mm_extract_epi16(both, 4);
    }
    if (x < w)
        vd_dsp_c.count(flags + x, stride, w - x, rows, weak + x / 8, restless + x / 8);
}

static void bits_sse2(const uint8_t *flags, int w, uint64_t *bits)
{
    for (int x = 0; x < w; x += 32) {
        unsigned low = (unsigned)_mm_movemask_epi8(_mm_slli_epi16(load(flags + x), 7));
        unsigned high = (unsigned)_mm_movemask_epi8(_mm_slli_epi16(load(flags + x + 16), 7));
        uint64_t word = low | high << 16;

        bits[x / 64] = x % 64 == 0 ? word : bits[x / 64] | word << 32;
    }
}

static void relight_sse2(int16_t *p, int n, int gain_q12, int offset_q7)
{
    const __m128i by = _mm_set1_epi32(gain_q12 | 1 << 27), offset = _mm_set1_epi32(offset_q7);
    const __m128i ones = _mm_set1_epi16(1), top = v_set(255 << 7), zero = _mm_setzero_si128();
    int i = 0;

    for (; i + 8 <= n; i += 8) { /* p * gain + 1 * 2^11 in one multiplication */
        __m128i v = load(p + i);
        __m128i low = _mm_madd_epi16(_mm_unpacklo_epi16(v, ones), by);
        __m128i high = _mm_madd_epi16(_mm_unpackhi_epi16(v, ones), by);

        low = _mm_add_epi32(_mm_srai_epi32(low, 12), offset);
        high = _mm_add_epi32(_mm_srai_epi32(high, 12), offset);
        store(p + i, v_max(zero, v_min(top, _mm_packs_epi32(low, high))));
    }
    if (i < n)
        vd_dsp_c.relight(p + i, n - i, gain_q12, offset_q7);
}

static int agree_sse2(const float *b, const float *x, int n, float gain, float offset,
                      float limit)
{
    const __m128 gains = _mm_set1_ps(gain), offsets = _mm_set1_ps(offset);
    const __m128 most = _mm_set1_ps(limit), top = _mm_set1_ps(255), sign = _mm_set1_ps(-0.0F);
    __m128i agreeing = _mm_setzero_si128();
    int i = 0, rest = 0;

    for (; i + 4 <= n; i += 4) {
        __m128 was = _mm_loadu_ps(b + i), is = _mm_loadu_ps(x + i);
        __m128 e = _mm_add_ps(_mm_mul_ps(gains, was), offsets), far;

        e = _mm_min_ps(_mm_max_ps(e, _mm_setzero_ps()), top);
        far = _mm_andnot_ps(sign, _mm_sub_ps(e, was));
        far = _mm_add_ps(most, _mm_mul_ps(_mm_set1_ps(0.15F), far));
        is = _mm_cmple_ps(_mm_andnot_ps(sign, _mm_sub_ps(is, e)), far);
        agreeing = _mm_sub_epi32(agreeing, _mm_castps_si128(is));
    }
    if (i < n)
        rest = vd_dsp_c.agree(b + i, x + i, n - i, gain, offset, limit);
    return sum_4(agreeing) + rest;
}

/* A lane a shift, so that each adds up in the order of the C version; the last four overlap. */
static void shift_cost_sse2(const float *b, const float *x, int n, float cost[13])
{
    static const int from[4] = {-6, -2, 2, 3};
    const __m128 most = _mm_set1_ps(12), sign = _mm_set1_ps(-0.0F);
    __m128 sum[4] = {_mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps()};

    for (int i = 6; i < n - 7; i++) {
        __m128 at = _mm_set1_ps(b[i]);

        for (int k = 0; k < 4; k++) {
            __m128 d = _mm_andnot_ps(sign, _mm_sub_ps(_mm_loadu_ps(x + i + from[k]), at));

            sum[k] = _mm_add_ps(sum[k], _mm_min_ps(d, most));
        }
    }
    for (int k = 0; k < 4; k++)
        _mm_storeu_ps(cost + from[k] + 6, sum[k]);
}

void vd_dsp_init_sse2(struct vd_dsp *dsp)
{
    dsp->shrink = shrink_sse2;
    dsp->compare = compare_rows;
    dsp->sum_bytes = sum_bytes_sse2;
    dsp->sum_q7 = sum_q7_sse2;
    dsp->count = count_sse2;
    dsp->bits = bits_sse2;
    dsp->relight = relight_sse2;
    dsp->range = range_row;
    dsp->agree = agree_sse2;
    dsp->shift_cost = shift_cost_sse2;
}

#endif
