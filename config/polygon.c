#include "config/polygon.h"

/* > 0: c is to one side of a->b, < 0: to the other, 0: on its line. At most 2 * 10^12. */
static int64_t side(struct vd_corner a, struct vd_corner b, struct vd_corner c)
{
    return (int64_t)(b.x - a.x) * (c.y - a.y) - (int64_t)(b.y - a.y) * (c.x - a.x);
}

static bool is_between(int32_t a, int32_t b, int32_t c)
{
    return a < b ? c >= a && c <= b : c >= b && c <= a;
}

/* Whether c, which is on the line of a and b, is on the way from one to the other. */
static bool is_on(struct vd_corner a, struct vd_corner b, struct vd_corner c)
{
    return is_between(a.x, b.x, c.x) && is_between(a.y, b.y, c.y);
}

static int sign(int64_t value)
{
    return value > 0 ? 1 : value < 0 ? -1 : 0;
}

/* Whether the sides a-b and c-d have a point in common. */
static bool meet(struct vd_corner a, struct vd_corner b, struct vd_corner c, struct vd_corner d)
{
    int abc = sign(side(a, b, c)), abd = sign(side(a, b, d));
    int cda = sign(side(c, d, a)), cdb = sign(side(c, d, b));

    if (abc != abd && cda != cdb)
        return true;
    return (abc == 0 && is_on(a, b, c)) || (abd == 0 && is_on(a, b, d)) ||
           (cda == 0 && is_on(c, d, a)) || (cdb == 0 && is_on(c, d, b));
}

static bool is_same(struct vd_corner a, struct vd_corner b)
{
    return a.x == b.x && a.y == b.y;
}

static int check_corners(const struct vd_corner *p, int n, struct vd_err *err)
{
    if (n > 3 && is_same(p[0], p[n - 1]))
        return vd_err_set(err, VD_EINVAL,
                          "the last corner repeats the first; leave it out, the shape closes "
                          "by itself");
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            if (is_same(p[i], p[j]))
                return vd_err_set(err, VD_EINVAL, "corners %d and %d are the same point", i + 1,
                                  j + 1);
    return 0;
}

/* Sides i and j, which is later; neighbours share a corner, and must share no more. */
static bool clash(const struct vd_corner *p, int n, int i, int j)
{
    struct vd_corner a = p[i], b = p[i + 1], c = p[j], d = p[(j + 1) % n];

    if (j == i + 1)
        return side(a, b, d) == 0 && (is_on(a, b, d) || is_on(c, d, a));
    if ((j + 1) % n == i)
        return side(a, b, c) == 0 && (is_on(a, b, c) || is_on(c, d, b));
    return meet(a, b, c, d);
}

int vd_polygon_check(const struct vd_corner *corners, int n, struct vd_err *err)
{
    int64_t twice = 0;
    int rc;

    if (n < 3)
        return vd_err_set(err, VD_EINVAL, "%d corner%s make no area; 3 at least", n,
                          n == 1 ? "" : "s");
    rc = check_corners(corners, n, err);
    if (rc < 0)
        return rc;
    for (int i = 0; i < n; i++) {
        struct vd_corner a = corners[i], b = corners[(i + 1) % n];

        twice += (int64_t)a.x * b.y - (int64_t)b.x * a.y;
    }
    for (int i = 0; i < n - 1 && n > 3; i++)
        for (int j = i + 1; j < n; j++)
            if (clash(corners, n, i, j) && (j == i + 1 || j - i == n - 1))
                return vd_err_set(err, VD_EINVAL,
                                  "at corner %d the shape turns back on its own side",
                                  j == i + 1 ? j + 1 : 1);
            else if (clash(corners, n, i, j))
                return vd_err_set(err, VD_EINVAL,
                                  "the side from corner %d to %d crosses the one from %d to "
                                  "%d; give the corners in the order of a walk around",
                                  i + 1, i + 2, j + 1, (j + 1) % n + 1);
    if (twice == 0)
        return vd_err_set(err, VD_EINVAL, "all corners are on one line, which has no area");
    return 0;
}

/* By the even-odd rule; corners on a side may fall on either side of it. */
static bool is_inside(const struct vd_corner *corners, int n, struct vd_corner at)
{
    bool is_in = false;

    for (int i = 0; i < n; i++) {
        struct vd_corner a = corners[i], b = corners[(i + 1) % n];

        if ((a.y <= at.y) != (b.y <= at.y) && (side(a, b, at) > 0) == (b.y > a.y))
            is_in = !is_in;
    }
    return is_in;
}

bool vd_polygon_meets(const struct vd_corner *corners, int n, struct vd_corner a,
                      struct vd_corner b)
{
    for (int i = 0; i < n; i++)
        if (meet(corners[i], corners[(i + 1) % n], a, b))
            return true;
    return is_inside(corners, n, a);
}
