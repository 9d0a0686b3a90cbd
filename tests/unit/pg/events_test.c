/* Events are stored once and in order, the feed has no holes, and retention says what it took.
 */
#include "tests/support/pg_tmp_main.h"

#include "storage/pg/events.h"
#include "storage/pg/feed.h"
#include "tests/support/pg_rows.h"

static struct vd_err err;
static struct vd_pg *pg;
static struct vd_pg_source source;

#define DAY_US INT64_C(86400000000)

static void set_up(void)
{
    pg_shared_database();
    pg = pg_shared_connect("vedette_router");
    cr_assert_eq(vd_pg_source_get(pg, "/ingest/w1/a", &source, &err), 0, "%s", err.msg);
}

static void tear_down(void)
{
    vd_pg_close(&pg);
}

TestSuite(events, .init = set_up, .fini = tear_down, .timeout = 50);

struct step {
    int happening;
    const char *phase;
};

/* One batch as the router stores it; the sequences that follow source.last_sequence. */
static int store(const struct step *steps, int n, int64_t received_us)
{
    struct vd_pg_event events[64];
    struct row texts[64];
    struct vd_pg_advance move = {source.id, source.last_sequence, source.last_sequence + n};
    int64_t position = 0;
    int rc;

    if ((rc = vd_pg_begin(pg, &err)) < 0 || (rc = vd_pg_feed_take(pg, n, &position, &err)) < 0)
        return rc;
    for (int i = 0; i < n; i++) {
        events[i] = row_event(&texts[i], source.id, source.last_sequence + 1 + i,
                              steps[i].happening, steps[i].phase);
        events[i].position = position + i;
        if (received_us != 0)
            events[i].received_us = received_us;
    }
    if ((rc = vd_pg_events_store(pg, events, n, &err)) < 0 ||
        (rc = vd_pg_source_advance(pg, &move, 1, row_now_us(), &err)) < 0 ||
        (rc = vd_pg_commit(pg, &err)) < 0) {
        vd_pg_rollback(pg);
        return rc;
    }
    source.last_sequence += n;
    return 0;
}

static const struct step three[] = {{1, "start"}, {2, "start"}, {2, "end"}};

static struct vd_pg_audit audited;
static void take_audit(void *arg, const struct vd_pg_audit *audit)
{
    (void)arg;
    audited = *audit;
}

static void assert_sound(void)
{
    struct vd_pg_feed_audit feed;

    cr_assert_eq(vd_pg_audit_sources(pg, take_audit, NULL, &err), 0,
                 "%s: missing %lld duplicates %lld beyond %lld gap %lld", err.msg,
                 (long long)audited.missing, (long long)audited.duplicates,
                 (long long)audited.beyond, (long long)audited.first_gap);
    cr_assert_eq(vd_pg_audit_feed(pg, &feed, &err), 0, "floor %lld last %lld stored %lld",
                 (long long)feed.floor, (long long)feed.last, (long long)feed.stored);
}

static void run(const char *role, const char *sql)
{
    struct vd_pg *other = pg_shared_connect(role);
    struct vd_err why = {0};

    cr_assert_geq(vd_pg_exec(other, sql, NULL, NULL, &why), 0, "%s", why.msg);
    vd_pg_close(&other);
}

static int64_t number(const char *sql)
{
    struct vd_pg *other = pg_shared_connect("vedette_owner");
    struct vd_pg_rows *rows = NULL;
    int64_t value;

    cr_assert_eq(vd_pg_exec(other, sql, NULL, &rows, &err), 1, "%s", err.msg);
    value = vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    vd_pg_close(&other);
    return value;
}

Test(events, a_batch_is_stored_whole_or_not_at_all)
{
    struct vd_pg_source again;

    cr_assert_eq(store(three, 3, 0), 0, "%s", err.msg);
    cr_assert_eq(store(three, 3, 0), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_source_get(pg, "/ingest/w1/a", &again, &err), 0);
    cr_assert_eq(again.id, source.id);
    cr_assert_eq(again.last_sequence, 6);
    assert_sound();
    cr_assert_eq(audited.stored, 6);
    /* a second router, which believes less, is refused and changes nothing */
    source.last_sequence = 3;
    cr_assert_eq(store(three, 3, 0), VD_EPROTO);
    cr_assert_not_null(strstr(err.msg, "another router"), "%s", err.msg);
    assert_sound();
    cr_assert_eq(number("SELECT count(*) FROM event_default"), 0, "today has its partition");
}

Test(events, the_audit_finds_what_is_missing_twice_or_beyond)
{
    store(three, 3, 0);
    store(three, 3, 0);
    run("vedette_owner", "DELETE FROM event WHERE sequence = 4");
    cr_assert_eq(vd_pg_audit_sources(pg, take_audit, NULL, &err), 1);
    cr_assert_eq(audited.missing, 1);
    cr_assert_eq(audited.first_gap, 4);
    run("vedette_owner", "INSERT INTO event SELECT received - interval '1 s', position, source,"
                         " sequence, id, event, rev, phase, kind, camera, area, time"
                         " FROM event WHERE sequence = 5");
    run("vedette_owner", "UPDATE source SET last_sequence = 5");
    cr_assert_eq(vd_pg_audit_sources(pg, take_audit, NULL, &err), 1);
    cr_assert_eq(audited.duplicates, 1);
    cr_assert_eq(audited.beyond, 1);
}

Test(events, poison_takes_its_number_and_counts_as_stored)
{
    struct vd_pg_advance move = {source.id, 0, 1};

    cr_assert_eq(vd_pg_begin(pg, &err), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(vd_pg_quarantine(pg, source.id, 1, row_now_us(), "version 9 is unknown",
                                      "\0{\xff", 3, &err),
                     0, "%s", err.msg);
    cr_assert_eq(vd_pg_source_advance(pg, &move, 1, row_now_us(), &err), 0);
    cr_assert_eq(vd_pg_commit(pg, &err), 0);
    assert_sound();
    cr_assert_eq(audited.quarantined, 1);
    source.last_sequence = 1;
    cr_assert_eq(store(three, 3, 0), 0);
    assert_sound();
}

Test(events, a_body_that_is_no_text_fails_for_good_and_leaves_nothing)
{
    struct row text;
    struct vd_pg_event event = row_event(&text, source.id, 1, 1, "start");

    text.body[3] = '\xff';
    cr_assert_eq(vd_pg_begin(pg, &err), 0);
    cr_assert_eq(vd_pg_feed_take(pg, 1, &event.position, &err), 0);
    cr_assert_eq(vd_pg_events_store(pg, &event, 1, &err), VD_EINVAL);
    vd_pg_rollback(pg);
    assert_sound();
}

static int n_open;
static char open_body[256];
static void see_open(void *arg, const struct vd_pg_open_event *event)
{
    (void)arg;
    n_open++;
    snprintf(open_body, sizeof open_body, "%s", event->body);
    cr_assert_str_eq(event->camera, "gate-3");
}

Test(events, knows_what_has_begun_and_not_ended)
{
    static const struct step first[] = {{1, "start"}, {2, "start"}, {2, "update"},
                                        {3, "start"}, {3, "end"},   {3, "media"}};
    static const struct step second[] = {{1, "end"}, {2, "update"}, {4, "media"}, {4, "end"}};

    cr_assert_eq(store(first, 6, 0), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_events_open(pg, see_open, NULL, &err), 2, "%s", err.msg);
    cr_assert_eq(store(second, 4, 0), 0, "%s", err.msg);
    n_open = 0;
    cr_assert_eq(vd_pg_events_open(pg, see_open, NULL, &err), 1);
    cr_assert_eq(n_open, 1);
    cr_assert_not_null(strstr(open_body, "update"), "%s", open_body);
}

/* ---- the feed ---- */

static int64_t seen_position;
static int n_seen;
static void see_row(void *arg, const struct vd_pg_feed_row *row)
{
    (void)arg;
    cr_assert_gt(row->position, seen_position);
    cr_assert_eq(row->body_len, strlen(row->body));
    seen_position = row->position;
    n_seen++;
}

Test(events, the_feed_is_read_in_pieces_by_prefix_up_to_its_end)
{
    struct vd_pg_feed_query query = {
        .after = 0, .prefix = "event/4403/-/gate-3/motion/start/", .limit = 3, .span = 4};
    int64_t through = 0, last, floor;
    int n, calls = 0;

    for (int i = 0; i < 5; i++)
        store(three, 3, 0);
    cr_assert_eq(vd_pg_feed_position(pg, &last, &floor, &err), 0);
    cr_assert_eq(last, 15);
    cr_assert_eq(floor, 1);
    while ((n = vd_pg_feed_read(pg, &query, see_row, NULL, &through, &err)) > 0 ||
           through > query.after) {
        cr_assert_geq(n, 0, "%s", err.msg);
        query.after = through;
        calls++;
    }
    cr_assert_eq(n_seen, 10);
    cr_assert_eq(through, 15);
    cr_assert_leq(calls, 6);
    query = (struct vd_pg_feed_query){.after = 5};
    n_seen = 0;
    seen_position = 5;
    cr_assert_eq(vd_pg_feed_read(pg, &query, see_row, NULL, &through, &err), 10);
    cr_assert_eq(through, 15);
    cr_assert_eq(vd_pg_feed_position_at(pg, row_now_us() + DAY_US, &last, &err), 0);
    cr_assert_eq(last, 16);
    cr_assert_eq(vd_pg_feed_position_at(pg, row_now_us() - DAY_US, &last, &err), 0);
    cr_assert_eq(last, 1);
    cr_assert_eq(store(three, 3, row_now_us() + DAY_US), 0);
    cr_assert_eq(vd_pg_feed_position_at(pg, row_now_us() + DAY_US / 2, &last, &err), 0);
    cr_assert_eq(last, 16);
}

Test(events, positions_of_two_writers_are_contiguous_and_in_the_order_of_their_commits)
{
    struct vd_pg *other = pg_shared_connect("vedette_router");
    struct vd_pg_feed_row row = {.topic = "alert/4403/-/red/open/",
                                 .body = "{}",
                                 .body_len = 2,
                                 .received_us = row_now_us()};
    struct vd_err why = {0};
    int64_t first = 0;

    store(three, 3, 0);
    cr_assert_eq(vd_pg_begin(other, &why), 0);
    cr_assert_eq(vd_pg_feed_take(other, 1, &first, &why), 0, "%s", why.msg);
    cr_assert_eq(first, 4);
    row.position = first;
    cr_assert_eq(vd_pg_feed_store(other, &row, 1, &why), 1, "%s", why.msg);
    /* the first would now wait for the other's commit; a rollback gives the number back */
    vd_pg_rollback(other);
    store(three, 3, 0);
    assert_sound();
    cr_assert_eq(vd_pg_begin(other, &why), 0);
    cr_assert_eq(vd_pg_feed_take(other, 1, &first, &why), 0);
    row.position = first;
    cr_assert_eq(vd_pg_feed_store(other, &row, 1, &why), 1);
    cr_assert_eq(vd_pg_listen(pg, VD_PG_FEED_CHANNEL, &err), 0);
    cr_assert_eq(vd_pg_feed_notify(other, &why), 0);
    cr_assert_eq(vd_pg_wait(pg, 0, -1, &err), 0);
    cr_assert_eq(vd_pg_commit(other, &why), 0);
    cr_assert_eq(vd_pg_wait(pg, 5000, -1, &err), 1);
    store(three, 3, 0);
    assert_sound();
    vd_pg_close(&other);
}

/* ---- days ---- */

Test(events, rows_that_came_before_their_partition_are_moved_into_it)
{
    int64_t then_us = row_now_us() + 5 * DAY_US;

    cr_assert_eq(store(three, 3, then_us), 0, "%s", err.msg);
    cr_assert_eq(number("SELECT count(*) FROM event_default"), 3);
    cr_assert_eq(vd_pg_partitions_ahead(pg, then_us, 0, &err), 2, "%s", err.msg);
    cr_assert_eq(vd_pg_partitions_ahead(pg, then_us, 0, &err), 0);
    cr_assert_eq(number("SELECT count(*) FROM event_default"), 0);
    cr_assert_eq(number("SELECT count(*) FROM feed_default"), 0);
    assert_sound();
}

/* Half a second at most, for writers wait meanwhile; then another time. */
static void assert_waits_for_readers(int64_t before_us)
{
    struct vd_pg *reader = pg_shared_connect("vedette_reader");
    struct vd_pg_feed_audit feed;

    cr_assert_eq(vd_pg_begin_snapshot(reader, &err), 0);
    cr_assert_geq(vd_pg_audit_feed(reader, &feed, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_retention(pg, before_us, &err), VD_EIO, "%s", err.msg);
    vd_pg_rollback(reader);
    vd_pg_close(&reader);
    assert_sound();
}

Test(events, retention_drops_whole_days_and_leaves_the_floors)
{
    struct vd_pg_feed_query query = {.after = 0};
    int64_t now = row_now_us(), through, last, floor;

    cr_assert_eq(vd_pg_partitions_ahead(pg, now - 40 * DAY_US, 1, &err), 4, "%s", err.msg);
    store(three, 3, now - 40 * DAY_US);
    store(three, 3, now - 35 * DAY_US); /* no partition of its own */
    store(three, 3, 0);
    cr_assert_eq(vd_pg_retention(pg, now - 60 * DAY_US, &err), 0, "%s", err.msg);
    assert_sound();
    assert_waits_for_readers(now - 30 * DAY_US);
    cr_assert_eq(vd_pg_retention(pg, now - 30 * DAY_US, &err), 4, "%s", err.msg);
    assert_sound();
    cr_assert_eq(audited.floor, 6);
    cr_assert_eq(audited.stored, 3);
    cr_assert_eq(vd_pg_feed_position(pg, &last, &floor, &err), 0);
    cr_assert_eq(floor, 7);
    cr_assert_eq(vd_pg_feed_read(pg, &query, see_row, NULL, &through, &err), VD_EEOF);
    query.after = 6;
    seen_position = 6;
    cr_assert_eq(vd_pg_feed_read(pg, &query, see_row, NULL, &through, &err), 3);
    /* never the last day, whatever is asked */
    cr_assert_geq(vd_pg_retention(pg, now + 90 * DAY_US, &err), 0, "%s", err.msg);
    cr_assert_eq(number("SELECT count(*) FROM event"), 3);
}

Test(events, quarantine_goes_by_its_own_age_and_the_audit_stays_sound)
{
    int64_t now = row_now_us();
    struct vd_pg_advance move = {source.id, 3, 4};

    cr_assert_eq(vd_pg_partitions_ahead(pg, now - 40 * DAY_US, 0, &err), 2, "%s", err.msg);
    store(three, 3, now - 40 * DAY_US);
    cr_assert_eq(vd_pg_quarantine(pg, source.id, 4, now - 20 * DAY_US, "no JSON", "{", 1, &err),
                 0, "%s", err.msg);
    cr_assert_eq(vd_pg_source_advance(pg, &move, 1, now, &err), 0, "%s", err.msg);
    source.last_sequence = 4;
    store(three, 3, 0);
    assert_sound();
    /* events of its age are still kept: its number stays, its bytes go */
    cr_assert_eq(vd_pg_retention(pg, now - 30 * DAY_US, &err), 2, "%s", err.msg);
    cr_assert_eq(vd_pg_retention_quarantine(pg, now - 10 * DAY_US, 500, &err), 1, "%s",
                 err.msg);
    cr_assert_eq(vd_pg_retention_quarantine(pg, now - 10 * DAY_US, 500, &err), 0);
    cr_assert_eq(number("SELECT length(bytes) FROM quarantine"), 0);
    assert_sound();
    cr_assert_eq(audited.floor, 3);
    cr_assert_eq(audited.quarantined, 1);
    /* they are not: it stays readable below the floor, until its own age */
    cr_assert_eq(vd_pg_retention(pg, now - 15 * DAY_US, &err), 0, "%s", err.msg);
    assert_sound();
    cr_assert_eq(audited.floor, 4);
    cr_assert_eq(vd_pg_retention_quarantine(pg, now - 30 * DAY_US, 500, &err), 0);
    cr_assert_eq(number("SELECT count(*) FROM quarantine"), 1);
    cr_assert_eq(vd_pg_retention_quarantine(pg, now - 15 * DAY_US, 500, &err), 1);
    cr_assert_eq(number("SELECT count(*) FROM quarantine"), 0);
    assert_sound();
    cr_assert_eq(audited.stored, 3);
}

Test(events, no_role_of_the_application_may_change_tables_or_forget_events)
{
    static const char *const refused[] = {"DELETE FROM event",
                                          "UPDATE feed SET body = ''",
                                          "DROP TABLE feed",
                                          "ALTER TABLE alert ADD x int",
                                          "DELETE FROM log",
                                          "UPDATE log SET actor = ''",
                                          "TRUNCATE quarantine",
                                          "UPDATE feed_counter SET floor = 0",
                                          "INSERT INTO log_head VALUES (true, 0, '')"};
    static const char *const roles[] = {"vedette_router", "vedette_console", "vedette_reader"};

    for (size_t r = 0; r < 3; r++) {
        struct vd_pg *other = pg_shared_connect(roles[r]);

        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
            cr_assert_eq(vd_pg_exec(other, refused[i], NULL, NULL, &err), VD_EINVAL, "%s: %s",
                         roles[r], refused[i]);
            cr_assert(strstr(err.msg, "42501") != NULL, "%s: %s", roles[r], err.msg);
        }
        if (strcmp(roles[r], "vedette_router") != 0) {
            cr_assert_eq(vd_pg_retention(other, 1, &err), VD_EINVAL);
            cr_assert_eq(
                vd_pg_exec(other, "INSERT INTO source (source) VALUES ('x')", NULL, NULL, &err),
                VD_EINVAL);
        } else {
            cr_assert_eq(vd_pg_exec(other, "SELECT hash FROM app_user", NULL, NULL, &err),
                         VD_EINVAL);
        }
        vd_pg_close(&other);
    }
}
