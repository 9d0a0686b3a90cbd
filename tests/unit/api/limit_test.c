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

/* One line is one attempt, or one "knows"; want: may he try (how long he waits is told above).
 */
static const struct {
    const char *what, *name, *address;
    int64_t at_s;
    int times;
    bool is_right, want;
} door_story[] = {
    {"ann comes from home", "ann", "10.0.0.5", 0, 1, true, true},
    {"a stranger guesses", "ann", "66.0.0.1", 10, 8, false, true},
    {"and has used the name up", "ann", "66.0.0.1", 10, 1, false, false},
    {"from wherever", "ann", "66.0.0.2", 10, 1, false, false},
    {"and with the right one, too", "ann", "66.0.0.2", 10, 1, true, false},
    {"ann at home does not notice", "ann", "10.0.0.5", 11, 1, true, true},
    {"nor is she bob", "bob", "10.0.0.5", 11, 1, false, true},
    {"who guesses beside her", "ann", "10.0.0.5", 12, 8, false, true},
    {"has so many, like a stranger", "ann", "10.0.0.5", 12, 1, false, false},
    {"which time brings back", "ann", "10.0.0.5", 43, 1, false, true},
    {"one by one", "ann", "10.0.0.5", 43, 1, false, false},
    {"a stranger's name fills, too", "ann", "66.0.0.3", 43, 1, false, true},
    {"one by one, ", "ann", "66.0.0.3", 43, 1, false, false},
    {"an address guesses names", "x1", "66.0.0.9", 50, 8, false, true},
    {"another", "x2", "66.0.0.9", 50, 8, false, true},
    {"a third", "x3", "66.0.0.9", 50, 4, false, true},
    {"and has used itself up", "x4", "66.0.0.9", 50, 1, false, false},
    {"home is forgotten after 30 days", "eve", "66.0.0.4", 2592100, 8, false, true},
    {"so ann is a stranger there", "eve", "10.0.0.5", 2592100, 1, false, false},
};

Test(limit, a_stranger_locks_nobody_out_from_home_and_guesses_no_more_than_before)
{
    struct vd_door *door = calloc(1, sizeof *door);

    vd_door_init(door);
    vd_door_know(door, "eve", "10.0.0.5", 0);
    for (size_t i = 0; i < sizeof door_story / sizeof door_story[0]; i++) {
        const int64_t now = door_story[i].at_s * S;
        const char *name = door_story[i].name, *address = door_story[i].address;

        for (int k = 0; k < door_story[i].times; k++) {
            bool is_known = false;
            int wait_s = vd_door_take(door, name, address, now, &is_known);

            cr_assert_eq(wait_s == 0, door_story[i].want, "%s: waits %d s", door_story[i].what,
                         wait_s);
            if (wait_s != 0 || !door_story[i].is_right)
                continue;
            vd_door_give(door, name, address, now, is_known);
            vd_door_know(door, name, address, now);
        }
    }
    free(door);
}

Test(limit, the_pair_seen_longest_ago_makes_room)
{
    struct vd_door *door = calloc(1, sizeof *door);
    bool is_known;
    char name[16];

    vd_door_init(door);
    for (int i = 0; i <= VD_KNOWN_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        vd_door_know(door, name, "10.0.0.5", (i + 1) * S);
    }
    vd_door_take(door, "n0", "10.0.0.5", VD_KNOWN_MAX * S, &is_known);
    cr_assert_not(is_known);
    vd_door_take(door, "n1", "10.0.0.5", VD_KNOWN_MAX * S, &is_known);
    cr_assert(is_known);
    free(door);
}
