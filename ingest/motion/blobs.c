/* ingest/motion/blobs.c: runs, union-find, sums. */
#include "ingest/motion/blobs.h"

#include <string.h>

#include "ingest/motion/dsp.h"
#include "ingest/motion/zones.h"

static int32_t root_of(struct vd_run *runs, int32_t i)
{
    while (runs[i].parent != i) {
        runs[i].parent = runs[runs[i].parent].parent;
        i = runs[i].parent;
    }
    return i;
}

static void join(struct vd_run *runs, int32_t a, int32_t b)
{
    a = root_of(runs, a);
    b = root_of(runs, b);
    if (a < b)
        runs[b].parent = a;
    else
        runs[a].parent = b;
}

/* The first x >= from whose bit is set, or clear when flip is all ones; w when there is none.
 */
static int next_bit(const uint64_t *bits, int from, int w, uint64_t flip)
{
    while (from < w) {
        uint64_t word = (bits[from / 64] ^ flip) >> (from % 64);

        if (word != 0) {
            from += __builtin_ctzll(word);
            return from < w ? from : w;
        }
        from = (from | 63) + 1;
    }
    return w;
}

/* Appends the runs of row y. */
static void row_runs(struct vd_blobs *blobs, const uint64_t *bits, int y, int w)
{
    for (int x0 = next_bit(bits, 0, w, 0); x0 < w;) {
        int x1 = next_bit(bits, x0, w, ~UINT64_C(0));

        if (blobs->n_runs == VD_RUNS_MAX) {
            blobs->is_cut = true;
            return;
        }
        blobs->runs[blobs->n_runs] = (struct vd_run){
            .y = (int16_t)y, .x0 = (int16_t)x0, .x1 = (int16_t)x1, .parent = blobs->n_runs};
        blobs->n_runs++;
        x0 = next_bit(bits, x1, w, 0);
    }
}

static void join_rows(struct vd_run *runs, int above, int above_end, int below, int below_end)
{
    while (above < above_end && below < below_end) {
        if (runs[above].x1 >= runs[below].x0 && runs[below].x1 >= runs[above].x0)
            join(runs, above, below);
        if (runs[above].x1 < runs[below].x1)
            above++;
        else
            below++;
    }
}

/* What a pixel's flags add to the counts of strong, darker and changed, 16 bits each: a run has
 * at most VD_MOTION_W_MAX pixels. */
#define STRONG  (INT64_C(1))
#define DARKER  (INT64_C(1) << 16)
#define CHANGED (INT64_C(1) << 32)
static const int64_t of_flags[16] = {
    [2] = STRONG,
    [3] = STRONG,
    [4] = DARKER,
    [5] = DARKER,
    [6] = STRONG + DARKER,
    [7] = STRONG + DARKER,
    [8] = CHANGED,
    [9] = CHANGED,
    [10] = CHANGED + STRONG,
    [11] = CHANGED + STRONG,
    [12] = CHANGED + DARKER,
    [13] = CHANGED + DARKER,
    [14] = CHANGED + DARKER + STRONG,
    [15] = CHANGED + DARKER + STRONG,
};
_Static_assert(VD_PIXEL_STRONG == 2 && VD_PIXEL_DARKER == 4 && VD_PIXEL_CHANGED == 8, "above");

static void add_run(struct vd_blob *blob, const struct vd_run *run,
                    const struct vd_flag_map *map)
{
    const uint8_t *row = map->flags + run->y * map->pitch;
    const uint16_t *zone_row = map->zones + run->y * map->pitch;
    int n = run->x1 - run->x0;
    int64_t counts = 0;

    blob->x0 = run->x0 < blob->x0 ? run->x0 : blob->x0;
    blob->x1 = run->x1 > blob->x1 ? run->x1 : blob->x1;
    blob->y0 = run->y < blob->y0 ? run->y : blob->y0;
    blob->y1 = run->y + 1 > blob->y1 ? run->y + 1 : blob->y1;
    blob->area += n;
    blob->cx += (float)n * 0.5F * (float)(run->x0 + run->x1 - 1);
    blob->cy += (float)n * (float)run->y;
    for (int x = run->x0; x < run->x1; x++)
        counts += of_flags[row[x] % 16];
    blob->strong += (int)(counts & 0xFFFF);
    blob->darker += (int)(counts >> 16 & 0xFFFF);
    blob->changed += (int)(counts >> 32);
    for (int x0 = run->x0, x = x0; x0 < run->x1; x0 = x) {
        while (x < run->x1 && zone_row[x] == zone_row[x0])
            x++;
        for (unsigned bits = zone_row[x0] & ~(unsigned)VD_ZONE_SEEN; bits != 0;
             bits &= bits - 1)
            blob->zone_area[__builtin_ctz(bits)] += x - x0;
    }
}

/* Keeps the largest VD_BLOBS_MAX roots of at least min_area pixels in blobs->blobs. */
static void pick_roots(struct vd_blobs *blobs, int min_area)
{
    for (int i = 0; i < blobs->n_runs; i++)
        blobs->label[i] = 0;
    for (int i = 0; i < blobs->n_runs; i++) {
        int32_t root = root_of(blobs->runs, i);

        blobs->runs[i].parent = root;
        blobs->label[root] += blobs->runs[i].x1 - blobs->runs[i].x0;
    }
    blobs->n = 0;
    for (int i = 0; i < blobs->n_runs; i++) {
        int area = blobs->label[i], at;

        if (blobs->runs[i].parent != i)
            continue;
        if (area < min_area) {
            blobs->n_small++;
            continue;
        }
        for (at = blobs->n; at > 0 && blobs->blobs[at - 1].area < area; at--)
            if (at < VD_BLOBS_MAX)
                blobs->blobs[at] = blobs->blobs[at - 1];
        if (at < VD_BLOBS_MAX)
            blobs->blobs[at] = (struct vd_blob){.area = area, .root = i};
        blobs->n += blobs->n < VD_BLOBS_MAX;
    }
}

void vd_blobs_find(struct vd_blobs *blobs, const struct vd_flag_map *map, int min_area,
                   int min_strong)
{
    uint64_t bits[(VD_MOTION_W_MAX + 63) / 64];
    int above = 0, above_end = 0, kept = 0;

    blobs->w = map->w;
    blobs->h = map->h;
    blobs->n_runs = blobs->n_small = 0;
    blobs->is_cut = false;
    for (int y = 0; y < map->h; y++) {
        int begin = blobs->n_runs;

        if (map->is_busy[y / 8]) {
            map->dsp->bits(map->flags + y * map->pitch, map->pitch, bits);
            row_runs(blobs, bits, y, map->w);
            join_rows(blobs->runs, above, above_end, begin, blobs->n_runs);
        }
        above = begin;
        above_end = blobs->n_runs;
    }
    pick_roots(blobs, min_area);
    for (int i = 0; i < blobs->n_runs; i++)
        blobs->label[i] = -1;
    for (int i = 0; i < blobs->n; i++) {
        struct vd_blob *blob = &blobs->blobs[i];

        blobs->label[blob->root] = i;
        *blob = (struct vd_blob){.root = blob->root, .x0 = map->w, .y0 = map->h};
    }
    for (int i = 0; i < blobs->n_runs; i++) {
        int at = blobs->label[blobs->runs[i].parent];

        if (at >= 0)
            add_run(&blobs->blobs[at], &blobs->runs[i], map);
    }
    for (int i = 0; i < blobs->n; i++) {
        struct vd_blob *blob = &blobs->blobs[i];

        blob->cx /= (float)blob->area;
        blob->cy /= (float)blob->area;
        if (blob->strong < min_strong) {
            blobs->n_small++;
            continue;
        }
        blobs->blobs[kept++] = *blob;
    }
    blobs->n = kept;
}

struct extent {
    int16_t low, high;
};

void vd_blobs_paint(const struct vd_blobs *blobs, int i, const int shift[2], uint8_t *picture,
                    int pitch)
{
    const struct vd_blob *blob = &blobs->blobs[i];
    struct extent rows[VD_MOTION_H_MAX], columns[VD_MOTION_W_MAX];

    for (int y = blob->y0; y < blob->y1; y++)
        rows[y] = (struct extent){INT16_MAX, -1};
    for (int x = blob->x0; x < blob->x1; x++)
        columns[x] = (struct extent){INT16_MAX, -1};
    for (int r = 0; r < blobs->n_runs; r++) {
        const struct vd_run *run = &blobs->runs[r];

        if (run->parent != blob->root)
            continue;
        rows[run->y].low = run->x0 < rows[run->y].low ? run->x0 : rows[run->y].low;
        rows[run->y].high = run->x1 > rows[run->y].high ? run->x1 : rows[run->y].high;
        for (int x = run->x0; x < run->x1; x++) {
            columns[x].low = run->y < columns[x].low ? run->y : columns[x].low;
            columns[x].high = run->y;
        }
    }
    for (int y = blob->y0; y < blob->y1; y++) {
        int to_y = y + shift[1];

        for (int x = rows[y].low; x < rows[y].high && to_y >= 0 && to_y < blobs->h; x++) {
            int to_x = x + shift[0];

            if (y >= columns[x].low && y <= columns[x].high && to_x >= 0 && to_x < blobs->w)
                picture[to_y * pitch + to_x] = 255;
        }
    }
}
