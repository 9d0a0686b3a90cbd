/* ingest/track/geometry.h: points, zones and lines of a picture. Pure.
 *
 * Coordinates are 0..1 of the picture, so a distance is a little longer in height than in
 * width: good enough for margins. */
#ifndef VD_INGEST_TRACK_GEOMETRY_H
#define VD_INGEST_TRACK_GEOMETRY_H

#include "ingest/motion/motion.h"

struct vd_spot {
    float x, y;
};

/* How far at lies inside of the polygon (even-odd rule); negative: outside, so far away. */
float vd_geometry_depth(const struct vd_motion_polygon *polygon, struct vd_spot at);

/* How far at lies from the endless line through from and to, which differ: negative on the
 * left of who looks from one to the other in the picture (side a), positive on the right. */
float vd_geometry_side(struct vd_spot from, struct vd_spot to, struct vd_spot at);

/* 1: the step from p to q leads over the line between from and to from side a to side b, -1:
 * from b to a, 0: it does not lead over it. On the line counts as side a; steps that follow one
 * another count each way over it once. */
int vd_geometry_step(struct vd_spot from, struct vd_spot to, struct vd_spot p,
                     struct vd_spot q);

#endif
