#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "alerts/api/limit.h"

#define S INT64_C(1000000)

static struct vd_limit *fresh(int burst, int64_t refill_us)
{
    struct vd_limit *limit = calloc(1, sizeof *limit);

    limit->burst = burst;
    limit->refill_us = refill_us;
    return limit;
}

Test(limit, lets_a_burst_through_and_then_says_how_long_to_wait)
{
    struct vd_limit *limit = fresh(3, 30 * S);

    for (int i = 0; i < 3; i++)
        cr_assert_eq(vd_limit_take(limit, "ann", 100 * S), 0, "attempt %d", i);
    cr_assert_eq(vd_limit_take(limit, "ann", 100 * S), 30);
    cr_assert_eq(vd_limit_take(limit, "ann", 110 * S), 20);
    cr_assert_eq(vd_limit_take(limit, "ann", 129 * S + 1), 1);
    cr_assert_eq(vd_limit_take(limit, "ann", 130 * S), 0);
    cr_assert_eq(vd_limit_take(limit, "ann", 130 * S), 30);
    free(limit);
}

Test(limit, keeps_names_apart)
{
    struct vd_limit *limit = fresh(1, 60 * S);

    cr_assert_eq(vd_limit_take(limit, "ann", S), 0);
    cr_assert_eq(vd_limit_take(limit, "bob", S), 0);
    cr_assert_eq(vd_limit_take(limit, "ann", S), 60);
    free(limit);
}

Test(limit, gives_back_what_succeeded)
{
    struct vd_limit *limit = fresh(1, 60 * S);

    for (int i = 0; i < 10; i++) {
        cr_assert_eq(vd_limit_take(limit, "ann", S), 0);
        vd_limit_give(limit, "ann", S);
    }
    free(limit);
}

Test(limit, does_not_forget_the_guilty_when_many_names_come)
{
    struct vd_limit *limit = fresh(2, 60 * S);
    char name[16];

    vd_limit_take(limit, "guilty", S);
    vd_limit_take(limit, "guilty", S);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        vd_limit_take(limit, name, S);
    }
    cr_assert_gt(vd_limit_take(limit, "guilty", S), 0);
    free(limit);
}

Test(limit, survives_a_clock_that_stands_still)
{
    struct vd_limit *limit = fresh(1, 60 * S);

    cr_assert_eq(vd_limit_take(limit, "ann", 50 * S), 0);
    cr_assert_eq(vd_limit_take(limit, "ann", 40 * S), 60);
    free(limit);
}
