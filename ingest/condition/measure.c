#include "ingest/condition/measure.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Every second row is measured: the rows between say the same, at the same cost again. */
enum { ROW_STEP = 2, TABLES = 4 };

/* The level below which `share` of n counted pixels lie. */
static float percentile(const uint32_t *histogram, int bins, uint32_t n, float share)
{
    uint32_t want = (uint32_t)((float)n * share), seen = 0;
    int i = 0;

    while (i < bins - 1 && (seen += histogram[i]) <= want)
        i++;
    return (float)i;
}

/* Counts run over some tables by turns, for neighbours are often equal, and one counter can't
 * rise twice at once. The first of them gets the sum. */
static void add_tables(uint32_t *tables, int bins)
{
    for (int i = 0; i < bins; i++)
        for (int t = 1; t < TABLES; t++)
            tables[i] += tables[t * bins + i];
}

void vd_measure_levels(const uint8_t *luma, ptrdiff_t stride, int w, int h,
                       struct vd_levels *ret_levels)
{
    enum { BINS = 256 };
    uint32_t histogram[TABLES * BINS] = {0};
    uint32_t n = (uint32_t)(w * ((h + ROW_STEP - 1) / ROW_STEP));
    uint64_t sum = 0;

    for (int y = 0; y < h; y += ROW_STEP)
        for (int x = 0; x < w; x++)
            histogram[x % TABLES * BINS + luma[y * stride + x]]++;
    add_tables(histogram, BINS);
    for (uint32_t i = 0; i < BINS; i++)
        sum += (uint64_t)histogram[i] * i;
    ret_levels->mean = (float)sum / (float)n;
    ret_levels->p5 = percentile(histogram, BINS, n, 0.05F);
    ret_levels->p50 = percentile(histogram, BINS, n, 0.50F);
    ret_levels->p95 = percentile(histogram, BINS, n, 0.95F);
}

/* Of every pixel, for it is asked, too, whether none has changed. */
static uint64_t sum_magnitudes(const uint8_t *a, ptrdiff_t stride, const uint8_t *b, int w,
                               int h)
{
    uint64_t all = 0;

    for (int y = 0; y < h; y++) {
        uint32_t sum = 0;

        for (int x = 0; x < w; x++)
            sum += (uint32_t)abs(a[y * stride + x] - b[y * w + x]);
        all += sum;
    }
    return all;
}

void vd_measure_difference(const uint8_t *a, ptrdiff_t stride, const uint8_t *b, int w, int h,
                           struct vd_difference *ret_difference)
{
    enum { ZERO = 255, BINS = 511 };
    uint32_t signed_bins[TABLES * BINS] = {0}, magnitude[BINS] = {0};
    uint32_t n = (uint32_t)(w * ((h + ROW_STEP - 1) / ROW_STEP));
    int median;

    for (int y = 0; y < h; y += ROW_STEP)
        for (int x = 0; x < w; x++)
            signed_bins[x % TABLES * BINS + a[y * stride + x] - b[y * w + x] + ZERO]++;
    add_tables(signed_bins, BINS);
    median = (int)percentile(signed_bins, BINS, n, 0.5F);
    for (int i = 0; i < BINS; i++)
        magnitude[abs(i - median)] += signed_bins[i];
    ret_difference->stir = (float)sum_magnitudes(a, stride, b, w, h) / (float)(w * h);

    /* The median magnitude of a normal distribution is 0.6745 sigma. Whole levels are too
     * coarse for it when noise is small: interpolate within the bin. */
    uint32_t half = n / 2, below = 0;
    int bin = 0;

    while (bin < BINS - 1 && below + magnitude[bin] < half)
        below += magnitude[bin++];

    float inside = magnitude[bin] > 0 ? (float)(half - below) / (float)magnitude[bin] : 0;
    float width = bin == 0 ? 0.5F : 1.0F;
    float low = bin == 0 ? 0 : (float)bin - 0.5F;

    ret_difference->noise = (low + inside * width) / 0.6745F / 1.4142F;
}

enum {
    COARSE_PX = 6,
    EDGE_PX = 3,
    FINE =
        32, /* grey levels are measured in parts so fine: a row of squares of a block, right */
    TO_FINE = 3,  /* and down, then fits 31 bits (2 x 16 x (255 x 32)^2), and products of 16 */
    HALF_ROW = 8, /* bits are summed eight at a time */
};

/* Sums over one block. Structure is compared by its edges, differences over EDGE_PX to the
 * right and down: shading, which the sun moves and a turn hardly changes, falls out of them. */
struct block {
    int64_t c, c2;        /* levels of the picture and their squares */
    int64_t cc, rr, cr;   /* edges of the picture, of the reference, and their product */
    int64_t fine, coarse; /* squared differences of the picture */
};

static int16_t fine_of(uint16_t level)
{
    return (int16_t)(level >> TO_FINE);
}

/* Levels and squares of a row of a block. */
static void sum_levels(const uint16_t *p, struct block *b)
{
    int32_t sum = 0, squares = 0;

    for (int x = 0; x < VD_BLOCK_PX; x++) {
        int16_t c = fine_of(p[x]);

        sum += c;
        squares += c * c;
    }
    b->c += sum;
    b->c2 += squares;
}

/* Edges and differences of n pixels in a row of pictures w wide. Inlined with n a constant. */
static inline __attribute__((always_inline)) void sum_some(const uint16_t *p, const uint16_t *r,
                                                           int n, int w, struct block *b)
{
    int32_t right[5] = {0}, down[5] = {0};

    for (int x = 0; x < n; x++) {
        int16_t c = fine_of(p[x]), d = fine_of(r[x]);
        int16_t cx = (int16_t)(fine_of(p[x + EDGE_PX]) - c);
        int16_t cy = (int16_t)(fine_of(p[x + EDGE_PX * w]) - c);
        int16_t dx = (int16_t)(fine_of(r[x + EDGE_PX]) - d);
        int16_t dy = (int16_t)(fine_of(r[x + EDGE_PX * w]) - d);
        int16_t fx = (int16_t)(fine_of(p[x + 1]) - c), fy = (int16_t)(fine_of(p[x + w]) - c);
        int16_t wx = (int16_t)(fine_of(p[x + COARSE_PX]) - c);
        int16_t wy = (int16_t)(fine_of(p[x + COARSE_PX * w]) - c);

        right[0] += cx * cx;
        down[0] += cy * cy;
        right[1] += dx * dx;
        down[1] += dy * dy;
        right[2] += cx * dx;
        down[2] += cy * dy;
        right[3] += fx * fx;
        down[3] += fy * fy;
        right[4] += wx * wx;
        down[4] += wy * wy;
    }
    b->cc += right[0] + down[0];
    b->rr += right[1] + down[1];
    b->cr += right[2] + down[2];
    b->fine += right[3] + down[3];
    b->coarse += right[4] + down[4];
}

static void sum_edges(const uint16_t *p, const uint16_t *r, int n, int w, struct block *b)
{
    int x = 0;

    if (n == VD_BLOCK_PX) {
        sum_some(p, r, VD_BLOCK_PX, w, b);
        return;
    }
    for (; x + HALF_ROW <= n; x += HALF_ROW)
        sum_some(p + x, r + x, HALF_ROW, w, b);
    for (; x < n; x++)
        sum_some(p + x, r + x, 1, w, b);
}

static void sum_block(const uint16_t *picture, const uint16_t *reference, int w, int h, int x0,
                      int y0, struct block *b)
{
    int n = w - COARSE_PX - x0 < VD_BLOCK_PX ? w - COARSE_PX - x0 : VD_BLOCK_PX;

    memset(b, 0, sizeof *b);
    for (int y = y0; y < y0 + VD_BLOCK_PX; y += ROW_STEP) {
        const uint16_t *p = picture + y * w + x0;

        sum_levels(p, b);
        if (y + COARSE_PX < h)
            sum_edges(p, reference + y * w + x0, n, w, b);
    }
}

void vd_measure_structure(const uint16_t *picture, const uint16_t *reference, int w, int h,
                          float noise, struct vd_structure *ret_structure)
{
    enum { PX = VD_BLOCK_PX * VD_BLOCK_PX / ROW_STEP };
    const double noise2 = (double)noise * (double)noise;
    /* A deviation of 2 grey levels is what the eye can just see in a block; an edge is seen
     * from 1.5 levels on. The picture is averaged over some looks, which leaves a seventh of
     * the noise's energy; a difference has it twice. */
    const double unit = FINE * FINE, least = unit * PX * (4.0 + noise2 / 2);
    const double least_edges = unit * 2 * PX * (2.25 + noise2 / 2);
    const double fine_noise = unit * PX * 4 * noise2 / 7; /* in fine and coarse alike */
    double cc = 0, rr = 0, cr = 0, fine = 0, coarse = 0;
    int n = 0, textured = 0, edged = 0, ref_edged = 0, gone = 0;

    for (int y = 0; y + VD_BLOCK_PX <= h; y += VD_BLOCK_PX)
        for (int x = 0; x + VD_BLOCK_PX <= w; x += VD_BLOCK_PX) {
            struct block b;

            sum_block(picture, reference, w, h, x, y, &b);
            n++;
            textured += (double)(b.c2 - b.c * b.c / PX) > least;
            edged += (double)b.cc > least_edges;
            cc += (double)b.cc;
            rr += (double)b.rr;
            cr += (double)b.cr;
            if ((double)b.rr <= least_edges)
                continue;
            ref_edged++;
            gone += (double)b.cc < least_edges * 0.25 ||
                    (double)b.cr < 0.4 * sqrt((double)b.cc * (double)b.rr);
            fine += (double)b.fine - fine_noise;
            coarse += (double)b.coarse - fine_noise;
        }
    ret_structure->textured = n > 0 ? (float)textured / (float)n : 0;
    ret_structure->edged = n > 0 ? (float)edged / (float)n : 0;
    ret_structure->ref_edged = n > 0 ? (float)ref_edged / (float)n : 0;
    ret_structure->gone = ref_edged > 0 ? (float)gone / (float)ref_edged : 0;
    ret_structure->match = cc > 0 && rr > 0 ? (float)(cr / sqrt(cc * rr)) : 0;
    ret_structure->fine = coarse > 0 && fine > 0 ? (float)(fine / coarse) : 0;
}

enum { REDUCE_PX = 4, REDUCED_MAX = 88 * 72, REACH_X = 20, REACH_Y = 5 };

/* Means of REDUCE_PX x REDUCE_PX, then what a pixel differs from its neighbours to the right
 * and below: edges, in grey levels. */
static void reduce_to_edges(const uint16_t *picture, int w, int rw, int rh, float *edges)
{
    float small[REDUCED_MAX];

    for (int y = 0; y < rh; y++)
        for (int x = 0; x < rw; x++) {
            uint32_t sum = 0;

            for (int j = 0; j < REDUCE_PX; j++)
                for (int i = 0; i < REDUCE_PX; i++)
                    sum += picture[(y * REDUCE_PX + j) * w + x * REDUCE_PX + i];
            small[y * rw + x] = (float)sum / (REDUCE_PX * REDUCE_PX * 256.0F);
        }
    memset(edges, 0, sizeof *edges * (size_t)(rw * rh));
    for (int y = 0; y < rh - 1; y++)
        for (int x = 0; x < rw - 1; x++) {
            const float *p = small + y * rw + x;

            edges[y * rw + x] = 2 * p[0] - p[1] - p[rw];
        }
}

/* Correlation of what both show when the picture has moved by (dx, dy). */
static float match_at(const float *c, const float *r, int w, int h, int dx, int dy)
{
    int x0 = dx > 0 ? dx : 0, x1 = dx > 0 ? w : w + dx;
    int y0 = dy > 0 ? dy : 0, y1 = dy > 0 ? h : h + dy;
    float cc = 0, rr = 0, cr = 0;

    for (int y = y0; y < y1; y++) {
        const float *p = c + y * w, *q = r + (y - dy) * w - dx;

        for (int x = x0; x < x1; x++) {
            cc += p[x] * p[x];
            rr += q[x] * q[x];
            cr += p[x] * q[x];
        }
    }
    return cc > 0 && rr > 0 ? cr / sqrtf(cc * rr) : 0;
}

void vd_measure_turn(const uint16_t *picture, const uint16_t *reference, int w, int h,
                     struct vd_turn *ret_turn)
{
    float c[REDUCED_MAX], r[REDUCED_MAX];
    int rw = w / REDUCE_PX, rh = h / REDUCE_PX;

    reduce_to_edges(picture, w, rw, rh, c);
    reduce_to_edges(reference, w, rw, rh, r);
    *ret_turn = (struct vd_turn){.match = match_at(c, r, rw, rh, 0, 0)};
    ret_turn->still = ret_turn->match;
    for (int dy = -REACH_Y; dy <= REACH_Y; dy++)
        for (int dx = -REACH_X; dx <= REACH_X; dx++) {
            float match = match_at(c, r, rw, rh, dx, dy);

            if (match <= ret_turn->match)
                continue;
            ret_turn->match = match;
            ret_turn->dx_px = dx * REDUCE_PX;
            ret_turn->dy_px = dy * REDUCE_PX;
        }
}
