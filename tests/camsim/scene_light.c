/* tests/camsim/scene_light.c: wind in the leaves, lamps that switch, beams, clouds, exposure.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/camsim/scene_internal.h"

enum { GRID_W = 24, GRID_H = 18 }; /* cells of a slowly varying gain */

float scene_wave(const struct vd_scene *sc, const struct moment *m, float hz, float phase)
{
    float cycles = fmaxf(1.0f, floorf(hz * (float)sc->spec.loop_s + 0.5f));

    return sinf(6.2831853f * (cycles * m->part + phase));
}

float scene_lamps(const struct vd_scene *sc, const struct moment *m)
{
    if (!scene_has(sc, VD_WITH_SWITCH))
        return 1.0f;
    return m->part >= 0.4f && m->part < 0.7f ? 0.0f : 1.0f;
}

/* The camera opens up after the light went: twice as bright after two seconds. */
static float exposure(const struct vd_scene *sc, const struct moment *m)
{
    float since_s = (m->part - 0.4f) * (float)sc->spec.loop_s;

    if (scene_lamps(sc, m) > 0.0f)
        return 1.0f +
               0.7f * (1.0f - smooth(0.0f, 1.5f, (m->part - 0.7f) * (float)sc->spec.loop_s)) *
                   (scene_has(sc, VD_WITH_SWITCH) && m->part >= 0.7f ? 1.0f : 0.0f);
    return 1.0f + 1.0f * smooth(0.2f, 2.2f, since_s);
}

void scene_sway_open(struct vd_scene *sc)
{
    int w = sc->spec.width, h = sc->spec.height, r = h / 120 + 1;

    /* a box blur of the leaves, so that the movement fades out at their rim */
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            int sum = 0, n = 0;

            for (int dy = -r; dy <= r; dy++)
                for (int dx = -r; dx <= r; dx++)
                    if (y + dy >= 0 && y + dy < h && x + dx >= 0 && x + dx < w) {
                        sum += sc->lit.leaf[(int64_t)(y + dy) * w + x + dx];
                        n++;
                    }
            sc->sway[(int64_t)y * w + x] = (uint8_t)(sum / n);
        }
    }
}

static void sway(struct vd_scene *sc, const struct moment *m)
{
    int w = sc->spec.width, h = sc->spec.height;
    float amp = 3.2f * (float)h / 480.0f * scene_level(sc, VD_WITH_SWAY);
    float gust = 0.6f + 0.4f * scene_wave(sc, m, 0.09f, 0.3f);

    for (int y = 0; y < h; y++) {
        const uint8_t *from = sc->lit.y + (int64_t)y * w, *weight = sc->sway + (int64_t)y * w;
        uint8_t *to = sc->work.y + (int64_t)y * w;

        for (int x0 = 0; x0 < w; x0 += 8) {
            float ph =
                (float)x0 * 0.013f * 480.0f / (float)h + (float)y * 0.005f * 480.0f / (float)h;
            float d = amp * gust *
                      (0.7f * scene_wave(sc, m, 0.6f, ph) +
                       0.4f * scene_wave(sc, m, 1.7f, ph * 2.3f));

            for (int x = x0; x < x0 + 8 && x < w; x++) {
                float at;
                int i;

                if (weight[x] == 0)
                    continue;
                at = (float)x + d * (float)weight[x] * (1.0f / 255.0f);
                at = at < 0.0f ? 0.0f : at > (float)(w - 2) ? (float)(w - 2) : at;
                i = (int)at;
                to[x] = (uint8_t)((float)from[i] +
                                  (float)(from[i + 1] - from[i]) * (at - (float)i) + 0.5f);
            }
        }
    }
}

/* Two beams a loop sweep from one side to the other in three seconds. */
static void headlights(struct vd_scene *sc, const struct moment *m)
{
    int w = sc->spec.width, h = sc->spec.height;

    for (int k = 0; k < 2; k++) {
        float begin = (float)sc->spec.loop_s * (k == 0 ? 0.18f : 0.62f),
              u = (m->s - begin) / 3.0f;
        float cx = (k == 0 ? -0.3f + 1.6f * u : 1.3f - 1.6f * u) * (float)w;
        float power = 0.85f * scene_level(sc, VD_WITH_HEADLIGHTS);

        if (u < 0.0f || u >= 1.0f)
            continue;
        power *= smooth(0.0f, 0.2f, u) * (1.0f - smooth(0.8f, 1.0f, u));
        for (int y = h / 5; y < h; y++) {
            float dy = ((float)y / (float)h - 0.55f) / 0.26f;

            for (int x = 0; x < w; x++) {
                float dx = ((float)x - cx) / (0.2f * (float)w), d2 = dx * dx + dy * dy;
                int64_t i = (int64_t)y * w + x;
                float v;

                if (d2 > 4.0f)
                    continue;
                v = (float)sc->work.y[i] +
                    ((float)sc->lit.albedo[i] - 16.0f) * power * expf(-d2 * 1.4f);
                sc->work.y[i] = v > 235.0f ? 235 : (uint8_t)v;
            }
        }
    }
}

static void mix_lamps(struct vd_scene *sc, const struct moment *m)
{
    size_t n = (size_t)sc->spec.width * (size_t)sc->spec.height;
    const struct backdrop *b = scene_lamps(sc, m) > 0.5f ? &sc->lit : &sc->off;

    memcpy(sc->work.y, b->y, n);
    memcpy(sc->work.u, b->u, n / 4);
    memcpy(sc->work.v, b->v, n / 4);
}

void scene_light_ground(struct vd_scene *sc, const struct moment *m)
{
    size_t n = (size_t)sc->spec.width * (size_t)sc->spec.height;

    if (sc->off.y != NULL) {
        mix_lamps(sc, m);
    } else {
        memcpy(sc->work.y, sc->lit.y, n);
        memcpy(sc->work.u, sc->lit.u, n / 4);
        memcpy(sc->work.v, sc->lit.v, n / 4);
    }
    if (sc->sway != NULL)
        sway(sc, m);
    if (scene_has(sc, VD_WITH_HEADLIGHTS))
        headlights(sc, m);
}

static void cloud_grid(const struct vd_scene *sc, const struct moment *m, float *grid)
{
    float a = 6.2831853f * m->part, radius = 0.035f * (float)sc->spec.loop_s;

    for (int y = 0; y <= GRID_H; y++) {
        for (int x = 0; x <= GRID_W; x++) {
            float n = fbm2((float)x * 0.11f + radius * cosf(a) + 40.0f,
                           (float)y * 0.2f + radius * sinf(a) + 40.0f, 2, sc->spec.seed + 91);

            grid[y * (GRID_W + 1) + x] =
                1.0f - 0.42f * scene_level(sc, VD_WITH_CLOUDS) * smooth(0.42f, 0.62f, n);
        }
    }
}

static void clouds(struct vd_scene *sc, const struct moment *m)
{
    float grid[(GRID_W + 1) * (GRID_H + 1)];
    int w = sc->spec.width, h = sc->spec.height;

    cloud_grid(sc, m, grid);
    for (int y = 0; y < h; y++) {
        float gy = (float)y * (float)GRID_H / (float)h, ty = gy - floorf(gy);
        const float *up = grid + (int)gy * (GRID_W + 1), *down = up + GRID_W + 1;
        uint8_t *row = sc->work.y + (int64_t)y * w;

        for (int x = 0; x < w; x++) {
            float gx = (float)x * (float)GRID_W / (float)w, tx = gx - floorf(gx);
            int i = (int)gx;
            float a = up[i] + (up[i + 1] - up[i]) * tx,
                  b = down[i] + (down[i + 1] - down[i]) * tx;

            row[x] = (uint8_t)(16.5f + ((float)row[x] - 16.0f) * (a + (b - a) * ty));
        }
    }
}

static void gain_rows(struct vd_scene *sc, const struct moment *m, float gain)
{
    int w = sc->spec.width, h = sc->spec.height;
    float depth =
        scene_has(sc, VD_WITH_FLICKER) ? 0.03f * scene_level(sc, VD_WITH_FLICKER) : 0.0f;
    float cycles = floorf(3.7f * (float)sc->spec.loop_s);

    for (int y = 0; y < h; y++) {
        float band = sinf(6.2831853f * (cycles * m->part + 1.6f * (float)y / (float)h));
        float k = gain * (1.0f + depth * band);
        uint8_t lut[256], *row = sc->work.y + (int64_t)y * w;

        for (int i = 0; i < 256; i++) {
            float v = 16.5f + ((float)i - 16.0f) * k;

            lut[i] = v > 235.0f ? 235 : v < 16.0f ? 16 : (uint8_t)v;
        }
        for (int x = 0; x < w; x++)
            row[x] = lut[row[x]];
    }
}

void scene_light_all(struct vd_scene *sc, const struct moment *m)
{
    float gain = exposure(sc, m);

    if (scene_has(sc, VD_WITH_STEPS)) {
        uint32_t step = (uint32_t)(m->part * 8.0f);

        gain *= 1.0f + 0.2f * scene_level(sc, VD_WITH_STEPS) * (float)((int)(step * 5 % 3) - 1);
    }
    if (scene_has(sc, VD_WITH_CLOUDS) && !sc->view.night)
        clouds(sc, m);
    if (gain != 1.0f || scene_has(sc, VD_WITH_FLICKER))
        gain_rows(sc, m, gain);
}
