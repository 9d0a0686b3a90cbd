/* ingest/motion/dsp_avx2.c: the hot loops in vectors of 32 bytes. Compiled with -mavx2 alone:
 * nothing of it may run before the machine was asked. */
#include "ingest/motion/dsp.h"

#if defined(__x86_64__)

#include <immintrin.h>

enum { LANES = 16 };
typedef __m256i v16, m16;

#define ALWAYS static inline __attribute__((always_inline, unused))

ALWAYS __m256i load(const void *p)
{
    return _mm256_loadu_si256(p);
}

ALWAYS void store(void *p, __m256i v)
{
    _mm256_storeu_si256(p, v);
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
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

ALWAYS void v_store_bytes(uint8_t *p, v16 v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm_packus_epi16(_mm256_castsi256_si128(v),
                                                            _mm256_extracti128_si256(v, 1)));
}

ALWAYS v16 v_set(int v)
{
    return _mm256_set1_epi16((int16_t)v);
}

#define v_add           _mm256_add_epi16
#define v_sub           _mm256_sub_epi16
#define v_adds          _mm256_adds_epi16
#define v_min           _mm256_min_epi16
#define v_max           _mm256_max_epi16
#define v_or            _mm256_or_si256
#define v_apart(a, b)   _mm256_abs_epi16(_mm256_sub_epi16(a, b))
#define v_share         _mm256_mulhrs_epi16
#define v_shl7(v)       _mm256_slli_epi16(v, 7)
#define v_shr(v, n)     _mm256_srai_epi16(v, n)
#define v_above         _mm256_cmpgt_epi16
#define v_is_zero(v)    _mm256_cmpeq_epi16(v, _mm256_setzero_si256())
#define m_and           _mm256_and_si256
#define m_and_not(a, b) _mm256_andnot_si256(b, a)
#define m_any(a, b)     (!_mm256_testz_si256(_mm256_or_si256(a, b), _mm256_or_si256(a, b)))
#define v_keep          _mm256_and_si256
#define v_drop          _mm256_andnot_si256
#define v_pick(m, a, b) _mm256_blendv_epi8(b, a, m)
#define v_negate_unless(m, v)                                                                  \
    _mm256_sign_epi16(v, _mm256_sub_epi16(_mm256_set1_epi16(-1), _mm256_add_epi16(m, m)))

#include "ingest/motion/dsp_lanes.h"

/* Words come out of a pack with the middle halves swapped. */
ALWAYS __m256i pack_words(__m256i a, __m256i b)
{
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8);
}

static void shrink_2(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                     ptrdiff_t dst_stride, int w, int h)
{
    const __m256i ones = _mm256_set1_epi8(1), half = _mm256_set1_epi16(2);

    for (int y = 0; y < h; y++, src += 2 * src_stride, dst += dst_stride) {
        int x = 0;

        for (; x + 32 <= w; x += 32) {
            __m256i sum[2];

            for (int i = 0; i < 2; i++) {
                __m256i a = load(src + 2 * x + 32 * i);
                __m256i b = load(src + src_stride + 2 * x + 32 * i);

                a = v_add(_mm256_maddubs_epi16(a, ones), _mm256_maddubs_epi16(b, ones));
                sum[i] = _mm256_srli_epi16(v_add(a, half), 2);
            }
            store(dst + x, pack_words(sum[0], sum[1]));
        }
        if (x < w)
            vd_dsp_c.shrink(src + 2 * x, src_stride, dst + x, dst_stride, w - x, 1, 2);
    }
}

/* Sums of 4 x 4 for 8 pixels. */
ALWAYS __m256i shrink_4_of_8(const uint8_t *src, ptrdiff_t stride)
{
    const __m256i bytes = _mm256_set1_epi8(1), words = _mm256_set1_epi16(1);
    __m256i sum = _mm256_maddubs_epi16(load(src), bytes);

    for (int i = 1; i < 4; i++)
        sum = v_add(sum, _mm256_maddubs_epi16(load(src + i * stride), bytes));
    sum = _mm256_add_epi32(_mm256_madd_epi16(sum, words), _mm256_set1_epi32(8));
    return _mm256_srli_epi32(sum, 4);
}

static void shrink_4(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                     ptrdiff_t dst_stride, int w, int h)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);

    for (int y = 0; y < h; y++, src += 4 * src_stride, dst += dst_stride) {
        int x = 0;

        for (; x + 32 <= w; x += 32) {
            __m256i p[4];

            for (int i = 0; i < 4; i++)
                p[i] = shrink_4_of_8(src + 4 * x + 32 * i, src_stride);
            p[0] = _mm256_packus_epi32(p[0], p[1]);
            p[2] = _mm256_packus_epi32(p[2], p[3]);
            p[0] = _mm256_packus_epi16(p[0], p[2]);
            store(dst + x, _mm256_permutevar8x32_epi32(p[0], order));
        }
        if (x < w)
            vd_dsp_c.shrink(src + 4 * x, src_stride, dst + x, dst_stride, w - x, 1, 4);
    }
}

/* Sums of n rows, 32 columns at a time. */
static void add_rows(const uint8_t *src, ptrdiff_t stride, uint16_t *sums, int w, int n)
{
    int x = 0;

    for (; x + 32 <= w; x += 32) {
        __m256i low = _mm256_setzero_si256(), high = low;

        for (int i = 0; i < n; i++) {
            low = v_add(low, v_bytes(src + i * stride + x));
            high = v_add(high, v_bytes(src + i * stride + x + 16));
        }
        store(sums + x, low);
        store(sums + x + 16, high);
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

static void shrink_avx2(const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                        ptrdiff_t dst_stride, int w, int h, int n)
{
    if (n == 1)
        vd_dsp_c.shrink(src, src_stride, dst, dst_stride, w, h, n);
    else if (n == 2)
        shrink_2(src, src_stride, dst, dst_stride, w, h);
    else if (n == 4)
        shrink_4(src, src_stride, dst, dst_stride, w, h);
    else
        shrink_n(src, src_stride, dst, dst_stride, w, h, n);
}

ALWAYS int32_t sum_8(__m256i v)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

static void sum_bytes_avx2(const uint8_t *p, ptrdiff_t stride, int w, int rows,
                           int32_t *columns, int32_t *cells, int32_t *row_sums)
{
    const __m256i zero = v_set(0);
    __m256i row_acc[8] = {zero, zero, zero, zero, zero, zero, zero, zero};
    int32_t more[8] = {0}, lanes[8];
    int x = 0;

    for (; x + 32 <= w; x += 32) {
        __m256i sums[2] = {zero, zero}, cell = zero;

        for (int y = 0; y < rows; y++) {
            const uint8_t *at = p + y * stride + x;
            __m256i sad = _mm256_sad_epu8(load(at), zero);

            sums[0] = v_add(sums[0], v_bytes(at));
            sums[1] = v_add(sums[1], v_bytes(at + 16));
            cell = _mm256_add_epi32(cell, sad);
            row_acc[y] = _mm256_add_epi32(row_acc[y], sad);
        }
        for (int i = 0; i < 4; i++) {
            __m256i half = sums[i / 2];
            __m128i part =
                i % 2 ? _mm256_extracti128_si256(half, 1) : _mm256_castsi256_si128(half);
            int32_t *to = columns + x + 8 * i;

            store(to, _mm256_add_epi32(load(to), _mm256_cvtepu16_epi32(part)));
        }
        store(lanes, cell);
        for (int i = 0; i < 4; i++)
            cells[x / 8 + i] = lanes[2 * i];
    }
    if (x < w)
        vd_dsp_c.sum_bytes(p + x, stride, w - x, rows, columns + x, cells + x / 8, more);
    for (int y = 0; y < rows; y++)
        row_sums[y] = more[y] + sum_8(row_acc[y]);
}

/* Two Q7 values add up to less than 2^16. */
static void sum_q7_avx2(const int16_t *p, ptrdiff_t stride, int w, int rows, int32_t *columns,
                        int32_t *cells, int32_t *row_sums)
{
    const __m256i zero = v_set(0), ones = v_set(1);
    __m256i row_acc[8] = {zero, zero, zero, zero, zero, zero, zero, zero};
    int32_t more[8] = {0}, lanes[8];
    int x = 0;

    for (; x + 16 <= w; x += 16) {
        __m256i low = zero, high = zero, both;

        for (int y = 0; y < rows; y += 2) {
            __m256i a = load(p + y * stride + x), b = zero;

            row_acc[y] = _mm256_add_epi32(row_acc[y], _mm256_madd_epi16(a, ones));
            if (y + 1 < rows) {
                b = load(p + (y + 1) * stride + x);
                row_acc[y + 1] = _mm256_add_epi32(row_acc[y + 1], _mm256_madd_epi16(b, ones));
            }
            a = v_add(a, b);
            low = _mm256_add_epi32(low, _mm256_unpacklo_epi16(a, zero));
            high = _mm256_add_epi32(high, _mm256_unpackhi_epi16(a, zero));
        }
        both = _mm256_permute2x128_si256(low, high, 0x20);
        store(columns + x, _mm256_add_epi32(load(columns + x), both));
        both = _mm256_permute2x128_si256(low, high, 0x31);
        store(columns + x + 8, _mm256_add_epi32(load(columns + x + 8), both));
        both = _mm256_add_epi32(low, high); /* a cell in each half */
        both = _mm256_hadd_epi32(both, both);
        store(lanes, _mm256_hadd_epi32(both, both));
        cells[x / 8] = lanes[0];
        cells[x / 8 + 1] = lanes[4];
    }
    if (x < w)
        vd_dsp_c.sum_q7(p + x, stride, w - x, rows, columns + x, cells + x / 8, more);
    for (int y = 0; y < rows; y++)
        row_sums[y] = more[y] + sum_8(row_acc[y]);
}

static void count_avx2(const uint8_t *flags, ptrdiff_t stride, int w, int rows, uint8_t *weak,
                       uint8_t *restless)
{
    const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi8(1);
    int x = 0;

    for (; x + 32 <= w; x += 32) {
        __m256i sum = zero, both = zero;
        uint64_t sums[4], boths[4];

        for (int y = 0; y < rows; y++) {
            __m256i f = load(flags + y * stride + x), is_weak = _mm256_and_si256(f, ones);

            sum = _mm256_add_epi8(sum, is_weak);
            both = _mm256_add_epi8(both, _mm256_and_si256(is_weak, _mm256_srli_epi16(f, 3)));
        }
        store(sums, _mm256_sad_epu8(sum, zero));
        store(boths, _mm256_sad_epu8(both, zero));
        for (int i = 0; i < 4; i++) {
            weak[x / 8 + i] = (uint8_t)sums[i];
            restless[x / 8 + i] = (uint8_t)boths[i];
        }
    }
    if (x < w)
        vd_dsp_c.count(flags + x, stride, w - x, rows, weak + x / 8, restless + x / 8);
}

static void relight_avx2(int16_t *p, int n, int gain_q12, int offset_q7)
{
    const __m256i by = _mm256_set1_epi32(gain_q12 | 1 << 27);
    const __m256i offset = _mm256_set1_epi32(offset_q7);
    const __m256i ones = v_set(1), top = v_set(255 << 7), zero = v_set(0);
    int i = 0;

    for (; i + 16 <= n; i += 16) { /* p * gain + 1 * 2^11 in one multiplication */
        __m256i v = load(p + i);
        __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(v, ones), by);
        __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(v, ones), by);

        low = _mm256_add_epi32(_mm256_srai_epi32(low, 12), offset);
        high = _mm256_add_epi32(_mm256_srai_epi32(high, 12), offset);
        store(p + i, v_max(zero, v_min(top, _mm256_packs_epi32(low, high))));
    }
    if (i < n)
        vd_dsp_c.relight(p + i, n - i, gain_q12, offset_q7);
}

static int agree_avx2(const float *b, const float *x, int n, float gain, float offset,
                      float limit)
{
    const __m256 gains = _mm256_set1_ps(gain), offsets = _mm256_set1_ps(offset);
    const __m256 most = _mm256_set1_ps(limit), top = _mm256_set1_ps(255);
    const __m256 sign = _mm256_set1_ps(-0.0F);
    __m256i agreeing = _mm256_setzero_si256();
    int lanes[8], i = 0, sum = 0;

    for (; i + 8 <= n; i += 8) {
        __m256 was = _mm256_loadu_ps(b + i), is = _mm256_loadu_ps(x + i);
        __m256 e = _mm256_add_ps(_mm256_mul_ps(gains, was), offsets), far;

        e = _mm256_min_ps(_mm256_max_ps(e, _mm256_setzero_ps()), top);
        far = _mm256_andnot_ps(sign, _mm256_sub_ps(e, was));
        far = _mm256_add_ps(most, _mm256_mul_ps(_mm256_set1_ps(0.15F), far));
        is = _mm256_cmp_ps(_mm256_andnot_ps(sign, _mm256_sub_ps(is, e)), far, _CMP_LE_OQ);
        agreeing = _mm256_sub_epi32(agreeing, _mm256_castps_si256(is));
    }
    if (i < n)
        sum = vd_dsp_c.agree(b + i, x + i, n - i, gain, offset, limit);
    store(lanes, agreeing);
    for (i = 0; i < 8; i++)
        sum += lanes[i];
    return sum;
}

/* A lane a shift, so that each adds up in the order of the C version; three overlap. */
static void shift_cost_avx2(const float *b, const float *x, int n, float cost[13])
{
    const __m256 most = _mm256_set1_ps(12), sign = _mm256_set1_ps(-0.0F);
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();

    for (int i = 6; i < n - 7; i++) {
        __m256 at = _mm256_set1_ps(b[i]);
        __m256 l = _mm256_sub_ps(_mm256_loadu_ps(x + i - 6), at);
        __m256 h = _mm256_sub_ps(_mm256_loadu_ps(x + i - 1), at);

        low = _mm256_add_ps(low, _mm256_min_ps(_mm256_andnot_ps(sign, l), most));
        high = _mm256_add_ps(high, _mm256_min_ps(_mm256_andnot_ps(sign, h), most));
    }
    _mm256_storeu_ps(cost, low);
    _mm256_storeu_ps(cost + 5, high);
}

void vd_dsp_init_avx2(struct vd_dsp *dsp)
{
    dsp->shrink = shrink_avx2;
    dsp->compare = compare_rows;
    dsp->sum_bytes = sum_bytes_avx2;
    dsp->sum_q7 = sum_q7_avx2;
    dsp->count = count_avx2;
    dsp->relight = relight_avx2;
    dsp->range = range_row;
    dsp->agree = agree_avx2;
    dsp->shift_cost = shift_cost_avx2;
}

#endif
