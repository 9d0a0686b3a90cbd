/* tests/camsim/scene_trace.c: one ray a sample, one to the sun or each lamp; four samples a
 * pixel. It runs once a scene, so clarity goes before speed. */
#include <math.h>
#include <stdlib.h>

#include "tests/camsim/scene_place.h"

struct ray {
    struct vec o, d;
};

struct hit {
    float t;
    struct vec p, n;
    struct rgb c;
    float emit;
    bool leaf, is_ground, is_sky;
};

static struct vec at(const struct ray *r, float t)
{
    return (struct vec){r->o.x + r->d.x * t, r->o.y + r->d.y * t, r->o.z + r->d.z * t};
}

static float dot(struct vec a, struct vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

void project(const struct view *v, struct vec p, float *ret_x, float *ret_y)
{
    const struct place *pl = v->place;
    float z = fmaxf(p.z, 0.2f);

    *ret_x = (float)v->w * 0.5f + (float)v->h * pl->focal * p.x / z;
    *ret_y = (float)v->h * (pl->horizon + pl->focal * (pl->cam_h - p.y) / z);
}

float px_per_metre(const struct view *v, float z)
{
    return (float)v->h * v->place->focal / fmaxf(z, 0.2f);
}

/* Entry of a ray into a box; ret_axis is the face, 0..2. Negative: missed. */
static float hit_box(const struct ray *r, const struct solid *s, int *ret_axis)
{
    const float o[3] = {r->o.x, r->o.y, r->o.z}, d[3] = {r->d.x, r->d.y, r->d.z};
    const float lo[3] = {s->x0, s->y0, s->z0}, hi[3] = {s->x1, s->y1, s->z1};
    float t0 = -1e9f, t1 = 1e9f;

    for (int i = 0; i < 3; i++) {
        float inv = 1.0f / (fabsf(d[i]) < 1e-9f ? 1e-9f : d[i]);
        float a = (lo[i] - o[i]) * inv, b = (hi[i] - o[i]) * inv;

        if (a > b) {
            float swap = a;

            a = b;
            b = swap;
        }
        if (a > t0) {
            t0 = a;
            *ret_axis = i;
        }
        t1 = fminf(t1, b);
    }
    return t0 <= t1 && t0 > 1e-3f ? t0 : -1.0f;
}

static float hit_ball(const struct ray *r, struct vec c, float radius)
{
    struct vec oc = {r->o.x - c.x, r->o.y - c.y, r->o.z - c.z};
    float a = dot(r->d, r->d), b = dot(oc, r->d), k = dot(oc, oc) - radius * radius;
    float disc = b * b - a * k;

    if (disc < 0.0f)
        return -1.0f;
    return (-b - sqrtf(disc)) / a;
}

static struct ball grow_lobe(const struct tree *t, int i, uint32_t seed)
{
    uint32_t k = (uint32_t)(int)(t->x * 16.0f) * 31u + (uint32_t)i + seed * 101u;
    float angle = 6.2832f * hash01(k, 1), out = t->radius * (i == 0 ? 0.0f : 0.62f);
    struct ball b;

    b.c.x = t->x + out * cosf(angle);
    b.c.z = t->z + out * sinf(angle) * 0.6f;
    b.c.y = t->height - t->radius * (0.9f + 0.9f * hash01(k, 2));
    b.r = t->radius * (i == 0 ? 0.8f : 0.45f + 0.25f * hash01(k, 3));
    return b;
}

void view_init(struct view *v)
{
    for (int i = 0; i < v->place->n_trees; i++) {
        const struct tree *t = &v->place->trees[i];

        for (int k = 0; k < LOBES; k++)
            v->lobes[i][k] = grow_lobe(t, k, v->seed);
        v->crowns[i] =
            (struct ball){{t->x, t->height - t->radius * 1.35f, t->z}, t->radius * 1.8f};
    }
}

static void trace_trees(const struct view *v, const struct ray *r, struct hit *h)
{
    for (int i = 0; i < v->place->n_trees; i++) {
        const struct tree *t = &v->place->trees[i];
        struct solid trunk = {t->x - 0.14f, t->x + 0.14f, 0,         t->height - t->radius,
                              t->z - 0.1f,  t->z + 0.1f,  MAT_PLAIN, {0.09f, 0.06f, 0.04f}};
        int axis = 2;
        float d = hit_box(r, &trunk, &axis);

        if (d > 0.0f && d < h->t)
            *h = (struct hit){.t = d, .p = at(r, d), .n = {0, 0, -1}, .c = trunk.c};
        for (int k = 0; k < LOBES && hit_ball(r, v->crowns[i].c, v->crowns[i].r) > 0.0f; k++) {
            struct vec c = v->lobes[i][k].c, p;
            float radius = v->lobes[i][k].r, grain, rim;

            d = hit_ball(r, c, radius);
            if (d <= 0.0f || d >= h->t)
                continue;
            p = at(r, d);
            grain = fbm2(p.x * 5.0f + p.z * 3.0f, p.y * 5.0f, 4, 77);
            rim = fabsf(p.z - c.z) / radius; /* 1 in the middle, 0 at the edge */
            if (grain < 0.42f - 0.5f * (rim - 0.25f))
                continue;
            *h = (struct hit){.t = d, .p = p, .leaf = true};
            h->n =
                (struct vec){(p.x - c.x) / radius, (p.y - c.y) / radius, (p.z - c.z) / radius};
            grain = 0.35f + 1.3f * fbm2(p.x * 9.0f, p.y * 9.0f + p.z, 3, 78);
            h->c = rgb_mul((struct rgb){0.07f, 0.12f, 0.035f}, grain);
        }
    }
}

static void trace(const struct view *v, const struct ray *r, struct hit *h)
{
    *h = (struct hit){.t = 1e6f, .is_sky = true};
    if (r->d.y < -1e-5f) {
        h->t = -r->o.y / r->d.y;
        h->p = at(r, h->t);
        h->n = (struct vec){0, 1, 0};
        h->is_ground = true;
        h->is_sky = false;
    }
    for (int i = 0; i < v->place->n_solids; i++) {
        const struct solid *s = &v->place->solids[i];
        struct vec p;
        struct rgb c;
        float emit = 0.0f, t;
        int axis = 2;

        t = hit_box(r, s, &axis);
        if (t <= 0.0f || t >= h->t)
            continue;
        p = at(r, t);
        if (!material_colour(s, p, axis, v, &c, &emit))
            continue;
        *h = (struct hit){.t = t, .p = p, .c = c, .emit = emit};
        h->n = (struct vec){axis == 0 ? (r->d.x > 0 ? -1.0f : 1.0f) : 0,
                            axis == 1 ? (r->d.y > 0 ? -1.0f : 1.0f) : 0,
                            axis == 2 ? (r->d.z > 0 ? -1.0f : 1.0f) : 0};
    }
    trace_trees(v, r, h);
    if (h->is_ground)
        h->c = ground_colour(v->place->ground, h->p.x, h->p.z, v->seed);
}

/* Does the ray pass through the ball, from outside or inside? */
static bool touches(const struct ray *r, const struct ball *b)
{
    struct vec oc = {r->o.x - b->c.x, r->o.y - b->c.y, r->o.z - b->c.z};
    float a = dot(r->d, r->d), h = dot(oc, r->d), k = dot(oc, oc) - b->r * b->r;

    return k < 0.0f || (h < 0.0f && h * h >= a * k);
}

/* Is anything between p and the point (or direction, if far) of a light? 0 dark .. 1 free. */
static float unshaded(const struct view *v, struct vec p, struct vec to, float max_t)
{
    struct ray r = {{p.x + to.x * 0.02f, p.y + to.y * 0.02f, p.z + to.z * 0.02f}, to};
    float free_part = 1.0f;

    for (int i = 0; i < v->place->n_solids; i++) {
        const struct solid *s = &v->place->solids[i];
        int axis;
        float t;

        if (s->mat == MAT_FENCE || s->mat == MAT_LIGHT)
            continue;
        t = hit_box(&r, s, &axis);
        if (t > 0.0f && t < max_t)
            return 0.0f;
    }
    for (int i = 0; i < v->place->n_trees; i++) {
        if (!touches(&r, &v->crowns[i]))
            continue;
        for (int k = 0; k < LOBES; k++) {
            float t = hit_ball(&r, v->lobes[i][k].c, v->lobes[i][k].r * 0.92f);

            if (t > 0.05f && t < max_t)
                free_part *= 0.55f;
        }
    }
    return free_part;
}

/* Corners and feet of walls get less of the sky. */
static float openness(const struct view *v, struct vec p)
{
    float nearest = 2.0f;

    if (p.y > 0.05f)
        return 0.72f + 0.28f * clamp01(p.y / 1.2f);
    for (int i = 0; i < v->place->n_solids; i++) {
        const struct solid *s = &v->place->solids[i];
        float dx = fmaxf(fmaxf(s->x0 - p.x, p.x - s->x1), 0.0f);
        float dz = fmaxf(fmaxf(s->z0 - p.z, p.z - s->z1), 0.0f);

        if (s->y0 < 0.3f && s->mat != MAT_FENCE)
            nearest = fminf(nearest, sqrtf(dx * dx + dz * dz) / fminf(1.0f, s->y1));
    }
    return 0.6f + 0.4f * smooth(0.0f, 1.3f, nearest);
}

static float lamp_light(const struct view *v, struct vec p, const struct vec *n)
{
    float sum = 0.0f;

    for (int i = 0; i < v->place->n_lamps && v->lights_on; i++) {
        const struct lamp *l = &v->place->lamps[i];
        struct vec to = {l->x - p.x, l->y - p.y, l->z - p.z};
        float d2 = dot(to, to), d = sqrtf(d2), face = 0.6f;

        to = (struct vec){to.x / d, to.y / d, to.z / d};
        if (n != NULL)
            face = fmaxf(0.0f, dot(to, *n)) * unshaded(v, p, to, d - 0.3f);
        sum += l->power * (v->place->indoor ? 1.0f : 3.2f) * face / (d2 + 4.0f);
    }
    return sum;
}

/* The camera's own infrared, or a rest of light indoors. */
static float near_light(const struct view *v, struct vec p)
{
    float reach = v->place->indoor ? 7.0f : 11.0f;

    return v->night ? 0.30f / (1.0f + p.z * p.z / (reach * reach)) + 0.006f : 0.0f;
}

float light_at(const struct view *v, struct vec p)
{
    if (v->place->indoor)
        return fminf(1.0f, (v->lights_on ? 0.2f : 0.03f) + lamp_light(v, p, NULL)) +
               near_light(v, p);
    if (v->night)
        return fminf(1.1f, lamp_light(v, p, NULL) + near_light(v, p));
    return 0.45f + 0.5f * unshaded(v, (struct vec){p.x, 1.0f, p.z}, v->place->sun, 1e5f);
}

static struct rgb shade(const struct view *v, const struct hit *h)
{
    struct rgb c = h->c;
    float open = openness(v, h->p), haze;

    if (v->place->indoor || v->night) {
        float k = lamp_light(v, h->p, &h->n) + near_light(v, h->p);

        k += v->place->indoor && v->lights_on ? 0.42f * open : 0.0f;
        k += v->place->indoor && !v->lights_on ? 0.02f : 0.0f;
        c = rgb_mul(c, k * (v->night ? 1.35f : 1.0f));
    } else {
        float sun = fmaxf(0.0f, dot(h->n, v->place->sun));
        struct rgb sky = {0.40f, 0.44f, 0.52f}, gold = {1.0f, 0.93f, 0.80f};

        sun = h->leaf ? 0.35f + 0.5f * sun : sun;
        sun *= unshaded(v, h->p, v->place->sun, 1e5f);
        c.r *= sky.r * open + gold.r * sun;
        c.g *= sky.g * open + gold.g * sun;
        c.b *= sky.b * open + gold.b * sun;
        haze = 1.0f - expf(-h->p.z / 260.0f);
        c = rgb_mix(c, (struct rgb){0.55f, 0.60f, 0.66f}, haze);
    }
    return (struct rgb){c.r + h->emit, c.g + h->emit * 0.96f, c.b + h->emit * 0.85f};
}

static struct rgb sky_colour(const struct view *v, const struct ray *r)
{
    float up = clamp01(r->d.y * 2.2f);
    float cloud =
        fbm2(r->d.x / (r->d.y + 0.12f) * 0.9f, 1.0f / (r->d.y + 0.12f), 5, v->seed + 5);
    struct rgb c =
        rgb_mix((struct rgb){0.62f, 0.68f, 0.74f}, (struct rgb){0.30f, 0.46f, 0.70f}, up);

    if (v->night)
        return rgb_mul((struct rgb){0.0035f, 0.0035f, 0.004f}, 1.0f + (1.0f - up) + cloud);
    return rgb_mix(c, (struct rgb){0.82f, 0.83f, 0.84f}, smooth(0.45f, 0.75f, cloud) * 0.8f);
}

struct texel {
    struct rgb lit;
    float albedo, depth, tone; /* tone: gamma-coded luma, about */
    float leaf;
};

static void sample(const struct view *v, float x, float y, struct texel *ret)
{
    const struct place *pl = v->place;
    struct ray r = {{0, pl->cam_h, 0}, {0, 0, 1}};
    float vx = x / (float)v->w - 0.5f, vy = y / (float)v->h - 0.5f;
    float vignette = 1.0f - 0.35f * (vx * vx + vy * vy);
    struct hit h;

    r.d.x = (x - (float)v->w * 0.5f) / ((float)v->h * pl->focal);
    r.d.y = (pl->horizon - y / (float)v->h) / pl->focal;
    trace(v, &r, &h);
    ret->lit = rgb_mul(h.is_sky ? sky_colour(v, &r) : shade(v, &h), vignette);
    ret->albedo = h.is_sky ? 0.02f : rgb_luma(h.c);
    ret->depth = h.is_sky ? 1e6f : h.p.z;
    ret->leaf = h.leaf ? 1.0f : 0.0f;
    ret->tone = sqrtf(rgb_luma(ret->lit));
}

static bool differs(const struct texel *a, const struct texel *b)
{
    return fabsf(a->tone - b->tone) > 0.04f || fabsf(a->depth - b->depth) > 0.15f * a->depth;
}

/* Edges and fine texture are where one sample a pixel shows steps. */
static bool is_rough(const struct texel *t, int x, int y, int w, int h)
{
    const struct texel *c = t + (int64_t)y * w + x;

    return (x > 0 && differs(c, c - 1)) || (x + 1 < w && differs(c, c + 1)) ||
           (y > 0 && differs(c, c - w)) || (y + 1 < h && differs(c, c + w));
}

static void refine(const struct view *v, int x, int y, struct texel *c)
{
    struct texel sum = {.depth = c->depth};

    for (int k = 0; k < 4; k++) {
        struct texel one;

        sample(v, (float)x + (k & 1 ? 0.75f : 0.25f), (float)y + (k & 2 ? 0.75f : 0.25f), &one);
        sum.lit = (struct rgb){sum.lit.r + one.lit.r * 0.25f, sum.lit.g + one.lit.g * 0.25f,
                               sum.lit.b + one.lit.b * 0.25f};
        sum.albedo += one.albedo * 0.25f;
        sum.leaf += one.leaf * 0.25f;
        sum.depth = fminf(sum.depth, one.depth);
    }
    sum.tone = c->tone; /* neighbours are still compared by their first sample */
    *c = sum;
}

static void store(const struct view *v, const struct texel *t, struct backdrop *b, int64_t i)
{
    uint8_t yuv[3];

    rgb_to_yuv(t->lit, v->night, yuv);
    b->y[i] = yuv[0];
    if (b->albedo != NULL) {
        rgb_to_yuv((struct rgb){t->albedo, t->albedo, t->albedo}, true, yuv);
        b->albedo[i] = yuv[0];
    }
    if (b->leaf != NULL)
        b->leaf[i] = (uint8_t)(t->leaf >= 0.5f ? 255 : 0);
    if (b->depth != NULL)
        b->depth[i] = t->depth;
}

static void store_colour(const struct view *v, const struct texel *t, struct backdrop *b)
{
    for (int y = 0; y < v->h; y += 2) {
        for (int x = 0; x < v->w; x += 2) {
            const struct texel *c = t + (int64_t)y * v->w + x;
            int64_t i = (int64_t)(y / 2) * (v->w / 2) + x / 2;
            uint8_t yuv[3];

            rgb_to_yuv(rgb_mix(rgb_mix(c[0].lit, c[1].lit, 0.5f),
                               rgb_mix(c[v->w].lit, c[v->w + 1].lit, 0.5f), 0.5f),
                       v->night, yuv);
            b->u[i] = yuv[1];
            b->v[i] = yuv[2];
        }
    }
}

int backdrop_draw(const struct view *v, struct backdrop *b)
{
    int64_t n = (int64_t)v->w * v->h;
    struct texel *t = calloc((size_t)n, sizeof *t);

    if (t == NULL)
        return VD_ENOMEM;
    for (int64_t i = 0; i < n; i++)
        sample(v, (float)(i % v->w) + 0.5f, (float)(i / v->w) + 0.5f, &t[i]);
    for (int y = 0; y < v->h; y++)
        for (int x = 0; x < v->w; x++)
            if (is_rough(t, x, y, v->w, v->h))
                refine(v, x, y, &t[(int64_t)y * v->w + x]);
    for (int64_t i = 0; i < n; i++)
        store(v, &t[i], b, i);
    store_colour(v, t, b);
    free(t);
    return 0;
}
