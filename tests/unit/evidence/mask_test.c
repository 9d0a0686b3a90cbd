#include <criterion/criterion.h>
#include <string.h>

#include "ingest/evidence/mask.h"
#include "tests/support/rnd.h"

enum { W = 97, H = 71, BLACK = 1 };

static uint8_t plane[W * H];

/* Even-odd at a point, the plain way. */
static bool is_inside(const struct vd_polygon *p, double x, double y)
{
    bool in = false;

    for (int i = 0, k = p->n_points - 1; i < p->n_points; k = i++) {
        double xi = (double)p->points[i].x * W, yi = (double)p->points[i].y * H;
        double xk = (double)p->points[k].x * W, yk = (double)p->points[k].y * H;

        if ((yi > y) != (yk > y) && x < (xk - xi) * (y - yi) / (yk - yi) + xi)
            in = !in;
    }
    return in;
}

Test(mask, leaves_no_sample_of_a_private_polygon)
{
    uint64_t seed = 7;

    for (int run = 0; run < 300; run++) {
        struct vd_point points[5];
        struct vd_mask_cfg mask = {.polygon = {points, 3 + run % 3}, .is_private = true};

        for (int i = 0; i < mask.polygon.n_points; i++)
            points[i] = (struct vd_point){(float)(rnd_next(&seed) % 1001) / 1000.0F,
                                          (float)(rnd_next(&seed) % 1001) / 1000.0F};
        memset(plane, 200, sizeof plane);
        vd_mask_burn(&mask, 1, plane, W, W, H, BLACK);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                for (int k = 0; k < 9; k++) /* corners, edges, middle of the sample */
                    if (is_inside(&mask.polygon, x + k % 3 / 2.0, y + k / 3 / 2.0))
                        cr_assert_eq(plane[y * W + x], BLACK, "run %d: %d,%d shows", run, x, y);
    }
}

Test(mask, leaves_the_rest_alone)
{
    static const struct vd_point square[] = {
        {0.25F, 0.25F}, {0.5F, 0.25F}, {0.5F, 0.5F}, {0.25F, 0.5F}};
    struct vd_mask_cfg masks[2] = {{.polygon = {square, 4}, .is_private = true},
                                   {.polygon = {square, 4}, .is_private = false}};

    memset(plane, 200, sizeof plane);
    vd_mask_burn(masks, 1, plane, W, W, H, BLACK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (x < W / 4 - 3 || x > W / 2 + 3 || y < H / 4 - 3 || y > H / 2 + 3)
                cr_assert_eq(plane[y * W + x], 200);
    memset(plane, 200, sizeof plane);
    vd_mask_burn(masks + 1, 1, plane, W, W, H, BLACK);
    for (int i = 0; i < W * H; i++)
        cr_assert_eq(plane[i], 200, "a mask that is not private stays out of pictures");
}
