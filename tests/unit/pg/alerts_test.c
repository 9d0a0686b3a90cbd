/* Alerts change only from the version that was seen; searches find what they should, by an
 * index; the log holds together. */
#include "tests/support/pg_tmp_main.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "storage/pg/alerts.h"
#include "storage/pg/cameras.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"
#include "storage/pg/log.h"
#include "storage/pg/rules.h"
#include "storage/pg/users.h"

static struct vd_err err;
static struct vd_pg *pg;

#define BASE_US INT64_C(1787368447000000)

static void set_up(void)
{
    pg_shared_database();
    pg = pg_shared_connect("vedette_router");
}

static void tear_down(void)
{
    vd_pg_close(&pg);
}

TestSuite(alerts, .init = set_up, .fini = tear_down, .timeout = 50);

/* The i-th alert: opened a second after the one before. */
static struct vd_alert alert_of(int i)
{
    struct vd_alert a = {.version = 1,
                         .position = i,
                         .severity = "red",
                         .state = "open",
                         .active = true,
                         .kind = "motion",
                         .camera = "gate-3",
                         .area = "4403/440305/440305001",
                         .rule = "night-gate",
                         .action = "Look at the gate; 50% of the time it is open_ed",
                         .group = "camera:gate-3",
                         .resolve = "by-hand",
                         .events = 1,
                         .first_us = BASE_US + i * 1000000,
                         .last_us = BASE_US + i * 1000000,
                         .shows = "{\"score\":0.37}",
                         .opened_us = BASE_US + i * 1000000,
                         .changed_us = BASE_US + i * 1000000,
                         .changed_by = "rule:night-gate"};
    struct vd_uuid id = vd_uuid_make(a.opened_us);

    vd_uuid_format(&id, a.id);
    return a;
}

static void insert(const struct vd_alert *a)
{
    cr_assert_eq(vd_pg_alert_insert(pg, a, &err), 0, "%s", err.msg);
}

Test(alerts, every_field_survives_the_trip)
{
    struct vd_alert a = alert_of(1), b;
    struct vd_uuid id = vd_uuid_make(BASE_US);

    insert(&a);
    cr_assert_eq(vd_pg_alert_get(pg, a.id, VD_PG_READ, &b, &err), 1, "%s", err.msg);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    vd_uuid_format(&id, a.event);
    vd_uuid_format(&id, a.suppressed_by);
    strcpy(a.state, "resolved");
    strcpy(a.snapshot, "gate-3.x");
    strcpy(a.clip, "gate-3.y");
    strcpy(a.owner, "anna");
    strcpy(a.disposition, "real");
    strcpy(a.shelved_reason, "wind");
    strcpy(a.instruction, "call the harbour office");
    strcpy(a.asks, "supervisor");
    a.ack_within_us = 120000000;
    a.resolve_within_us = INT64_C(86400000000);
    a.seen_events = 2;
    a.active = false;
    a.position = 77;
    a.events = 3;
    a.deadline_us = a.shelved_until_us = a.acknowledged_us = a.resolved_us = BASE_US + 5;
    cr_assert_eq(vd_pg_alert_update(pg, &a, &err), 1, "%s", err.msg);
    a.version = 2;
    cr_assert_eq(vd_pg_alert_get(pg, a.id, VD_PG_FOR_UPDATE, &b, &err), 1);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    cr_assert_eq(vd_pg_alert_get(pg, "nonsense", VD_PG_READ, &b, &err), 0);
    cr_assert_eq(
        vd_pg_alert_get(pg, "0198d1e2-7b3c-7000-8000-00000000002a", VD_PG_READ, &b, &err), 0);
}

Test(alerts, a_stale_change_and_a_senseless_one_change_nothing)
{
    struct vd_alert a = alert_of(1), b;

    insert(&a);
    strcpy(a.owner, "anna");
    cr_assert_eq(vd_pg_alert_update(pg, &a, &err), 1);
    strcpy(a.owner, "bob");
    cr_assert_eq(vd_pg_alert_update(pg, &a, &err), 0, "bob still saw version 1");
    cr_assert_eq(vd_pg_alert_get(pg, a.id, VD_PG_READ, &b, &err), 1);
    cr_assert_str_eq(b.owner, "anna");
    cr_assert_eq(b.version, 2);
    a.version = 2;
    strcpy(a.state, "asleep");
    cr_assert_eq(vd_pg_alert_update(pg, &a, &err), VD_EINVAL);
    cr_assert_eq(vd_pg_alert_get(pg, a.id, VD_PG_READ, &b, &err), 1);
    cr_assert_eq(b.version, 2);
}

static void insert_many(int n)
{
    static const char *const severities[] = {"red", "yellow", "green"};
    static const char *const areas[] = {"4403/440305", "4403/4403051", "4403/440306/7"};

    for (int i = 0; i < n; i++) {
        struct vd_alert a = alert_of(i);

        strcpy(a.severity, severities[i % 3]);
        strcpy(a.area, areas[i % 3]);
        snprintf(a.camera, sizeof a.camera, "cam-%d", i % 10);
        if (i % 2 == 0) {
            strcpy(a.state, "resolved");
            a.resolved_us = a.opened_us + 1;
        }
        insert(&a);
    }
}

static struct vd_alert found[VD_ALERT_LIST_MAX];

static int list(struct vd_alert_filter filter)
{
    filter.limit = filter.limit > 0 ? filter.limit : VD_ALERT_LIST_MAX;
    return vd_pg_alert_list(pg, &filter, found, &err);
}

Test(alerts, searches_find_what_they_name)
{
    static const char *const scopes[] = {"4403/440305", "4403/440306"};
    struct vd_alert_counts counts;

    insert_many(60);
    cr_assert_eq(list((struct vd_alert_filter){0}), 60, "%s", err.msg);
    cr_assert_gt(found[0].opened_us, found[1].opened_us);
    cr_assert_eq(list((struct vd_alert_filter){.states = {"open"}, .n_states = 1}), 30);
    cr_assert_eq(list((struct vd_alert_filter){.states = {"unresolved"}, .n_states = 1}), 30);
    cr_assert_eq(list((struct vd_alert_filter){.states = {"open", "resolved", "dispatched"},
                                               .n_states = 3}),
                 60);
    cr_assert_eq(list((struct vd_alert_filter){.severity = "yellow"}), 20);
    cr_assert_eq(list((struct vd_alert_filter){.camera = "cam-3"}), 6);
    cr_assert_eq(list((struct vd_alert_filter){.area = "4403"}), 60);
    cr_assert_eq(list((struct vd_alert_filter){.area = "4403/440305"}), 20, "not 4403051");
    cr_assert_eq(list((struct vd_alert_filter){.scopes = scopes, .n_scopes = 2}), 40);
    cr_assert_eq(
        list((struct vd_alert_filter){.area = "4403/4403051", .scopes = scopes, .n_scopes = 2}),
        0);
    cr_assert_eq(list((struct vd_alert_filter){.from_us = BASE_US + 10000000,
                                               .to_us = BASE_US + 20000000}),
                 10);
    cr_assert_eq(list((struct vd_alert_filter){.text = "CAM-7"}), 6);
    cr_assert_eq(list((struct vd_alert_filter){.text = "50% of"}), 60);
    cr_assert_eq(list((struct vd_alert_filter){.text = "50_ of"}), 0, "typed signs are plain");
    cr_assert_eq(list((struct vd_alert_filter){.text = "' OR true --"}), 0);
    cr_assert_eq(list((struct vd_alert_filter){.text = "\xff"}), VD_EINVAL);
    cr_assert_eq(list((struct vd_alert_filter){.limit = 501}), VD_EINVAL);
    cr_assert_eq(list((struct vd_alert_filter){.before_id = "x", .before_us = 1}), VD_EINVAL);
    cr_assert_eq(vd_pg_alert_counts(pg, NULL, 0, &counts, &err), 0, "%s", err.msg);
    cr_assert_eq(counts.red + counts.yellow + counts.green, 30);
    cr_assert_eq(vd_pg_alert_counts(pg, scopes, 1, &counts, &err), 0);
    cr_assert_eq(counts.red, 10);
    cr_assert_eq(counts.yellow, 0);
}

static int rank(const struct vd_alert *a)
{
    return a->severity[0] == 'r' ? 2 : a->severity[0] == 'y';
}

Test(alerts, the_urgent_come_first_and_those_beneath_a_cause_with_it)
{
    static const char *const scopes[] = {"4403/440306"};
    struct vd_alert_filter filter = {
        .limit = 7, .states = {"unresolved"}, .n_states = 1, .is_urgent_first = true};
    struct vd_alert parent = alert_of(100), child = alert_of(101), last = {0};
    int n, total = 0;

    insert_many(40);
    strcpy(parent.severity, "red");
    insert(&parent);
    strcpy(child.severity, "red");
    strcpy(child.area, "4403/440306/7");
    strcpy(child.suppressed_by, parent.id);
    insert(&child);
    while ((n = list(filter)) > 0) {
        for (int i = 0; i < n; i++) {
            const struct vd_alert *before = i > 0 ? &found[i - 1] : &last;

            cr_assert_str_neq(found[i].id, child.id);
            if (total++ > 0)
                cr_assert(rank(before) > rank(&found[i]) ||
                          (rank(before) == rank(&found[i]) &&
                           before->opened_us >= found[i].opened_us));
        }
        last = found[n - 1];
        filter.before_us = last.opened_us;
        filter.before_id = last.id;
    }
    cr_assert_eq(n, 0, "%s", err.msg);
    cr_assert_eq(total, 21);
    /* Who may not see the cause must not miss what lies beneath it; nor when it is closed. */
    cr_assert_eq(
        list((struct vd_alert_filter){
            .scopes = scopes, .n_scopes = 1, .severity = "red", .is_urgent_first = true}),
        1);
    cr_assert_str_eq(found[0].id, child.id);
    strcpy(parent.state, "resolved");
    parent.resolved_us = parent.opened_us + 1;
    cr_assert_eq(vd_pg_alert_update(pg, &parent, &err), 1);
    cr_assert_eq(
        list((struct vd_alert_filter){
            .states = {"unresolved"}, .n_states = 1, .limit = 1, .is_urgent_first = true}),
        1);
    cr_assert_str_eq(found[0].id, child.id);
}

Test(alerts, pages_follow_each_other_while_alerts_come_in)
{
    struct vd_alert_filter filter = {.limit = 7};
    char last_id[37];
    int n, total = 0;

    insert_many(40);
    while ((n = list(filter)) > 0) {
        struct vd_alert fresh = alert_of(1000 + total);

        total += n;
        memcpy(last_id, found[n - 1].id, sizeof last_id);
        filter.before_us = found[n - 1].opened_us;
        filter.before_id = last_id;
        insert(&fresh);
    }
    cr_assert_eq(total, 40, "%s", err.msg);
}

/* What EXPLAIN says, as one text. */
static const char *plan_of(struct vd_pg *owner, const char *statement)
{
    static char plan[4000];
    char sql[600];
    struct vd_pg_rows *rows = NULL;
    int n;

    plan[0] = '\0';
    snprintf(sql, sizeof sql, "EXPLAIN %s", statement);
    n = vd_pg_exec(owner, sql, NULL, &rows, &err);
    cr_assert_gt(n, 0, "%s", err.msg);
    for (int i = 0; i < n; i++)
        snprintf(plan + strlen(plan), sizeof plan - strlen(plan), "%s\n",
                 vd_pg_text(rows, i, 0));
    vd_pg_rows_free(&rows);
    return plan;
}

static void assert_uses(struct vd_pg *owner, const char *statement, const char *index)
{
    const char *plan = plan_of(owner, statement);

    cr_assert_not_null(strstr(plan, index), "%s:\n%s", statement, plan);
    cr_assert_null(strstr(plan, "Seq Scan"), "%s:\n%s", statement, plan);
}

/* What runs every minute or so, or at each start, on tables that grow for years. */
static void assert_periodic_ones(struct vd_pg *owner)
{
    static const struct {
        const char *sql, *index;
    } table[] = {
        {"SELECT id FROM alert WHERE state = 'resolved' AND NOT active AND resolved <"
         " '2026-08-01 01:00' ORDER BY resolved LIMIT 500 FOR UPDATE SKIP LOCKED",
         "alert_resolved"},
        {"DELETE FROM alert_event WHERE alert = '01990000-0000-7000-8000-000000000000'",
         "alert_event_of"},
        {"SELECT alert, event FROM alert_event WHERE NOT ended", "alert_event_alert"},
        {"UPDATE alert_event SET ended = true WHERE event = "
         "'01990000-0000-7000-8000-000000000000'",
         "alert_event_pkey"},
        {"SELECT snapshot FROM alert WHERE snapshot IS NOT NULL AND state <> 'resolved'",
         "alert_"},
        {"SELECT clip FROM alert WHERE clip IS NOT NULL AND state <> 'resolved'",
         "alert_unresolved"},
        {"SELECT ctid FROM quarantine WHERE received < '2026-08-01 01:00' AND bytes <> ''"
         " LIMIT 500",
         "quarantine_received"},
        {"SELECT source, max(sequence) FROM quarantine WHERE received < '2026-08-01 01:00'"
         " GROUP BY source",
         "quarantine_received"},
        {"SELECT ctid FROM refused_alert WHERE at < '2026-08-01 01:00' LIMIT 500",
         "refused_alert_at"},
        {"SELECT n, hash FROM log WHERE object = 'x' AND n > 5 ORDER BY n LIMIT 50",
         "log_object"},
    };

    cr_assert_eq(
        vd_pg_script(
            owner,
            "INSERT INTO alert_event SELECT id, gen_random_uuid(), state = 'resolved'"
            " FROM alert;"
            "INSERT INTO quarantine SELECT 1, i, timestamptz '2026-08-01' + i * interval '1 "
            "min',"
            " 'x', 'x' FROM generate_series(1, 20000) i;"
            "INSERT INTO refused_alert SELECT 'r', gen_random_uuid(), timestamptz '2026-08-01'"
            " + i * interval '1 min', 'x', 'x' FROM generate_series(1, 20000) i;"
            "INSERT INTO log SELECT i, now(), 'r', 'a', 'b', 'o' || i, '', ''"
            " FROM generate_series(1, 20000) i;"
            "ANALYZE alert_event; ANALYZE quarantine; ANALYZE refused_alert; ANALYZE log",
            &err),
        0, "%s", err.msg);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_uses(owner, table[i].sql, table[i].index);
}

Test(alerts, the_usual_searches_and_the_periodic_ones_use_an_index)
{
    static const struct {
        const char *where, *index;
    } table[] = {
        {"opened >= '2026-08-22' AND opened < '2026-08-23'", "alert_time"},
        {"true", "alert_time"},
        {"(opened, id) < ('2026-08-22', '00000000-0000-0000-0000-000000000000')", "alert_time"},
        {"camera = 'cam-77'", "alert_camera"},
        {"path >= '4403/12/' AND path < '4403/120'", "alert_path"},
        {"severity = 'red' AND opened < '2026-08-20'", "alert_"},
        {"state <> 'resolved'", "alert_unresolved"},
        {"state = 'dispatched'", "alert_state"},
        {"rule = 'r' AND group_key = 'g' AND last >= '2026-08-22'", "alert_group"},
    };
    struct vd_pg *owner = pg_shared_connect("vedette_owner");

    vd_pg_set_deadline(owner, 120000); /* a busy machine fills a table slowly */
    cr_assert_eq(
        vd_pg_script(
            owner,
            "INSERT INTO alert (id, version, position, severity, state, active, kind,"
            " camera, area, rule, action, group_key, resolve, events, first, last, shows,"
            " opened, resolved, changed, changed_by) SELECT gen_random_uuid(), 1, i,"
            " CASE WHEN i % 50 = 0 THEN 'red' ELSE 'green' END,"
            " CASE WHEN i % 100 = 0 THEN 'open' ELSE 'resolved' END, false, 'motion',"
            " 'cam-' || i % 500, '4403/' || i % 300, 'rule-' || i % 20, 'Look.',"
            " 'g' || i % 1000, 'auto', 1, t, t, '{}', t, t, t, 'x'"
            " FROM (SELECT i, timestamptz '2026-08-01' + i * interval '1 min' AS t"
            " FROM generate_series(1, 40000) i) s; ANALYZE alert",
            &err),
        0, "%s", err.msg);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char sql[500];

        snprintf(sql, sizeof sql,
                 "SELECT * FROM alert WHERE %s ORDER BY opened DESC, id DESC LIMIT 50",
                 table[i].where);
        assert_uses(owner, sql, table[i].index);
    }
    assert_periodic_ones(owner);
    vd_pg_close(&owner);
}

/* ---- groups, happenings, media ---- */

static char ended[4][37];
static bool still[4];
static int n_ended;
static void see_end(void *arg, const char *alert, bool still_active)
{
    (void)arg;
    memcpy(ended[n_ended], alert, 37);
    still[n_ended++] = still_active;
}

static int n_media;
static void see_media(void *arg, const char *media)
{
    (void)arg, (void)media;
    n_media++;
}

Test(alerts, an_alert_is_found_by_its_group_and_knows_its_happenings)
{
    struct vd_alert a = alert_of(1), b = alert_of(50), c;
    static const char e1[] = "0198d1e2-7b3c-7000-8000-000000000001";
    static const char e2[] = "0198d1e2-7b3c-7000-8000-000000000002";

    strcpy(a.snapshot, "gate-3.s");
    insert(&a);
    strcpy(b.group, "camera:other");
    insert(&b);
    cr_assert_eq(vd_pg_alert_of_group(pg, a.rule, a.group, a.last_us - 60000000, &c, &err), 1);
    cr_assert_str_eq(c.id, a.id);
    cr_assert_eq(vd_pg_alert_of_group(pg, a.rule, a.group, a.last_us + 1, &c, &err), 0);
    cr_assert_eq(vd_pg_alert_event_add(pg, a.id, e1, &err), 1, "%s", err.msg);
    cr_assert_eq(vd_pg_alert_event_add(pg, a.id, e1, &err), 0);
    cr_assert_eq(vd_pg_alert_event_add(pg, a.id, e2, &err), 1);
    cr_assert_eq(vd_pg_alert_event_add(pg, b.id, e2, &err), 1);
    cr_assert_eq(vd_pg_alert_event_end(pg, e1, see_end, NULL, &err), 1);
    cr_assert_str_eq(ended[0], a.id);
    cr_assert(still[0]);
    n_ended = 0;
    cr_assert_eq(vd_pg_alert_event_end(pg, e2, see_end, NULL, &err), 2);
    cr_assert_not(still[0]);
    cr_assert_not(still[1]);
    cr_assert_eq(vd_pg_alert_media(pg, see_media, NULL, &err), 1);
    strcpy(a.state, "resolved");
    a.resolved_us = BASE_US;
    cr_assert_eq(vd_pg_alert_update(pg, &a, &err), 1, "%s", err.msg);
    cr_assert_eq(vd_pg_alert_media(pg, see_media, NULL, &err), 0);
}

/* ---- rules, cameras ---- */

static int n_states;
static char states[300];
static void see_state(void *arg, const struct vd_pg_rule_state *row)
{
    (void)arg;
    n_states++;
    snprintf(states + strlen(states), sizeof states - strlen(states), "%s|%s|%s;", row->rule,
             row->key, row->state);
}

Test(alerts, the_memory_of_rules_is_saved_changed_and_forgotten)
{
    struct vd_pg_rule_state rows[] = {{"a", "x", "1"}, {"a", "y", "2"}, {"b", "", "3"}};

    cr_assert_eq(vd_pg_rule_state_save(pg, rows, 3, BASE_US, &err), 0, "%s", err.msg);
    rows[0].state = NULL;
    rows[1].state = "22";
    cr_assert_eq(vd_pg_rule_state_save(pg, rows, 3, BASE_US, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_rule_state_load(pg, see_state, NULL, &err), 2);
    cr_assert_str_eq(states, "a|y|22;b||3;");
}

/* ---- retention ---- */

static int64_t count(const char *sql)
{
    struct vd_pg_rows *rows = NULL;
    int64_t n;

    cr_assert_eq(vd_pg_exec(pg, sql, NULL, &rows, &err), 1, "%s: %s", sql, err.msg);
    n = vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    return n;
}

Test(alerts, resolved_ones_go_by_age_in_small_steps_and_their_log_stays)
{
    const int64_t DAY_US = INT64_C(86400000000), now = vd_clock_system.wall_us(NULL);
    const struct {
        const char *state;
        bool is_active;
        int days;
    } kinds[] = {{"resolved", false, 500}, {"resolved", false, 401}, {"resolved", false, 450},
                 {"resolved", false, 399}, {"resolved", true, 500},  {"open", false, 500}};
    struct vd_pg_log_head head;
    int64_t bad;

    for (int i = 0; i < 6; i++) {
        struct vd_alert a = alert_of(i);
        struct vd_pg_log_entry entry = {"rule:x", "alert.open", a.id, "{}"};
        struct vd_uuid event = vd_uuid_make(a.opened_us);
        char text[VD_UUID_TEXT];

        strcpy(a.state, kinds[i].state);
        a.active = kinds[i].is_active;
        a.resolved_us = strcmp(a.state, "open") == 0 ? 0 : now - kinds[i].days * DAY_US;
        insert(&a);
        vd_uuid_format(&event, text);
        cr_assert_eq(vd_pg_alert_event_add(pg, a.id, text, &err), 1, "%s", err.msg);
        cr_assert_eq(vd_pg_log_append(pg, &entry, &head, &err), 0);
    }
    cr_assert_eq(vd_pg_retention_alerts(pg, now - 400 * DAY_US, 2, &err), 2, "%s", err.msg);
    cr_assert_eq(vd_pg_retention_alerts(pg, now - 400 * DAY_US, 2, &err), 1);
    cr_assert_eq(vd_pg_retention_alerts(pg, now - 400 * DAY_US, 2, &err), 0);
    cr_assert_eq(count("SELECT count(*) FROM alert"), 3);
    cr_assert_eq(count("SELECT count(*) FROM alert_event"), 3);
    cr_assert_eq(vd_pg_log_verify(pg, &bad, NULL, &err), 6);
    cr_assert_eq(bad, 0);
    /* never the last day, whatever is asked */
    cr_assert_eq(vd_pg_retention_alerts(pg, now + DAY_US, 500, &err), 1);
}

Test(alerts, retention_waits_for_nobody_who_reopens_one)
{
    const int64_t now = vd_clock_system.wall_us(NULL);
    struct vd_pg *other = pg_shared_connect("vedette_console");
    struct vd_alert a = alert_of(1), seen;

    strcpy(a.state, "resolved");
    a.active = false;
    a.resolved_us = BASE_US - INT64_C(86400000000) * 3000;
    insert(&a);
    cr_assert_eq(vd_pg_begin(other, &err), 0);
    cr_assert_eq(vd_pg_alert_get(other, a.id, VD_PG_FOR_UPDATE, &seen, &err), 1);
    cr_assert_eq(vd_pg_retention_alerts(pg, now, 500, &err), 0, "%s", err.msg);
    vd_pg_rollback(other);
    vd_pg_close(&other);
    cr_assert_eq(vd_pg_retention_alerts(pg, now, 500, &err), 1);
}

static int n_cameras;
static void see_camera(void *arg, const struct vd_pg_camera *camera)
{
    (void)arg;
    n_cameras++;
    cr_assert_str_eq(camera->reason, "timeout");
}

Test(alerts, a_camera_is_written_when_it_changed)
{
    static const char *const scope[] = {"4403/1"};
    struct vd_pg_camera rows[] = {
        {"gate-3", "4403/1", "w1", "lost", BASE_US, "timeout", "{}", BASE_US},
        {"dock", "4403/10", "w2", "lost", BASE_US, "timeout", "{}", BASE_US}};

    cr_assert_eq(vd_pg_camera_store(pg, rows, 2, &err), 2, "%s", err.msg);
    rows[0].updated_us++;
    cr_assert_eq(vd_pg_camera_store(pg, rows, 2, &err), 0);
    rows[0].state = "online";
    cr_assert_eq(vd_pg_camera_store(pg, rows, 2, &err), 1);
    cr_assert_eq(vd_pg_camera_list(pg, NULL, 0, see_camera, NULL, &err), 2);
    cr_assert_eq(vd_pg_camera_list(pg, scope, 1, see_camera, NULL, &err), 1);
    cr_assert_eq(vd_pg_camera_forget(pg, "dock", &err), 1);
    cr_assert_eq(vd_pg_camera_list(pg, NULL, 0, see_camera, NULL, &err), 1);
}

/* ---- people ---- */

Test(alerts, a_session_lasts_until_it_expires_or_its_user_changes)
{
    struct vd_pg *console = pg_shared_connect("vedette_console");
    struct vd_user user = {.name = "anna",
                           .hash = "$argon2id$1",
                           .role = "operator",
                           .areas = {"4403/1", "4403/2"},
                           .n_areas = 2};
    struct vd_session session = {.token = {7, 0, 9},
                                 .name = "anna",
                                 .csrf = "c",
                                 .address = "127.0.0.1",
                                 .agent = "test",
                                 .created_us = BASE_US,
                                 .last_seen_us = BASE_US,
                                 .expires_us = BASE_US + 1000};
    struct vd_session s;
    struct vd_user u;

    cr_assert_eq(vd_pg_user_store(console, &user, BASE_US, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_user_count(console, &err), 1);
    cr_assert_eq(vd_pg_session_insert(console, &session, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_session_get(console, session.token, BASE_US, &s, &u, &err), 1, "%s",
                 err.msg);
    cr_assert_eq(memcmp(&s, &session, sizeof s), 0);
    cr_assert_eq(u.n_areas, 2);
    cr_assert_str_eq(u.areas[1], "4403/2");
    cr_assert_eq(vd_pg_session_get(console, session.token, BASE_US + 1000, &s, &u, &err), 0);
    cr_assert_eq(vd_pg_session_touch(console, session.token, BASE_US, BASE_US + 5000, &err), 1);
    cr_assert_eq(vd_pg_session_get(console, session.token, BASE_US + 1000, &s, &u, &err), 1);
    cr_assert_eq(vd_pg_user_store(console, &user, BASE_US + 1, &err), 0);
    cr_assert_eq(vd_pg_session_get(console, session.token, BASE_US, &s, &u, &err), 1,
                 "nothing changed");
    strcpy(user.hash, "$argon2id$2");
    cr_assert_eq(vd_pg_user_store(console, &user, BASE_US + 2, &err), 0);
    cr_assert_eq(vd_pg_session_get(console, session.token, BASE_US, &s, &u, &err), 0);
    cr_assert_eq(vd_pg_user_get(console, "anna", &u, &err), 1);
    cr_assert_eq(u.created_us, BASE_US);
    cr_assert_eq(u.changed_us, BASE_US + 2);
    cr_assert_eq(vd_pg_session_insert(console, &session, &err), 0);
    cr_assert_eq(vd_pg_session_expire(console, BASE_US + 2000, &err), 1);
    cr_assert_eq(vd_pg_user_remove(console, "anna", &err), 1);
    cr_assert_eq(vd_pg_user_get(console, "anna", &u, &err), 0);
    strcpy(user.role, "king");
    cr_assert_eq(vd_pg_user_store(console, &user, BASE_US, &err), VD_EINVAL);
    vd_pg_close(&console);
}

/* ---- the log ---- */

static struct vd_pg_log_row last_row;
static void see_log(void *arg, const struct vd_pg_log_row *row)
{
    (void)arg;
    last_row = *row;
}

Test(alerts, the_log_holds_together_and_a_changed_entry_is_found)
{
    struct vd_pg *owner = pg_shared_connect("vedette_owner");
    struct vd_pg_log_entry entry = {"anna", "alert.acknowledge", "a-1", "{\"was\":\"open\"}"};
    struct vd_pg_log_head head, again;
    int64_t bad = -1;

    cr_assert_eq(vd_pg_log_verify(pg, &bad, &head, &err), 0, "%s", err.msg);
    cr_assert_eq(bad, 0);
    for (int i = 1; i <= 5; i++) {
        cr_assert_eq(vd_pg_log_append(pg, &entry, &head, &err), 0, "%s", err.msg);
        cr_assert_eq(head.n, i);
    }
    cr_assert_eq(vd_pg_log_verify(pg, &bad, &again, &err), 5);
    cr_assert_eq(bad, 0);
    cr_assert_arr_eq(head.hash, again.hash, VD_LOG_HASH);
    cr_assert_eq(vd_pg_log_read(pg, 4, "a-1", 10, see_log, NULL, &err), 1);
    cr_assert_eq(last_row.n, 5);
    cr_assert_eq(vd_pg_log_read(pg, 0, NULL, 0, see_log, NULL, &err), 5);
    cr_assert_eq(vd_pg_exec(owner, "DELETE FROM log WHERE n = 5", NULL, NULL, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "append-only"), "%s", err.msg);
    cr_assert_eq(vd_pg_script(owner,
                              "ALTER TABLE log DISABLE TRIGGER log_append_only;"
                              "UPDATE log SET actor = 'bob' WHERE n = 3",
                              &err),
                 0);
    cr_assert_eq(vd_pg_log_verify(pg, &bad, NULL, &err), 5);
    cr_assert_eq(bad, 3);
    cr_assert_eq(vd_pg_script(owner,
                              "UPDATE log SET actor = 'anna' WHERE n = 3;"
                              "DELETE FROM log WHERE n = 5",
                              &err),
                 0);
    cr_assert_eq(vd_pg_log_verify(pg, &bad, NULL, &err), 4);
    cr_assert_eq(bad, 6, "the end is missing: the head knows of more");
    vd_pg_close(&owner);
}
