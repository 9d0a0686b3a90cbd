/* storage/pg/pg_conn.h: a connection from within: only pg*.c includes this, and libpq. */
#ifndef VD_STORAGE_PG_PG_CONN_H
#define VD_STORAGE_PG_PG_CONN_H

#include <libpq-fe.h>

#include "storage/pg/pg.h"

enum { PG_PREPARED_MAX = 128 };

struct vd_pg {
    PGconn *conn; /* NULL: finished */
    int stop_fd;
    int deadline_ms, opened_deadline_ms;
    const char *prepared[PG_PREPARED_MAX]; /* statement i is named "s<i>" */
    int n_prepared;
    char *copy; /* rows being built; kept for the next time */
    size_t copy_len, copy_size;
    int copy_rows;
    bool copy_failed; /* out of memory */
    char sqlstate[6]; /* of the last refusal in this transaction */
};

/* The one place where an error of the server becomes one of ours. NULL: the link broke. */
int pg_code(const PGresult *res);

/* Says what failed and why, in one line without secrets. res may be NULL. Returns its code. */
int pg_fail(struct vd_pg *pg, const PGresult *res, const char *what, struct vd_err *err);

/* When a call that begins now must have ended, monotonic. */
int64_t pg_deadline(const struct vd_pg *pg);

/* Waits for the socket. Returns 0; VD_ETIMEOUT and VD_ESTOP also finish the connection. */
int pg_wait_socket(struct vd_pg *pg, short events, int64_t deadline_us, struct vd_err *err);

/* Sends what is queued. */
int pg_flush(struct vd_pg *pg, int64_t deadline_us, struct vd_err *err);

/* The next result of what was sent; NULL at its end. Freed by the caller. */
int pg_next(struct vd_pg *pg, int64_t deadline_us, PGresult **ret_res, struct vd_err *err);

/* Takes all results; gives the last good one (NULL: none), or fails with the first bad one. */
int pg_finish(struct vd_pg *pg, int64_t deadline_us, PGresult **ret_res, struct vd_err *err);

/* Gives the connection up. */
void pg_drop(struct vd_pg *pg);

#endif
