/* Every action from every state, and what each leaves behind. */
#include <criterion/criterion.h>
#include <string.h>

#include "alerts/workflow/alert_json.h"
#include "alerts/workflow/workflow.h"
#include "base/json.h"

static const char *const states[] = {"open", "acknowledged", "dispatched", "resolved"};

static struct vd_alert alert_in(const char *state, const char *owner)
{
    struct vd_alert a = {.version = 3, .active = true, .events = 2, .first_us = 1000000};

    strcpy(a.id, "01890000-0000-7000-8000-000000000001");
    strcpy(a.severity, "red");
    strcpy(a.state, state);
    strcpy(a.area, "4403/440305");
    strcpy(a.camera, "gate-3");
    strcpy(a.owner, owner);
    strcpy(a.shows, "{\"kind\":\"motion\"}");
    strcpy(a.changed_by, "rule:night-gate");
    return a;
}

/* Rows: action, from, owner before; expected verdict, state and owner after. */
static const struct {
    enum vd_work_action action;
    const char *from, *owner;
    enum vd_work_verdict verdict;
    const char *to, *owner_after;
} cases[] = {
    {VD_WORK_ACKNOWLEDGE, "open", "", VD_WORK_DONE, "acknowledged", ""},
    {VD_WORK_ACKNOWLEDGE, "acknowledged", "", VD_WORK_STATE, "acknowledged", ""},
    {VD_WORK_ACKNOWLEDGE, "dispatched", "", VD_WORK_STATE, "dispatched", ""},
    {VD_WORK_ACKNOWLEDGE, "resolved", "", VD_WORK_STATE, "resolved", ""},
    {VD_WORK_TAKE, "open", "", VD_WORK_DONE, "acknowledged", "ann"},
    {VD_WORK_TAKE, "acknowledged", "", VD_WORK_DONE, "acknowledged", "ann"},
    {VD_WORK_TAKE, "acknowledged", "bob", VD_WORK_DONE, "acknowledged", "ann"},
    {VD_WORK_TAKE, "dispatched", "bob", VD_WORK_DONE, "dispatched", "ann"},
    {VD_WORK_TAKE, "resolved", "bob", VD_WORK_STATE, "resolved", "bob"},
    {VD_WORK_RELEASE, "open", "", VD_WORK_STATE, "open", ""},
    {VD_WORK_RELEASE, "acknowledged", "bob", VD_WORK_DONE, "acknowledged", ""},
    {VD_WORK_RELEASE, "acknowledged", "", VD_WORK_STATE, "acknowledged", ""},
    {VD_WORK_RELEASE, "dispatched", "bob", VD_WORK_DONE, "dispatched", ""},
    {VD_WORK_RELEASE, "resolved", "bob", VD_WORK_STATE, "resolved", "bob"},
    {VD_WORK_DISPATCH, "open", "", VD_WORK_STATE, "open", ""},
    {VD_WORK_DISPATCH, "acknowledged", "bob", VD_WORK_DONE, "dispatched", "bob"},
    {VD_WORK_DISPATCH, "dispatched", "bob", VD_WORK_DONE, "dispatched", "bob"}, /* another */
    {VD_WORK_DISPATCH, "resolved", "bob", VD_WORK_STATE, "resolved", "bob"},
    {VD_WORK_RESOLVE, "open", "", VD_WORK_DONE, "resolved", ""},
    {VD_WORK_RESOLVE, "acknowledged", "bob", VD_WORK_DONE, "resolved", "bob"},
    {VD_WORK_RESOLVE, "dispatched", "bob", VD_WORK_DONE, "resolved", "bob"},
    {VD_WORK_RESOLVE, "resolved", "bob", VD_WORK_STATE, "resolved", "bob"},
    {VD_WORK_ASSIGN, "open", "", VD_WORK_DONE, "open", "carl"}, /* he has not seen it */
    {VD_WORK_ASSIGN, "acknowledged", "bob", VD_WORK_DONE, "acknowledged", "carl"},
    {VD_WORK_ASSIGN, "dispatched", "bob", VD_WORK_DONE, "dispatched", "carl"},
    {VD_WORK_ASSIGN, "resolved", "bob", VD_WORK_STATE, "resolved", "bob"},
    {VD_WORK_NOTE, "open", "", VD_WORK_DONE, "open", ""},
    {VD_WORK_NOTE, "acknowledged", "bob", VD_WORK_DONE, "acknowledged", "bob"},
    {VD_WORK_NOTE, "dispatched", "bob", VD_WORK_DONE, "dispatched", "bob"},
    {VD_WORK_NOTE, "resolved", "bob", VD_WORK_DONE, "resolved", "bob"},
    {VD_WORK_SHELVE, "open", "", VD_WORK_DONE, "open", ""},
    {VD_WORK_SHELVE, "acknowledged", "bob", VD_WORK_DONE, "acknowledged", "bob"},
    {VD_WORK_SHELVE, "dispatched", "bob", VD_WORK_DONE, "dispatched", "bob"},
    {VD_WORK_SHELVE, "resolved", "bob", VD_WORK_STATE, "resolved", "bob"},
    {VD_WORK_UNSHELVE, "open", "", VD_WORK_STATE, "open", ""}, /* it is not shelved */
    {VD_WORK_UNSHELVE, "resolved", "bob", VD_WORK_STATE, "resolved", "bob"},
    {VD_WORK_REOPEN, "open", "", VD_WORK_STATE, "open", ""},
    {VD_WORK_REOPEN, "acknowledged", "bob", VD_WORK_STATE, "acknowledged", "bob"},
    {VD_WORK_REOPEN, "dispatched", "bob", VD_WORK_STATE, "dispatched", "bob"},
    {VD_WORK_REOPEN, "resolved", "bob", VD_WORK_DONE, "open", ""},
};

Test(workflow, does_what_the_table_says_from_every_state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_alert a = alert_in(cases[i].from, cases[i].owner);
        struct vd_work_change change = {.action = cases[i].action,
                                        .actor = "ann",
                                        .seen_version = 3,
                                        .disposition = "real",
                                        .reason = "came back",
                                        .to = "carl",
                                        .until_us = 6000000,
                                        .shelve_max_us = 1000000,
                                        .now_us = 5000000};
        enum vd_work_verdict verdict = vd_work_apply(&a, &change, NULL);

        cr_assert_eq(verdict, cases[i].verdict, "case %zu: verdict %s", i,
                     vd_work_verdict_name(verdict));
        cr_assert_str_eq(a.state, cases[i].to, "case %zu", i);
        cr_assert_str_eq(a.owner, cases[i].owner_after, "case %zu", i);
        cr_assert_eq(a.changed_us, verdict == VD_WORK_DONE ? 5000000 : 0, "case %zu", i);
        cr_assert_eq(a.version, 3);
        cr_assert_eq(a.seen_events, verdict == VD_WORK_DONE ? a.events : 0, "case %zu", i);
    }
}

Test(workflow, names_every_action_in_some_state)
{
    for (int action = 0; action < VD_N_WORK_ACTIONS; action++) {
        enum vd_work_action again = VD_N_WORK_ACTIONS;
        int possible = 0;

        for (size_t s = 0; s < 4; s++)
            possible += vd_work_is_possible((enum vd_work_action)action, states[s]);
        cr_assert_gt(possible, 0);
        cr_assert(
            vd_work_action_parse(vd_work_action_name((enum vd_work_action)action), &again));
        cr_assert_eq((int)again, action);
    }
}

Test(workflow, refuses_what_was_decided_on_an_older_version)
{
    struct vd_alert a = alert_in("open", ""), before = a;
    struct vd_work_change change = {
        .action = VD_WORK_ACKNOWLEDGE, .actor = "ann", .seen_version = 2, .now_us = 1};
    struct vd_err err = {0};

    cr_assert_eq(vd_work_apply(&a, &change, &err), VD_WORK_STALE);
    cr_assert(memcmp(&a, &before, sizeof a) == 0);
    cr_assert(strstr(err.msg, "version 3") != NULL, "%s", err.msg);
    change.seen_version = 4; /* from a future that was rolled back */
    cr_assert_eq(vd_work_apply(&a, &change, &err), VD_WORK_STALE);
}

Test(workflow, asks_for_disposition_reason_and_actor)
{
    struct vd_alert a = alert_in("open", "");
    struct vd_work_change change = {
        .action = VD_WORK_RESOLVE, .actor = "ann", .seen_version = 3};

    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_DISPOSITION);
    change.disposition = "whatever";
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_DISPOSITION);
    change.disposition = "nuisance";
    change.actor = " ";
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_ACTOR);
    a = alert_in("resolved", "");
    change =
        (struct vd_work_change){.action = VD_WORK_REOPEN, .actor = "ann", .seen_version = 3};
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_REASON);
}

Test(workflow, asks_to_whom_it_goes)
{
    struct vd_alert a = alert_in("acknowledged", "bob");
    char long_name[VD_ALERT_NAME_MAX + 2];
    struct vd_work_change change = {
        .action = VD_WORK_ASSIGN, .actor = "ann", .seen_version = 3, .to = " "};

    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_TARGET);
    change.to = NULL;
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_TARGET);
    change.action = VD_WORK_DISPATCH; /* somebody unnamed is on the way */
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_DONE);
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_TARGET,
                 "sent again: somebody else");
    change.to = "patrol-2";
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_DONE);
    cr_assert_str_eq(a.unit, "patrol-2");
    cr_assert_str_eq(a.owner, "bob");
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    change.to = long_name;
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_NO_TARGET);
}

Test(workflow, shelves_for_a_reason_and_not_for_ever)
{
    static const struct {
        int64_t until_us;
        const char *reason;
        enum vd_work_verdict verdict;
    } rows[] = {
        {1000, "roof works", VD_WORK_BAD_UNTIL}, {999, "roof works", VD_WORK_BAD_UNTIL},
        {1001, "", VD_WORK_NO_REASON},           {1101, "roof works", VD_WORK_BAD_UNTIL},
        {1100, "roof works", VD_WORK_DONE},      {INT64_MAX, "x", VD_WORK_BAD_UNTIL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_alert a = alert_in("open", "");
        struct vd_work_change change = {.action = VD_WORK_SHELVE,
                                        .actor = "ann",
                                        .seen_version = 3,
                                        .reason = rows[i].reason,
                                        .until_us = rows[i].until_us,
                                        .shelve_max_us = 100,
                                        .now_us = 1000};

        cr_assert_eq(vd_work_apply(&a, &change, NULL), rows[i].verdict, "row %zu", i);
        if (rows[i].verdict != VD_WORK_DONE)
            continue;
        cr_assert_eq(a.shelved_until_us, 1100);
        cr_assert_str_eq(a.shelved_reason, "roof works");
        change.action = VD_WORK_UNSHELVE;
        cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_DONE);
        cr_assert_eq(a.shelved_until_us, 0);
        cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_STATE, "once");
    }
}

Test(workflow, a_note_on_a_closed_alert_leaves_its_times_alone)
{
    struct vd_alert a = alert_in("resolved", "bob");
    struct vd_work_change change = {.action = VD_WORK_NOTE,
                                    .actor = "ann",
                                    .seen_version = 3,
                                    .reason = "the owner called: his cat",
                                    .now_us = 9};

    a.acknowledged_us = 3;
    a.resolved_us = 5;
    strcpy(a.disposition, "nuisance");
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_DONE);
    cr_assert_eq(a.resolved_us, 5);
    cr_assert_eq(a.acknowledged_us, 3);
    cr_assert_str_eq(a.disposition, "nuisance");
    cr_assert_eq(a.changed_us, 9);
}

Test(workflow, reopening_forgets_how_it_was_resolved)
{
    struct vd_alert a = alert_in("open", "");
    struct vd_work_change change = {.action = VD_WORK_RESOLVE,
                                    .actor = "ann",
                                    .seen_version = 3,
                                    .disposition = "false",
                                    .now_us = 7};

    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_DONE);
    cr_assert_eq(a.resolved_us, 7);
    cr_assert_str_eq(a.disposition, "false");
    change.action = VD_WORK_REOPEN;
    change.reason = "it was real";
    cr_assert_eq(vd_work_apply(&a, &change, NULL), VD_WORK_DONE);
    cr_assert_eq(a.resolved_us, 0);
    cr_assert_str_eq(a.disposition, "");
}

Test(alert_json, carries_the_alert_and_its_topic)
{
    struct vd_alert a = alert_in("open", "");
    struct vd_pg_log_head head = {.n = 7, .hash = {0xab}};
    char text[VD_ALERT_JSON_MAX], topic[VD_ALERT_TOPIC_MAX];
    struct vd_json *doc = NULL;
    const struct vd_json *data;
    int n;

    a.ack_within_us = 90000000;
    a.seen_events = 1;
    strcpy(a.asks, "gate-house");
    n = vd_alert_encode(&a, &head, text, sizeof text, NULL);

    cr_assert_gt(n, 0);
    cr_assert_eq(vd_json_parse(&doc, text, (size_t)n, NULL), 0);
    data = vd_json_get(doc, "data");
    cr_assert_str_eq(vd_json_get_text(doc, "type"), "vedette.alert.v1");
    cr_assert_str_eq(vd_json_get_text(data, "alert"), a.id);
    cr_assert_str_eq(vd_json_get_text(vd_json_get(data, "shows"), "kind"), "motion");
    cr_assert(vd_json_is_null(vd_json_get(data, "owner")));
    cr_assert_eq(vd_json_get_int(vd_json_get(data, "events"), "count", 0), 2);
    cr_assert_eq(vd_json_get_int(vd_json_get(data, "events"), "new", 0), 1);
    cr_assert_str_eq(vd_json_get_text(data, "asks"), "gate-house");
    cr_assert(vd_json_is_null(vd_json_get(data, "instruction")));
    cr_assert_eq(vd_json_get_int(vd_json_get(data, "within"), "acknowledge_ms", 0), 90000);
    cr_assert(vd_json_is_null(vd_json_get(vd_json_get(data, "within"), "resolve_ms")));
    cr_assert_eq(strncmp(vd_json_get_text(vd_json_get(doc, "log"), "hash"), "ab00", 4), 0);
    vd_json_free(&doc);
    cr_assert_gt(vd_alert_topic(&a, topic, sizeof topic, NULL), 0);
    cr_assert_str_eq(topic, "alert/4403/440305/-/red/open/");
    cr_assert_eq(vd_alert_encode(&a, NULL, text, 100, NULL), VD_EINVAL);
}
