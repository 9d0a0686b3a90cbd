/* tests/camsim/scene_material.c: what grounds and walls look like, as functions of metres. */
#include <math.h>

#include "tests/camsim/scene_place.h"

static bool near_line(float x, float at, float half)
{
    return fabsf(x - at) < half;
}

static float wrap(float x, float period)
{
    return x - floorf(x / period) * period;
}

static struct rgb grey(float k)
{
    return (struct rgb){k, k * 0.99f, k * 0.96f};
}

static struct rgb asphalt(float x, float z, uint32_t seed)
{
    float k = 0.085f + 0.05f * fbm2(x * 0.35f, z * 0.35f, 4, seed + 11);

    k *= 0.75f + 0.5f * fbm2(x * 6.0f, z * 6.0f, 3, seed + 12);
    /* sealed cracks and patches */
    if (fabsf(fbm2(x * 0.22f, z * 0.22f, 4, seed + 13) - 0.5f) < 0.005f)
        k *= 0.6f;
    return grey(k);
}

static struct rgb concrete(float x, float z, uint32_t seed)
{
    float k = 0.27f + 0.10f * fbm2(x * 0.3f, z * 0.3f, 5, seed + 21);

    k *= 0.86f + 0.28f * fbm2(x * 7.0f, z * 7.0f, 3, seed + 22);
    k *= 1.0f - 0.35f * smooth(0.58f, 0.75f, fbm2(x * 0.5f + 9.0f, z * 0.5f, 4, seed + 23));
    if (wrap(x + 1.3f, 5.0f) < 0.05f || wrap(z, 5.0f) < 0.06f)
        k *= 0.6f; /* joints of the slabs */
    return grey(k);
}

static struct rgb grass(float x, float z, uint32_t seed)
{
    float k = 0.5f + 0.9f * fbm2(x * 4.0f, z * 4.0f, 4, seed + 31);
    float dry = fbm2(x * 0.4f, z * 0.4f, 3, seed + 32);

    return rgb_mul(
        rgb_mix((struct rgb){0.06f, 0.11f, 0.03f}, (struct rgb){0.15f, 0.14f, 0.06f}, dry), k);
}

static struct rgb paint(struct rgb c, float x, float z, uint32_t seed)
{
    return rgb_mul(c, 0.6f + 0.5f * fbm2(x * 3.0f, z * 3.0f, 3, seed + 41));
}

static struct rgb street(float x, float z, uint32_t seed)
{
    static const struct rgb white = {0.6f, 0.6f, 0.58f};

    if (z > 16.2f || z < 8.0f) { /* pavement slabs beyond the kerbs */
        float k = wrap(x, 0.8f) < 0.04f || wrap(z, 0.8f) < 0.04f ? 0.75f : 1.0f;

        if (near_line(z, 16.35f, 0.15f) || near_line(z, 7.85f, 0.15f))
            return grey(0.42f);
        return rgb_mul(concrete(x, z, seed), k * 1.1f);
    }
    if (near_line(z, 12.1f, 0.07f) && wrap(x, 4.0f) < 2.2f)
        return paint(white, x, z, seed);
    if (near_line(z, 8.4f, 0.06f) || near_line(z, 15.8f, 0.06f))
        return paint(white, x, z, seed);
    return asphalt(x, z, seed);
}

static struct rgb drive(float x, float z, uint32_t seed)
{
    float edge = 4.0f + 0.25f * (fbm2(z * 0.7f, 3.0f, 3, seed) - 0.5f);

    if (z < 13.0f && z > 8.6f)
        return asphalt(x, z, seed);
    if (near_line(fabsf(x), edge, 0.12f))
        return grey(0.35f);
    if (fabsf(x) > edge)
        return grass(x, z, seed);
    return rgb_mul(asphalt(x, z, seed), 1.15f);
}

static struct rgb dock(float x, float z, uint32_t seed)
{
    static const struct rgb yellow = {0.62f, 0.42f, 0.05f};

    for (float at = -10.0f; at <= 11.0f; at += 5.0f) /* guides to the doors */
        if ((near_line(x, at - 1.5f, 0.07f) || near_line(x, at + 1.5f, 0.07f)) && z > 11.0f)
            return paint(yellow, x, z, seed);
    return rgb_mix(concrete(x, z, seed), asphalt(x, z, seed), 0.35f);
}

static struct rgb carpark(float x, float z, uint32_t seed)
{
    static const struct rgb white = {0.55f, 0.55f, 0.53f};

    if (z > 31.0f)
        return grass(x, z, seed);
    if (wrap(x + 1.4f, 2.8f) < 0.11f && ((z > 15.5f && z < 20.5f) || (z > 25.0f && z < 30.0f)))
        return paint(white, x, z, seed);
    if (near_line(z, 20.5f, 0.06f) || near_line(z, 30.0f, 0.06f))
        return paint(white, x, z, seed);
    if (wrap(x, 9.0f) < 1.4f && near_line(z, 12.6f, 0.12f - 0.08f * wrap(x, 9.0f)))
        return paint(white, x, z, seed);
    return asphalt(x, z, seed);
}

static struct rgb tiles(float x, float z, uint32_t seed)
{
    float k = 0.30f +
              0.03f * hash01((uint32_t)(int)floorf(x / 0.6f), (uint32_t)(int)floorf(z / 0.6f));

    k *= 0.92f + 0.16f * fbm2(x * 5.0f, z * 5.0f, 3, seed + 51);
    if (wrap(x, 0.6f) < 0.012f || wrap(z, 0.6f) < 0.02f)
        k *= 0.7f;
    return (struct rgb){k, k * 0.97f, k * 0.9f};
}

struct rgb ground_colour(enum ground g, float x, float z, uint32_t seed)
{
    switch (g) {
    case GROUND_DRIVE:
        return drive(x, z, seed);
    case GROUND_STREET:
        return street(x, z, seed);
    case GROUND_DOCK:
        return dock(x, z, seed);
    case GROUND_CARPARK:
        return carpark(x, z, seed);
    case GROUND_TILES:
        return tiles(x, z, seed);
    case GROUND_YARD:
        break;
    }
    return z > 27.0f || x < -13.0f ? grass(x, z, seed) : concrete(x, z, seed);
}

static struct rgb windows(const struct solid *s, float a, float b, const struct view *v,
                          float *ret_emit)
{
    float x = wrap(a, 3.0f), y = wrap(b, 3.0f);
    uint32_t id =
        hash32((uint32_t)(int)floorf(a / 3.0f), (uint32_t)(int)floorf(b / 3.0f) + v->seed);

    if (x < 0.75f || x > 2.25f || y < 0.9f || y > 2.4f)
        return s->c;
    if (x < 0.85f || x > 2.15f || y < 1.0f || y > 2.3f || near_line(x, 1.5f, 0.04f))
        return (struct rgb){0.5f, 0.5f, 0.48f};
    if (v->night && v->lights_on && id % 7 == 0)
        *ret_emit = 0.25f;
    return rgb_mul((struct rgb){0.05f, 0.065f, 0.08f},
                   0.6f + 0.25f * y + 0.4f * noise2(a, b, 61));
}

static struct rgb brick(struct rgb c, float a, float b)
{
    float row = floorf(b / 0.16f), shift = wrap(row, 2.0f) * 0.2f;
    float tone = hash01((uint32_t)(int)floorf((a + shift) / 0.4f), (uint32_t)(int)row);

    if (wrap(b, 0.16f) < 0.02f || wrap(a + shift, 0.4f) < 0.02f)
        return rgb_mix(c, grey(0.3f), 0.6f);
    return rgb_mul(c, 0.8f + 0.4f * tone);
}

bool material_colour(const struct solid *s, struct vec p, int axis, const struct view *v,
                     struct rgb *ret_c, float *ret_emit)
{
    float a = axis == 0 ? p.z : p.x, b = axis == 1 ? p.z : p.y, from_top = s->y1 - p.y;
    float stain = 0.82f + 0.36f * fbm2(a * 0.8f, b * 0.5f, 4, 71 + v->seed);
    float grain = 0.93f + 0.14f * noise2(a * 14.0f, b * 14.0f, 72);
    struct rgb c = s->c;

    switch (s->mat) {
    case MAT_BRICK:
        c = brick(c, a, b);
        break;
    case MAT_WINDOWS:
        c = axis == 1 ? c : windows(s, a, b, v, ret_emit);
        break;
    case MAT_RIDGES:
        c = rgb_mul(c, axis == 1 ? 1.0f : 0.8f + 0.3f * sinf(a * 6.2832f / 0.5f));
        break;
    case MAT_SLATS:
        c = rgb_mul(c, wrap(b, 0.3f) < 0.05f ? 0.6f : 0.9f + 0.5f * wrap(b, 0.3f));
        break;
    case MAT_FENCE:
        if (wrap(a, 0.32f) > 0.055f && from_top > 0.12f && p.y - s->y0 > 0.2f)
            return false;
        break;
    case MAT_STRIPES:
        c = wrap(a + b, 0.5f) < 0.25f ? c : grey(0.03f);
        break;
    case MAT_PANEL:
        if (from_top < 0.09f || (axis == 0 ? fminf(p.z - s->z0, s->z1 - p.z)
                                           : fminf(p.x - s->x0, s->x1 - p.x)) < 0.09f)
            c = rgb_mul(c, 0.45f);
        break;
    case MAT_LIGHT:
        *ret_emit = v->lights_on ? 0.9f : 0.0f;
        break;
    case MAT_PLAIN:
        break;
    }
    *ret_c = rgb_mul(c, stain * grain);
    return true;
}
