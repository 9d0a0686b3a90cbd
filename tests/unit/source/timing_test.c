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

/* 10 pictures a second, each read late_us after it was made. */
static int64_t read_on(struct vd_timing *t, int64_t *pts_us, int n, int64_t late_us,
                       int64_t more_us)
{
    for (int i = 0; i < n; i++, *pts_us += 100000, late_us += more_us)
        (void)vd_timing_feed(t, *pts_us, 50000000 + *pts_us + late_us, false);
    return t->behind_us;
}

Test(timing, what_waits_longer_and_longer_is_behind_however_long_that_lasts)
{
    struct vd_timing t = {0};
    int64_t pts_us = 0;

    cr_assert_eq(read_on(&t, &pts_us, 100, 20000, 0), 0);
    cr_assert_eq(read_on(&t, &pts_us, 1000, 20000, 5000), 999 * 5000);
    cr_assert_eq(read_on(&t, &pts_us, 1000, 5020000, 0), 5000000, "and stays so");
    cr_assert_eq(read_on(&t, &pts_us, 10, 20000, 0), 0, "until it was read up");
}

Test(timing, what_had_to_be_waited_for_is_late_by_nobody_s_fault_here)
{
    struct vd_timing t = {0};
    int64_t pts_us = 0;

    (void)read_on(&t, &pts_us, 100, 20000, 0);
    cr_assert_gt(read_on(&t, &pts_us, 10, 1000000, 0), 900000);
    vd_timing_fresh(&t);
    cr_assert_eq(t.behind_us, 0);
    cr_assert_eq(read_on(&t, &pts_us, 10, 1000000, 0), 0);
}

Test(timing, a_camera_that_starts_anew_is_not_behind)
{
    struct vd_timing t = {0};
    int64_t pts_us = 0;

    (void)read_on(&t, &pts_us, 100, 0, 0);
    pts_us += INT64_C(3600) * 1000000;
    (void)vd_timing_feed(&t, pts_us, 50000000 + 11000000, false);
    cr_assert_eq(t.behind_us, 0);
    (void)vd_timing_feed(&t, 0, 50000000 + 11100000, false);
    cr_assert_eq(t.behind_us, 0);
}
