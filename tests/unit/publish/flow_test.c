#include <criterion/criterion.h>

#include "ingest/publish/flow.h"
#include "tests/support/rnd.h"

enum { WINDOW = 256 };

Test(flow, nothing_goes_before_a_welcome)
{
    struct vd_flow f;

    vd_flow_begin(&f, 5, 20);
    cr_assert_eq(vd_flow_room(&f, WINDOW), 0);
    vd_flow_welcome(&f, 7, 0); /* it has some of them already */
    cr_assert_eq(f.next, 8);
    cr_assert_eq(vd_flow_room(&f, WINDOW), 13);
}

Test(flow, never_more_than_the_window_is_unacknowledged)
{
    struct vd_flow f;

    vd_flow_begin(&f, 1, 1000);
    vd_flow_welcome(&f, 0, 0);
    while (vd_flow_room(&f, WINDOW) > 0)
        cr_assert_not(vd_flow_sent(&f, 0));
    cr_assert_eq(f.next, WINDOW + 1);
    cr_assert(vd_flow_ack(&f, 10, 1));
    cr_assert_eq(vd_flow_room(&f, WINDOW), 10);
    cr_assert_not(vd_flow_ack(&f, 10, 2), "says nothing new");
    cr_assert_not(vd_flow_ack(&f, 5000, 2), "was never sent");
}

Test(flow, steps_back_when_asked_and_when_nothing_is_heard)
{
    struct vd_flow f;

    vd_flow_begin(&f, 1, 10);
    vd_flow_welcome(&f, 0, 0);
    while (vd_flow_room(&f, WINDOW) > 0)
        (void)vd_flow_sent(&f, 100);
    cr_assert(vd_flow_expected(&f, 4));
    cr_assert_eq(f.next, 4);
    cr_assert(vd_flow_sent(&f, 100), "4 goes out again");
    cr_assert(vd_flow_ack(&f, 4, 200));
    cr_assert_not(vd_flow_expected(&f, 3), "it is gone");
    cr_assert_not(vd_flow_overdue(&f, 1000, 2000), "nothing is in flight");
    while (vd_flow_room(&f, WINDOW) > 0)
        (void)vd_flow_sent(&f, 2000);
    cr_assert_not(vd_flow_overdue(&f, 1000, 2999));
    cr_assert(vd_flow_overdue(&f, 1000, 3000));
    cr_assert_eq(f.next, 5);
}

/* A router that loses, repeats and restarts; whatever happens, all arrives, once and in order.
 */
Test(flow, survives_any_mixture_of_loss)
{
    uint64_t seed = 20260822;

    for (int run = 0; run < 300; run++) {
        int64_t last = 1 + (int64_t)(rnd_next(&seed) % 700), router = 0, now_us = 0;
        struct vd_flow f;

        vd_flow_begin(&f, 1, last);
        for (int step = 0; step < 100000 && f.acked < last; step++) {
            now_us += 100;
            if (!f.is_welcome)
                vd_flow_welcome(&f, router, now_us);
            (void)vd_flow_overdue(&f, 2000, now_us);
            for (int64_t n = vd_flow_room(&f, 8); n > 0; n--) {
                int64_t sequence = f.next;

                (void)vd_flow_sent(&f, now_us);
                if (rnd_next(&seed) % 4 == 0)
                    continue; /* lost on the way */
                if (sequence == router + 1)
                    router++;
                else if (sequence > router && rnd_next(&seed) % 2 == 0)
                    (void)vd_flow_expected(&f, router + 1);
            }
            if (rnd_next(&seed) % 3 != 0)
                (void)vd_flow_ack(&f, router, now_us);
            if (rnd_next(&seed) % 50 == 0)
                f.is_welcome = false; /* another router */
        }
        cr_assert_eq(f.acked, last, "run %d stands at %lld of %lld", run, (long long)f.acked,
                     (long long)last);
    }
}
