/* The door to libpq: values survive the trip, deadlines hold, and errors say whether to retry.
 */
#include "tests/support/pg_tmp_main.h"

#include <sys/eventfd.h>

#include "base/clock.h"
#include "storage/pg/migrate.h"

static struct vd_err err;
static struct vd_pg *pg;

static void set_up(void)
{
    pg_shared_database();
    pg = pg_shared_connect("vedette_owner");
}

static void tear_down(void)
{
    vd_pg_close(&pg);
}

TestSuite(pg, .init = set_up, .fini = tear_down, .timeout = 50);

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(NULL);
}

Test(pg, values_survive_the_trip)
{
    static const uint8_t bytes[] = {0, 1, 255, 0};
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    char uuid[37], cut[6];

    vd_pg_arg_text(&args, "Tür 'ß';--");
    vd_pg_arg_int(&args, -5000000000);
    vd_pg_arg_bool(&args, true);
    vd_pg_arg_time(&args, 1787368447412345);
    vd_pg_arg_uuid(&args, "0198d1e2-7b3c-7000-8000-00000000002a");
    vd_pg_arg_bytes(&args, bytes, sizeof bytes);
    vd_pg_arg_time(&args, 0);
    vd_pg_arg_text_or_null(&args, "");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(vd_pg_exec_prepared(pg,
                                         "SELECT $1, $2, $3, $4, $5, $6, $7, $8, 1.5::float8,"
                                         " 0.25::float4, 7::int2",
                                         &args, &rows, &err),
                     1, "%s", err.msg);
        cr_assert_str_eq(vd_pg_text(rows, 0, 0), "Tür 'ß';--");
        cr_assert_eq(vd_pg_int(rows, 0, 1), -5000000000);
        cr_assert(vd_pg_bool(rows, 0, 2));
        cr_assert_eq(vd_pg_time(rows, 0, 3), 1787368447412345);
        vd_pg_uuid(rows, 0, 4, uuid);
        cr_assert_str_eq(uuid, "0198d1e2-7b3c-7000-8000-00000000002a");
        cr_assert_eq(vd_pg_length(rows, 0, 5), 4);
        cr_assert_arr_eq(vd_pg_text(rows, 0, 5), bytes, 4);
        cr_assert_eq(vd_pg_time(rows, 0, 6), 0);
        cr_assert(vd_pg_is_null(rows, 0, 7));
        cr_assert_eq(vd_pg_real(rows, 0, 8), 1.5);
        cr_assert_eq(vd_pg_real(rows, 0, 9), 0.25);
        cr_assert_eq(vd_pg_int(rows, 0, 10), 7);
        vd_pg_copy_text(rows, 0, 0, cut, 3); /* T and half of an ü do not fit */
        cr_assert_str_eq(cut, "T");
        vd_pg_rows_free(&rows);
    }
}

Test(pg, says_whether_a_retry_may_help)
{
    struct vd_pg_opts opts = pg_tmp_opts(&pg_shared, "vedette_owner", "no_such_database");
    struct vd_pg *other = NULL;

    cr_assert_eq(vd_pg_exec(pg, "SELECT 1/0", NULL, NULL, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "division by zero"), "%s", err.msg);
    cr_assert_eq(vd_pg_exec(pg, "SELEC", NULL, NULL, &err), VD_EINVAL);
    cr_assert_eq(vd_pg_script(pg, "SELECT 1; SELECT 2", &err), 0);
    cr_assert_eq(vd_pg_script(pg, "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", &err), VD_EIO);
    cr_assert_eq(vd_pg_script(pg, "DO $$ BEGIN RAISE SQLSTATE '53100'; END $$", &err), VD_EIO);
    cr_assert(vd_pg_is_open(pg));
    cr_assert_eq(vd_pg_open(&other, &opts, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "no_such_database"), "%s", err.msg);
    opts = (struct vd_pg_opts){.host = "/nonexistent", .user = "x"};
    cr_assert_eq(vd_pg_open(&other, &opts, &err), VD_EIO);
    opts = pg_tmp_opts(&pg_shared, "vedette_owner", NULL);
    opts.password_file = "/nonexistent/secret";
    cr_assert_eq(vd_pg_open(&other, &opts, &err), VD_EINVAL);
    cr_assert_null(other);
}

Test(pg, takes_a_url_and_lets_what_is_given_beside_it_win)
{
    char url[256];
    struct vd_pg_opts opts = {.url = url, .user = "vedette_router"};
    struct vd_pg_rows *rows = NULL;
    struct vd_pg *other = NULL;

    snprintf(url, sizeof url, "postgresql:///%s?host=%s&user=vedette_reader", pg_shared_dbname,
             pg_shared.dir);
    cr_assert_eq(vd_pg_open(&other, &opts, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_exec(other, "SELECT current_user::text, current_database()::text", NULL,
                            &rows, &err),
                 1);
    cr_assert_str_eq(vd_pg_text(rows, 0, 0), "vedette_router");
    cr_assert_str_eq(vd_pg_text(rows, 0, 1), pg_shared_dbname);
    vd_pg_rows_free(&rows);
    vd_pg_close(&other);
}

Test(pg, a_server_that_stops_answering_costs_one_deadline_and_the_connection)
{
    struct vd_pg_rows *rows = NULL;
    int64_t begun_us;
    pid_t backend;

    cr_assert_eq(vd_pg_exec(pg, "SELECT pg_backend_pid()", NULL, &rows, &err), 1);
    backend = (pid_t)vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    vd_pg_set_deadline(pg, 300);
    cr_assert_eq(kill(backend, SIGSTOP), 0);
    begun_us = now_us();
    cr_assert_eq(vd_pg_exec(pg, "SELECT 1", NULL, NULL, &err), VD_ETIMEOUT);
    cr_assert_geq(now_us() - begun_us, 290000);
    cr_assert_lt(now_us() - begun_us, 1500000);
    cr_assert_not(vd_pg_is_open(pg));
    cr_assert_eq(vd_pg_exec(pg, "SELECT 1", NULL, NULL, &err), VD_EIO);
    kill(backend, SIGCONT);
}

Test(pg, a_slow_statement_is_ended_by_the_server_too)
{
    vd_pg_set_deadline(pg, 200);
    cr_assert_lt(vd_pg_exec(pg, "SELECT pg_sleep(5)", NULL, NULL, &err), 0);
    cr_assert(err.code == VD_EIO || err.code == VD_ETIMEOUT, "%s", err.msg);
}

Test(pg, a_killed_backend_is_a_broken_link)
{
    struct vd_pg *admin = pg_shared_connect("vedette_admin");

    cr_assert_eq(vd_pg_exec(admin,
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE usename = 'vedette_owner' AND datname = current_database()",
                            NULL, NULL, &err),
                 1);
    cr_assert_eq(vd_pg_exec(pg, "SELECT 1", NULL, NULL, &err), VD_EIO, "%s", err.msg);
    vd_pg_close(&admin);
}

Test(pg, waiting_ends_with_a_notification_a_wake_up_or_the_timeout)
{
    struct vd_pg *other = pg_shared_connect("vedette_owner");
    int wake = eventfd(0, EFD_CLOEXEC);

    cr_assert_eq(vd_pg_listen(pg, "vedette_feed", &err), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_listen(pg, "Robert\"; DROP", &err), VD_EINVAL);
    cr_assert_eq(vd_pg_wait(pg, 0, -1, &err), 0);
    cr_assert_eq(vd_pg_wait(pg, 30, -1, &err), 0);
    cr_assert_geq(vd_pg_exec(other, "SELECT pg_notify('vedette_feed', '')", NULL, NULL, &err),
                  0);
    cr_assert_eq(vd_pg_wait(pg, 2000, wake, &err), 1);
    cr_assert_eq(vd_pg_wait(pg, 0, wake, &err), 0);
    eventfd_write(wake, 1);
    cr_assert_eq(vd_pg_wait(pg, 5000, wake, &err), 0);
    close(wake);
    vd_pg_close(&other);
}

Test(pg, a_wish_to_stop_ends_a_wait)
{
    struct vd_pg_opts opts = pg_tmp_opts(&pg_shared, "vedette_owner", pg_shared_dbname);
    struct vd_pg *other = NULL;

    opts.stop_fd = eventfd(0, EFD_CLOEXEC);
    cr_assert_eq(vd_pg_open(&other, &opts, &err), 0);
    eventfd_write(opts.stop_fd, 1);
    cr_assert_eq(vd_pg_exec(other, "SELECT pg_sleep(5)", NULL, NULL, &err), VD_ESTOP);
    vd_pg_close(&other);
    close(opts.stop_fd);
}

Test(pg, one_connection_holds_the_routers_lock)
{
    struct vd_pg *other = pg_shared_connect("vedette_router");

    cr_assert_eq(vd_pg_lock_try(pg, VD_PG_LOCK_ROUTER, &err), 1);
    cr_assert_eq(vd_pg_lock_try(other, VD_PG_LOCK_ROUTER, &err), 0);
    vd_pg_close(&pg);
    for (int i = 0; i < 200 && vd_pg_lock_try(other, VD_PG_LOCK_ROUTER, &err) == 0; i++)
        vd_pg_wait(other, 10, -1, &err);
    cr_assert_eq(vd_pg_lock_try(other, VD_PG_LOCK_ROUTER, &err), 1);
    vd_pg_close(&other);
}

Test(pg, copy_stores_rows_and_a_bad_one_stores_none)
{
    struct vd_pg_rows *rows = NULL;

    cr_assert_eq(vd_pg_script(pg, "CREATE TABLE t (a bigint, b text, c timestamptz)", &err), 0);
    for (int bad = 0; bad < 2; bad++) {
        vd_pg_copy_begin(pg);
        for (int i = 0; i < 5000; i++) {
            vd_pg_copy_row(pg, 3);
            vd_pg_copy_int8(pg, i);
            vd_pg_copy_text_field(pg, bad && i == 4000 ? "\xff" : "x", 1);
            vd_pg_copy_time(pg, i == 0 ? 0 : 1787368447412345);
        }
        cr_assert_eq(vd_pg_copy_end(pg, "COPY t FROM STDIN (FORMAT binary)", &err),
                     bad ? VD_EINVAL : 5000, "%s", err.msg);
    }
    cr_assert_eq(vd_pg_copy_end(pg, "COPY nowhere FROM STDIN (FORMAT binary)", &err),
                 VD_EINVAL);
    cr_assert_eq(
        vd_pg_exec(pg, "SELECT count(*), sum(a)::bigint, max(c) FROM t", NULL, &rows, &err), 1,
        "%s", err.msg);
    cr_assert_eq(vd_pg_int(rows, 0, 0), 5000);
    cr_assert_eq(vd_pg_int(rows, 0, 1), 4999 * 2500);
    cr_assert_eq(vd_pg_time(rows, 0, 2), 1787368447412345);
    vd_pg_rows_free(&rows);
}

Test(pg, a_commit_of_what_had_failed_is_no_commit)
{
    cr_assert_eq(vd_pg_begin(pg, &err), 0);
    cr_assert_eq(vd_pg_exec(pg, "SELECT 1/0", NULL, NULL, NULL), VD_EINVAL);
    cr_assert_eq(vd_pg_commit(pg, &err), VD_EINVAL);
    cr_assert_eq(vd_pg_begin(pg, &err), 0);
    vd_pg_rollback(pg);
    vd_pg_rollback(pg);
    cr_assert_eq(vd_pg_exec(pg, "SELECT 1", NULL, NULL, &err), 1);
}

Test(pg, migrating_twice_changes_nothing_and_a_newer_schema_is_refused)
{
    cr_assert_eq(vd_pg_migrate(pg, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_pg_schema_check(pg, &err), 0, "%s", err.msg);
    cr_assert_eq(
        vd_pg_script(pg,
                     "INSERT INTO schema_version SELECT max(version) + 1, 'later', now()"
                     " FROM schema_version",
                     &err),
        0);
    cr_assert_eq(vd_pg_migrate(pg, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "install the newer"), "%s", err.msg);
    cr_assert_eq(vd_pg_schema_check(pg, &err), VD_EINVAL);
    cr_assert_eq(vd_pg_script(pg, "DELETE FROM schema_version", &err), 0);
    cr_assert_eq(vd_pg_schema_check(pg, &err), VD_EAGAIN);
    cr_assert_eq(
        vd_pg_script(pg, "INSERT INTO schema_version VALUES (1, 'foreign', now())", &err), 0);
    cr_assert_eq(vd_pg_migrate(pg, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "another"), "%s", err.msg);
}
