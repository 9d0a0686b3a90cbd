/* ingest/motion/align.c: brings picture and background together before they are compared: the
 * light is given to the background, the shift to how the picture is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/background.h"

static int rows_of(const struct vd_background *bg, int r)
{
    return (r + 1) * VD_CELL <= bg->h ? VD_CELL : bg->h - r * VD_CELL;
}

static void sum_model(struct vd_background *bg)
{
    struct vd_plane_sums *s = &bg->model_sums;

    memset(s->columns, 0, sizeof s->columns);
    for (int r = 0; r < bg->rows; r++)
        bg->dsp.sum_q7(bg->model.mean0 + r * VD_CELL * bg->pitch, bg->pitch, bg->w,
                       rows_of(bg, r), s->columns, s->cells + r * bg->cols,
                       s->rows + r * VD_CELL);
}

static void sum_now(struct vd_background *bg)
{
    struct vd_plane_sums *s = &bg->now_sums;

    memset(s->columns, 0, sizeof s->columns);
    for (int r = 0; r < bg->rows; r++)
        bg->dsp.sum_bytes(bg->now.data + r * VD_CELL * bg->luma_stride, bg->luma_stride, bg->w,
                          rows_of(bg, r), s->columns, s->cells + r * bg->cols,
                          s->rows + r * VD_CELL);
}

static void cell_means(struct vd_background *bg)
{
    sum_now(bg);
    sum_model(bg);
    for (int r = 0; r < bg->rows; r++) {
        for (int c = 0; c < bg->cols; c++) {
            int w = (c + 1) * VD_CELL <= bg->w ? VD_CELL : bg->w - c * VD_CELL;
            int at = r * bg->cols + c, count = w * rows_of(bg, r);

            bg->cell_now[at] = (float)bg->now_sums.cells[at] / (float)count;
            bg->cell_model[at] = (float)bg->model_sums.cells[at] / (128.0F * (float)count);
        }
    }
}

static void apply_light(struct vd_background *bg)
{
    int gain = (int)lrintf(bg->light.gain * 4096), offset = (int)lrintf(bg->light.offset * 128);
    int16_t row[VD_MOTION_W_MAX];

    bg->dsp.relight(bg->model.mean0, bg->pitch * bg->h, gain, offset);
    bg->dsp.relight(bg->model.mean1, bg->pitch * bg->h, gain, offset);
    for (int y = 0; y < bg->h; y++) {
        uint8_t *then = bg->then.data + y * bg->luma_stride;

        for (int x = 0; x < bg->w; x++)
            row[x] = (int16_t)(then[x] << 7);
        bg->dsp.relight(row, bg->w, gain, offset);
        for (int x = 0; x < bg->w; x++)
            then[x] = (uint8_t)((row[x] + 64) >> 7);
    }
    sum_model(bg);
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

    vd_projection_of_sums(&model, bg->model_sums.columns, bg->model_sums.rows, bg->w, bg->h,
                          128);
    vd_projection_of_sums(&now, bg->now_sums.columns, bg->now_sums.rows, bg->w, bg->h, 1);
    vd_shift_estimate(s, &model, &now, &bg->dsp);
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
    vd_light_estimate(&bg->light, bg->cell_model, bg->cell_now, bg->cols * bg->rows, bg->sigma,
                      &bg->dsp);
    if (bg->light.is_changed)
        apply_light(bg);
    bg->shift = (struct vd_shift){.trust_x = 1, .trust_y = 1};
    if (bg->w > 4 * VD_SHIFT_MAX && bg->h > 4 * VD_SHIFT_MAX)
        find_shift(bg);
    follow_drift(bg);
    bg->shake = 0.95F * bg->shake + 0.05F * fminf(4, hypotf(bg->shift.dx, bg->shift.dy));
    bg->is_shaky = bg->shake > 0.05F;
}
