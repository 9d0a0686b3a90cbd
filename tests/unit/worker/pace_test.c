#include <criterion/criterion.h>

#include "ingest/worker/pace.h"
#include "tests/support/rnd.h"

enum { S = 1000000 };

static const struct vd_pace_settings settings = {
    .min_us = S, .max_us = 60 * S, .auth_tries = 3, .auth_window_us = INT64_C(1800) * S};

Test(pace, waits_a_random_part_of_a_span_that_doubles_to_a_minute)
{
    static const int64_t spans_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};

    for (uint64_t seed = 1; seed < 200; seed++) {
        struct vd_pace p = {0};
        uint64_t random = seed * UINT64_C(0x9E3779B97F4A7C15);

        for (size_t i = 0; i < sizeof spans_s / sizeof spans_s[0]; i++) {
            int64_t wait_us = vd_pace_failed(&p, &settings, VD_FAULT_TIMEOUT, 0, random);

            cr_assert_geq(wait_us, S / 4, "never at once");
            cr_assert_leq(wait_us, spans_s[i] * S, "failure %zu", i);
        }
    }
}

Test(pace, spreads_cameras_that_failed_together)
{
    int64_t least_us = INT64_MAX, most_us = 0;

    for (uint64_t i = 0; i < 100; i++) {
        struct vd_pace p = {.failures = 5};
        int64_t wait_us = vd_pace_failed(&p, &settings, VD_FAULT_REFUSED, 0,
                                         i * UINT64_C(0x9E3779B97F4A7C15));

        least_us = wait_us < least_us ? wait_us : least_us;
        most_us = wait_us > most_us ? wait_us : most_us;
    }
    cr_assert_lt(least_us, 3 * S);
    cr_assert_gt(most_us, 29 * S);
}

Test(pace, starts_anew_after_good_pictures)
{
    struct vd_pace p = {.failures = 9};

    vd_pace_good(&p);
    cr_assert_leq(vd_pace_failed(&p, &settings, VD_FAULT_STALLED, 0, 12345), S);
}

Test(pace, tries_a_wrong_password_three_times_in_half_an_hour)
{
    struct vd_pace p = {0};
    int64_t now_us = 7 * S, tried_us[12];

    for (int i = 0; i < 12; i++) {
        tried_us[i] = now_us;
        now_us += vd_pace_failed(&p, &settings, VD_FAULT_AUTH, now_us, (uint64_t)i * 7777777);
    }
    for (int i = 3; i < 12; i++)
        cr_assert_geq(tried_us[i] - tried_us[i - 3], settings.auth_window_us,
                      "tries %d to %d are too close", i - 3, i);
    cr_assert_lt(tried_us[2] - tried_us[0], 60 * S, "the first three come soon");
}

Test(pace, asks_seldom_what_takes_a_person_to_mend)
{
    struct vd_pace p = {0};
    int64_t sum_us = 0;

    for (uint64_t i = 0; i < 50; i++) {
        vd_pace_good(&p);
        sum_us += vd_pace_failed(&p, &settings, VD_FAULT_UNSUPPORTED, 0,
                                 i * UINT64_C(0x9E3779B97F4A7C15));
    }
    cr_assert_gt(sum_us / 50, 5 * S);
}
