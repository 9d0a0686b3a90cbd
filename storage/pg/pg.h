/* storage/pg/pg.h: the one door to libpq. Every call has a deadline: when it passes, the
 * connection is finished, for a half-answered one is of no use. A struct vd_pg belongs to one
 * thread. SQL is text fixed in the code; what varies travels as arguments. */
#ifndef VD_STORAGE_PG_PG_H
#define VD_STORAGE_PG_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct vd_pg; /* opaque: one connection, one owner thread */

struct vd_pg_opts {
    const char *url;           /* postgresql:// URL or conninfo, no password in it; or NULL */
    const char *host;          /* socket folder (begins with '/') or host; NULL: as url says */
    int port;                  /* 0: 5432, or as url says */
    const char *dbname;        /* NULL: "vedette", or as url says */
    const char *user;          /* NULL: as url says */
    const char *password_file; /* its first line is the password; NULL: none */
    const char *application;   /* application_name, e.g. "vedette-router"; NULL: "vedette" */
    int deadline_ms;           /* of each call; 0: 10 000 */
    int connect_ms;            /* of vd_pg_open; 0: 5 000 */
    int stop_fd;               /* > 0: polls readable when waiting should end with VD_ESTOP */
};

/* Connects, sets statement_timeout to the deadline, synchronous_commit=on, UTC and search_path
 * vedette, and refuses a server with fsync=off or older than 15 (VD_EINVAL).
 * VD_ETIMEOUT, VD_EIO (not there, starting up, too many clients): try again later.
 * VD_EINVAL: wrong password, no such database or role, unreadable password file. */
int vd_pg_open(struct vd_pg **ret_pg, const struct vd_pg_opts *opts, struct vd_err *err);
void vd_pg_close(struct vd_pg **pg); /* accepts NULL; never blocks */

/* False once the link broke or a deadline passed: every call but close then gives VD_EIO. */
bool vd_pg_is_open(const struct vd_pg *pg);

/* Changes the deadline of the calls to come, for a long one like an audit (0: the opened one).
 */
void vd_pg_set_deadline(struct vd_pg *pg, int deadline_ms);

/* ---- arguments ---- */

#define VD_PG_ARGS_MAX 48

/* The $1, $2 … of a statement, in the order they are added. Borrows text and bytes until the
 * statement has run. Start with a zeroed struct; adding beyond VD_PG_ARGS_MAX asserts. */
struct vd_pg_args {
    int n;
    uint32_t types[VD_PG_ARGS_MAX];
    const char *values[VD_PG_ARGS_MAX];
    int lengths[VD_PG_ARGS_MAX];
    int formats[VD_PG_ARGS_MAX];
    char store[VD_PG_ARGS_MAX][8];
};

void vd_pg_arg_text(struct vd_pg_args *args, const char *text);         /* NULL pointer: NULL */
void vd_pg_arg_text_or_null(struct vd_pg_args *args, const char *text); /* "" too: NULL */
void vd_pg_arg_uuid(struct vd_pg_args *args, const char *text);         /* "" or NULL: NULL */
void vd_pg_arg_bytes(struct vd_pg_args *args, const void *bytes, size_t len); /* bytea */
void vd_pg_arg_int(struct vd_pg_args *args, int64_t value);                   /* bigint */
void vd_pg_arg_bool(struct vd_pg_args *args, bool value);
void vd_pg_arg_time(struct vd_pg_args *args, int64_t wall_us); /* timestamptz; 0: NULL */

/* ---- statements ---- */

struct vd_pg_rows; /* a result, in memory; freed by vd_pg_rows_free */

/* Runs one statement. args may be NULL. ret_rows may be NULL when rows are of no interest.
 * Returns the number of rows returned or changed.
 * Errors, everywhere in this room: VD_EIO the link broke or the server asks for a retry
 * (SQLSTATE classes 08, 40, 53, 57P, 58, 55P03); VD_ETIMEOUT the deadline passed; VD_ESTOP;
 * VD_EINVAL the server refused the statement for good (constraint, privilege, syntax);
 * VD_EPROTO the server's answer is not what it should be.
 * After an error inside a transaction call vd_pg_rollback. */
int vd_pg_exec(struct vd_pg *pg, const char *sql, const struct vd_pg_args *args,
               struct vd_pg_rows **ret_rows, struct vd_err *err);

/* The same, prepared once a connection and found again by the address of sql, which must
 * therefore be a string literal used for nothing else. */
int vd_pg_exec_prepared(struct vd_pg *pg, const char *sql, const struct vd_pg_args *args,
                        struct vd_pg_rows **ret_rows, struct vd_err *err);

/* Runs a script of several statements without arguments: migrations, session set-up. */
int vd_pg_script(struct vd_pg *pg, const char *sql, struct vd_err *err);

/* SQLSTATE of what the server refused last since vd_pg_begin, "" when it refused nothing: class
 * 22 and 23 blame the data, 42 the program. Lives as long as the connection. */
const char *vd_pg_sqlstate(const struct vd_pg *pg);

/* Whether rc, the answer of a call here, blames the data it was given: SQLSTATE 22 and 23. */
bool vd_pg_is_data_refused(const struct vd_pg *pg, int rc);

void vd_pg_rows_free(struct vd_pg_rows **rows);
int vd_pg_rows_count(const struct vd_pg_rows *rows);
/* Values by row and column, from 0. NULL reads as false, "", 0. Text lives as long as rows. */
bool vd_pg_is_null(const struct vd_pg_rows *rows, int row, int col);
const char *vd_pg_text(const struct vd_pg_rows *rows, int row, int col);
size_t vd_pg_length(const struct vd_pg_rows *rows, int row, int col); /* bytes of it */
int64_t vd_pg_int(const struct vd_pg_rows *rows, int row, int col);   /* int2, int4, int8 */
bool vd_pg_bool(const struct vd_pg_rows *rows, int row, int col);
double vd_pg_real(const struct vd_pg_rows *rows, int row, int col);  /* float4, float8 */
int64_t vd_pg_time(const struct vd_pg_rows *rows, int row, int col); /* timestamptz, wall us */
void vd_pg_uuid(const struct vd_pg_rows *rows, int row, int col, char ret_text[37]);
void vd_pg_copy_text(const struct vd_pg_rows *rows, int row, int col, char *ret_text,
                     size_t size); /* cut at size - 1 bytes, at the edge of a character */

/* ---- transactions ---- */

int vd_pg_begin(struct vd_pg *pg, struct vd_err *err);
int vd_pg_begin_snapshot(struct vd_pg *pg, struct vd_err *err); /* REPEATABLE READ READ ONLY */
/* VD_EIO or VD_ETIMEOUT: the outcome is unknown; on a new connection read source.last_sequence
 * (or the alert's version) to learn it. */
int vd_pg_commit(struct vd_pg *pg, struct vd_err *err);
void vd_pg_rollback(struct vd_pg *pg); /* harmless outside of a transaction */

/* Inside a transaction: marks where it is, and takes back all since the mark, refusals too. */
int vd_pg_mark(struct vd_pg *pg, struct vd_err *err);
int vd_pg_take_back(struct vd_pg *pg, struct vd_err *err);

/* ---- COPY (binary) ---- */

/* Rows are built in a buffer of the connection that is kept for the next time, and sent at
 * vd_pg_copy_end. sql is "COPY t (a, b) FROM STDIN (FORMAT binary)". */
void vd_pg_copy_begin(struct vd_pg *pg);
void vd_pg_copy_row(struct vd_pg *pg, int n_columns);
void vd_pg_copy_text_field(struct vd_pg *pg, const char *text, size_t len);
void vd_pg_copy_int2(struct vd_pg *pg, int16_t value);
void vd_pg_copy_int4(struct vd_pg *pg, int32_t value);
void vd_pg_copy_int8(struct vd_pg *pg, int64_t value);
void vd_pg_copy_real(struct vd_pg *pg, float value); /* float4 */
void vd_pg_copy_bool(struct vd_pg *pg, bool value);
void vd_pg_copy_time(struct vd_pg *pg, int64_t wall_us); /* 0: NULL */
void vd_pg_copy_uuid(struct vd_pg *pg, const uint8_t bytes[16]);
void vd_pg_copy_null(struct vd_pg *pg);
/* Returns the number of rows stored. VD_ENOMEM if the buffer could not grow meanwhile. */
int vd_pg_copy_end(struct vd_pg *pg, const char *sql, struct vd_err *err);

/* ---- LISTEN / NOTIFY ---- */

/* channel: a plain lower-case name of ours, e.g. VD_PG_FEED_CHANNEL. */
int vd_pg_listen(struct vd_pg *pg, const char *channel, struct vd_err *err);
/* Waits for a notification, at most timeout_ms (0: only looks). wake_fd: also returns when it
 * polls readable; -1: none. Returns 1: notified (all that are pending are taken), 0: timeout or
 * wake_fd; VD_EIO: the link broke; VD_ESTOP. */
int vd_pg_wait(struct vd_pg *pg, int timeout_ms, int wake_fd, struct vd_err *err);
/* The socket, to be polled for reading together with others, then vd_pg_wait(…, 0, …). It may
 * change with a new connection. -1: not open. */
int vd_pg_fd(const struct vd_pg *pg);

/* ---- advisory locks ---- */

#define VD_PG_LOCK_ROUTER  INT64_C(0x7665646574746501) /* held by the one active router */
#define VD_PG_LOCK_MIGRATE INT64_C(0x7665646574746502) /* held while migrating */

/* Takes the lock for the life of the connection. Returns 1: taken, 0: another has it. */
int vd_pg_lock_try(struct vd_pg *pg, int64_t key, struct vd_err *err);

#endif
