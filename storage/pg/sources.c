/* storage/pg/sources.c: one row an epoch of a producer, and the step from one number to the
 * next. */
#include <string.h>

#include "base/str.h"
#include "storage/pg/array.h"
#include "storage/pg/events.h"

static void read_source(const struct vd_pg_rows *rows, int row, struct vd_pg_source *source)
{
    memset(source, 0, sizeof *source);
    source->id = (int32_t)vd_pg_int(rows, row, 0);
    vd_pg_copy_text(rows, row, 1, source->source, sizeof source->source);
    source->last_sequence = vd_pg_int(rows, row, 2);
    source->floor_sequence = vd_pg_int(rows, row, 3);
    source->updated_us = vd_pg_time(rows, row, 4);
}

int vd_pg_source_get(struct vd_pg *pg, const char *source, struct vd_pg_source *ret_source,
                     struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    if (strlen(source) >= sizeof ret_source->source)
        return vd_err_set(err, VD_EINVAL, "source '%.40s…' is too long", source);
    vd_pg_arg_text(&args, source);
    rc = vd_pg_exec_prepared(
        pg,
        "SELECT id, source, last_sequence, floor_sequence, updated FROM source"
        " WHERE source = $1",
        &args, &rows, err);
    if (rc == 0) {
        vd_pg_rows_free(&rows);
        /* the update of nothing makes a row that another has just made visible to RETURNING */
        rc =
            vd_pg_exec_prepared(pg,
                                "INSERT INTO source (source) VALUES ($1)"
                                " ON CONFLICT (source) DO UPDATE SET updated = source.updated"
                                " RETURNING id, source, last_sequence, floor_sequence, updated",
                                &args, &rows, err);
    }
    if (rc == 1)
        read_source(rows, 0, ret_source);
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

int vd_pg_source_list(struct vd_pg *pg, vd_pg_source_fn *each, void *arg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int n = vd_pg_exec(pg,
                       "SELECT id, source, last_sequence, floor_sequence, updated FROM source"
                       " ORDER BY source",
                       NULL, &rows, err);

    for (int i = 0; i < n; i++) {
        struct vd_pg_source source;

        read_source(rows, i, &source);
        each(arg, &source);
    }
    vd_pg_rows_free(&rows);
    return n;
}

int vd_pg_source_advance(struct vd_pg *pg, const struct vd_pg_advance *moves, int n,
                         int64_t now_us, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct pg_array ids, from, to;
    int rc;

    if (n == 0)
        return 0;
    pg_array_init(&ids, PG_ARRAY_INT);
    pg_array_init(&from, PG_ARRAY_INT);
    pg_array_init(&to, PG_ARRAY_INT);
    for (int i = 0; i < n; i++) {
        pg_array_int(&ids, moves[i].id);
        pg_array_int(&from, moves[i].from);
        pg_array_int(&to, moves[i].to);
    }
    if ((rc = pg_array_arg(&ids, &args, err)) == 0 &&
        (rc = pg_array_arg(&from, &args, err)) == 0 &&
        (rc = pg_array_arg(&to, &args, err)) == 0) {
        vd_pg_arg_time(&args, now_us);
        rc = vd_pg_exec_prepared(
            pg,
            "UPDATE source s SET last_sequence = m.after, updated = $4"
            " FROM unnest($1, $2, $3) AS m (id, before, after)"
            " WHERE s.id = m.id AND s.last_sequence = m.before AND m.after >= m.before",
            &args, NULL, err);
    }
    if (rc >= 0 && rc != n)
        rc = vd_err_set(
            err, VD_EPROTO,
            "database: %d of %d sources are not where they were left: another router "
            "wrote",
            n - rc, n);
    pg_array_fini(&ids);
    pg_array_fini(&from);
    pg_array_fini(&to);
    return rc < 0 ? rc : 0;
}

int vd_pg_quarantine(struct vd_pg *pg, int32_t source, int64_t sequence, int64_t received_us,
                     const char *reason, const void *bytes, size_t len, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    int rc;

    if (!vd_str_is_utf8(reason, strlen(reason))) /* it quotes what is at fault */
        reason = "bytes that are no UTF-8";
    vd_pg_arg_int(&args, source);
    vd_pg_arg_int(&args, sequence);
    vd_pg_arg_time(&args, received_us);
    vd_pg_arg_text(&args, reason);
    vd_pg_arg_bytes(&args, bytes, len);
    rc =
        vd_pg_exec_prepared(pg,
                            "INSERT INTO quarantine (source, sequence, received, reason, bytes)"
                            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                            &args, NULL, err);
    return rc < 0 ? rc : 0;
}
