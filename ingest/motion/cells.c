/* ingest/motion/cells.c: what each cell is used to, and how it looks beside its background. */
#include <math.h>
#include <string.h>

#include "ingest/motion/background.h"

static const float USUAL_S = 12, DOUBT_S = 8, BAR_MAX = 0.7F, RESTLESS = 0.02F,
                   NEW_SHARE = 0.15F;
static const float NOTHING = 1e-12F; /* what fades ends here: denormal numbers cost time */

/* Counts that a cell's shares are made of. */
struct cell_counts {
    uint8_t weak[VD_MOTION_W_MAX / VD_CELL], restless[VD_MOTION_W_MAX / VD_CELL];
};

static int cell_pixels(const struct vd_background *bg, int r, int c)
{
    int h = bg->h - r * VD_CELL, w = bg->w - c * VD_CELL;

    return (h < VD_CELL ? h : VD_CELL) * (w < VD_CELL ? w : VD_CELL);
}

static void clear_cell(struct vd_background *bg, int r, int c)
{
    int y1 = (r + 1) * VD_CELL < bg->h ? (r + 1) * VD_CELL : bg->h;

    for (int y = r * VD_CELL; y < y1; y++)
        memset(bg->flags + y * bg->pitch + c * VD_CELL, 0, VD_CELL);
}

/* Shares of the cell's pixels that differ, and of those that do and have just come to. Says
 * whether it is no more than usual. */
static bool is_usual(const struct vd_background *bg, int r, int c,
                     const struct cell_counts *counts)
{
    struct vd_cell *cell = &bg->cells[r * bg->cols + c];
    float n, bar;

    cell->look = VD_LOOK_UNKNOWN;
    cell->share = cell->restless = 0;
    if (counts->weak[c] == 0)
        return false;
    n = (float)cell_pixels(bg, r, c);
    cell->share = (float)counts->weak[c] / n;
    cell->restless = (float)counts->restless[c] / n;
    bar = cell->mean + 3 * cell->dev + 0.10F;
    return cell->mean > 0.015F && cell->share < (bar < BAR_MAX ? bar : BAR_MAX);
}

int vd_background_cells(struct vd_background *bg)
{
    struct cell_counts counts;
    int taken = 0;

    for (int r = 0; r < bg->rows; r++) {
        int y0 = r * VD_CELL, rows = bg->h - y0 < VD_CELL ? bg->h - y0 : VD_CELL;

        bg->dsp.count(bg->flags + y0 * bg->pitch, bg->pitch, bg->pitch, rows, counts.weak,
                      counts.restless);
        bg->is_busy[r] = false;
        for (int c = 0; c < bg->cols; c++) {
            struct vd_cell *cell = &bg->cells[r * bg->cols + c];

            cell->is_usual = is_usual(bg, r, c, &counts);
            bg->is_busy[r] |= counts.weak[c] > 0 && !cell->is_usual;
            if (!cell->is_usual)
                continue;
            taken += (int)(cell->share * VD_CELL * VD_CELL);
            clear_cell(bg, r, c);
        }
    }
    return taken;
}

static void learn_share(struct vd_cell *cell, float share, float rate)
{
    float d = share - cell->mean;

    if (share == 0 && cell->mean < NOTHING && cell->dev < NOTHING) {
        cell->mean = cell->dev = 0;
        return;
    }
    cell->mean += rate * d;
    cell->dev += rate * (fabsf(d) - cell->dev);
}

/* What is pending becomes usual, as if it had been learnt frame by frame. */
static void settle(struct vd_cell *cell, float rate)
{
    if (cell->pending_n > 0)
        learn_share(cell, cell->pending_sum / (float)cell->pending_n,
                    1 - powf(1 - rate, (float)cell->pending_n));
    cell->pending_n = 0;
    cell->pending_sum = 0;
}

void vd_background_usual(struct vd_background *bg, float dt_s)
{
    float rate = fminf(0.5F, fmaxf(dt_s / USUAL_S, 1.0F / (float)(++bg->cell_frames + 1)));
    float fade = fminf(1, dt_s / DOUBT_S);

    bg->usual_rate = rate;
    for (int i = 0; i < bg->cols * bg->rows; i++) {
        struct vd_cell *cell = &bg->cells[i];

        cell->doubt = cell->doubt > NOTHING ? cell->doubt - fade * cell->doubt : 0;
        if (cell->is_held || cell->is_still)
            continue;
        if (cell->owner == 0) {
            learn_share(cell, cell->share, rate);
            continue;
        }
        if (cell->owner != cell->pending_owner)
            settle(cell, rate);
        cell->pending_owner = cell->owner;
        cell->pending_sum += cell->share;
        cell->pending_n++;
    }
}

void vd_background_decide(struct vd_background *bg, uint32_t track, bool is_mover)
{
    for (int i = 0; i < bg->cols * bg->rows; i++) {
        struct vd_cell *cell = &bg->cells[i];

        if (cell->pending_owner != track)
            continue;
        cell->doubt += is_mover ? 0 : 1;
        if (is_mover)
            cell->pending_sum = 0;
        if (is_mover)
            cell->pending_n = 0;
        else
            settle(cell, bg->usual_rate);
    }
}

void vd_background_cover_none(struct vd_background *bg)
{
    for (int i = 0; i < bg->cols * bg->rows; i++) {
        bg->cells[i].is_held = bg->cells[i].is_still = false;
        bg->cells[i].owner = 0;
    }
}

struct cell_range {
    int r0, r1, c0, c1;
};

static struct cell_range range_of(const struct vd_background *bg, const int b[4], int margin)
{
    struct cell_range range = {b[1] / VD_CELL - margin, (b[3] - 1) / VD_CELL + margin,
                               b[0] / VD_CELL - margin, (b[2] - 1) / VD_CELL + margin};

    range.r0 = range.r0 < 0 ? 0 : range.r0;
    range.c0 = range.c0 < 0 ? 0 : range.c0;
    range.r1 = range.r1 < bg->rows ? range.r1 : bg->rows - 1;
    range.c1 = range.c1 < bg->cols ? range.c1 : bg->cols - 1;
    return range;
}

void vd_background_hold(struct vd_background *bg, const int bounds[4])
{
    struct cell_range in = range_of(bg, bounds, 1);

    for (int r = in.r0; r <= in.r1; r++)
        for (int c = in.c0; c <= in.c1; c++)
            bg->cells[r * bg->cols + c].is_held = true;
}

void vd_background_still(struct vd_background *bg, const int bounds[4])
{
    struct cell_range in = range_of(bg, bounds, 0);

    for (int r = in.r0; r <= in.r1; r++)
        for (int c = in.c0; c <= in.c1; c++)
            bg->cells[r * bg->cols + c].is_still = true;
}

float vd_background_doubt(const struct vd_background *bg, const int bounds[4])
{
    struct cell_range in = range_of(bg, bounds, 0);
    float sum = 0;

    for (int r = in.r0; r <= in.r1; r++)
        for (int c = in.c0; c <= in.c1; c++)
            sum += bg->cells[r * bg->cols + c].doubt;
    return sum / (float)((in.r1 - in.r0 + 1) * (in.c1 - in.c0 + 1));
}

bool vd_background_is_restless(const struct vd_background *bg, const int bounds[4])
{
    struct cell_range in = range_of(bg, bounds, 0);
    float sum = 0;

    for (int r = in.r0; r <= in.r1; r++)
        for (int c = in.c0; c <= in.c1; c++)
            sum += bg->cells[r * bg->cols + c].mean;
    return sum > RESTLESS * (float)((in.r1 - in.r0 + 1) * (in.c1 - in.c0 + 1));
}

void vd_background_own(struct vd_background *bg, const int bounds[4], uint32_t track)
{
    struct cell_range in = range_of(bg, bounds, 0);

    for (int r = in.r0; r <= in.r1; r++)
        for (int c = in.c0; c <= in.c1; c++)
            bg->cells[r * bg->cols + c].owner = track;
}

/* Second moments of a cell, picture x and background m, means and planes taken out: a light
 * has slopes, and they are not structure. */
struct moments {
    float mean_x, mean_m;
    float var_x;               /* of the picture, slopes and all */
    float rest_x, rest_m, cov; /* without slopes */
};

/* Sums of a cell, columns apart until the end: what is added in one order has no lanes. */
struct sums {
    float x[VD_CELL], m[VD_CELL], xx[VD_CELL], mm[VD_CELL], xm[VD_CELL], vx[VD_CELL],
        vm[VD_CELL];
};

static inline void add_row(struct sums *s, const uint8_t *x, const int16_t *m, float v, int w)
{
    for (int i = 0; i < w; i++) {
        float p = x[i], q = (float)m[i] * (1.0F / 128);

        s->x[i] += p;
        s->m[i] += q;
        s->xx[i] += p * p;
        s->mm[i] += q * q;
        s->xm[i] += p * q;
        s->vx[i] += v * p;
        s->vm[i] += v * q;
    }
}

static struct moments cell_moments(const struct vd_background *bg, int r, int c)
{
    int y0 = r * VD_CELL, y1 = y0 + VD_CELL < bg->h ? y0 + VD_CELL : bg->h;
    int x0 = c * VD_CELL, x1 = x0 + VD_CELL < bg->w ? x0 + VD_CELL : bg->w;
    float w = (float)(x1 - x0), h = (float)(y1 - y0), n = w * h;
    float uu = (w * w - 1) / 12, vv = (h * h - 1) / 12; /* of 0, 1, … centred */
    float sx = 0, sm = 0, xx = 0, mm = 0, xm = 0, ux = 0, um = 0, vx = 0, vm = 0;
    struct sums sums = {.x = {0}};
    struct moments s;

    for (int y = y0; y < y1; y++) {
        const uint8_t *x = vd_luma_row(bg, &bg->now, y) + x0;
        const int16_t *m = bg->model.mean0 + y * bg->pitch + x0;
        float v = (float)(y - y0) - 0.5F * (h - 1);

        if (x1 - x0 == VD_CELL)
            add_row(&sums, x, m, v, VD_CELL);
        else
            add_row(&sums, x, m, v, x1 - x0);
    }
    for (int i = 0; i < x1 - x0; i++) {
        float u = (float)i - 0.5F * (w - 1);

        sx += sums.x[i];
        sm += sums.m[i];
        xx += sums.xx[i];
        mm += sums.mm[i];
        xm += sums.xm[i];
        ux += u * sums.x[i];
        um += u * sums.m[i];
        vx += sums.vx[i];
        vm += sums.vm[i];
    }
    s.mean_x = sx / n;
    s.mean_m = sm / n;
    s.var_x = xx / n - s.mean_x * s.mean_x;
    uu = uu > 0 ? 1 / (uu * n * n) : 0;
    vv = vv > 0 ? 1 / (vv * n * n) : 0;
    s.rest_x = s.var_x - ux * ux * uu - vx * vx * vv;
    s.rest_m = mm / n - s.mean_m * s.mean_m - um * um * uu - vm * vm * vv;
    s.cov = xm / n - s.mean_x * s.mean_m - ux * um * uu - vx * vm * vv;
    return s;
}

enum vd_look vd_background_look_of(struct vd_background *bg, int row, int col)
{
    struct vd_cell *cell = &bg->cells[row * bg->cols + col];
    float noise = 2 + 2 * bg->sigma * bg->sigma, rest;
    struct moments s;

    if (cell->look != VD_LOOK_UNKNOWN)
        return cell->look;
    s = cell_moments(bg, row, col);
    cell->lit = s.mean_x - s.mean_m;
    rest = s.rest_x;
    if (s.cov > 0 && s.rest_m > 0.5F)
        rest -= s.cov * s.cov / s.rest_m;
    if (rest > fmaxf(noise, NEW_SHARE * s.var_x))
        cell->look = VD_LOOK_OBJECT;
    else
        cell->look = s.rest_m > noise ? VD_LOOK_LIT : VD_LOOK_FLAT;
    return cell->look;
}

void vd_background_relight(struct vd_background *bg, int row, int col)
{
    int y1 = (row + 1) * VD_CELL < bg->h ? (row + 1) * VD_CELL : bg->h;
    int x0 = col * VD_CELL, x1 = x0 + VD_CELL < bg->w ? x0 + VD_CELL : bg->w;
    struct vd_cell *cell = &bg->cells[row * bg->cols + col];
    int offset = (int)lrintf(cell->lit * 128);

    cell->lit = 0; /* another blob may lie in the same cell */
    for (int y = row * VD_CELL; y < y1; y++)
        bg->dsp.relight(bg->model.mean0 + y * bg->pitch + x0, x1 - x0, 4096, offset);
}

/* Where a cell moves of itself, or the camera shakes. */
static bool is_loose(const struct vd_background *bg, int r, int c)
{
    return bg->is_shaky || bg->cells[r * bg->cols + c].mean >= 0.02F;
}

void vd_background_tolerate(struct vd_background *bg, int r)
{
    uint8_t range[VD_MOTION_W_MAX] = {0}, loose[VD_MOTION_W_MAX];
    bool is_needed = false;

    for (int c = 0; c < bg->cols; c++) {
        memset(loose + c * VD_CELL, is_loose(bg, r, c) ? 0xFF : 0, VD_CELL);
        is_needed |= is_loose(bg, r, c);
    }
    if (!is_needed && !bg->is_tolerant[r])
        return;
    bg->is_tolerant[r] = is_needed;
    for (int y = r * VD_CELL; y < (r + 1) * VD_CELL && y < bg->h; y++) {
        const int16_t *row = bg->model.mean0 + y * bg->pitch;
        const uint16_t *zones = bg->zones + y * bg->pitch;
        uint8_t *tolerance = bg->tolerance + y * bg->pitch;

        if (is_needed)
            bg->dsp.range(y > 0 ? row - bg->pitch : row, row,
                          y + 1 < bg->h ? row + bg->pitch : row, range, bg->w);
        for (int x = 0; x < bg->w; x++)
            tolerance[x] = zones[x] != 0 ? range[x] & loose[x] : tolerance[x];
    }
}
