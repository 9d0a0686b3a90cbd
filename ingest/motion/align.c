/* ingest/motion/align.c: brings picture and background together before they are compared: the
 * light is given to the background, the shift to how the picture is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/background.h"

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

static void apply_light(struct vd_background *bg)
{
    int gain = (int)lrintf(bg->light.gain * 4096), offset = (int)lrintf(bg->light.offset * 128);

    for (int i = 0; i < bg->pitch * bg->h; i++) {
        bg->model.mean0[i] = vd_relit(bg->model.mean0[i], gain, offset);
        bg->model.mean1[i] = vd_relit(bg->model.mean1[i], gain, offset);
    }
    for (int y = 0; y < bg->h; y++) {
        uint8_t *then = bg->then.data + y * bg->luma_stride;

        for (int x = 0; x < bg->w; x++)
            then[x] = (uint8_t)((vd_relit((int16_t)(then[x] << 7), gain, offset) + 64) >> 7);
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
