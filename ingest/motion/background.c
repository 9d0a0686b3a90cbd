/* ingest/motion/background.c: life of the background: begin, align, compare, learn. */
#include "ingest/motion/background.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ingest/motion/motion.h"

enum { CHANGE_AGE_US = 180000 };

_Static_assert(VD_CELL == 8, "the kernels' cells");

static const float MEAN_S = 6, DEV_S = 8, WEIGHT_S = 70;

static int align32(int n)
{
    return (n + 31) & ~31;
}

static void *plane(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 127) & ~(size_t)63);

    if (p != NULL)
        memset(p, 0, (bytes + 127) & ~(size_t)63);
    return p;
}

static int luma_init(struct vd_luma *luma, int stride, int h)
{
    luma->alloc = plane((size_t)stride * (size_t)(h + 2 * VD_BACKGROUND_EDGE));
    if (luma->alloc == NULL)
        return VD_ENOMEM;
    luma->data = luma->alloc + VD_BACKGROUND_EDGE * stride + 32;
    return 0;
}

int vd_background_init(struct vd_background *bg, int w, int h, unsigned cpu_flags)
{
    size_t pixels;

    bg->n = 1;
    while ((w + bg->n - 1) / bg->n > VD_MOTION_W_MAX ||
           (h + bg->n - 1) / bg->n > VD_MOTION_H_MAX)
        bg->n++;
    vd_dsp_init(&bg->dsp, cpu_flags);
    bg->w = w / bg->n;
    bg->h = h / bg->n;
    bg->pitch = align32(bg->w);
    bg->luma_stride = bg->pitch + 64;
    bg->cols = (bg->w + VD_CELL - 1) / VD_CELL;
    bg->rows = (bg->h + VD_CELL - 1) / VD_CELL;
    pixels = (size_t)bg->pitch * (size_t)bg->h;
    bg->model.mean0 = plane(2 * pixels);
    bg->model.mean1 = plane(2 * pixels);
    bg->model.dev = plane(2 * pixels);
    bg->model.weight1 = plane(2 * pixels);
    bg->tolerance = plane(pixels);
    bg->flags = plane(pixels);
    bg->hold = plane(pixels);
    bg->cells = calloc((size_t)(bg->cols * bg->rows), sizeof *bg->cells);
    bg->cell_now = calloc((size_t)(bg->cols * bg->rows), sizeof *bg->cell_now);
    bg->cell_model = calloc((size_t)(bg->cols * bg->rows), sizeof *bg->cell_model);
    if (!bg->model.mean0 || !bg->model.mean1 || !bg->model.dev || !bg->model.weight1 ||
        !bg->tolerance || !bg->flags || !bg->hold || !bg->cells || !bg->cell_now ||
        !bg->cell_model)
        return VD_ENOMEM;
    if (luma_init(&bg->now, bg->luma_stride, bg->h) < 0 ||
        luma_init(&bg->then, bg->luma_stride, bg->h) < 0)
        return VD_ENOMEM;
    return 0;
}

void vd_background_fini(struct vd_background *bg)
{
    free(bg->model.mean0);
    free(bg->model.mean1);
    free(bg->model.dev);
    free(bg->model.weight1);
    free(bg->tolerance);
    free(bg->flags);
    free(bg->hold);
    free(bg->cells);
    free(bg->cell_now);
    free(bg->cell_model);
    free(bg->now.alloc);
    free(bg->then.alloc);
    memset(bg, 0, sizeof *bg);
}

/* Repeats the outermost pixels around the picture. */
static void extend(struct vd_background *bg)
{
    uint8_t *row = bg->now.data;
    int stride = bg->luma_stride;

    for (int y = 0; y < bg->h; y++, row += stride) {
        memset(row - VD_BACKGROUND_EDGE, row[0], VD_BACKGROUND_EDGE);
        memset(row + bg->w, row[bg->w - 1], (size_t)(bg->pitch - bg->w + VD_BACKGROUND_EDGE));
    }
    for (int i = 1; i <= VD_SHIFT_MAX; i++) {
        memcpy(bg->now.data - i * stride - 16, bg->now.data - 16, (size_t)bg->pitch + 32);
        memcpy(bg->now.data + (bg->h - 1 + i) * stride - 16,
               bg->now.data + (bg->h - 1) * stride - 16, (size_t)bg->pitch + 32);
    }
}

void vd_background_look(struct vd_background *bg, const struct vd_frame *frame)
{
    bg->dsp.shrink(frame->luma, frame->stride, bg->now.data, bg->luma_stride, bg->w, bg->h,
                   bg->n);
    bg->now.mono_us = frame->mono_us;
    bg->now.dx = bg->now.dy = 0;
    extend(bg);
}

void vd_background_begin(struct vd_background *bg)
{
    for (int y = 0; y < bg->h; y++) {
        const uint8_t *x = vd_luma_row(bg, &bg->now, y);
        size_t at = (size_t)y * (size_t)bg->pitch;

        for (int i = 0; i < bg->pitch; i++) {
            bg->model.mean0[at + (size_t)i] = (int16_t)(x[i] << 7);
            bg->model.mean1[at + (size_t)i] = (int16_t)(x[i] << 7);
            bg->model.dev[at + (size_t)i] = 3 << 7;
            bg->model.weight1[at + (size_t)i] = 0;
        }
        memcpy(bg->then.data + y * bg->luma_stride, x, (size_t)bg->w);
        for (int i = 0; i < bg->pitch; i++)
            bg->tolerance[at + (size_t)i] = bg->zones[at + (size_t)i] ? 0 : 255;
    }
    bg->then.mono_us = bg->now.mono_us;
    bg->then.dx = bg->then.dy = 0;
    bg->frames = 0;
    bg->sigma = 2;
    bg->t_min = 6;
    bg->shake = bg->drift_x = bg->drift_y = 0;
    bg->is_shaky = false;
    memset(bg->is_tolerant, 0, sizeof bg->is_tolerant);
    memset(bg->hold, 0, (size_t)bg->pitch * (size_t)bg->h);
}

static float rate(const struct vd_background *bg, float dt_s, float tau_s, int ahead)
{
    return fminf(0.5F, fmaxf(dt_s / tau_s, 1.0F / (float)(bg->frames + ahead)));
}

static int16_t q15(float share)
{
    return (int16_t)lrintf(share * 32767);
}

void vd_background_compare(struct vd_background *bg, float dt_s)
{
    struct vd_model_step step = {
        .t_min = (int16_t)lrintf(bg->t_min * 128),
        .dev_max = 12 << 7,
        .a_mean = q15(rate(bg, dt_s, MEAN_S, 2)),
        .a_dev = q15(rate(bg, dt_s, DEV_S, 3)),
        .a_weight = q15(rate(bg, dt_s, WEIGHT_S, 5)),
        .weight_bg = q15(0.22F),
    };

    step.weight_new = (int16_t)(step.a_weight * 2 < 1600 ? 1600 : step.a_weight * 2);
    bg->frames++;
    for (int y = 0; y < bg->h; y++) {
        int at = y * bg->pitch;
        const struct vd_model row = {bg->model.mean0 + at, bg->model.mean1 + at,
                                     bg->model.dev + at, bg->model.weight1 + at};
        const struct vd_compare_row pixels = {vd_luma_row(bg, &bg->now, y),
                                              vd_luma_row(bg, &bg->then, y), bg->tolerance + at,
                                              bg->hold + at, &row};

        /* to the end of the pitch, where the tolerance lets nothing differ: whole vectors */
        bg->dsp.compare(&pixels, &step, bg->flags + at, bg->pitch);
    }
}

/* Median of the pixels' noise scales, every 7th pixel. */
static void find_sigma(struct vd_background *bg)
{
    uint16_t count[1600] = {0};
    int total = 0, seen = 0;

    for (int y = bg->frames % 7; y < bg->h; y += 7) {
        for (int x = bg->frames % 5; x < bg->w; x += 5, total++) {
            int dev = bg->model.dev[y * bg->pitch + x];

            count[dev < 1600 ? dev : 1599]++;
        }
    }
    for (int i = 0; i < 1600; i++) {
        seen += count[i];
        if (2 * seen >= total) {
            bg->sigma = 1.25F * (float)i / 128.0F;
            break;
        }
    }
    bg->t_min = fmaxf(4.5F, 3.0F * bg->sigma);
}

void vd_background_done(struct vd_background *bg, float dt_s)
{
    for (int r = 0; r < bg->rows; r++) {
        for (int c = 0; c < bg->cols; c++) {
            struct vd_cell *cell = &bg->cells[r * bg->cols + c];
            int y1 = (r + 1) * VD_CELL < bg->h ? (r + 1) * VD_CELL : bg->h;

            cell->held_s = cell->is_held ? cell->held_s + dt_s : 0;
            if (cell->held_s > 20)
                cell->is_held = false;
            if (bg->hold[r * VD_CELL * bg->pitch + c * VD_CELL] == cell->is_held)
                continue;
            for (int y = r * VD_CELL; y < y1; y++)
                memset(bg->hold + y * bg->pitch + c * VD_CELL, cell->is_held, VD_CELL);
        }
    }
    vd_background_tolerate(bg, bg->next_row);
    bg->next_row = (bg->next_row + 1) % bg->rows;
    find_sigma(bg);
    bg->last = bg->now.data;
    if (bg->now.mono_us - bg->then.mono_us >= CHANGE_AGE_US) {
        struct vd_luma swap = bg->then;

        bg->then = bg->now;
        bg->now = swap;
    }
}
