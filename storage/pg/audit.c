/* storage/pg/audit.c: is everything there, once? Counts rows instead of trusting the counters
 * that were written beside them; and the days that retention takes away. */
#include <string.h>

#include "storage/pg/events.h"

/* Only for a source that misses something. */
static int first_gap(struct vd_pg *pg, int64_t source, int64_t floor, int64_t *ret_gap,
                     struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_int(&args, source);
    vd_pg_arg_int(&args, floor);
    rc = vd_pg_exec(pg,
                    "WITH r AS (SELECT sequence FROM event WHERE source = $1 AND sequence > $2"
                    " UNION SELECT sequence FROM quarantine WHERE source = $1 AND sequence > $2"
                    " UNION SELECT $2)"
                    " SELECT min(sequence) + 1 FROM r WHERE NOT EXISTS"
                    " (SELECT 1 FROM r n WHERE n.sequence = r.sequence + 1)",
                    &args, &rows, err);
    if (rc >= 0)
        *ret_gap = vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    return rc;
}

static int audit_row(struct vd_pg *pg, const struct vd_pg_rows *rows, int i,
                     struct vd_pg_audit *audit, struct vd_err *err)
{
    memset(audit, 0, sizeof *audit);
    vd_pg_copy_text(rows, i, 1, audit->source, sizeof audit->source);
    audit->floor = vd_pg_int(rows, i, 2);
    audit->last = vd_pg_int(rows, i, 3);
    audit->stored = vd_pg_int(rows, i, 5);
    audit->duplicates = vd_pg_int(rows, i, 4) - audit->stored;
    audit->beyond = vd_pg_int(rows, i, 6);
    audit->quarantined = vd_pg_int(rows, i, 7);
    audit->missing = audit->last - audit->floor - audit->stored;
    if (audit->last < audit->floor) /* the floor may only follow what was stored */
        audit->missing = 0;
    if (audit->missing == 0)
        return 0;
    return first_gap(pg, vd_pg_int(rows, i, 0), audit->floor, &audit->first_gap, err);
}

static int audit_sources(struct vd_pg *pg, vd_pg_audit_fn *each, void *arg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int faults = 0;
    int n =
        vd_pg_exec(pg,
                   "SELECT s.id, s.source, s.floor_sequence, s.last_sequence,"
                   " count(r.sequence) FILTER (WHERE r.sequence <= s.last_sequence),"
                   " count(DISTINCT r.sequence) FILTER (WHERE r.sequence <= s.last_sequence),"
                   " count(r.sequence) FILTER (WHERE r.sequence > s.last_sequence),"
                   " count(r.sequence) FILTER (WHERE r.poison)"
                   " FROM source s LEFT JOIN"
                   " (SELECT source, sequence, false AS poison FROM event UNION ALL"
                   " SELECT source, sequence, true FROM quarantine) r"
                   " ON r.source = s.id AND r.sequence > s.floor_sequence"
                   " GROUP BY s.id ORDER BY s.source",
                   NULL, &rows, err);

    for (int i = 0; i < n; i++) {
        struct vd_pg_audit audit;
        int rc = audit_row(pg, rows, i, &audit, err);

        if (rc < 0) {
            vd_pg_rows_free(&rows);
            return rc;
        }
        faults += audit.missing != 0 || audit.duplicates != 0 || audit.beyond != 0;
        each(arg, &audit);
    }
    vd_pg_rows_free(&rows);
    return n < 0 ? n : faults;
}

int vd_pg_audit_sources(struct vd_pg *pg, vd_pg_audit_fn *each, void *arg, struct vd_err *err)
{
    int rc = vd_pg_begin_snapshot(pg, err);

    if (rc < 0)
        return rc;
    rc = audit_sources(pg, each, arg, err);
    vd_pg_rollback(pg); /* it only read */
    return rc;
}

int vd_pg_audit_feed(struct vd_pg *pg, struct vd_pg_feed_audit *ret_audit, struct vd_err *err)
{
    struct vd_pg_feed_audit audit = {0};
    struct vd_pg_rows *rows = NULL;
    int rc = vd_pg_exec(pg,
                        "SELECT c.floor, c.position,"
                        " count(f.position) FILTER (WHERE f.position <= c.position),"
                        " count(DISTINCT f.position) FILTER (WHERE f.position <= c.position),"
                        " count(f.position) FILTER (WHERE f.position > c.position)"
                        " FROM feed_counter c LEFT JOIN feed f ON f.position >= c.floor"
                        " GROUP BY c.floor, c.position",
                        NULL, &rows, err);

    if (rc >= 0 && rc != 1)
        rc = vd_err_set(err, VD_EPROTO, "database: the feed has no counter");
    if (rc < 0) {
        vd_pg_rows_free(&rows);
        return rc;
    }
    audit.floor = vd_pg_int(rows, 0, 0);
    audit.last = vd_pg_int(rows, 0, 1);
    audit.stored = vd_pg_int(rows, 0, 3);
    audit.duplicates = vd_pg_int(rows, 0, 2) - audit.stored;
    audit.beyond = vd_pg_int(rows, 0, 4);
    audit.missing = audit.last - audit.floor + 1 - audit.stored;
    vd_pg_rows_free(&rows);
    *ret_audit = audit;
    return audit.missing != 0 || audit.duplicates != 0 || audit.beyond != 0;
}

/* ---- days that come and go ---- */

int vd_pg_partitions_ahead(struct vd_pg *pg, int64_t now_us, int ahead, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_time(&args, now_us);
    vd_pg_arg_int(&args, ahead);
    rc = vd_pg_exec(pg, "SELECT vedette.partitions_ahead($1, $2::integer)", &args, &rows, err);
    if (rc >= 0)
        rc = (int)vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    return rc;
}

/* One function of the owner's, which returns how many went. */
static int forget(struct vd_pg *pg, const char *sql, int64_t before_us, int limit,
                  struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_time(&args, before_us);
    if (limit > 0)
        vd_pg_arg_int(&args, limit);
    rc = vd_pg_exec(pg, sql, &args, &rows, err);
    if (rc >= 0)
        rc = (int)vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    return rc;
}

int vd_pg_retention(struct vd_pg *pg, int64_t before_us, struct vd_err *err)
{
    return forget(pg, "SELECT vedette.retention_run($1)", before_us, 0, err);
}

int vd_pg_retention_alerts(struct vd_pg *pg, int64_t before_us, int limit, struct vd_err *err)
{
    return forget(pg, "SELECT vedette.retention_alerts($1, $2::integer)", before_us, limit,
                  err);
}

int vd_pg_retention_quarantine(struct vd_pg *pg, int64_t before_us, int limit,
                               struct vd_err *err)
{
    return forget(pg, "SELECT vedette.retention_quarantine($1, $2::integer)", before_us, limit,
                  err);
}

int64_t vd_pg_audit_alerts(struct vd_pg *pg, vd_pg_untrue_fn *each, void *arg,
                           struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int64_t looked;
    int n = vd_pg_exec(pg,
                       "WITH told AS (SELECT a.id, CASE WHEN f.position IS NULL THEN 'position'"
                       " ELSE alert_untrue(a, f.body::json -> 'data') END AS field"
                       " FROM alert a LEFT JOIN feed f ON f.position = a.position"
                       " WHERE a.position >= (SELECT floor FROM feed_counter))"
                       " SELECT (SELECT count(*) FROM told), id, field FROM told"
                       " WHERE field IS NOT NULL UNION ALL"
                       " SELECT (SELECT count(*) FROM told), NULL, NULL ORDER BY 2",
                       NULL, &rows, err);

    if (n < 0)
        return n;
    looked = vd_pg_int(rows, 0, 0);
    for (int i = 0; i < n - 1; i++) {
        char id[37];

        vd_pg_uuid(rows, i, 1, id);
        each(arg, id, vd_pg_text(rows, i, 2));
    }
    vd_pg_rows_free(&rows);
    return looked;
}
