/* storage/pg/log.c: the chained log. The server appends and hashes (vedette.log_append, which
 * runs as the owner); here it is read and its chain recomputed. */
#include "storage/pg/log.h"

#include <string.h>

static void read_hash(const struct vd_pg_rows *rows, int row, int col,
                      uint8_t ret_hash[VD_LOG_HASH])
{
    memset(ret_hash, 0, VD_LOG_HASH);
    if (vd_pg_length(rows, row, col) == VD_LOG_HASH)
        memcpy(ret_hash, vd_pg_text(rows, row, col), VD_LOG_HASH);
}

int vd_pg_log_append(struct vd_pg *pg, const struct vd_pg_log_entry *entry,
                     struct vd_pg_log_head *ret_head, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_text(&args, entry->actor);
    vd_pg_arg_text(&args, entry->action);
    vd_pg_arg_text(&args, entry->object != NULL ? entry->object : "");
    vd_pg_arg_text(&args, entry->detail != NULL ? entry->detail : "");
    rc = vd_pg_exec_prepared(pg, "SELECT r_n, r_hash FROM vedette.log_append($1, $2, $3, $4)",
                             &args, &rows, err);
    if (rc > 0 && ret_head != NULL) {
        ret_head->n = vd_pg_int(rows, 0, 0);
        read_hash(rows, 0, 1, ret_head->hash);
    }
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

int vd_pg_log_read(struct vd_pg *pg, int64_t after, const char *object, int limit,
                   vd_pg_log_fn *each, void *arg, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int n;

    vd_pg_arg_int(&args, after);
    vd_pg_arg_text(&args, object);
    vd_pg_arg_int(&args, limit > 0 ? limit : 1000);
    n = vd_pg_exec(pg,
                   "SELECT n, at, role, actor, action, object, detail, hash FROM log"
                   " WHERE n > $1 AND ($2 IS NULL OR object = $2) ORDER BY n LIMIT $3",
                   &args, &rows, err);
    for (int i = 0; i < n; i++) {
        struct vd_pg_log_row row = {.n = vd_pg_int(rows, i, 0),
                                    .at_us = vd_pg_time(rows, i, 1),
                                    .role = vd_pg_text(rows, i, 2),
                                    .actor = vd_pg_text(rows, i, 3),
                                    .action = vd_pg_text(rows, i, 4),
                                    .object = vd_pg_text(rows, i, 5),
                                    .detail = vd_pg_text(rows, i, 6)};

        read_hash(rows, i, 7, row.hash);
        each(arg, &row);
    }
    vd_pg_rows_free(&rows);
    return n;
}

int vd_pg_log_head(struct vd_pg *pg, struct vd_pg_log_head *ret_head, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc = vd_pg_exec(pg, "SELECT n, hash FROM log_head", NULL, &rows, err);

    if (rc == 0)
        rc = vd_err_set(err, VD_EPROTO, "database: the log has no head");
    if (rc > 0) {
        ret_head->n = vd_pg_int(rows, 0, 0);
        read_hash(rows, 0, 1, ret_head->hash);
    }
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

int vd_pg_log_verify(struct vd_pg *pg, int64_t *ret_bad, struct vd_pg_log_head *ret_head,
                     struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc;

    /* the hash is spelt out rather than asked of log_hash(), which whoever changed a row could
     * have changed too */
    rc = vd_pg_exec(
        pg,
        "WITH chain AS (SELECT n, at, role, actor, action, object, detail, hash,"
        " lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY n) AS prev,"
        " row_number() OVER (ORDER BY n) AS want FROM log),"
        " bad AS (SELECT least(n, want) AS n FROM chain WHERE n <> want OR hash <>"
        " sha256(prev || int8send(n) || timestamptz_send(at)"
        " || int4send(octet_length(role)) || convert_to(role, 'UTF8')"
        " || int4send(octet_length(actor)) || convert_to(actor, 'UTF8')"
        " || int4send(octet_length(action)) || convert_to(action, 'UTF8')"
        " || int4send(octet_length(object)) || convert_to(object, 'UTF8')"
        " || int4send(octet_length(detail)) || convert_to(detail, 'UTF8')))"
        " SELECT h.n, h.hash, (SELECT count(*) FROM log), coalesce((SELECT min(n) FROM bad),"
        " CASE WHEN (SELECT hash FROM log WHERE n = h.n) IS DISTINCT FROM"
        " nullif(h.hash, decode(repeat('00', 32), 'hex'))"
        " OR h.n <> (SELECT count(*) FROM log) THEN h.n + 1 ELSE 0 END) FROM log_head h",
        NULL, &rows, err);
    if (rc == 0)
        rc = vd_err_set(err, VD_EPROTO, "database: the log has no head");
    if (rc > 0) {
        *ret_bad = vd_pg_int(rows, 0, 3);
        if (ret_head != NULL) {
            ret_head->n = vd_pg_int(rows, 0, 0);
            read_hash(rows, 0, 1, ret_head->hash);
        }
        rc = (int)vd_pg_int(rows, 0, 2);
    }
    vd_pg_rows_free(&rows);
    return rc;
}
