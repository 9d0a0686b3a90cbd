/* config/polygon.h: whether a list of corners is a shape that one can stand in. Pure. */
#ifndef VD_CONFIG_POLYGON_H
#define VD_CONFIG_POLYGON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* In millionths of the picture, 0..1000000: whole numbers make every test below exact. */
struct vd_corner {
    int32_t x, y;
};

/* At least 3 corners, none repeated beside itself, no two sides that meet but at a shared
 * corner, an area above 0. VD_EINVAL with what is wrong, corners counted from 1. Quadratic in
 * n. */
int vd_polygon_check(const struct vd_corner *corners, int n, struct vd_err *err);

/* Whether the way from a to b has a point in common with the shape, which has passed the check
 * above. */
bool vd_polygon_meets(const struct vd_corner *corners, int n, struct vd_corner a,
                      struct vd_corner b);

#endif
