#include <criterion/criterion.h>

#include "ingest/worker/health.h"

enum { S = 1000000 };

static const struct vd_health_settings settings = {
    .degraded_us = 10 * S, .lost_us = 20 * S, .back_us = 3 * S};

/* Steps through time a tick at a time until at_us; returns the state then. */
static enum vd_camera_state until(struct vd_health *h, struct vd_health_facts *f,
                                  int64_t *now_us, int64_t at_us, int packet, int frame)
{
    while (*now_us < at_us) {
        *now_us += S / 4;
        if (packet)
            f->packet_us = *now_us;
        if (frame) {
            f->frame_us = *now_us;
            if (f->good_since_us == 0)
                f->good_since_us = *now_us;
        }
        (void)vd_health_step(h, &settings, f, *now_us);
    }
    return h->state;
}

Test(health, a_camera_without_packets_is_degraded_after_10_s_and_lost_after_30)
{
    struct vd_health_facts f = {.begun_us = S};
    struct vd_health h = {0};
    int64_t now_us = S;

    cr_assert_eq(until(&h, &f, &now_us, 5 * S, 1, 1), VD_CAMERA_ONLINE);
    f.good_since_us = 0;
    cr_assert_eq(until(&h, &f, &now_us, 14 * S, 0, 0), VD_CAMERA_ONLINE);
    cr_assert_eq(until(&h, &f, &now_us, 16 * S, 0, 0), VD_CAMERA_DEGRADED);
    cr_assert_eq(until(&h, &f, &now_us, 34 * S, 0, 0), VD_CAMERA_DEGRADED);
    cr_assert_eq(until(&h, &f, &now_us, 37 * S, 0, 0), VD_CAMERA_LOST);
    cr_assert_eq(h.quiet_from_us, 5 * S, "it went quiet with its last picture");
}

Test(health, one_that_never_came_is_lost_too)
{
    struct vd_health_facts f = {.begun_us = S};
    struct vd_health h = {0};
    int64_t now_us = S;

    cr_assert_eq(until(&h, &f, &now_us, 10 * S, 0, 0), VD_CAMERA_CONNECTING);
    cr_assert_eq(until(&h, &f, &now_us, 12 * S, 0, 0), VD_CAMERA_DEGRADED);
    cr_assert_eq(until(&h, &f, &now_us, 33 * S, 0, 0), VD_CAMERA_LOST);
}

Test(health, packets_without_pictures_do_not_count)
{
    struct vd_health_facts f = {.begun_us = S};
    struct vd_health h = {0};
    int64_t now_us = S;

    cr_assert_eq(until(&h, &f, &now_us, 40 * S, 1, 0), VD_CAMERA_LOST);
}

Test(health, waits_twice_a_long_key_frame_interval_for_a_picture)
{
    struct vd_health_facts f = {.begun_us = S, .key_us = 20 * S};
    struct vd_health h = {0};
    int64_t now_us = S;

    cr_assert_eq(until(&h, &f, &now_us, 5 * S, 1, 1), VD_CAMERA_ONLINE);
    cr_assert_eq(until(&h, &f, &now_us, 44 * S, 1, 0), VD_CAMERA_ONLINE);
    cr_assert_eq(until(&h, &f, &now_us, 46 * S, 1, 0), VD_CAMERA_DEGRADED);
}

Test(health, comes_back_after_three_good_seconds_and_not_for_a_flicker)
{
    struct vd_health_facts f = {.begun_us = S};
    struct vd_health h = {0};
    int64_t now_us = S;

    cr_assert_eq(until(&h, &f, &now_us, 40 * S, 0, 0), VD_CAMERA_LOST);
    cr_assert_eq(until(&h, &f, &now_us, 42 * S, 1, 1), VD_CAMERA_LOST, "two seconds are few");
    f.good_since_us = 0; /* the session broke */
    cr_assert_eq(until(&h, &f, &now_us, 45 * S, 0, 0), VD_CAMERA_LOST);
    cr_assert_eq(until(&h, &f, &now_us, 49 * S, 1, 1), VD_CAMERA_ONLINE);
}

Test(health, every_state_has_a_name)
{
    for (int i = 0; i < VD_N_CAMERA_STATES; i++)
        cr_assert_not_null(vd_camera_state_name((enum vd_camera_state)i));
}
