/* Deadlines, escalation and shelving to the microsecond, under a clock that is a number. */
#include <criterion/criterion.h>
#include <string.h>

#include "alerts/workflow/due.h"
#include "alerts/workflow/workflow.h"

static struct vd_alert alert_of(int64_t ack_us, int64_t resolve_us)
{
    struct vd_alert a = {
        .version = 1, .ack_within_us = ack_us, .resolve_within_us = resolve_us};

    strcpy(a.id, "01890000-0000-7000-8000-000000000001");
    strcpy(a.state, "open");
    strcpy(a.area, "4403/440305/7");
    vd_work_count_from(&a, 1000);
    return a;
}

static void act(struct vd_alert *a, enum vd_work_action action, int64_t now_us)
{
    struct vd_work_change change = {.action = action,
                                    .actor = "ann",
                                    .seen_version = a->version,
                                    .disposition = "real",
                                    .reason = "why",
                                    .until_us = now_us + 50,
                                    .shelve_max_us = 50,
                                    .now_us = now_us};
    struct vd_err err = {0};

    cr_assert_eq(vd_work_apply(a, &change, &err), VD_WORK_DONE, "%s", err.msg);
}

/* How far up it went when the clock shows now_us, and that it goes no further by asking. */
static int64_t level_at(struct vd_alert *a, int64_t now_us)
{
    while (vd_work_due(a, now_us) != VD_DUE_NOTHING)
        continue;
    cr_assert_eq(vd_work_due(a, now_us), VD_DUE_NOTHING);
    return a->escalation;
}

Test(due, goes_up_at_its_deadline_and_each_time_the_span_passes_again)
{
    struct vd_alert a = alert_of(100, 0);

    cr_assert_eq(a.deadline_us, 1100);
    cr_assert_eq(level_at(&a, 1099), 0);
    cr_assert_eq(level_at(&a, 1100), 1);
    cr_assert_str_eq(a.changed_by, VD_WORK_CLOCK);
    cr_assert_eq(a.changed_us, 1100);
    cr_assert_eq(level_at(&a, 1199), 1);
    cr_assert_eq(level_at(&a, 1200), 2);
    cr_assert_eq(level_at(&a, 1300), 3);
    cr_assert_eq(a.due_us, 0, "the whole installation knows");
    cr_assert_eq(level_at(&a, INT64_MAX), 3);
    cr_assert_eq(a.deadline_us, 1100, "since when it is late");
}

Test(due, a_clock_that_jumps_an_hour_makes_one_step)
{
    struct vd_alert a = alert_of(100, 0);

    cr_assert_eq(level_at(&a, 1000 + INT64_C(3600000000)), 1);
    cr_assert_eq(level_at(&a, 1050), 1, "and back: nothing is taken back, nothing is new");
    cr_assert_eq(a.due_us, 1000 + INT64_C(3600000000) + 100);
}

/* Rows: what was given, what was done when, and the deadline then. */
Test(due, the_deadline_is_that_of_its_state)
{
    struct vd_alert a = alert_of(100, 500);

    cr_assert_eq(a.deadline_us, 1100);
    act(&a, VD_WORK_NOTE, 1040);
    cr_assert_eq(a.deadline_us, 1100, "a note is no acknowledgement");
    act(&a, VD_WORK_ACKNOWLEDGE, 1050);
    cr_assert_eq(a.deadline_us, 1500);
    act(&a, VD_WORK_RESOLVE, 1200);
    cr_assert_eq(a.deadline_us, 0);
    cr_assert_eq(a.due_us, 0);
    act(&a, VD_WORK_REOPEN, 2000);
    cr_assert_eq(a.deadline_us, 2100, "counted anew");
    a = alert_of(0, 500);
    cr_assert_eq(a.deadline_us, 1500, "only one is asked for");
    a = alert_of(100, 0);
    act(&a, VD_WORK_TAKE, 1050);
    cr_assert_eq(a.deadline_us, 0);
    cr_assert_eq(level_at(&a, INT64_MAX), 0);
    a = alert_of(0, 0);
    cr_assert_eq(a.due_us, 0);
}

Test(due, who_takes_it_late_has_until_the_next_deadline)
{
    struct vd_alert a = alert_of(100, 500);

    cr_assert_eq(level_at(&a, 1100), 1);
    act(&a, VD_WORK_ACKNOWLEDGE, 1110);
    cr_assert_eq(level_at(&a, 1499), 1);
    cr_assert_eq(level_at(&a, 1500), 2);
    cr_assert_eq(level_at(&a, 1999), 2);
    cr_assert_eq(level_at(&a, 2000), 3);
    act(&a, VD_WORK_RESOLVE, 2010);
    act(&a, VD_WORK_REOPEN, 3000);
    cr_assert_eq(a.escalation, 0, "from the lowest level again");
}

Test(due, what_is_shelved_comes_back_and_is_late_only_then)
{
    struct vd_alert a = alert_of(100, 0);

    act(&a, VD_WORK_SHELVE, 1080);
    cr_assert_eq(a.due_us, 1130);
    cr_assert_eq(vd_work_due(&a, 1129), VD_DUE_NOTHING);
    cr_assert_eq(vd_work_due(&a, 1130), VD_DUE_UNSHELVED);
    cr_assert_eq(a.shelved_until_us, 0);
    cr_assert_str_eq(a.shelved_reason, "");
    cr_assert_eq(vd_work_due(&a, 1130), VD_DUE_ESCALATED, "its deadline passed meanwhile");
    cr_assert_eq(vd_work_due(&a, 1130), VD_DUE_NOTHING);
    a = alert_of(100, 0);
    act(&a, VD_WORK_SHELVE, 1080);
    act(&a, VD_WORK_UNSHELVE, 1090);
    cr_assert_eq(a.due_us, 1100);
    act(&a, VD_WORK_SHELVE, 1095);
    act(&a, VD_WORK_RESOLVE, 1096);
    cr_assert_eq(a.due_us, 0);
    cr_assert_eq(a.shelved_until_us, 0);
}

Test(due, what_is_suppressed_asks_nobody_until_it_stands_for_itself)
{
    struct vd_alert a = alert_of(100, 0);

    strcpy(a.suppressed_by, "01890000-0000-7000-8000-000000000002");
    vd_work_arm(&a);
    cr_assert_eq(level_at(&a, 5000), 0);
    a.suppressed_by[0] = '\0';
    vd_work_arm(&a);
    cr_assert_eq(level_at(&a, 5000), 1);
}

Test(due, names_the_area_that_is_asked)
{
    static const struct {
        const char *area;
        int level;
        const char *asked;
    } rows[] = {{"4403/440305/7", 0, "4403/440305/7"},
                {"4403/440305/7", 1, "4403/440305"},
                {"4403/440305/7", 2, "4403"},
                {"4403/440305/7", 3, ""},
                {"4403/440305/7", 9, ""},
                {"", 1, ""}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char area[VD_ALERT_AREA_MAX + 1];

        vd_work_asked_area(rows[i].area, rows[i].level, area, sizeof area);
        cr_assert_str_eq(area, rows[i].asked, "row %zu", i);
    }
}
