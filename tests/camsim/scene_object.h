/* tests/camsim/scene_object.h: people and vehicles, drawn from shapes; internal to the scene.
 */
#ifndef VD_TESTS_CAMSIM_SCENE_OBJECT_H
#define VD_TESTS_CAMSIM_SCENE_OBJECT_H

#include "tests/camsim/scene_place.h"

struct object {
    enum vd_scene_kind kind;
    uint32_t look; /* clothes, paint, build */
    float x, z;    /* where it stands, metres */
    float dx, dz;  /* direction it goes in, of length 1 */
    float walked;  /* metres since it began: the gait follows */
    float light;   /* falls on it, 1 is a sunny day */
    bool headlights;
    uint8_t label; /* VD_MASK_MOVING, or VD_MASK_STATIC for one that is scenery */
};

/* Its shadow and its body, clipped by the canvas's depth. */
void object_draw(struct canvas *c, const struct view *v, const struct object *o);

#endif
