/* tests/camsim/scene_place.h: the places as data (solids, trees, lamps, ways), and a small ray
 * caster that turns one into a background; internal to the scene module. */
#ifndef VD_TESTS_CAMSIM_SCENE_PLACE_H
#define VD_TESTS_CAMSIM_SCENE_PLACE_H

#include "tests/camsim/scene.h"
#include "tests/camsim/scene_draw.h"

enum material {
    MAT_PLAIN,
    MAT_BRICK,
    MAT_WINDOWS, /* plaster with a grid of windows */
    MAT_RIDGES,  /* corrugated sheet */
    MAT_SLATS,   /* roller door */
    MAT_FENCE,   /* bars one can see through */
    MAT_STRIPES, /* warning stripes */
    MAT_PANEL,   /* a door with a frame */
    MAT_LIGHT,   /* shines by itself */
};

enum ground {
    GROUND_YARD,
    GROUND_DRIVE,
    GROUND_STREET,
    GROUND_DOCK,
    GROUND_CARPARK,
    GROUND_TILES,
};

struct solid {
    float x0, x1, y0, y1, z0, z1; /* metres */
    enum material mat;
    struct rgb c;
};

struct tree {
    float x, z, height, radius;
};

struct lamp {
    float x, y, z, power;
};

struct way {
    const char *name; /* NULL ends the list */
    enum vd_scene_kind kind;
    float x0, z0, x1, z1; /* from and to, out of sight at both ends */
};

struct parked {
    float x, z;
    uint32_t look;
    bool side; /* seen from the side, else from the front */
};

struct place {
    const char *name;
    float focal, horizon, cam_h; /* picture heights, picture heights from the top, metres */
    enum ground ground;
    bool indoor;
    struct vec sun; /* direction towards it */
    const struct solid *solids;
    int n_solids;
    const struct tree *trees;
    int n_trees;
    const struct lamp *lamps;
    int n_lamps;
    const struct parked *parked;
    int n_parked;
    const struct way *ways;
};

enum { LOBES = 7, TREES_MAX = 8 }; /* balls of leaves in a crown; trees of a place */

struct ball {
    struct vec c;
    float r;
};

/* A place and the light it stands in, for one picture size; made by view_init(). */
struct view {
    const struct place *place;
    int w, h;
    bool night;     /* infrared and lamps, grey */
    bool lights_on; /* lamps of the place burn */
    uint32_t seed;
    struct ball lobes[TREES_MAX][LOBES], crowns[TREES_MAX]; /* a crown holds its lobes */
};

struct backdrop {
    uint8_t *y, *u, *v; /* as the camera sees it */
    uint8_t *albedo;    /* luma without any shading, for light that comes later */
    uint8_t *leaf;      /* 255 where leaves are, 0 elsewhere */
    float *depth;       /* metres */
};

extern const struct place vd_places[VD_PLACE_N];

/* Grows the trees; the other members are set. */
void view_init(struct view *v);

/* Where a point of the world is on the picture. */
void project(const struct view *v, struct vec p, float *ret_x, float *ret_y);
float px_per_metre(const struct view *v, float z);

/* Light that falls on an upright thing at p: 1 is a sunny day. */
float light_at(const struct view *v, struct vec p);

/* Fills planes of view's size; leaf, albedo and depth may be NULL. VD_ENOMEM. */
int backdrop_draw(const struct view *v, struct backdrop *b);

/* ground and walls, called by the ray caster */
struct rgb ground_colour(enum ground g, float x, float z, uint32_t seed);
bool material_colour(const struct solid *s, struct vec p, int axis, const struct view *v,
                     struct rgb *ret_c, float *ret_emit);

#endif
