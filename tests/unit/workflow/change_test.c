/* A person's change is whole: row, log and feed. What the console's role may do beyond it:
 * nothing. */
#include "tests/support/pg_tmp_main.h"

#include <pthread.h>

#include "alerts/workflow/change.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"

#define BASE_US INT64_C(1787368447000000)

static struct vd_err err;
static struct vd_pg *router, *console;

static void set_up(void)
{
    pg_shared_database();
    router = pg_shared_connect("vedette_router");
    console = pg_shared_connect("vedette_console");
}

static void tear_down(void)
{
    vd_pg_close(&router);
    vd_pg_close(&console);
}

TestSuite(change, .init = set_up, .fini = tear_down, .timeout = 50);

static struct vd_alert alert_open(int i)
{
    struct vd_alert a = {.version = 1,
                         .severity = "red",
                         .state = "open",
                         .active = true,
                         .kind = "motion",
                         .camera = "gate-3",
                         .area = "4403/1",
                         .rule = "night-gate",
                         .action = "Look at the gate",
                         .group = "camera:gate-3",
                         .resolve = "by-hand",
                         .events = 1,
                         .first_us = BASE_US,
                         .last_us = BASE_US,
                         .shows = "{\"score\":0.37,\"text\":\"a\\\\u0000b\"}",
                         .opened_us = BASE_US + i,
                         .changed_us = BASE_US,
                         .changed_by = "rule:night-gate"};
    struct vd_uuid id = vd_uuid_make(a.opened_us);

    vd_uuid_format(&id, a.id);
    cr_assert_eq(vd_pg_alert_insert(router, &a, &err), 0, "%s", err.msg);
    return a;
}

static enum vd_work_verdict work(struct vd_pg *pg, const char *id, enum vd_work_action action,
                                 int64_t version, struct vd_alert *ret)
{
    struct vd_work_change change = {.action = action,
                                    .actor = "anna",
                                    .seen_version = version,
                                    .disposition = "real",
                                    .reason = "it was nobody",
                                    .now_us = BASE_US + 1234567 + version};
    enum vd_work_verdict verdict = VD_WORK_NO_ACTOR;

    cr_assert_eq(vd_alert_change(pg, id, &change, &verdict, ret, &err), 1, "%s", err.msg);
    return verdict;
}

static int64_t number(const char *sql)
{
    struct vd_pg_rows *rows = NULL;
    int64_t n;

    cr_assert_eq(vd_pg_exec(router, sql, NULL, &rows, &err), 1, "%s: %s", sql, err.msg);
    n = vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    return n;
}

Test(change, a_change_is_in_the_row_the_log_and_the_feed)
{
    struct vd_alert a = alert_open(1), now, stored;
    struct vd_pg_feed_audit feed;
    int64_t bad;

    cr_assert_eq(work(console, a.id, VD_WORK_TAKE, 1, &now), VD_WORK_DONE);
    cr_assert_eq(work(console, a.id, VD_WORK_RESOLVE, 2, &now), VD_WORK_DONE);
    cr_assert_eq(work(console, a.id, VD_WORK_REOPEN, 3, &now), VD_WORK_DONE);
    cr_assert_eq(work(console, a.id, VD_WORK_TAKE, 3, &now), VD_WORK_STALE);
    cr_assert_eq(vd_pg_alert_get(router, a.id, VD_PG_READ, &stored, &err), 1);
    cr_assert_eq(memcmp(&now, &stored, sizeof now), 0);
    cr_assert_eq(stored.version, 4);
    cr_assert_eq(stored.position, 3);
    cr_assert_eq(vd_pg_audit_feed(router, &feed, &err), 0, "%s", err.msg);
    cr_assert_eq(feed.last, 3);
    cr_assert_eq(vd_pg_log_verify(router, &bad, NULL, &err), 3);
    cr_assert_eq(bad, 0);
    cr_assert_eq(number("SELECT count(*) FROM feed WHERE topic = 'alert/4403/1/-/red/open/'"
                        " AND position = 3"),
                 1);
}

Test(change, what_is_due_happens_once_whoever_looks_and_however_often)
{
    struct vd_alert a = alert_open(1), now;
    struct vd_pg_feed_audit feed;
    enum vd_due due;
    char ids[4][37];
    int64_t bad, at_us = BASE_US + 1 + 60000000;

    a.ack_within_us = 60000000;
    vd_work_count_from(&a, a.opened_us);
    cr_assert_eq(vd_pg_alert_update(router, &a, &err), 1, "%s", err.msg);
    cr_assert_eq(vd_pg_alert_due(router, at_us - 1, 4, ids, &err), 0);
    cr_assert_eq(vd_pg_alert_due(router, at_us, 4, ids, &err), 1, "%s", err.msg);
    cr_assert_str_eq(ids[0], a.id);
    for (int i = 0; i < 2; i++) { /* a router that died before it knew, and its successor */
        cr_assert_eq(vd_alert_due(router, a.id, at_us, &due, &now, &err), 1, "%s", err.msg);
        cr_assert_eq(due, i == 0 ? VD_DUE_ESCALATED : VD_DUE_NOTHING);
        cr_assert_eq(now.escalation, 1);
        cr_assert_eq(now.version, 3);
    }
    cr_assert_eq(vd_pg_alert_due(router, at_us, 4, ids, &err), 0);
    cr_assert_eq(work(console, a.id, VD_WORK_TAKE, 3, &now), VD_WORK_DONE);
    cr_assert_eq(now.due_us, 0, "taken, and no deadline to resolve");
    cr_assert_eq(vd_pg_audit_feed(router, &feed, &err), 0, "%s", err.msg);
    cr_assert_eq(feed.last, 2);
    cr_assert_eq(vd_pg_log_verify(router, &bad, NULL, &err), 2);
    cr_assert_eq(number("SELECT count(*) FROM log WHERE action = 'alert.escalate'"
                        " AND actor = 'vedette' AND detail::json ->> 'level' = '1'"),
                 1);
}

Test(change, the_console_stores_what_people_say_of_an_alert)
{
    struct vd_work_change change = {.action = VD_WORK_ASSIGN,
                                    .actor = "anna",
                                    .seen_version = 1,
                                    .to = "carl",
                                    .reason = "yours: \"the gate\" \xe5\x8c\x97",
                                    .now_us = BASE_US + 5};
    struct vd_alert a = alert_open(1), now, stored;
    enum vd_work_verdict verdict;

    cr_assert_eq(vd_alert_change(console, a.id, &change, &verdict, &now, &err), 1, "%s",
                 err.msg);
    change = (struct vd_work_change){.action = VD_WORK_SHELVE,
                                     .actor = "carl",
                                     .seen_version = 2,
                                     .reason = "roof works",
                                     .until_us = BASE_US + 60000000,
                                     .shelve_max_us = 60000000,
                                     .now_us = BASE_US + 6};
    cr_assert_eq(vd_alert_change(console, a.id, &change, &verdict, &now, &err), 1, "%s",
                 err.msg);
    cr_assert_eq(verdict, VD_WORK_DONE);
    cr_assert_eq(vd_pg_alert_get(router, a.id, VD_PG_READ, &stored, &err), 1);
    cr_assert_eq(memcmp(&now, &stored, sizeof now), 0);
    cr_assert_str_eq(stored.owner, "carl");
    cr_assert_eq(stored.due_us, BASE_US + 60000000);
    cr_assert_eq(number("SELECT count(*) FROM log WHERE detail::json ->> 'to' = 'carl'"), 1);
}

/* ---- what a stolen console may not ---- */

#define TAKE(more)                                                                             \
    "UPDATE alert SET version = version + 1, changed_by = 'anna', state = 'acknowledged',"     \
    " acknowledged = now(), changed = now()" more ";"
#define LOG                                                                                    \
    "SELECT log_append('anna', 'alert.take', (SELECT id::text FROM alert),"                    \
    " format('{\"version\":%s}', (SELECT version - 1 FROM alert)));"
#define BODY(more)                                                                             \
    "SELECT feed_alert(a.id, json_build_object('type', 'vedette.alert.v1', 'source',"          \
    " '/vedette/alerts', 'subject', 'alert/' || a.id, 'data', json_build_object('alert', id,"  \
    " 'version', version, 'severity', severity, 'state', state, 'active', active, 'area',"     \
    " area, 'camera', camera, 'kind', kind, 'rule', rule, 'action', action, 'resolve',"        \
    " resolve, 'opened', opened, 'acknowledged', acknowledged, 'changed', changed,"            \
    " 'changed_by', changed_by" more "), 'log', (SELECT json_build_object('n', n, 'hash',"     \
    " encode(hash, 'hex')) FROM log_head))::text) FROM alert a;"

static const struct {
    const char *what, *sql, *why;
} forgeries[] = {
    {"an event into the feed",
     "INSERT INTO feed VALUES (now(), 1, 'event/4403/1/-/gate-3/motion/start/', '{}')",
     "permission denied"},
    {"an event stored", "DELETE FROM event", "permission denied"},
    {"a position taken", "UPDATE feed_counter SET position = position + 1",
     "permission denied"},
    {"a position given away", "UPDATE alert SET position = 99", "permission denied"},
    {"an alert made", "INSERT INTO alert (id) SELECT id FROM alert", "permission denied"},
    {"an alert removed", "DELETE FROM alert", "permission denied"},
    {"what a rule saw", "UPDATE alert SET version = version + 1, severity = 'green'",
     "permission denied"},
    {"what it shows", "UPDATE alert SET version = version + 1, shows = '{}'",
     "permission denied"},
    {"the same version", "UPDATE alert SET owner = 'eve'", "does not follow"},
    {"a version too far", "UPDATE alert SET version = version + 2, owner = 'eve'",
     "does not follow"},
    {"no word to anybody", "BEGIN;" TAKE("") "COMMIT", "without its entry"},
    {"no word to the feed", "BEGIN;" TAKE("") LOG "COMMIT", "without its entry"},
    {"no word to the log", "BEGIN;" TAKE("") BODY("") "COMMIT", "(log)"},
    {"a message without a change", "BEGIN;" LOG BODY("") "COMMIT", "(alert)"},
    {"another log entry",
     "BEGIN;" TAKE("") "SELECT log_append('anna', 'alert.take', 'other', "
                       "'{\"version\":1}');" BODY("") "COMMIT",
     "(log)"},
    {"another actor",
     "BEGIN;" TAKE(", owner = 'eve'") "UPDATE alert SET version = version + 1,"
                                      " changed_by = 'eve';" LOG BODY("") "COMMIT",
     "(log)"},
    {"another owner told", "BEGIN;" TAKE("") LOG BODY(", 'owner', 'eve'") "COMMIT", "(owner)"},
    {"another severity told, too", "BEGIN;" TAKE("") LOG BODY(", 'severity', 'green'") "COMMIT",
     "(type)"},
    {"another picture told", "BEGIN;" TAKE("") LOG BODY(", 'shows', '{}'") "COMMIT", "(shows)"},
    {"a second change behind the first",
     "BEGIN;" TAKE("") LOG BODY("") "UPDATE alert SET version = version + 1, owner = 'eve';"
                                    "COMMIT",
     "without its entry"},
    {"a day dropped", "SELECT retention_run(now())", "permission denied"},
    {"the log rewritten", "UPDATE log SET actor = 'eve'", "permission denied"},
};

Test(change, a_stolen_console_forges_neither_events_nor_alerts_nor_positions)
{
    struct vd_alert a = alert_open(1), now;
    struct vd_pg_feed_audit feed;

    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        cr_assert_eq(vd_pg_script(console, forgeries[i].sql, &err), VD_EINVAL, "%s",
                     forgeries[i].what);
        cr_assert_not_null(strstr(err.msg, forgeries[i].why), "%s: %s", forgeries[i].what,
                           err.msg);
        vd_pg_rollback(console);
        cr_assert_eq(number("SELECT version FROM alert"), 1, "%s", forgeries[i].what);
    }
    cr_assert_eq(number("SELECT position FROM feed_counter"), 0);
    cr_assert_eq(vd_pg_script(console, "BEGIN;" TAKE("") LOG BODY("") "COMMIT", &err), 0,
                 "what is true passes: %s", err.msg);
    cr_assert_eq(work(console, a.id, VD_WORK_DISPATCH, 2, &now), VD_WORK_DONE);
    cr_assert_eq(vd_pg_audit_feed(router, &feed, &err), 0, "%s", err.msg);
    cr_assert_eq(feed.last, 2);
}

/* ---- two writers at once ---- */

struct writer {
    bool is_console;
    char dbname[32];
    const char *ids[2];
    int n_failed, n_done;
};

/* What a router does when it changes an alert: alert, log, feed, in this order. */
static int change_as_router(struct vd_pg *conn, const char *id, struct vd_err *why)
{
    struct vd_pg_log_entry entry = {"anna", "alert.note", id, ""};
    struct vd_pg_feed_row row = {
        .topic = "alert/x/-/red/open/", .body = "{}", .body_len = 2, .received_us = BASE_US};
    struct vd_alert alert;
    int rc;

    if ((rc = vd_pg_begin(conn, why)) < 0 ||
        (rc = vd_pg_alert_get(conn, id, VD_PG_FOR_UPDATE, &alert, why)) < 0 ||
        (rc = vd_pg_log_append(conn, &entry, NULL, why)) < 0 ||
        (rc = vd_pg_feed_take(conn, 1, &row.position, why)) < 0)
        return rc;
    alert.position = row.position;
    if ((rc = vd_pg_alert_update(conn, &alert, why)) < 0 ||
        (rc = vd_pg_feed_store(conn, &row, 1, why)) < 0 || (rc = vd_pg_commit(conn, why)) < 0)
        return rc;
    return 0;
}

/* As the console does; somebody may have been faster than its eyes. */
static int change_as_console(struct vd_pg *conn, const char *id, struct vd_err *why)
{
    struct vd_work_change change = {.action = VD_WORK_TAKE, .actor = "anna", .now_us = BASE_US};
    enum vd_work_verdict verdict = VD_WORK_STALE;
    struct vd_alert alert;
    int rc = vd_pg_alert_get(conn, id, VD_PG_READ, &alert, why);

    while (rc > 0 && verdict == VD_WORK_STALE) {
        change.seen_version = alert.version;
        rc = vd_alert_change(conn, id, &change, &verdict, &alert, why);
    }
    return rc < 0 ? rc : verdict == VD_WORK_DONE ? 0 : VD_EINVAL;
}

static void *write_on(void *arg)
{
    struct writer *w = arg;
    struct vd_pg *conn = pg_tmp_connect(
        &pg_shared, w->is_console ? "vedette_console" : "vedette_router", w->dbname);

    for (int i = 0; i < 60; i++) {
        struct vd_err why = {0};

        int rc = w->is_console ? change_as_console(conn, w->ids[i % 2], &why)
                               : change_as_router(conn, w->ids[i % 2], &why);

        if (rc < 0) {
            fprintf(stderr, "console %d: %s\n", w->is_console, why.msg);
            vd_pg_rollback(conn);
            w->n_failed++;
        } else {
            w->n_done++;
        }
    }
    vd_pg_close(&conn);
    return NULL;
}

Test(change, writers_in_the_same_order_never_wait_for_each_other_in_a_circle)
{
    struct vd_alert a = alert_open(1), b = alert_open(2), found_alert;
    struct writer writers[4];
    struct vd_pg_feed_audit feed;
    pthread_t threads[4];
    int64_t bad, done = 0;

    for (int i = 0; i < 4; i++) {
        writers[i] = (struct writer){.is_console = i % 2 == 0,
                                     .ids = {i < 2 ? a.id : b.id, i < 2 ? b.id : a.id}};
        strcpy(writers[i].dbname, pg_shared_dbname);
        pthread_create(&threads[i], NULL, write_on, &writers[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(writers[i].n_failed, 0);
        done += writers[i].n_done;
    }
    cr_assert_eq(vd_pg_audit_feed(router, &feed, &err), 0, "%s", err.msg);
    cr_assert_eq(feed.last, done);
    cr_assert_eq(vd_pg_log_verify(router, &bad, NULL, &err), (int)done);
    cr_assert_eq(bad, 0);
    cr_assert_eq(vd_pg_alert_get(router, a.id, VD_PG_READ, &found_alert, &err), 1);
    cr_assert_eq(found_alert.version, 1 + done / 2);
}
