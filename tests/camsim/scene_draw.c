/* tests/camsim/scene_draw.c: shapes are signed distances in pixels, so edges are smooth and the
 * mask knows how much of a pixel is covered. */
#include "tests/camsim/scene_draw.h"

#include <math.h>

#include "tests/camsim/scene.h"

uint32_t hash32(uint32_t a, uint32_t b)
{
    uint32_t h = a * 0x9e3779b1u ^ (b + 0x7f4a7c15u) * 0x85ebca6bu;

    h ^= h >> 15;
    h *= 0x2c1b3c6du;
    h ^= h >> 12;
    h *= 0x297a2d39u;
    return h ^ (h >> 15);
}

float hash01(uint32_t a, uint32_t b)
{
    return (float)(hash32(a, b) >> 8) * (1.0f / 16777216.0f);
}

float clamp01(float x)
{
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
}

float smooth(float edge0, float edge1, float x)
{
    float t = clamp01((x - edge0) / (edge1 - edge0));

    return t * t * (3.0f - 2.0f * t);
}

float noise2(float x, float y, uint32_t seed)
{
    float fx = floorf(x), fy = floorf(y);
    float tx = x - fx, ty = y - fy;
    uint32_t ix = (uint32_t)(int32_t)fx, iy = (uint32_t)(int32_t)fy + seed * 7919u;
    float a = hash01(ix, iy), b = hash01(ix + 1, iy);
    float c = hash01(ix, iy + 1), d = hash01(ix + 1, iy + 1);

    tx = tx * tx * (3.0f - 2.0f * tx);
    ty = ty * ty * (3.0f - 2.0f * ty);
    return (a + (b - a) * tx) * (1.0f - ty) + (c + (d - c) * tx) * ty;
}

float fbm2(float x, float y, int octaves, uint32_t seed)
{
    float sum = 0.0f, weight = 0.5f, total = 0.0f;

    for (int i = 0; i < octaves; i++) {
        sum += weight * noise2(x, y, seed + (uint32_t)i);
        total += weight;
        weight *= 0.5f;
        x *= 2.03f;
        y *= 2.03f;
    }
    return sum / total;
}

struct rgb rgb_mul(struct rgb c, float k)
{
    return (struct rgb){c.r * k, c.g * k, c.b * k};
}

struct rgb rgb_mix(struct rgb a, struct rgb b, float t)
{
    return (struct rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

float rgb_luma(struct rgb c)
{
    return 0.299f * c.r + 0.587f * c.g + 0.114f * c.b;
}

static float gamma_code(float x)
{
    /* a soft shoulder instead of a hard clip, as a camera's own curve has */
    x = x < 0.0f ? 0.0f : x;
    if (x > 0.8f)
        x = 0.8f + 0.2f * (1.0f - expf(-(x - 0.8f) / 0.2f));
    return powf(x, 1.0f / 2.2f);
}

void rgb_to_yuv(struct rgb c, bool grey, uint8_t ret_yuv[3])
{
    float r = gamma_code(c.r), g = gamma_code(c.g), b = gamma_code(c.b);
    float y = 0.299f * r + 0.587f * g + 0.114f * b;

    ret_yuv[0] = (uint8_t)(16.5f + 219.0f * y);
    ret_yuv[1] = grey ? 128 : (uint8_t)(128.5f + 126.0f * (b - y));
    ret_yuv[2] = grey ? 128 : (uint8_t)(128.5f + 160.0f * (r - y));
}

struct ink ink_of(struct rgb c, bool grey, float z, uint8_t label)
{
    struct ink ink = {.label = label, .alpha = 1.0f, .z = z};
    uint8_t yuv[3];

    rgb_to_yuv(c, grey, yuv);
    ink.y = yuv[0];
    ink.u = yuv[1];
    ink.v = yuv[2];
    return ink;
}

struct shape capsule(float ax, float ay, float bx, float by, float r0, float r1)
{
    return (struct shape){
        .kind = SHAPE_CAPSULE, .ax = ax, .ay = ay, .bx = bx, .by = by, .r0 = r0, .r1 = r1};
}

struct shape ellipse(float cx, float cy, float rx, float ry)
{
    return (struct shape){.kind = SHAPE_ELLIPSE, .ax = cx, .ay = cy, .bx = rx, .by = ry};
}

struct shape rounded(float cx, float cy, float hx, float hy, float r)
{
    return (struct shape){.kind = SHAPE_BOX, .ax = cx, .ay = cy, .bx = hx, .by = hy, .r0 = r};
}

struct shape quad(const float x[4], const float y[4])
{
    struct shape s = {.kind = SHAPE_QUAD};

    for (int i = 0; i < 4; i++) {
        s.qx[i] = x[i];
        s.qy[i] = y[i];
    }
    return s;
}

static float distance(const struct shape *s, float x, float y)
{
    if (s->kind == SHAPE_CAPSULE) {
        float dx = s->bx - s->ax, dy = s->by - s->ay, len2 = dx * dx + dy * dy;
        float t = len2 > 0.0f ? clamp01(((x - s->ax) * dx + (y - s->ay) * dy) / len2) : 0.0f;
        float ex = x - s->ax - dx * t, ey = y - s->ay - dy * t;

        return sqrtf(ex * ex + ey * ey) - (s->r0 + (s->r1 - s->r0) * t);
    }
    if (s->kind == SHAPE_ELLIPSE) {
        float ex = (x - s->ax) / s->bx, ey = (y - s->ay) / s->by;

        return (sqrtf(ex * ex + ey * ey) - 1.0f) * fminf(s->bx, s->by);
    }
    if (s->kind == SHAPE_BOX) {
        float ex = fabsf(x - s->ax) - s->bx + s->r0, ey = fabsf(y - s->ay) - s->by + s->r0;
        float ox = fmaxf(ex, 0.0f), oy = fmaxf(ey, 0.0f);

        return sqrtf(ox * ox + oy * oy) + fminf(fmaxf(ex, ey), 0.0f) - s->r0;
    }
    float d = -1e9f;
    for (int i = 0, j = 1; i < 4; i++, j = (j + 1) % 4) {
        float ex = s->qx[j] - s->qx[i], ey = s->qy[j] - s->qy[i];
        float len = sqrtf(ex * ex + ey * ey);

        if (len > 0.0f)
            d = fmaxf(d, ((x - s->qx[i]) * ey - (y - s->qy[i]) * ex) / len);
    }
    return d;
}

static void bounds(const struct shape *s, float b[4])
{
    if (s->kind == SHAPE_QUAD) {
        b[0] = fminf(fminf(s->qx[0], s->qx[1]), fminf(s->qx[2], s->qx[3]));
        b[1] = fminf(fminf(s->qy[0], s->qy[1]), fminf(s->qy[2], s->qy[3]));
        b[2] = fmaxf(fmaxf(s->qx[0], s->qx[1]), fmaxf(s->qx[2], s->qx[3]));
        b[3] = fmaxf(fmaxf(s->qy[0], s->qy[1]), fmaxf(s->qy[2], s->qy[3]));
    } else if (s->kind == SHAPE_CAPSULE) {
        float r = fmaxf(s->r0, s->r1);

        b[0] = fminf(s->ax, s->bx) - r;
        b[1] = fminf(s->ay, s->by) - r;
        b[2] = fmaxf(s->ax, s->bx) + r;
        b[3] = fmaxf(s->ay, s->by) + r;
    } else {
        b[0] = s->ax - s->bx;
        b[1] = s->ay - s->by;
        b[2] = s->ax + s->bx;
        b[3] = s->ay + s->by;
    }
}

void canvas_begin(struct canvas *c)
{
    c->x0 = c->y0 = INT32_MAX;
    c->x1 = c->y1 = -1;
    c->pixels = 0;
}

static void note_label(struct canvas *c, int x, int y, uint8_t label, float cover)
{
    uint8_t *m = c->mask + (int64_t)y * c->w + x;

    if (label == VD_MASK_SHADOW) {
        if (cover >= 0.03f && *m == VD_MASK_STATIC)
            *m = cover >= 0.5f ? VD_MASK_SHADOW : VD_MASK_EDGE;
        return;
    }
    if (cover < 0.5f) {
        if (cover >= 0.03f && *m != VD_MASK_MOVING)
            *m = VD_MASK_EDGE;
        return;
    }
    c->pixels += *m != VD_MASK_MOVING;
    *m = VD_MASK_MOVING;
    c->x0 = x < c->x0 ? x : c->x0;
    c->y0 = y < c->y0 ? y : c->y0;
    c->x1 = x > c->x1 ? x : c->x1;
    c->y1 = y > c->y1 ? y : c->y1;
}

static uint8_t blend(uint8_t below, float above, float a)
{
    return (uint8_t)((float)below + (above - (float)below) * a + 0.5f);
}

static void fill_luma(struct canvas *c, const struct shape *s, const struct ink *ink,
                      const float b[4], const int box[4])
{
    float width = fmaxf(b[2] - b[0], 1.0f);

    for (int y = box[1]; y <= box[3]; y++) {
        for (int x = box[0]; x <= box[2]; x++) {
            float cover = clamp01(0.5f - distance(s, (float)x + 0.5f, (float)y + 0.5f));
            int64_t at = (int64_t)y * c->w + x;
            float lit;

            if (cover <= 0.0f || (c->depth != NULL && c->depth[at] < ink->z - 0.3f))
                continue;
            lit = 1.0f - ink->shade * ((float)x + 0.5f - b[0]) / width;
            if (c->y != NULL)
                c->y[at] =
                    blend(c->y[at], 16.0f + ((float)ink->y - 16.0f) * lit, cover * ink->alpha);
            if (c->mask != NULL && ink->label != VD_MASK_STATIC)
                note_label(c, x, y, ink->label, cover);
        }
    }
}

void canvas_fill(struct canvas *c, const struct shape *s, const struct ink *ink)
{
    float b[4];
    int box[4];

    bounds(s, b);
    if (b[2] < 0.0f || b[3] < 0.0f || b[0] > (float)c->w || b[1] > (float)c->h)
        return;
    box[0] = b[0] < 1.0f ? 0 : (int)b[0] - 1;
    box[1] = b[1] < 1.0f ? 0 : (int)b[1] - 1;
    box[2] = b[2] + 1.0f >= (float)c->w ? c->w - 1 : (int)b[2] + 1;
    box[3] = b[3] + 1.0f >= (float)c->h ? c->h - 1 : (int)b[3] + 1;
    fill_luma(c, s, ink, b, box);
    if (c->u == NULL)
        return;
    for (int y = box[1] / 2; y <= box[3] / 2 && y < c->h / 2; y++) {
        for (int x = box[0] / 2; x <= box[2] / 2 && x < c->w / 2; x++) {
            float cover = clamp01(
                0.5f - 0.5f * distance(s, (float)x * 2.0f + 1.0f, (float)y * 2.0f + 1.0f));
            int64_t at = (int64_t)y * (c->w / 2) + x;

            if (cover <= 0.0f ||
                (c->depth != NULL && c->depth[(int64_t)y * 2 * c->w + x * 2] < ink->z - 0.3f))
                continue;
            c->u[at] = blend(c->u[at], ink->u, cover * ink->alpha);
            c->v[at] = blend(c->v[at], ink->v, cover * ink->alpha);
        }
    }
}
