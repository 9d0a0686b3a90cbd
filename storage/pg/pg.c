/* storage/pg/pg.c: connecting, and every wait for the server under a deadline of ours: libpq
 * alone would wait for hours on a dead peer. */
#include "storage/pg/pg.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "storage/pg/pg_conn.h"

enum { DEADLINE_MS = 10000, CONNECT_MS = 5000, SERVER_VERSION_MIN = 150000 };

static int64_t mono_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

/* SQLSTATE class -> may a retry help? 08 connection, 40 rollback, 53 resources, 57P operator,
 * 58 system, 55P03 lock not available, 57014 cancelled by statement_timeout. */
int pg_code(const PGresult *res)
{
    static const char *const transient[] = {"08", "40", "53", "57P", "58", "55P03", "57014"};
    const char *state = res != NULL ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;

    if (state == NULL)
        return VD_EIO; /* no verdict of the server at all: the link broke */
    for (size_t i = 0; i < sizeof transient / sizeof transient[0]; i++)
        if (strncmp(state, transient[i], strlen(transient[i])) == 0)
            return VD_EIO;
    return VD_EINVAL;
}

static int first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

int pg_fail(struct vd_pg *pg, const PGresult *res, const char *what, struct vd_err *err)
{
    const char *why = res != NULL ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *state = res != NULL ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    int code = pg_code(res);

    if (why == NULL)
        why = pg->conn != NULL ? PQerrorMessage(pg->conn) : "not connected";
    (void)vd_str_copy(pg->sqlstate, sizeof pg->sqlstate, state != NULL ? state : "");
    vd_err_set(err, (enum vd_code)code, "database: %s: %.*s%s%s", what, first_line(why), why,
               state != NULL ? ", SQLSTATE " : "", state != NULL ? state : "");
    if (pg->conn != NULL && PQstatus(pg->conn) == CONNECTION_BAD)
        pg_drop(pg);
    return code;
}

const char *vd_pg_sqlstate(const struct vd_pg *pg)
{
    return pg->sqlstate;
}

bool vd_pg_is_data_refused(const struct vd_pg *pg, int rc)
{
    return rc == VD_EINVAL &&
           (strncmp(pg->sqlstate, "22", 2) == 0 || strncmp(pg->sqlstate, "23", 2) == 0);
}

void pg_drop(struct vd_pg *pg)
{
    PQfinish(pg->conn); /* accepts NULL; sends its farewell without waiting */
    pg->conn = NULL;
}

int64_t pg_deadline(const struct vd_pg *pg)
{
    return mono_us() + (int64_t)pg->deadline_ms * 1000;
}

int pg_wait_socket(struct vd_pg *pg, short events, int64_t deadline_us, struct vd_err *err)
{
    struct pollfd fds[2] = {{.fd = PQsocket(pg->conn), .events = events},
                            {.fd = pg->stop_fd > 0 ? pg->stop_fd : -1, .events = POLLIN}};
    int64_t left_us;
    int n;

    do {
        left_us = deadline_us - mono_us();
        n = left_us > 0 ? poll(fds, 2, (int)((left_us + 999) / 1000)) : 0;
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return vd_err_set(err, VD_EIO, "database: poll: %s", strerror(errno));
    if (fds[1].revents != 0) {
        pg_drop(pg);
        return vd_err_set(err, VD_ESTOP, "database: stopping");
    }
    if (n == 0) {
        pg_drop(pg);
        return vd_err_set(err, VD_ETIMEOUT, "database: no answer in time");
    }
    return 0;
}

int pg_flush(struct vd_pg *pg, int64_t deadline_us, struct vd_err *err)
{
    for (;;) {
        int rc = PQflush(pg->conn);

        if (rc == 0)
            return 0;
        if (rc < 0)
            return pg_fail(pg, NULL, "send", err);
        /* reads too: a server that can't get rid of its answer reads no more of us */
        if ((rc = pg_wait_socket(pg, POLLIN | POLLOUT, deadline_us, err)) < 0)
            return rc;
        if (PQconsumeInput(pg->conn) == 0)
            return pg_fail(pg, NULL, "read", err);
    }
}

int pg_next(struct vd_pg *pg, int64_t deadline_us, PGresult **ret_res, struct vd_err *err)
{
    while (PQisBusy(pg->conn)) {
        int rc = pg_wait_socket(pg, POLLIN, deadline_us, err);

        if (rc < 0)
            return rc;
        if (PQconsumeInput(pg->conn) == 0)
            return pg_fail(pg, NULL, "read", err);
    }
    *ret_res = PQgetResult(pg->conn);
    return 0;
}

static bool is_good(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

int pg_finish(struct vd_pg *pg, int64_t deadline_us, PGresult **ret_res, struct vd_err *err)
{
    PGresult *res = NULL, *last = NULL;
    int rc = 0, next;

    while ((next = pg_next(pg, deadline_us, &res, err)) == 0 && res != NULL) {
        if (!is_good(res)) {
            if (rc == 0)
                rc = pg_fail(pg, res, "statement", err);
            PQclear(res);
            if (pg->conn == NULL)
                break;
            continue;
        }
        PQclear(last);
        last = res;
    }
    if (next < 0)
        rc = next;
    if (rc < 0) {
        PQclear(last);
        return rc;
    }
    *ret_res = last;
    return 0;
}

/* ---- open ---- */

/* A refusal that no waiting cures. libpq 15 gives no SQLSTATE for a connection that failed. */
static int connect_code(const char *why)
{
    static const char *const final[] = {"password authentication failed",
                                        "does not exist",
                                        "no password supplied",
                                        "no pg_hba.conf entry",
                                        "is not permitted to log in",
                                        "permission denied",
                                        "SSL error",
                                        "certificate"};

    /* the socket of a server that is not up yet does not exist either, for a while */
    if (strstr(why, "No such file or directory") != NULL)
        return VD_EIO;
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++)
        if (strstr(why, final[i]) != NULL)
            return VD_EINVAL;
    return VD_EIO;
}

static int connect_fail(struct vd_pg *pg, struct vd_err *err)
{
    const char *why = PQerrorMessage(pg->conn);
    int code = connect_code(why);

    return vd_err_set(err, (enum vd_code)code, "database: %.*s", first_line(why), why);
}

static int connect_wait(struct vd_pg *pg, int connect_ms, struct vd_err *err)
{
    int64_t deadline_us = mono_us() + (int64_t)connect_ms * 1000;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    while (state != PGRES_POLLING_OK) {
        int rc;

        if (state == PGRES_POLLING_FAILED || PQstatus(pg->conn) == CONNECTION_BAD)
            return connect_fail(pg, err);
        rc = pg_wait_socket(pg, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_us,
                            err);
        if (rc < 0)
            return rc;
        state = PQconnectPoll(pg->conn);
    }
    if (PQsetnonblocking(pg->conn, 1) != 0)
        return connect_fail(pg, err);
    return 0;
}

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg, (void)res; /* libpq would write it to stderr */
}

static int read_password(const char *path, char **ret_password, struct vd_err *err)
{
    size_t len;
    int rc = vd_fs_read(path, 4096, ret_password, &len, err);

    if (rc < 0)
        return vd_err_set(err, VD_EINVAL, "database: password file '%s' can't be read: %s",
                          path, strerror(errno));
    (*ret_password)[strcspn(*ret_password, "\r\n")] = '\0';
    return 0;
}

static int start(struct vd_pg *pg, const struct vd_pg_opts *opts, const char *password,
                 struct vd_err *err)
{
    enum { MAX = 20 };
    const char *keys[MAX + 1] = {0}, *values[MAX + 1] = {0};
    char port[16], timeout[16], settings[200];
    int n = 0;
    const char *dbname = opts->dbname;

    if (dbname == NULL && opts->url == NULL)
        dbname = "vedette";
    snprintf(port, sizeof port, "%d", opts->port);
    snprintf(timeout, sizeof timeout, "%d", pg->deadline_ms);
    snprintf(settings, sizeof settings,
             "-c statement_timeout=%d -c synchronous_commit=on -c timezone=UTC"
             " -c search_path=vedette,pg_catalog,pg_temp"
             " -c idle_in_transaction_session_timeout=60000",
             pg->deadline_ms);
#define ADD(key, value)                                                                        \
    do {                                                                                       \
        assert(n < MAX);                                                                       \
        keys[n] = key;                                                                         \
        values[n++] = value;                                                                   \
    } while (0)
    if (opts->url != NULL)
        ADD("dbname", opts->url); /* the first dbname may be a whole URL; what follows wins */
    if (opts->host != NULL)
        ADD("host", opts->host);
    if (opts->port != 0)
        ADD("port", port);
    if (dbname != NULL)
        ADD("dbname", dbname);
    if (opts->user != NULL)
        ADD("user", opts->user);
    if (password != NULL)
        ADD("password", password);
    ADD("application_name", opts->application != NULL ? opts->application : "vedette");
    ADD("options", settings);
    ADD("client_encoding", "UTF8");
    ADD("gssencmode", "disable");
    ADD("keepalives", "1");
    ADD("keepalives_idle", "10");
    ADD("keepalives_interval", "5");
    ADD("keepalives_count", "3");
    ADD("tcp_user_timeout", timeout);
    ADD("connect_timeout", "5");
    ADD("passfile", "/dev/null/none"); /* what we were given counts, not a file of the user's */
#undef ADD
    pg->conn = PQconnectStartParams(keys, values, 1);
    if (pg->conn == NULL)
        return vd_err_set(err, VD_ENOMEM, "database: out of memory");
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    return 0;
}

/* A server that loses what it has confirmed would make our acknowledgements lies. */
static int check_server(struct vd_pg *pg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc;

    if (PQserverVersion(pg->conn) < SERVER_VERSION_MIN)
        return vd_err_set(err, VD_EINVAL,
                          "database: PostgreSQL %d is too old, 15 or later needed",
                          PQserverVersion(pg->conn) / 10000);
    rc = vd_pg_exec(pg,
                    "SELECT current_setting('fsync') = 'on',"
                    " current_setting('synchronous_commit') <> 'off'",
                    NULL, &rows, err);
    if (rc < 0)
        return rc;
    if (!vd_pg_bool(rows, 0, 0))
        rc = vd_err_set(err, VD_EINVAL,
                        "database: runs with fsync=off: what it confirms can be "
                        "lost; set fsync=on");
    else if (!vd_pg_bool(rows, 0, 1))
        rc = vd_err_set(err, VD_EINVAL, "database: forces synchronous_commit=off");
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

int vd_pg_open(struct vd_pg **ret_pg, const struct vd_pg_opts *opts, struct vd_err *err)
{
    struct vd_pg *pg = calloc(1, sizeof *pg);
    char *password = NULL;
    int rc = 0;

    if (pg == NULL)
        return vd_err_set(err, VD_ENOMEM, "database: out of memory");
    pg->stop_fd = opts->stop_fd;
    pg->deadline_ms = opts->deadline_ms > 0 ? opts->deadline_ms : DEADLINE_MS;
    pg->opened_deadline_ms = pg->deadline_ms;
    if (opts->password_file != NULL)
        rc = read_password(opts->password_file, &password, err);
    if (rc == 0)
        rc = start(pg, opts, password, err);
    if (password != NULL) {
        explicit_bzero(password, strlen(password));
        free(password);
    }
    if (rc == 0)
        rc = connect_wait(pg, opts->connect_ms > 0 ? opts->connect_ms : CONNECT_MS, err);
    if (rc == 0)
        rc = check_server(pg, err);
    if (rc < 0) {
        vd_pg_close(&pg);
        return rc;
    }
    *ret_pg = pg;
    return 0;
}

void vd_pg_close(struct vd_pg **pg)
{
    if (*pg == NULL)
        return;
    pg_drop(*pg);
    free((*pg)->copy);
    free(*pg);
    *pg = NULL;
}

bool vd_pg_is_open(const struct vd_pg *pg)
{
    return pg->conn != NULL && PQstatus(pg->conn) == CONNECTION_OK;
}

void vd_pg_set_deadline(struct vd_pg *pg, int deadline_ms)
{
    struct vd_pg_args args = {0};
    char text[16];

    pg->deadline_ms = deadline_ms > 0 ? deadline_ms : pg->opened_deadline_ms;
    snprintf(text, sizeof text, "%d", pg->deadline_ms);
    vd_pg_arg_text(&args, text);
    /* if this fails the next call will say why */
    (void)vd_pg_exec(pg, "SELECT set_config('statement_timeout', $1, false)", &args, NULL,
                     NULL);
}

int vd_pg_fd(const struct vd_pg *pg)
{
    return pg->conn != NULL ? PQsocket(pg->conn) : -1;
}
