/* tests/camsim/scene_object.c: sizes are metres; each shape is placed by perspective of the
 * object's foot, so that it grows as it comes nearer. */
#include "tests/camsim/scene_object.h"

#include <math.h>

struct pen {
    struct canvas *c;
    const struct view *v;
    const struct object *o;
    float px, fx, fy; /* pixels a metre; the foot on the picture */
};

static const struct rgb jackets[] = {
    {0.05f, 0.07f, 0.16f}, {0.30f, 0.04f, 0.04f}, {0.03f, 0.03f, 0.03f}, {0.55f, 0.52f, 0.46f},
    {0.07f, 0.17f, 0.09f}, {0.62f, 0.34f, 0.03f}, {0.20f, 0.20f, 0.22f}, {0.10f, 0.22f, 0.36f}};
static const struct rgb trousers[] = {
    {0.03f, 0.04f, 0.08f}, {0.05f, 0.05f, 0.05f}, {0.16f, 0.13f, 0.09f}, {0.08f, 0.10f, 0.16f}};
static const struct rgb paints[] = {{0.55f, 0.56f, 0.57f}, {0.03f, 0.03f, 0.035f},
                                    {0.34f, 0.03f, 0.03f}, {0.04f, 0.08f, 0.24f},
                                    {0.70f, 0.70f, 0.69f}, {0.18f, 0.19f, 0.20f},
                                    {0.06f, 0.15f, 0.10f}, {0.40f, 0.36f, 0.28f}};

static void put(const struct pen *p, struct shape s, struct rgb c, float shade)
{
    struct ink ink;

    if (p->v->night && p->o->kind == VD_SCENE_PERSON) /* cloth is bright in infrared */
        c = rgb_mix(c, (struct rgb){0.42f, 0.42f, 0.42f}, 0.5f);
    ink = ink_of(rgb_mul(c, p->o->light), p->v->night, p->o->z, p->o->label);
    ink.shade = shade;
    canvas_fill(p->c, &s, &ink);
}

/* A shape in the object's own metres: x along the picture, y up from the foot. */
static void limb(const struct pen *p, float ax, float ay, float bx, float by, float r,
                 struct rgb c)
{
    put(p,
        capsule(p->fx + ax * p->px, p->fy - ay * p->px, p->fx + bx * p->px, p->fy - by * p->px,
                r * p->px, r * 0.8f * p->px),
        c, 0.25f);
}

static void block(const struct pen *p, float x0, float x1, float y0, float y1, float r,
                  struct rgb c)
{
    put(p,
        rounded(p->fx + (x0 + x1) * 0.5f * p->px, p->fy - (y0 + y1) * 0.5f * p->px,
                fabsf(x1 - x0) * 0.5f * p->px, (y1 - y0) * 0.5f * p->px, r * p->px),
        c, 0.12f);
}

static void disc(const struct pen *p, float x, float y, float r, struct rgb c)
{
    put(p, ellipse(p->fx + x * p->px, p->fy - y * p->px, r * p->px, r * p->px), c, 0.0f);
}

/* The shadow the sun throws: a soft stroke on the ground. */
static void shadow(const struct pen *p, float height, float half_width)
{
    const struct vec sun = p->v->place->sun;
    const struct object *o = p->o;
    float ax, ay, bx, by, r = half_width * p->px, reach = height * 0.75f / sun.y;
    struct ink ink = {.y = 20, .u = 128, .v = 128, .label = o->label, .z = o->z};
    bool sunny = !p->v->night && !p->v->place->indoor;
    struct shape s;

    project(p->v, (struct vec){o->x, 0, o->z}, &ax, &ay);
    project(p->v, (struct vec){o->x - sun.x * reach, 0, o->z - sun.z * reach}, &bx, &by);
    ink.label = o->label == VD_MASK_STATIC ? VD_MASK_STATIC : VD_MASK_SHADOW;
    ink.z = o->z - 0.5f;
    ink.alpha = sunny ? 0.42f * o->light : 0.25f;
    s = sunny ? capsule(ax, ay, bx, by, r, r * 0.8f) : ellipse(ax, ay, r * 1.5f, r * 0.45f);
    canvas_fill(p->c, &s, &ink);
}

static void person(const struct pen *p)
{
    const struct object *o = p->o;
    uint32_t k = o->look;
    float tall = 1.62f + 0.24f * hash01(k, 1), build = 0.9f + 0.25f * hash01(k, 2);
    float step = sinf(o->walked * 4.2f), lift = fabsf(cosf(o->walked * 4.2f)) * 0.03f;
    float side = fabsf(o->dx) < 0.25f ? 0.25f : o->dx, hip = tall * 0.52f, neck = tall * 0.83f;
    struct rgb coat = jackets[hash32(k, 3) % 8], legs = trousers[hash32(k, 4) % 4];
    struct rgb skin = hash32(k, 5) % 3 == 0 ? (struct rgb){0.16f, 0.09f, 0.06f}
                                            : (struct rgb){0.50f, 0.32f, 0.24f};
    struct rgb hair = {0.05f, 0.035f, 0.025f}, far_leg = rgb_mul(legs, 0.7f);
    float swing = 0.34f * step * side, back = -swing;

    shadow(p, tall, 0.2f);
    limb(p, 0.0f, neck - 0.12f, back * 0.9f, hip + 0.02f, 0.06f * build, rgb_mul(coat, 0.7f));
    limb(p, 0.05f * side, hip, back * 0.6f + 0.06f * side, hip * 0.5f, 0.09f * build, far_leg);
    limb(p, back * 0.6f + 0.06f * side, hip * 0.5f, back - 0.04f * side,
         0.06f + (step > 0 ? lift * 3 : 0), 0.068f * build, far_leg);
    limb(p, -0.03f * side, hip, swing * 0.6f + 0.06f * side, hip * 0.5f, 0.095f * build, legs);
    limb(p, swing * 0.6f + 0.06f * side, hip * 0.5f, swing - 0.02f * side,
         0.06f + (step < 0 ? lift * 3 : 0), 0.072f * build, legs);
    limb(p, swing - 0.04f * side, 0.04f, swing + 0.12f * side, 0.04f, 0.05f,
         (struct rgb){0.03f, 0.03f, 0.03f});
    limb(p, back - 0.04f * side, 0.04f, back + 0.12f * side, 0.04f, 0.05f,
         (struct rgb){0.03f, 0.03f, 0.03f});
    limb(p, 0.02f * side, neck - 0.06f, 0.0f, hip, 0.185f * build, coat);
    limb(p, 0.0f, neck - 0.08f, swing * 0.45f, hip + 0.22f, 0.065f * build,
         rgb_mul(coat, 1.15f));
    limb(p, swing * 0.45f, hip + 0.22f, swing * 0.95f, hip + 0.02f, 0.055f * build,
         rgb_mul(coat, 1.1f));
    disc(p, swing * 0.98f, hip, 0.05f, skin);
    limb(p, 0.01f, neck, 0.01f, neck + 0.07f, 0.06f, skin);
    disc(p, 0.03f * side, tall - 0.115f, 0.115f, skin);
    disc(p, 0.0f, tall - 0.075f, 0.108f, hair);
}

static void wheels(const struct pen *p, float a, float b, float r)
{
    const struct rgb tyre = {0.012f, 0.012f, 0.012f}, rim = {0.26f, 0.26f, 0.27f};

    disc(p, a, r, r, tyre);
    disc(p, a, r, r * 0.6f, rim);
    disc(p, b, r, r, tyre);
    disc(p, b, r, r * 0.6f, rim);
}

static void panes(const struct pen *p, const float x[4], const float y[4], struct rgb c)
{
    float qx[4], qy[4];
    int flip = x[1] < x[0]; /* keeps the corners clockwise when the car faces left */

    for (int i = 0; i < 4; i++) {
        int from = flip ? 3 - i : i;

        qx[i] = p->fx + x[from] * p->px;
        qy[i] = p->fy - y[from] * p->px;
    }
    put(p, quad(qx, qy), c, 0.1f);
}

static void car_side(const struct pen *p)
{
    const struct object *o = p->o;
    float d = o->dx < 0 ? -1.0f : 1.0f;
    struct rgb paint = paints[hash32(o->look, 1) % 8], glass = {0.045f, 0.055f, 0.065f};
    const float roof_x[4] = {-1.45f * d, 0.55f * d, 1.20f * d, -1.95f * d};
    const float win_x[4] = {-1.30f * d, 0.48f * d, 0.98f * d, -1.68f * d};
    const float roof_y[4] = {1.46f, 1.46f, 0.88f, 0.88f},
                win_y[4] = {1.38f, 1.38f, 0.94f, 0.94f};

    shadow(p, 1.0f, 0.75f);
    block(p, -2.1f, 2.1f, 0.05f, 0.4f, 0.1f, (struct rgb){0.01f, 0.01f, 0.01f});
    panes(p, roof_x, roof_y, rgb_mul(paint, 1.1f));
    panes(p, win_x, win_y, glass);
    block(p, -0.42f, -0.34f, 0.9f, 1.44f, 0.02f, paint);
    block(p, -2.2f, 2.2f, 0.28f, 0.93f, 0.2f, paint);
    block(p, -2.1f, 2.1f, 0.84f, 0.92f, 0.04f, rgb_mul(paint, 1.5f));
    block(p, 0.3f, 0.32f, 0.4f, 0.88f, 0.0f, rgb_mul(paint, 0.5f));
    block(p, 2.0f * d, 2.2f * d, 0.62f, 0.78f, 0.05f,
          o->headlights ? (struct rgb){4, 4, 3.4f} : (struct rgb){0.6f, 0.6f, 0.55f});
    block(p, -2.2f * d, -2.06f * d, 0.62f, 0.8f, 0.04f,
          (struct rgb){o->headlights ? 0.9f : 0.35f, 0.02f, 0.02f});
    wheels(p, -1.32f, 1.34f, 0.33f);
}

static void van_side(const struct pen *p)
{
    const struct object *o = p->o;
    float d = o->dx < 0 ? -1.0f : 1.0f;
    struct rgb paint = paints[(hash32(o->look, 1) % 2) * 4], glass = {0.045f, 0.055f, 0.065f};
    const float cab_x[4] = {1.2f * d, 1.9f * d, 2.7f * d, 1.2f * d};
    const float cab_y[4] = {2.2f, 2.15f, 1.15f, 1.15f};
    const float win_x[4] = {1.32f * d, 1.86f * d, 2.45f * d, 1.32f * d};
    const float win_y[4] = {2.02f, 2.0f, 1.25f, 1.25f};

    shadow(p, 2.0f, 0.85f);
    block(p, -2.6f, 2.6f, 0.05f, 0.45f, 0.1f, (struct rgb){0.01f, 0.01f, 0.01f});
    block(p, -2.7f * d, 1.3f * d, 0.35f, 2.3f, 0.12f, paint);
    panes(p, cab_x, cab_y, paint);
    panes(p, win_x, win_y, glass);
    block(p, 0.9f * d, 2.8f * d, 0.35f, 1.2f, 0.18f, paint);
    block(p, -2.6f * d, 1.2f * d, 1.0f, 1.12f, 0.0f, (struct rgb){0.08f, 0.16f, 0.36f});
    block(p, 2.6f * d, 2.8f * d, 0.65f, 0.85f, 0.05f,
          o->headlights ? (struct rgb){4, 4, 3.4f} : (struct rgb){0.6f, 0.6f, 0.55f});
    block(p, -2.72f * d, -2.6f * d, 0.7f, 1.0f, 0.03f,
          (struct rgb){o->headlights ? 0.9f : 0.35f, 0.02f, 0.02f});
    wheels(p, -1.7f, 1.8f, 0.38f);
}

static void car_front(const struct pen *p)
{
    const struct object *o = p->o;
    struct rgb paint = paints[hash32(o->look, 1) % 8], glass = {0.05f, 0.06f, 0.07f};
    const float roof_x[4] = {-0.62f, 0.62f, 0.80f, -0.80f},
                win_x[4] = {-0.55f, 0.55f, 0.70f, -0.70f};
    const float roof_y[4] = {1.46f, 1.46f, 0.92f, 0.92f},
                win_y[4] = {1.38f, 1.38f, 0.96f, 0.96f};
    struct rgb lamp =
        o->headlights ? (struct rgb){4, 4, 3.4f} : (struct rgb){0.55f, 0.55f, 0.52f};

    shadow(p, 1.0f, 0.7f);
    block(p, -0.82f, -0.58f, 0.0f, 0.5f, 0.05f, (struct rgb){0.01f, 0.01f, 0.01f});
    block(p, 0.58f, 0.82f, 0.0f, 0.5f, 0.05f, (struct rgb){0.01f, 0.01f, 0.01f});
    panes(p, roof_x, roof_y, rgb_mul(paint, 1.1f));
    panes(p, win_x, win_y, glass);
    block(p, -0.9f, 0.9f, 0.25f, 0.96f, 0.15f, paint);
    block(p, -0.8f, 0.8f, 0.86f, 0.95f, 0.05f, rgb_mul(paint, 1.4f));
    block(p, -0.45f, 0.45f, 0.5f, 0.68f, 0.04f, (struct rgb){0.02f, 0.02f, 0.02f});
    block(p, -0.26f, 0.26f, 0.34f, 0.44f, 0.0f, (struct rgb){0.5f, 0.5f, 0.48f});
    block(p, -0.82f, -0.54f, 0.58f, 0.74f, 0.05f, lamp);
    block(p, 0.54f, 0.82f, 0.58f, 0.74f, 0.05f, lamp);
}

void object_draw(struct canvas *c, const struct view *v, const struct object *o)
{
    struct pen p = {.c = c, .v = v, .o = o, .px = px_per_metre(v, o->z)};

    project(v, (struct vec){o->x, 0, o->z}, &p.fx, &p.fy);
    if (o->kind == VD_SCENE_PERSON)
        person(&p);
    else if (fabsf(o->dx) < 0.5f)
        car_front(&p);
    else if (hash32(o->look, 9) % 4 == 0)
        van_side(&p);
    else
        car_side(&p);
}
