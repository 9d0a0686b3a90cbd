/* storage/pg/pg_exec.c: statements, transactions and notifications. Arguments and results
 * travel in binary, so a number or a time is never text that must be parsed. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "storage/pg/pg_conn.h"

static int ensure_open(struct vd_pg *pg, struct vd_err *err)
{
    return vd_pg_is_open(pg) ? 0 : vd_err_set(err, VD_EIO, "database: not connected");
}

/* How many rows came or were changed. */
static int count_of(const PGresult *res)
{
    const char *changed;

    if (res == NULL)
        return 0;
    if (PQresultStatus(res) == PGRES_TUPLES_OK)
        return PQntuples(res);
    changed = PQcmdTuples((PGresult *)(uintptr_t)res);
    return (int)strtol(changed, NULL, 10);
}

/* After a successful send: everything up to the result. */
static int complete(struct vd_pg *pg, int64_t deadline_us, struct vd_pg_rows **ret_rows,
                    struct vd_err *err)
{
    PGresult *res = NULL;
    int rc = pg_flush(pg, deadline_us, err);

    if (rc == 0)
        rc = pg_finish(pg, deadline_us, &res, err);
    if (rc < 0)
        return rc;
    rc = count_of(res);
    if (ret_rows != NULL)
        *ret_rows = (struct vd_pg_rows *)res;
    else
        PQclear(res);
    return rc;
}

int vd_pg_exec(struct vd_pg *pg, const char *sql, const struct vd_pg_args *args,
               struct vd_pg_rows **ret_rows, struct vd_err *err)
{
    static const struct vd_pg_args none;
    int64_t deadline_us = pg_deadline(pg);
    int rc = ensure_open(pg, err);

    if (rc < 0)
        return rc;
    if (args == NULL)
        args = &none;
    if (PQsendQueryParams(pg->conn, sql, args->n, args->types, args->values, args->lengths,
                          args->formats, 1) == 0)
        return pg_fail(pg, NULL, "send", err);
    return complete(pg, deadline_us, ret_rows, err);
}

static int prepare(struct vd_pg *pg, int slot, const char *sql, const struct vd_pg_args *args,
                   int64_t deadline_us, struct vd_err *err)
{
    char name[16];
    int rc;

    snprintf(name, sizeof name, "s%d", slot);
    if (PQsendPrepare(pg->conn, name, sql, args->n, args->types) == 0)
        return pg_fail(pg, NULL, "send", err);
    rc = complete(pg, deadline_us, NULL, err);
    if (rc >= 0)
        pg->prepared[pg->n_prepared++] = sql;
    return rc;
}

int vd_pg_exec_prepared(struct vd_pg *pg, const char *sql, const struct vd_pg_args *args,
                        struct vd_pg_rows **ret_rows, struct vd_err *err)
{
    static const struct vd_pg_args none;
    int64_t deadline_us = pg_deadline(pg);
    char name[16];
    int slot = 0, rc = ensure_open(pg, err);

    if (rc < 0)
        return rc;
    if (args == NULL)
        args = &none;
    while (slot < pg->n_prepared && pg->prepared[slot] != sql)
        slot++;
    assert(slot < PG_PREPARED_MAX);
    if (slot == pg->n_prepared && (rc = prepare(pg, slot, sql, args, deadline_us, err)) < 0)
        return rc;
    snprintf(name, sizeof name, "s%d", slot);
    if (PQsendQueryPrepared(pg->conn, name, args->n, args->values, args->lengths, args->formats,
                            1) == 0)
        return pg_fail(pg, NULL, "send", err);
    return complete(pg, deadline_us, ret_rows, err);
}

int vd_pg_script(struct vd_pg *pg, const char *sql, struct vd_err *err)
{
    int64_t deadline_us = pg_deadline(pg);
    int rc = ensure_open(pg, err);

    if (rc < 0)
        return rc;
    if (PQsendQuery(pg->conn, sql) == 0)
        return pg_fail(pg, NULL, "send", err);
    rc = complete(pg, deadline_us, NULL, err);
    return rc < 0 ? rc : 0;
}

/* ---- transactions ---- */

int vd_pg_begin(struct vd_pg *pg, struct vd_err *err)
{
    int rc;

    pg->sqlstate[0] = '\0';
    rc = vd_pg_exec(pg, "BEGIN", NULL, NULL, err);
    return rc < 0 ? rc : 0;
}

int vd_pg_begin_snapshot(struct vd_pg *pg, struct vd_err *err)
{
    int rc =
        vd_pg_exec(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NULL, NULL, err);

    return rc < 0 ? rc : 0;
}

int vd_pg_commit(struct vd_pg *pg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc = vd_pg_exec(pg, "COMMIT", NULL, &rows, err);

    /* a transaction that had failed is rolled back by COMMIT, without an error */
    if (rc >= 0 && strcmp(PQcmdStatus((PGresult *)rows), "COMMIT") != 0)
        rc = vd_err_set(err, VD_EINVAL, "database: commit: an earlier statement had failed");
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

void vd_pg_rollback(struct vd_pg *pg)
{
    if (vd_pg_is_open(pg) && PQtransactionStatus(pg->conn) != PQTRANS_IDLE &&
        vd_pg_exec(pg, "ROLLBACK", NULL, NULL, NULL) < 0)
        pg_drop(pg); /* half a transaction must not meet the next one */
}

int vd_pg_mark(struct vd_pg *pg, struct vd_err *err)
{
    int rc = vd_pg_exec(pg, "SAVEPOINT mark", NULL, NULL, err);

    return rc < 0 ? rc : 0;
}

int vd_pg_take_back(struct vd_pg *pg, struct vd_err *err)
{
    int rc = vd_pg_script(pg, "ROLLBACK TO SAVEPOINT mark; RELEASE SAVEPOINT mark", err);

    if (rc >= 0)
        pg->sqlstate[0] = '\0';
    return rc;
}

int vd_pg_lock_try(struct vd_pg *pg, int64_t key, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_int(&args, key);
    rc = vd_pg_exec(pg, "SELECT pg_try_advisory_lock($1)", &args, &rows, err);
    if (rc >= 0)
        rc = vd_pg_bool(rows, 0, 0) ? 1 : 0;
    vd_pg_rows_free(&rows);
    return rc;
}

/* ---- LISTEN / NOTIFY ---- */

int vd_pg_listen(struct vd_pg *pg, const char *channel, struct vd_err *err)
{
    char sql[80];
    int rc;

    /* a name can't be an argument, so it may hold nothing that needs quoting */
    if (channel[0] == '\0' || strlen(channel) > 60 ||
        channel[strspn(channel, "abcdefghijklmnopqrstuvwxyz_")] != '\0')
        return vd_err_set(err, VD_EINVAL, "database: channel '%s' is no plain name", channel);
    snprintf(sql, sizeof sql, "LISTEN %s", channel);
    rc = vd_pg_exec(pg, sql, NULL, NULL, err);
    return rc < 0 ? rc : 0;
}

static int take_notifications(struct vd_pg *pg)
{
    PGnotify *notify;
    int any = 0;

    while ((notify = PQnotifies(pg->conn)) != NULL) {
        PQfreemem(notify);
        any = 1;
    }
    return any;
}

int vd_pg_wait(struct vd_pg *pg, int timeout_ms, int wake_fd, struct vd_err *err)
{
    int64_t deadline_us =
        vd_clock_system.mono_us(vd_clock_system.self) + (int64_t)timeout_ms * 1000;
    int rc = ensure_open(pg, err);

    for (bool last = false; rc == 0 && !last;) {
        struct pollfd fds[3] = {{.fd = PQsocket(pg->conn), .events = POLLIN},
                                {.fd = pg->stop_fd > 0 ? pg->stop_fd : -1, .events = POLLIN},
                                {.fd = wake_fd, .events = POLLIN}};
        int64_t left_us = deadline_us - vd_clock_system.mono_us(vd_clock_system.self);

        if (take_notifications(pg) != 0)
            return 1;
        if (poll(fds, 3, left_us > 0 ? (int)((left_us + 999) / 1000) : 0) < 0 && errno != EINTR)
            return vd_err_set(err, VD_EIO, "database: poll: %s", strerror(errno));
        if (fds[1].revents != 0)
            return vd_err_set(err, VD_ESTOP, "database: stopping");
        last = fds[2].revents != 0 || left_us <= 0;
        if (fds[0].revents != 0 && PQconsumeInput(pg->conn) == 0)
            rc = pg_fail(pg, NULL, "read", err);
    }
    return rc < 0 ? rc : take_notifications(pg);
}
