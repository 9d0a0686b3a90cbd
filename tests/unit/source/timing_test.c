#include <criterion/criterion.h>
#include <stdlib.h>

#include "ingest/source/timing.h"

enum { STEP_US = 100000 };

Test(timing, spaces_packets_that_came_in_a_bunch_as_they_were_made)
{
    struct vd_timing t = {0};
    int64_t out[6], mono_us = 1000000;

    for (int i = 0; i < 6; i++) {
        /* Every third read takes what has gathered meanwhile. */
        mono_us = 1000000 + (i / 3 * 3 + 2) * (int64_t)STEP_US;
        out[i] = vd_timing_feed(&t, i * (int64_t)STEP_US, mono_us, i == 0);
    }
    for (int i = 3; i < 6; i++)
        cr_assert_lt(llabs(out[i] - out[i - 1] - STEP_US), 2000, "step %d: %lld", i,
                     (long long)(out[i] - out[i - 1]));
    cr_assert_leq(out[5], mono_us);
    cr_assert_lt(llabs(t.interval_us - STEP_US), 2000);
}

Test(timing, rises_and_starts_anew_when_the_stream_jumps)
{
    static const int64_t jumps[] = {3600000000, -7200000000, 50000000};
    struct vd_timing t = {0};
    int64_t pts_us = 0, mono_us = 5000000, last_us = 0;

    for (int i = 0; i < 40; i++) {
        int64_t out_us;

        pts_us += i % 10 == 9 ? jumps[i / 10 % 3] : STEP_US;
        mono_us += STEP_US;
        out_us = vd_timing_feed(&t, pts_us, mono_us, false);
        cr_assert_gt(out_us, last_us);
        cr_assert_leq(out_us, mono_us);
        cr_assert_gt(out_us, mono_us - STEP_US, "packet %d is %lld late", i,
                     (long long)(mono_us - out_us));
        last_us = out_us;
    }
}

Test(timing, works_without_any_stream_time)
{
    struct vd_timing t = {0};
    int64_t last_us = 0;

    for (int i = 1; i < 20; i++) {
        int64_t out_us = vd_timing_feed(&t, VD_TIMING_NONE, i * (int64_t)STEP_US, i % 5 == 0);

        cr_assert_gt(out_us, last_us);
        last_us = out_us;
    }
    cr_assert_eq(t.interval_us, STEP_US);
    cr_assert_eq(vd_timing_key_us(&t), 5 * STEP_US);
    cr_assert_eq(vd_timing_next_us(&t), 20 * STEP_US);
}

Test(timing, knows_a_key_frame_interval_before_it_is_over)
{
    struct vd_timing t = {0};

    for (int i = 0; i <= 230; i++) /* a group of 10 s, then one of 13 s and counting */
        (void)vd_timing_feed(&t, i * (int64_t)STEP_US, 1000000 + i * (int64_t)STEP_US,
                             i == 0 || i == 100);
    cr_assert_eq(vd_timing_key_us(&t), 130 * STEP_US);
}

Test(timing, places_pictures_in_their_own_order)
{
    struct vd_timing t = {0};
    int64_t last_us = 0;

    (void)vd_timing_feed(&t, 0, 1000000, true);
    (void)vd_timing_feed(&t, 100000, 1100000, false);
    cr_assert_eq(vd_timing_place(&t, 0, 1100000, &last_us), 1000000);
    cr_assert_eq(vd_timing_place(&t, 50000, 1100000, &last_us), 1050000);
    cr_assert_eq(vd_timing_place(&t, 20000, 1100000, &last_us), 1050001);
    cr_assert_eq(vd_timing_place(&t, VD_TIMING_NONE, 1200000, &last_us), 1200000);
}
