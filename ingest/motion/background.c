/* ingest/motion/background.c: life of the background: begin, align, compare, learn. */
#include "ingest/motion/background.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ingest/motion/motion.h"

enum { CHANGE_AGE_US = 180000 };

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

static const uint8_t *luma_row(const struct vd_background *bg, const struct vd_luma *luma,
                               int y)
{
    return luma->data + (y + luma->dy) * bg->luma_stride + luma->dx;
}

void vd_background_begin(struct vd_background *bg)
{
    for (int y = 0; y < bg->h; y++) {
        const uint8_t *x = luma_row(bg, &bg->now, y);
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
    memset(bg->hold, 0, (size_t)bg->pitch * (size_t)bg->h);
}

static void cell_means(struct vd_background *bg)
{
    for (int r = 0; r < bg->rows; r++) {
        int y0 = r * VD_CELL, y1 = y0 + VD_CELL < bg->h ? y0 + VD_CELL : bg->h;

        for (int c = 0; c < bg->cols; c++) {
            int x0 = c * VD_CELL, x1 = x0 + VD_CELL < bg->w ? x0 + VD_CELL : bg->w;
            int now = 0, model = 0, count = (x1 - x0) * (y1 - y0);

            for (int y = y0; y < y1; y++) {
                const uint8_t *x = bg->now.data + y * bg->luma_stride;
                const int16_t *m = bg->model.mean0 + y * bg->pitch;

                for (int i = x0; i < x1; i++) {
                    now += x[i];
                    model += m[i];
                }
            }
            bg->cell_now[r * bg->cols + c] = (float)now / (float)count;
            bg->cell_model[r * bg->cols + c] = (float)model / (128.0F * (float)count);
        }
    }
}

static int16_t relit(int16_t mean, int gain_q12, int offset_q7)
{
    int v = ((mean * gain_q12 + (1 << 11)) >> 12) + offset_q7;

    return (int16_t)(v < 0 ? 0 : v > 255 << 7 ? 255 << 7 : v);
}

static void apply_light(struct vd_background *bg)
{
    int gain = (int)lrintf(bg->light.gain * 4096), offset = (int)lrintf(bg->light.offset * 128);

    for (int i = 0; i < bg->pitch * bg->h; i++) {
        bg->model.mean0[i] = relit(bg->model.mean0[i], gain, offset);
        bg->model.mean1[i] = relit(bg->model.mean1[i], gain, offset);
    }
}

/* Mean difference of every 8th row, read with a shift; large ones are cut: what moves is not
 * what the shift is to be judged by. */
static float misfit(const struct vd_background *bg, int dx, int dy)
{
    int64_t sum = 0;

    for (int y = VD_SHIFT_MAX; y < bg->h - VD_SHIFT_MAX; y += 8) {
        const uint8_t *x = bg->now.data + (y + dy) * bg->luma_stride + dx;
        const int16_t *m = bg->model.mean0 + y * bg->pitch;
        int row = 0;

        for (int i = 0; i < bg->w; i++) {
            int d = abs((x[i] << 7) - m[i]) >> 4;

            row += d < 320 ? d : 320;
        }
        sum += row;
    }
    return (float)sum;
}

static void find_shift(struct vd_background *bg)
{
    struct vd_projection model, now;
    struct vd_shift *s = &bg->shift;

    vd_projection_of_q7(&model, bg->model.mean0, bg->pitch, bg->w, bg->h);
    vd_projection_of_bytes(&now, bg->now.data, bg->luma_stride, bg->w, bg->h);
    vd_shift_estimate(s, &model, &now);
    if (s->trust_x > 0.75F)
        s->dx = 0;
    if (s->trust_y > 0.75F)
        s->dy = 0;
    bg->now.dx = (int)lrintf(s->dx);
    bg->now.dy = (int)lrintf(s->dy);
    if ((bg->now.dx != 0 || bg->now.dy != 0) &&
        misfit(bg, bg->now.dx, bg->now.dy) > 0.8F * misfit(bg, 0, 0))
        *s = (struct vd_shift){.trust_x = 1, .trust_y = 1};
    bg->now.dx = (int)lrintf(s->dx);
    bg->now.dy = (int)lrintf(s->dy);
}

static void move_plane(void *data, size_t item, int h, int pitch, int by)
{
    uint8_t *bytes = data;
    size_t all = (size_t)pitch * (size_t)h * item, skip = (size_t)abs(by) * item;

    if (by > 0)
        memmove(bytes, bytes + skip, all - skip);
    else
        memmove(bytes + skip, bytes, all - skip);
}

/* The camera has come to stand elsewhere: moves the background under the picture. What comes
 * in at the edges is taken from the picture. */
static void recentre(struct vd_background *bg, int dx, int dy)
{
    int by = -(dy * bg->pitch + dx);
    int16_t *planes[] = {bg->model.mean0, bg->model.mean1, bg->model.dev, bg->model.weight1};

    for (int i = 0; i < 4; i++)
        move_plane(planes[i], sizeof(int16_t), bg->h, bg->pitch, by);
    for (int y = 0; y < bg->h; y++) {
        for (int x = 0; x < bg->w; x++) {
            int at = y * bg->pitch + x;
            int16_t v = (int16_t)(bg->now.data[y * bg->luma_stride + x] << 7);

            if (x - dx >= 0 && x - dx < bg->w && y - dy >= 0 && y - dy < bg->h)
                continue;
            bg->model.mean0[at] = bg->model.mean1[at] = v;
            bg->model.dev[at] = 3 << 7;
            bg->model.weight1[at] = 0;
        }
    }
    bg->now.dx -= dx;
    bg->now.dy -= dy;
    bg->then.dx -= dx;
    bg->then.dy -= dy;
    bg->drift_x -= (float)dx;
    bg->drift_y -= (float)dy;
}

static void follow_drift(struct vd_background *bg)
{
    int dx, dy;

    bg->drift_x += 0.15F * (bg->shift.dx - bg->drift_x);
    bg->drift_y += 0.15F * (bg->shift.dy - bg->drift_y);
    dx = fabsf(bg->drift_x) > 0.75F ? (int)lrintf(bg->drift_x) : 0;
    dy = fabsf(bg->drift_y) > 0.75F ? (int)lrintf(bg->drift_y) : 0;
    if (dx != 0 || dy != 0)
        recentre(bg, dx, dy);
}

void vd_background_align(struct vd_background *bg)
{
    cell_means(bg);
    vd_light_estimate(&bg->light, bg->cell_model, bg->cell_now, bg->cols * bg->rows, bg->sigma);
    if (bg->light.is_changed)
        apply_light(bg);
    bg->shift = (struct vd_shift){.trust_x = 1, .trust_y = 1};
    if (bg->w > 4 * VD_SHIFT_MAX && bg->h > 4 * VD_SHIFT_MAX)
        find_shift(bg);
    follow_drift(bg);
    bg->shake = 0.95F * bg->shake + 0.05F * fminf(4, hypotf(bg->shift.dx, bg->shift.dy));
    bg->is_shaky = bg->shake > 0.05F;
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
        const uint8_t *x = luma_row(bg, &bg->now, y);

        bg->dsp.classify(x, luma_row(bg, &bg->then, y), bg->tolerance + at, &row, &step,
                         bg->flags + at, bg->w);
        bg->dsp.learn(x, bg->hold + at, &row, &step, bg->w);
    }
}

static float share_of(const struct vd_background *bg, int r, int c)
{
    int y0 = r * VD_CELL, y1 = y0 + VD_CELL < bg->h ? y0 + VD_CELL : bg->h;
    int x0 = c * VD_CELL, x1 = x0 + VD_CELL < bg->w ? x0 + VD_CELL : bg->w, sum = 0;

    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            sum += bg->flags[y * bg->pitch + x] & VD_PIXEL_WEAK;
    return (float)sum / (float)((y1 - y0) * (x1 - x0));
}

static void clear_cell(struct vd_background *bg, int r, int c)
{
    int y1 = (r + 1) * VD_CELL < bg->h ? (r + 1) * VD_CELL : bg->h;

    for (int y = r * VD_CELL; y < y1; y++)
        memset(bg->flags + y * bg->pitch + c * VD_CELL, 0, VD_CELL);
}

int vd_background_cells(struct vd_background *bg, float dt_s)
{
    float a = fmaxf(dt_s / 12, 1.0F / (float)(++bg->cell_frames + 1));
    int taken = 0;

    a = fminf(a, 0.5F);

    for (int r = 0; r < bg->rows; r++) {
        for (int c = 0; c < bg->cols; c++) {
            struct vd_cell *cell = &bg->cells[r * bg->cols + c];
            float bar = cell->mean + 3 * cell->dev + 0.10F;

            cell->look = VD_LOOK_UNKNOWN;
            cell->share = share_of(bg, r, c);
            cell->is_usual = cell->mean > 0.015F && cell->share < bar && cell->share > 0;
            if (!cell->is_held) {
                float d = cell->share - cell->mean;

                cell->mean += a * d;
                cell->dev += a * (fabsf(d) - cell->dev);
            }
            if (cell->is_usual) {
                taken += (int)(cell->share * VD_CELL * VD_CELL);
                clear_cell(bg, r, c);
            }
        }
    }
    return taken;
}

struct moments {
    float mean_x, mean_m, var_x, var_m, cov;
};

static struct moments cell_moments(const struct vd_background *bg, int r, int c)
{
    int y1 = (r + 1) * VD_CELL < bg->h ? (r + 1) * VD_CELL : bg->h;
    int x0 = c * VD_CELL, x1 = x0 + VD_CELL < bg->w ? x0 + VD_CELL : bg->w;
    float sx = 0, sm = 0, sxx = 0, smm = 0, sxm = 0,
          n = (float)((y1 - r * VD_CELL) * (x1 - x0));

    for (int y = r * VD_CELL; y < y1; y++) {
        const uint8_t *x = luma_row(bg, &bg->now, y);
        const int16_t *m = bg->model.mean0 + y * bg->pitch;

        for (int i = x0; i < x1; i++) {
            float a = x[i], b = (float)m[i] / 128;

            sx += a;
            sm += b;
            sxx += a * a;
            smm += b * b;
            sxm += a * b;
        }
    }
    return (struct moments){sx / n, sm / n, sxx / n - sx / n * (sx / n),
                            smm / n - sm / n * (sm / n), sxm / n - sx / n * (sm / n)};
}

enum vd_look vd_background_look_of(struct vd_background *bg, int row, int col)
{
    struct vd_cell *cell = &bg->cells[row * bg->cols + col];
    float flat = 4 + 2 * bg->sigma * bg->sigma;
    struct moments s;

    if (cell->look != VD_LOOK_UNKNOWN)
        return cell->look;
    s = cell_moments(bg, row, col);
    if (s.var_x < flat && s.var_m < flat)
        cell->look = VD_LOOK_FLAT;
    else if (s.cov > 0 && s.cov * s.cov > 0.7F * s.var_x * s.var_m && s.var_x < 6 * s.var_m &&
             s.var_m < 6 * s.var_x)
        cell->look = VD_LOOK_LIT;
    else
        cell->look = VD_LOOK_OBJECT;
    return cell->look;
}

void vd_background_relight(struct vd_background *bg, int row, int col)
{
    int y1 = (row + 1) * VD_CELL < bg->h ? (row + 1) * VD_CELL : bg->h;
    int x0 = col * VD_CELL, x1 = x0 + VD_CELL < bg->w ? x0 + VD_CELL : bg->w;
    struct moments s = cell_moments(bg, row, col);
    int offset = (int)lrintf((s.mean_x - s.mean_m) * 128);

    for (int y = row * VD_CELL; y < y1; y++)
        for (int x = x0; x < x1; x++)
            bg->model.mean0[y * bg->pitch + x] =
                relit(bg->model.mean0[y * bg->pitch + x], 4096, offset);
}

void vd_background_hold_none(struct vd_background *bg)
{
    for (int i = 0; i < bg->cols * bg->rows; i++)
        bg->cells[i].is_held = false;
}

void vd_background_hold(struct vd_background *bg, int x0, int y0, int x1, int y1)
{
    int c0 = x0 / VD_CELL - 1, c1 = (x1 - 1) / VD_CELL + 1;
    int r0 = y0 / VD_CELL - 1, r1 = (y1 - 1) / VD_CELL + 1;

    for (int r = r0 < 0 ? 0 : r0; r <= r1 && r < bg->rows; r++)
        for (int c = c0 < 0 ? 0 : c0; c <= c1 && c < bg->cols; c++)
            bg->cells[r * bg->cols + c].is_held = true;
}

/* Tolerance of a row of cells: in cells that are used to move, and everywhere when the camera
 * shakes, a pixel may look as its neighbours do. */
static void tolerate(struct vd_background *bg, int r)
{
    for (int y = r * VD_CELL; y < (r + 1) * VD_CELL && y < bg->h; y++) {
        for (int x = 0; x < bg->w; x++) {
            const struct vd_cell *cell = &bg->cells[r * bg->cols + x / VD_CELL];
            int at = y * bg->pitch + x, lo = INT16_MAX, hi = 0;

            if (bg->zones[at] == 0)
                continue;
            bg->tolerance[at] = 0;
            if (cell->mean < 0.02F && !bg->is_shaky)
                continue;
            for (int j = y > 0 ? -1 : 0; j <= (y + 1 < bg->h); j++) {
                for (int i = x > 0 ? -1 : 0; i <= (x + 1 < bg->w); i++) {
                    int m = bg->model.mean0[at + j * bg->pitch + i];

                    lo = m < lo ? m : lo;
                    hi = m > hi ? m : hi;
                }
            }
            hi = (hi - lo) >> 8;
            bg->tolerance[at] = (uint8_t)(hi > 100 ? 100 : hi);
        }
    }
}

/* Median of the pixels' noise scales, every 7th pixel. */
static void find_sigma(struct vd_background *bg)
{
    int count[1600] = {0}, total = 0, seen = 0;

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
            for (int y = r * VD_CELL; y < y1; y++)
                memset(bg->hold + y * bg->pitch + c * VD_CELL, cell->is_held, VD_CELL);
        }
    }
    tolerate(bg, bg->next_row);
    bg->next_row = (bg->next_row + 1) % bg->rows;
    find_sigma(bg);
    bg->last = bg->now.data;
    if (bg->now.mono_us - bg->then.mono_us >= CHANGE_AGE_US) {
        struct vd_luma swap = bg->then;

        bg->then = bg->now;
        bg->now = swap;
    }
}
