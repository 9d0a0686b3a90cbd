/* tests/camsim/scene_lens.c: the mast shakes, the lens loses focus or is covered, the sensor is
 * noisy. Works on the finished picture; moves the truth along where the picture moves. */
#include <math.h>
#include <string.h>

#include "tests/camsim/scene_internal.h"

/* Seconds since the middle of the loop, from when on the camera is tampered with. */
static float tampered_s(const struct vd_scene *sc, const struct moment *m)
{
    return m->s - 0.5f * (float)sc->spec.loop_s;
}

static int mirror(int i, int n)
{
    i = i < 0 ? -i : i;
    i %= 2 * n - 2;
    return i < n ? i : 2 * n - 2 - i;
}

/* plane := plane seen dx, dy further to the right and below; reveals its mirror image. */
static void shift_plane(uint8_t *plane, uint8_t *spare, int w, int h, float dx, float dy)
{
    int ix = (int)floorf(dx), iy = (int)floorf(dy);
    int fx = (int)((dx - (float)ix) * 256.0f), fy = (int)((dy - (float)iy) * 256.0f);

    memcpy(spare, plane, (size_t)w * (size_t)h);
    for (int y = 0; y < h; y++) {
        const uint8_t *a = spare + (int64_t)mirror(y + iy, h) * w;
        const uint8_t *b = spare + (int64_t)mirror(y + iy + 1, h) * w;

        for (int x = 0; x < w; x++) {
            int l = mirror(x + ix, w), r = mirror(x + ix + 1, w);
            int up = a[l] * (256 - fx) + a[r] * fx, down = b[l] * (256 - fx) + b[r] * fx;

            plane[(int64_t)y * w + x] = (uint8_t)((up * (256 - fy) + down * fy + 32768) >> 16);
        }
    }
}

static void shift_truth(struct vd_scene *sc, struct vd_scene_picture *pic, int dx, int dy)
{
    int w = sc->spec.width, h = sc->spec.height;

    memcpy(sc->spare, sc->work.mask, (size_t)w * (size_t)h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int sx = x + dx, sy = y + dy;
            bool in = sx >= 0 && sx < w && sy >= 0 && sy < h;

            sc->work.mask[(int64_t)y * w + x] = in ? sc->spare[(int64_t)sy * w + sx] : 0;
        }
    for (int i = 0; i < pic->n_boxes; i++) {
        struct vd_scene_box *b = &pic->boxes[i];
        float x0 = clamp01(b->x - (float)dx / (float)w),
              y0 = clamp01(b->y - (float)dy / (float)h);

        b->w = clamp01(b->x + b->w - (float)dx / (float)w) - x0;
        b->h = clamp01(b->y + b->h - (float)dy / (float)h) - y0;
        b->x = x0;
        b->y = y0;
    }
}

static void move_picture(struct vd_scene *sc, const struct moment *m,
                         struct vd_scene_picture *pic)
{
    int w = sc->spec.width, h = sc->spec.height;
    float dx = 0.0f, dy = 0.0f, k = (float)h / 480.0f;

    if (scene_has(sc, VD_WITH_SHAKE)) {
        float amp = 1.5f * k * scene_level(sc, VD_WITH_SHAKE);

        dx = amp * (scene_wave(sc, m, 1.3f, 0.1f) + scene_wave(sc, m, 2.9f, 0.6f));
        dy = amp * 0.6f * (scene_wave(sc, m, 1.9f, 0.4f) + scene_wave(sc, m, 3.3f, 0.2f));
    }
    if (scene_has(sc, VD_WITH_TURN) && tampered_s(sc, m) >= 0.0f)
        dx += (float)sc->spec.level[VD_WITH_TURN] * 0.0174533f * (float)h *
              sc->view.place->focal * smooth(0.0f, 1.0f, tampered_s(sc, m));
    if (dx == 0.0f && dy == 0.0f)
        return;
    shift_plane(sc->work.y, sc->spare, w, h, dx, dy);
    shift_plane(sc->work.u, sc->spare, w / 2, h / 2, dx * 0.5f, dy * 0.5f);
    shift_plane(sc->work.v, sc->spare, w / 2, h / 2, dx * 0.5f, dy * 0.5f);
    shift_truth(sc, pic, (int)floorf(dx + 0.5f), (int)floorf(dy + 0.5f));
}

static void blur_line(uint8_t *line, uint8_t *spare, int n, int64_t step, int r)
{
    int sum = 0;

    for (int i = 0; i < n; i++)
        spare[i] = line[i * step];
    for (int i = -r; i <= r; i++)
        sum += spare[mirror(i, n)];
    for (int i = 0; i < n; i++) {
        line[i * step] = (uint8_t)(sum / (2 * r + 1));
        sum += spare[mirror(i + r + 1, n)] - spare[mirror(i - r, n)];
    }
}

static void defocus(struct vd_scene *sc, const struct moment *m)
{
    int w = sc->spec.width, h = sc->spec.height;
    float part = smooth(0.0f, 2.0f, tampered_s(sc, m));
    int r = (int)(part * (float)sc->spec.level[VD_WITH_DEFOCUS] * 0.001f * (float)h + 0.5f);

    for (int pass = 0; pass < 2 && r > 0; pass++) {
        for (int y = 0; y < h; y++)
            blur_line(sc->work.y + (int64_t)y * w, sc->spare, w, 1, r);
        for (int x = 0; x < w; x++)
            blur_line(sc->work.y + x, sc->spare, h, w, r);
    }
}

/* A dark cloth that comes from the left with a soft edge. */
static void cover(struct vd_scene *sc, float part)
{
    int w = sc->spec.width, h = sc->spec.height;
    float edge = (part * 1.3f - 0.15f) * (float)w, soft = 0.15f * (float)w;

    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            float k = 1.0f - smooth(edge - soft, edge + soft, (float)x);
            uint8_t *p = sc->work.y + (int64_t)y * w + x;

            *p = (uint8_t)((float)*p + (26.0f + 4.0f * (float)y / (float)h - (float)*p) * k);
        }
    }
    for (int64_t i = 0; i < (int64_t)(w / 2) * (h / 2); i++) {
        sc->work.u[i] = (uint8_t)(sc->work.u[i] + (128 - sc->work.u[i]) * part);
        sc->work.v[i] = (uint8_t)(sc->work.v[i] + (128 - sc->work.v[i]) * part);
    }
}

static void toward(struct vd_scene *sc, float level, float part)
{
    int64_t n = (int64_t)sc->spec.width * sc->spec.height;

    for (int64_t i = 0; i < n; i++)
        sc->work.y[i] = (uint8_t)((float)sc->work.y[i] + (level - (float)sc->work.y[i]) * part);
    for (int64_t i = 0; i < n / 4; i++) {
        sc->work.u[i] = (uint8_t)(sc->work.u[i] + (128 - sc->work.u[i]) * part);
        sc->work.v[i] = (uint8_t)(sc->work.v[i] + (128 - sc->work.v[i]) * part);
    }
}

void scene_noise_open(struct vd_scene *sc)
{
    for (uint32_t i = 0; i < NOISE_N; i++) {
        float sum = -6.0f;

        for (uint32_t k = 0; k < 12; k++) /* twelve uniforms make a normal */
            sum += hash01(i, 200 + k + sc->spec.seed * 17);
        sum *= 32.0f;
        sc->noise[i] = (int8_t)(sum > 127.0f ? 127.0f : sum < -127.0f ? -127.0f : sum);
    }
}

static float sigma(const struct vd_scene *sc, const struct moment *m)
{
    float s = sc->view.night ? 3.0f * scene_level(sc, VD_WITH_NIGHT) : 1.0f;
    float after = tampered_s(sc, m);

    if (scene_has(sc, VD_WITH_NOISE))
        s = 8.0f * scene_level(sc, VD_WITH_NOISE);
    if (scene_lamps(sc, m) < 0.5f)
        s *= 2.0f;
    if (scene_has(sc, VD_WITH_BURST) && after >= 0.0f && fmodf(after, 6.0f) < 2.0f)
        s = 30.0f * scene_level(sc, VD_WITH_BURST);
    return s;
}

static void noise(struct vd_scene *sc, const struct moment *m)
{
    int w = sc->spec.width, h = sc->spec.height, k = (int)(sigma(sc, m) * 256.0f);

    for (int y = 0; y < h; y++) {
        uint32_t at = hash32((uint32_t)m->frame * 8209u + (uint32_t)y, sc->spec.seed + 301);
        uint8_t *row = sc->work.y + (int64_t)y * w;

        for (int x = 0; x < w; x++) {
            int v = row[x] + ((sc->noise[(at + (uint32_t)x) & (NOISE_N - 1)] * k + 4096) >> 13);

            row[x] = (uint8_t)(v < 16 ? 16 : v > 235 ? 235 : v);
        }
    }
}

void scene_lens(struct vd_scene *sc, const struct moment *m, struct vd_scene_picture *pic)
{
    float after = tampered_s(sc, m);

    move_picture(sc, m, pic);
    if (scene_has(sc, VD_WITH_DEFOCUS) && after >= 0.0f)
        defocus(sc, m);
    if (scene_has(sc, VD_WITH_COVER) && after >= 0.0f)
        cover(sc, clamp01(after / 0.3f));
    if (scene_has(sc, VD_WITH_COVERING) && after >= 0.0f)
        cover(sc, clamp01(after / 10.0f));
    if (scene_has(sc, VD_WITH_DARK) && after >= 0.0f)
        toward(sc, 17.0f, 0.97f * clamp01(after / 0.5f));
    if (scene_has(sc, VD_WITH_BRIGHT) && after >= 0.0f)
        toward(sc, 235.0f, 0.95f * clamp01(after / 0.5f));
    noise(sc, m);
}
