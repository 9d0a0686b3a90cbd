#include "ingest/track/geometry.h"

#include <math.h>

static float from_side(struct vd_spot a, struct vd_spot b, struct vd_spot at)
{
    float dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
    float part = length2 > 0 ? ((at.x - a.x) * dx + (at.y - a.y) * dy) / length2 : 0;

    part = fminf(1, fmaxf(0, part));
    return hypotf(at.x - a.x - part * dx, at.y - a.y - part * dy);
}

float vd_geometry_depth(const struct vd_motion_polygon *polygon, struct vd_spot at)
{
    bool is_in = false;
    float least = 2;

    for (int i = 0; i < polygon->n_points; i++) {
        int j = i + 1 < polygon->n_points ? i + 1 : 0;
        struct vd_spot a = {polygon->points[i].x, polygon->points[i].y};
        struct vd_spot b = {polygon->points[j].x, polygon->points[j].y};

        if ((a.y <= at.y) != (b.y <= at.y) &&
            at.x < a.x + (at.y - a.y) / (b.y - a.y) * (b.x - a.x))
            is_in = !is_in;
        least = fminf(least, from_side(a, b, at));
    }
    return is_in ? least : -least;
}

/* > 0: at is on the right of who looks from a to b. */
static float turn(struct vd_spot a, struct vd_spot b, struct vd_spot at)
{
    return (b.x - a.x) * (at.y - a.y) - (b.y - a.y) * (at.x - a.x);
}

float vd_geometry_side(struct vd_spot from, struct vd_spot to, struct vd_spot at)
{
    return turn(from, to, at) / hypotf(to.x - from.x, to.y - from.y);
}

int vd_geometry_step(struct vd_spot from, struct vd_spot to, struct vd_spot p, struct vd_spot q)
{
    bool was_b = turn(from, to, p) > 0, is_b = turn(from, to, q) > 0;

    if (was_b == is_b || turn(p, q, from) * turn(p, q, to) > 0)
        return 0;
    return is_b ? 1 : -1;
}
