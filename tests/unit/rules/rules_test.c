/* The rules against the table of stories in rules.eval, and the time that a thousand take. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/rules/story.h"

Test(rules, tell_every_story_of_the_table)
{
    int cases, steps = story_tell_all(VD_TEST_DATA "/rules.eval", false, &cases);

    fprintf(stderr, "{\"stories\":%d,\"steps\":%d}\n", cases, steps);
    cr_assert_geq(cases, 60);
}

/* What is decided does not depend on when the router was started again. */
Test(rules, tell_the_same_with_a_restart_between_any_two_steps)
{
    int cases;

    cr_assert_gt(story_tell_all(VD_TEST_DATA "/rules.eval", true, &cases), 0);
}

Test(rules, refuse_states_that_make_no_sense_and_go_on)
{
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"group\":\"x\"}", "{\"group\":\"x\",\"event\":\"no\"}"};
    static const char ID[] = "01890000-0000-7000-8000-000000000001";
    struct vd_rules *book = NULL;

    cr_assert_eq(vd_rules_new(&book, &(struct vd_rules_opts){0}, NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(vd_rules_restore(book, "r", ID, bad[i], NULL), VD_EPROTO, "%s", bad[i]);
    cr_assert_eq(vd_rules_restore(book, "r", "no", "{}", NULL), VD_EPROTO);
    cr_assert_eq(vd_rules_restore_event(book, ID, ID, NULL), 0);
    vd_rules_free(&book);
}

static struct vd_event event_of(int i)
{
    struct vd_event ev = {.kind = VD_KIND_MOTION, .rev = 1, .peak = 0.5f};

    ev.event.bytes[0] = (uint8_t)i;
    ev.event.bytes[1] = (uint8_t)(i >> 8);
    ev.event.bytes[2] = (uint8_t)(i >> 16);
    ev.time_us = ev.start_us = INT64_C(1787400000000000) + i * INT64_C(20000);
    (void)snprintf(ev.camera, sizeof ev.camera, "cam-%d", i % 2000);
    (void)snprintf(ev.area, sizeof ev.area, "44/%d", i % 100);
    return ev;
}

static int forget_state(void *arg, const char *rule, const char *key, const char *state)
{
    (void)arg;
    (void)rule;
    (void)key;
    (void)state;
    return 0;
}

/* Another system may send under any number of names: what it leaves behind is bounded in time.
 */
Test(rules, remember_nothing_of_names_that_come_once)
{
    enum { EVENTS = 20000 };
    struct vd_rule rule = {.id = "r",
                           .is_enabled = true,
                           .count = {.within_us = 1000000, .at_least = 3},
                           .after_us = 1000000,
                           .action = "look"};
    struct vd_rules_opts opts = {.rules = &rule, .n_rules = 1};
    const struct vd_change *changes = NULL;
    struct vd_rules_stats stats;
    struct vd_rules *book = NULL;
    struct vd_event ev = {0};

    cr_assert_eq(vd_rules_new(&book, &opts, NULL), 0);
    for (int i = 0; i < EVENTS; i++) {
        ev = event_of(i);
        ev.phase = VD_PHASE_END;
        ev.end_us = ev.time_us;
        (void)snprintf(ev.camera, sizeof ev.camera, "x-%d", i);
        cr_assert_eq(vd_rules_event(book, &ev, false, 0, &changes, NULL), 0);
        if (i % 100 == 0) {
            cr_assert_geq(vd_rules_tick(book, ev.time_us, &changes, NULL), 0);
            cr_assert_geq(vd_rules_save(book, forget_state, NULL), 0);
        }
    }
    vd_rules_stats(book, &stats);
    cr_assert_lt(stats.marks, 10000, "%zu", stats.marks); /* a minute of them, twice */
    cr_assert_geq(vd_rules_tick(book, ev.time_us + 70000000, &changes, NULL), 0);
    vd_rules_stats(book, &stats);
    cr_assert_eq(stats.marks + stats.tallies + stats.live, 0);
    vd_rules_free(&book);
}

enum { N = 1000 };

/* Of all sorts: of the whole, of an area, of a schedule, that count, that follow, that
 * suppress. */
static void fill(struct vd_rule rules[N], char ids[N][16], char areas[N][32])
{
    for (int i = 0; i < N; i++) {
        (void)snprintf(ids[i], 16, "r%d", i);
        (void)snprintf(areas[i], 32, "44/%d", i % 100);
        rules[i] =
            (struct vd_rule){.id = ids[i],
                             .is_enabled = true,
                             .when = {.area = i % 10 == 0 ? NULL : areas[i], .min_score = 0.9f},
                             .action = "look"};
        if (i % 50 == 1)
            rules[i].count =
                (struct vd_count){.within_us = 60000000, .at_least = 3, .of_cameras = true};
        if (i % 50 == 2)
            rules[i].after_us = 30000000;
        if (i % 50 == 1 || i % 50 == 2) {
            rules[i].when.min_score = 0.1f;
            rules[i].group_by = VD_GROUP_AREA;
            rules[i].window_us = 60000000;
            rules[i].is_suppressing = i % 50 == 1;
        }
    }
}

/* Less than 20 us of a processor an event are asked for; here it must only not be absurd
 * under a sanitizer, the figure is printed. */
Test(rules, a_thousand_of_them_are_weighed_in_microseconds)
{
    enum { EVENTS = 20000 };
    static struct vd_rule rules[N];
    static char ids[N][16], areas[N][32];
    struct vd_rules_opts opts = {.rules = rules, .n_rules = N};
    const struct vd_change *changes = NULL;
    struct vd_rules *book = NULL;
    struct timespec a, b;
    int n_changes = 0;
    double each;

    fill(rules, ids, areas);
    cr_assert_eq(vd_rules_new(&book, &opts, NULL), 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (int i = 0; i < EVENTS; i++) {
        struct vd_event ev = event_of(i / 2);
        int n;

        if (i % 2 == 1) {
            ev.phase = VD_PHASE_END;
            ev.rev = 2;
            ev.end_us = ev.time_us;
        }
        n = vd_rules_event(book, &ev, false, 0, &changes, NULL);
        cr_assert_geq(n, 0);
        n_changes += n;
        if (i % 50 == 0)
            cr_assert_geq(vd_rules_tick(book, ev.time_us, &changes, NULL), 0);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    each = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / EVENTS;
    fprintf(stderr, "{\"case\":\"1000 rules\",\"ns_per_event\":%.0f,\"changes\":%d}\n", each,
            n_changes);
    cr_assert_gt(n_changes, 0);
    cr_assert_lt(each, 400000.0);
    vd_rules_free(&book);
}
