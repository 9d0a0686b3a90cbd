/* tests/camsim/scene_weather.c: rain, snow and insects. Each particle runs through a whole
 * number of cycles in a loop, so the last frame meets the first. */
#include <math.h>

#include "tests/camsim/scene_internal.h"

static float cycle(const struct vd_scene *sc, const struct moment *m, float hz, uint32_t i,
                   uint32_t k)
{
    float n = floorf(fmaxf(1.0f, hz * (float)sc->spec.loop_s));
    float at = n * m->part + hash01(i, k);

    return at - floorf(at);
}

static void particle(struct vd_scene *sc, struct shape s, uint8_t y, float alpha)
{
    struct ink ink = {.y = y, .u = 128, .v = 128, .alpha = alpha, .z = -1e6f};
    struct canvas c = sc->work;

    c.u = c.v = NULL; /* a drop has no colour of its own */
    c.mask = NULL;
    canvas_fill(&c, &s, &ink);
}

static void rain(struct vd_scene *sc, const struct moment *m)
{
    float h = (float)sc->spec.height, w = (float)sc->spec.width;
    int n = (int)(170.0f * scene_level(sc, VD_WITH_RAIN));

    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        float u = cycle(sc, m, 2.6f + 2.0f * hash01(i, 1), i, 2), near = hash01(i, 3);
        /* where it falls changes with every pass: another drop */
        float x = (hash01(i, 4) * 1.2f - 0.1f) * w + (u - 0.5f) * 0.06f * h,
              y = (u * 1.3f - 0.15f) * h;
        float len = h * (0.03f + 0.05f * near), r = h * (0.0008f + 0.0012f * near);

        particle(sc, capsule(x, y, x + len * 0.06f, y + len, r, r), sc->view.night ? 190 : 205,
                 0.16f + 0.2f * near);
    }
}

static void snow(struct vd_scene *sc, const struct moment *m)
{
    float h = (float)sc->spec.height, w = (float)sc->spec.width;
    int n = (int)(260.0f * scene_level(sc, VD_WITH_SNOW));

    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        float near = hash01(i, 13) * hash01(i, 14),
              u = cycle(sc, m, 0.12f + 0.4f * near, i, 12);
        float drift = scene_wave(sc, m, 0.15f + 0.2f * hash01(i, 16), hash01(i, 17));
        float x = (hash01(i, 15) * 1.1f - 0.05f) * w + drift * 0.04f * h;
        float r = h * (0.0016f + 0.006f * near);

        particle(sc, ellipse(x, (u * 1.1f - 0.05f) * h, r, r), 225, 0.85f - 0.5f * near);
    }
}

/* Out of focus and overexposed: soft bright discs that dart about near the lens. */
static void insects(struct vd_scene *sc, const struct moment *m)
{
    float h = (float)sc->spec.height, w = (float)sc->spec.width;
    int n = 1 + (int)(3.0f * scene_level(sc, VD_WITH_INSECTS));

    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        float seen = scene_wave(sc, m, 0.05f + 0.03f * hash01(i, 21), hash01(i, 22));
        float x = 0.55f +
                  0.36f * scene_wave(sc, m, 0.31f + 0.3f * hash01(i, 23), hash01(i, 24)) +
                  0.14f * scene_wave(sc, m, 1.1f + hash01(i, 25), hash01(i, 26));
        float y = 0.38f +
                  0.26f * scene_wave(sc, m, 0.43f + 0.3f * hash01(i, 27), hash01(i, 28)) +
                  0.12f * scene_wave(sc, m, 1.6f + hash01(i, 29), hash01(i, 30));
        float r = h * (0.006f + 0.012f * hash01(i, 31));

        if (seen < 0.1f)
            continue;
        for (int k = 6; k >= 1; k--)
            particle(sc, ellipse(x * w, y * h, r * (float)k / 3.4f, r * (float)k / 4.6f), 230,
                     0.16f);
    }
}

void scene_weather(struct vd_scene *sc, const struct moment *m)
{
    if (scene_has(sc, VD_WITH_RAIN))
        rain(sc, m);
    if (scene_has(sc, VD_WITH_SNOW))
        snow(sc, m);
    if (scene_has(sc, VD_WITH_INSECTS))
        insects(sc, m);
}
