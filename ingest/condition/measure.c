#include "ingest/condition/measure.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The level below which `share` of n counted pixels lie. */
static float percentile(const uint32_t *histogram, int bins, uint32_t n, float share)
{
    uint32_t want = (uint32_t)((float)n * share), seen = 0;
    int i = 0;

    while (i < bins - 1 && (seen += histogram[i]) <= want)
        i++;
    return (float)i;
}

void vd_measure_levels(const uint8_t *luma, ptrdiff_t stride, int w, int h,
                       struct vd_levels *ret_levels)
{
    uint32_t histogram[256] = {0};
    uint32_t n = (uint32_t)(w * h);
    uint64_t sum = 0;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            histogram[luma[y * stride + x]]++;
    for (uint32_t i = 0; i < 256; i++)
        sum += (uint64_t)histogram[i] * i;
    ret_levels->mean = (float)sum / (float)n;
    ret_levels->p5 = percentile(histogram, 256, n, 0.05F);
    ret_levels->p50 = percentile(histogram, 256, n, 0.50F);
    ret_levels->p95 = percentile(histogram, 256, n, 0.95F);
}

void vd_measure_difference(const uint8_t *a, const uint8_t *b, size_t n_px,
                           struct vd_difference *ret_difference)
{
    enum { ZERO = 255, BINS = 511 };
    uint32_t signed_bins[BINS] = {0}, magnitude[BINS] = {0};
    uint32_t n = (uint32_t)n_px;
    uint64_t sum = 0;
    int median;

    for (size_t i = 0; i < n_px; i++)
        signed_bins[a[i] - b[i] + ZERO]++;
    median = (int)percentile(signed_bins, BINS, n, 0.5F);
    for (int i = 0; i < BINS; i++) {
        sum += (uint64_t)signed_bins[i] * (uint64_t)abs(i - ZERO);
        magnitude[abs(i - median)] += signed_bins[i];
    }
    ret_difference->stir = (float)sum / (float)n;

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

enum { COARSE_PX = 6, EDGE_PX = 3 };

/* Sums over one block. Structure is compared by its edges, differences over EDGE_PX to the
 * right and down: shading, which the sun moves and a turn hardly changes, falls out of them. */
struct block {
    double c, c2;        /* levels of the picture and their squares */
    double cc, rr, cr;   /* edges of the picture, of the reference, and their product */
    double fine, coarse; /* squared differences of the picture */
};

/* Levels and squares of n pixels in a row; float is exact enough for one row, and fast. */
static void sum_levels(const uint16_t *p, int n, struct block *b)
{
    float sum = 0, squares = 0;

    for (int x = 0; x < n; x++) {
        float c = (float)p[x] / 256;

        sum += c;
        squares += c * c;
    }
    b->c += (double)sum;
    b->c2 += (double)squares;
}

/* Edges and differences of n pixels in a row of pictures w wide. */
static void sum_edges(const uint16_t *p, const uint16_t *r, int n, int w, struct block *b)
{
    float cc = 0, rr = 0, cr = 0, fine = 0, coarse = 0;

    for (int x = 0; x < n; x++) {
        float c = (float)p[x] / 256, d = (float)r[x] / 256;
        float cx = (float)p[x + EDGE_PX] / 256 - c, cy = (float)p[x + EDGE_PX * w] / 256 - c;
        float dx = (float)r[x + EDGE_PX] / 256 - d, dy = (float)r[x + EDGE_PX * w] / 256 - d;
        float fx = (float)p[x + 1] / 256 - c, fy = (float)p[x + w] / 256 - c;
        float wx = (float)p[x + COARSE_PX] / 256 - c,
              wy = (float)p[x + COARSE_PX * w] / 256 - c;

        cc += cx * cx + cy * cy;
        rr += dx * dx + dy * dy;
        cr += cx * dx + cy * dy;
        fine += fx * fx + fy * fy;
        coarse += wx * wx + wy * wy;
    }
    b->cc += (double)cc;
    b->rr += (double)rr;
    b->cr += (double)cr;
    b->fine += (double)fine;
    b->coarse += (double)coarse;
}

static void sum_block(const uint16_t *picture, const uint16_t *reference, int w, int h, int x0,
                      int y0, struct block *b)
{
    int n = w - COARSE_PX - x0 < VD_BLOCK_PX ? w - COARSE_PX - x0 : VD_BLOCK_PX;

    memset(b, 0, sizeof *b);
    for (int y = y0; y < y0 + VD_BLOCK_PX; y++) {
        const uint16_t *p = picture + y * w + x0;

        sum_levels(p, VD_BLOCK_PX, b);
        if (y + COARSE_PX < h)
            sum_edges(p, reference + y * w + x0, n, w, b);
    }
}

void vd_measure_structure(const uint16_t *picture, const uint16_t *reference, int w, int h,
                          float noise, struct vd_structure *ret_structure)
{
    enum { PX = VD_BLOCK_PX * VD_BLOCK_PX };
    const double noise2 = (double)noise * (double)noise;
    /* A deviation of 2 grey levels is what the eye can just see in a block; an edge is seen
     * from 1.5 levels on. The picture is averaged over some looks, which leaves a seventh of
     * the noise's energy; a difference has it twice. */
    const double least = PX * (4.0 + noise2 / 2), least_edges = 2 * PX * (2.25 + noise2 / 2);
    const double fine_noise = PX * 4 * noise2 / 7; /* in the sums of fine and coarse alike */
    double cc = 0, rr = 0, cr = 0, fine = 0, coarse = 0;
    int n = 0, textured = 0, edged = 0, ref_edged = 0, gone = 0;

    for (int y = 0; y + VD_BLOCK_PX <= h; y += VD_BLOCK_PX)
        for (int x = 0; x + VD_BLOCK_PX <= w; x += VD_BLOCK_PX) {
            struct block b;

            sum_block(picture, reference, w, h, x, y, &b);
            n++;
            textured += b.c2 - b.c * b.c / PX > least;
            edged += b.cc > least_edges;
            cc += b.cc;
            rr += b.rr;
            cr += b.cr;
            if (b.rr <= least_edges)
                continue;
            ref_edged++;
            gone += b.cc < least_edges * 0.25 || b.cr < 0.4 * sqrt(b.cc * b.rr);
            fine += b.fine - fine_noise;
            coarse += b.coarse - fine_noise;
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
