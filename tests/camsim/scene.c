/* tests/camsim/scene.c: the script of a scene and the order in which a frame is made. */
#include "tests/camsim/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/camsim/scene_internal.h"

#define GAP_S 3.5f /* at least, between two objects */

static int plan_way(const struct place *pl, uint32_t seed, int i, int last)
{
    int n = 0, pick;

    while (pl->ways[n].name != NULL)
        n++;
    pick = (int)(hash32(seed, 400u + (uint32_t)i) % (uint32_t)n);
    /* people and vehicles take turns where a place has both */
    for (int k = 0; k < n; k++) {
        int at = (pick + k) % n;
        bool turn = last < 0 || pl->ways[at].kind != pl->ways[last].kind;

        if (at != last && (turn || k == n - 1))
            return at;
    }
    for (int k = 0; k < n; k++)
        if ((pick + k) % n != last)
            return (pick + k) % n;
    return pick;
}

static void write_script(struct vd_scene *sc)
{
    const struct place *pl = sc->view.place;
    int n = sc->spec.crossings, last = -1;
    float slot_s = n > 0 ? (float)sc->spec.loop_s / (float)n : 0.0f;

    for (int i = 0; i < n; i++) {
        uint32_t key = 500u + (uint32_t)i;
        struct act *a = &sc->acts[i];
        float dx, dz, speed, spare_s;

        last = plan_way(pl, sc->spec.seed, i, last);
        a->way = &pl->ways[last];
        a->reversed = hash32(sc->spec.seed, key) & 1u;
        a->look = hash32(sc->spec.seed, key + 50u);
        dx = a->way->x1 - a->way->x0;
        dz = a->way->z1 - a->way->z0;
        speed = a->way->kind == VD_SCENE_PERSON
                    ? 1.3f + 0.4f * hash01(sc->spec.seed, key + 100u)
                    : 5.0f + 2.5f * hash01(sc->spec.seed, key + 100u);
        a->length_s = fminf(sqrtf(dx * dx + dz * dz) / speed, slot_s - GAP_S - 0.5f);
        spare_s = slot_s - GAP_S - a->length_s;
        a->begin_s =
            slot_s * (float)i + 2.0f + (spare_s - 0.5f) * hash01(sc->spec.seed, key + 150u);
    }
}

static struct moment moment_of(const struct vd_scene *sc, int64_t frame)
{
    struct moment m;
    int64_t n = sc->n_frames;

    m.frame = (int)((frame % n + n) % n);
    if (scene_has(sc, VD_WITH_FREEZE) && m.frame > sc->n_frames / 2)
        m.frame = sc->n_frames / 2;
    m.s = (float)m.frame / (float)sc->spec.fps;
    m.part = (float)m.frame / (float)sc->n_frames;
    return m;
}

/* Where act i stands at m; false if it is not on. */
static bool stage(const struct vd_scene *sc, int i, const struct moment *m, struct object *ret)
{
    const struct act *a = &sc->acts[i];
    const struct way *w = a->way;
    float u = (m->s - a->begin_s) / a->length_s, len;
    const struct view *v = scene_lamps(sc, m) > 0.5f ? &sc->view : &sc->view_off;

    if (u < 0.0f || u >= 1.0f)
        return false;
    *ret = (struct object){.kind = w->kind, .look = a->look, .label = VD_MASK_MOVING};
    ret->dx = w->x1 - w->x0;
    ret->dz = w->z1 - w->z0;
    len = sqrtf(ret->dx * ret->dx + ret->dz * ret->dz);
    ret->walked = u * len;
    if (a->reversed) {
        u = 1.0f - u;
        ret->dx = -ret->dx;
        ret->dz = -ret->dz;
    }
    ret->x = w->x0 + (w->x1 - w->x0) * u;
    ret->z = w->z0 + (w->z1 - w->z0) * u;
    ret->dx /= len;
    ret->dz /= len;
    ret->headlights = v->night;
    ret->light = light_at(v, (struct vec){ret->x, 1.0f, ret->z});
    return true;
}

static void draw_acts(struct vd_scene *sc, const struct moment *m, struct vd_scene_picture *pic)
{
    float w = (float)sc->spec.width, h = (float)sc->spec.height;

    for (int i = 0; i < sc->spec.crossings; i++) {
        struct canvas *c = &sc->work;
        struct vd_scene_box *b = &pic->boxes[pic->n_boxes];
        struct object o;

        if (pic->n_boxes == VD_SCENE_BOXES_MAX || !stage(sc, i, m, &o))
            continue;
        canvas_begin(c);
        object_draw(c, &sc->view, &o);
        if (c->pixels == 0)
            continue;
        *b = (struct vd_scene_box){.crossing = i, .pixels = c->pixels};
        b->x = (float)c->x0 / w;
        b->y = (float)c->y0 / h;
        b->w = (float)(c->x1 + 1 - c->x0) / w;
        b->h = (float)(c->y1 + 1 - c->y0) / h;
        pic->n_boxes++;
    }
}

void vd_scene_render(struct vd_scene *sc, int64_t frame, struct vd_scene_picture *ret)
{
    struct moment m = moment_of(sc, frame);
    int w = sc->spec.width, h = sc->spec.height;

    *ret = (struct vd_scene_picture){.y = sc->work.y, .u = sc->work.u, .v = sc->work.v};
    ret->mask = sc->work.mask;
    ret->y_stride = ret->mask_stride = w;
    ret->c_stride = w / 2;
    memset(sc->work.mask, VD_MASK_STATIC, (size_t)w * (size_t)h);
    scene_light_ground(sc, &m);
    draw_acts(sc, &m, ret);
    scene_light_all(sc, &m);
    scene_weather(sc, &m);
    scene_lens(sc, &m, ret);
    if (sc->spec.burn)
        scene_burn(sc, &m);
}

/* Pixels of act i at frame, drawn without the picture; several times cheaper than a render. */
static int visible(struct vd_scene *sc, int i, int frame)
{
    struct canvas c = sc->work;
    struct moment m = moment_of(sc, frame);
    struct object o;

    if (!stage(sc, i, &m, &o))
        return 0;
    c.y = c.u = c.v = NULL;
    memset(c.mask, VD_MASK_STATIC, (size_t)c.w * (size_t)c.h);
    canvas_begin(&c);
    object_draw(&c, &sc->view, &o);
    return c.pixels;
}

static void find_crossing(struct vd_scene *sc, int i)
{
    const struct act *a = &sc->acts[i];
    struct vd_scene_crossing *x = &sc->crossings[i];
    int first = (int)(a->begin_s * (float)sc->spec.fps);
    int last = (int)((a->begin_s + a->length_s) * (float)sc->spec.fps) + 1;
    int least = sc->spec.width * sc->spec.height / 5000;

    while (first < last && visible(sc, i, first) < least)
        first++;
    while (last > first && visible(sc, i, last) < least)
        last--;
    x->kind = a->way->kind;
    x->start = first;
    x->end = last;
    x->reversed = a->reversed;
    strncpy(x->path, a->way->name, sizeof x->path - 1);
}

int vd_scene_crossings(struct vd_scene *sc, const struct vd_scene_crossing **ret)
{
    for (int i = 0; i < sc->spec.crossings && !sc->has_crossings; i++)
        find_crossing(sc, i);
    sc->has_crossings = true;
    *ret = sc->crossings;
    return sc->spec.crossings;
}

int vd_scene_frames(const struct vd_scene *sc)
{
    return sc->n_frames;
}

static void park(struct vd_scene *sc, struct backdrop *b, const struct view *v)
{
    struct canvas c = {.y = b->y, .u = b->u, .v = b->v, .depth = sc->lit.depth};

    c.w = v->w;
    c.h = v->h;
    for (int i = 0; i < v->place->n_parked; i++) {
        const struct parked *p = &v->place->parked[i];
        struct object o = {.kind = VD_SCENE_VEHICLE, .look = p->look, .x = p->x, .z = p->z};

        o.dx = p->side ? 1.0f : 0.0f;
        o.light = light_at(v, (struct vec){p->x, 1.0f, p->z});
        object_draw(&c, v, &o);
    }
}

/* Whoever walks behind a parked car is hidden by it. */
static void park_depth(struct vd_scene *sc)
{
    struct canvas c = sc->work;
    float *depth = sc->lit.depth;

    c.y = c.u = c.v = NULL;
    for (int i = 0; i < sc->view.place->n_parked; i++) {
        const struct parked *p = &sc->view.place->parked[i];
        struct object o = {.kind = VD_SCENE_VEHICLE, .look = p->look, .x = p->x, .z = p->z};

        o.dx = p->side ? 1.0f : 0.0f;
        o.label = VD_MASK_MOVING;
        memset(c.mask, VD_MASK_STATIC, (size_t)c.w * (size_t)c.h);
        object_draw(&c, &sc->view, &o);
        for (int64_t k = 0; k < (int64_t)c.w * c.h; k++)
            if (c.mask[k] == VD_MASK_MOVING && p->z < depth[k])
                depth[k] = p->z;
    }
}

static int allocate(struct vd_scene *sc, struct vd_err *err)
{
    size_t n = (size_t)sc->spec.width * (size_t)sc->spec.height;
    bool off = scene_has(sc, VD_WITH_SWITCH), wind = scene_has(sc, VD_WITH_SWAY);
    uint8_t **planes[] = {&sc->lit.y,
                          &sc->lit.u,
                          &sc->lit.v,
                          &sc->lit.albedo,
                          &sc->lit.leaf,
                          &sc->work.y,
                          &sc->work.u,
                          &sc->work.v,
                          &sc->work.mask,
                          &sc->spare,
                          off ? &sc->off.y : NULL,
                          off ? &sc->off.u : NULL,
                          off ? &sc->off.v : NULL,
                          wind ? &sc->sway : NULL};

    for (size_t i = 0; i < sizeof planes / sizeof planes[0]; i++)
        if (planes[i] != NULL && (*planes[i] = calloc(1, n + 8192)) == NULL)
            return vd_err_set(err, VD_ENOMEM, "scene: no memory for %dx%d", sc->spec.width,
                              sc->spec.height);
    sc->lit.depth = calloc(n, sizeof *sc->lit.depth);
    sc->noise = calloc(1, NOISE_N);
    if (sc->lit.depth == NULL || sc->noise == NULL)
        return vd_err_set(err, VD_ENOMEM, "scene: no memory for %dx%d", sc->spec.width,
                          sc->spec.height);
    return 0;
}

int vd_scene_open(struct vd_scene **ret_scene, const struct vd_scene_spec *spec,
                  struct vd_err *err)
{
    struct vd_scene *sc = calloc(1, sizeof *sc);
    int rc;

    if (sc == NULL)
        return vd_err_set(err, VD_ENOMEM, "scene: no memory");
    sc->spec = *spec;
    sc->n_frames = spec->loop_s * spec->fps;
    sc->view =
        (struct view){.place = &vd_places[spec->place], .w = spec->width, .h = spec->height};
    sc->view.seed = spec->seed;
    sc->view.lights_on = true;
    /* in the open, a lamp that switches is seen only by night */
    sc->view.night = scene_has(sc, VD_WITH_NIGHT) ||
                     (scene_has(sc, VD_WITH_SWITCH) && !sc->view.place->indoor);
    view_init(&sc->view);
    sc->view_off = sc->view;
    sc->view_off.lights_on = false;
    rc = allocate(sc, err);
    if (rc < 0) {
        vd_scene_close(&sc);
        return rc;
    }
    sc->work.depth = sc->lit.depth;
    sc->work.w = spec->width;
    sc->work.h = spec->height;
    if (backdrop_draw(&sc->view, &sc->lit) < 0 ||
        (sc->off.y != NULL && backdrop_draw(&sc->view_off, &sc->off) < 0)) {
        vd_scene_close(&sc);
        return vd_err_set(err, VD_ENOMEM, "scene: no memory for %dx%d", spec->width,
                          spec->height);
    }
    if (sc->off.y != NULL)
        park(sc, &sc->off, &sc->view_off);
    park(sc, &sc->lit, &sc->view);
    park_depth(sc);
    if (sc->sway != NULL)
        scene_sway_open(sc);
    scene_noise_open(sc);
    write_script(sc);
    *ret_scene = sc;
    return 0;
}

void vd_scene_close(struct vd_scene **scene)
{
    struct vd_scene *sc = *scene;

    if (sc == NULL)
        return;
    free(sc->lit.y);
    free(sc->lit.u);
    free(sc->lit.v);
    free(sc->lit.albedo);
    free(sc->lit.leaf);
    free(sc->lit.depth);
    free(sc->off.y);
    free(sc->off.u);
    free(sc->off.v);
    free(sc->sway);
    free(sc->work.y);
    free(sc->work.u);
    free(sc->work.v);
    free(sc->work.mask);
    free(sc->spare);
    free(sc->noise);
    free(sc);
    *scene = NULL;
}
