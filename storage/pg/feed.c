/* storage/pg/feed.c: positions and rows of the feed. */
#include "storage/pg/feed.h"

#include <string.h>

int vd_pg_feed_take(struct vd_pg *pg, int n, int64_t *ret_first, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_int(&args, n);
    rc = vd_pg_exec_prepared(
        pg, "UPDATE feed_counter SET position = position + $1 RETURNING position", &args, &rows,
        err);
    if (rc == 1)
        *ret_first = vd_pg_int(rows, 0, 0) - n + 1;
    else if (rc >= 0)
        rc = vd_err_set(err, VD_EPROTO, "database: the feed has no counter");
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

int vd_pg_feed_store(struct vd_pg *pg, const struct vd_pg_feed_row *rows, int n,
                     struct vd_err *err)
{
    if (n == 0)
        return 0;
    vd_pg_copy_begin(pg);
    for (int i = 0; i < n; i++) {
        vd_pg_copy_row(pg, 4);
        vd_pg_copy_time(pg, rows[i].received_us);
        vd_pg_copy_int8(pg, rows[i].position);
        vd_pg_copy_text_field(pg, rows[i].topic, strlen(rows[i].topic));
        vd_pg_copy_text_field(pg, rows[i].body, rows[i].body_len);
    }
    return vd_pg_copy_end(
        pg, "COPY feed (received, position, topic, body) FROM STDIN (FORMAT binary)", err);
}

int vd_pg_feed_notify(struct vd_pg *pg, struct vd_err *err)
{
    int rc = vd_pg_exec_prepared(pg, "SELECT pg_notify('" VD_PG_FEED_CHANNEL "', '')", NULL,
                                 NULL, err);

    return rc < 0 ? rc : 0;
}

int vd_pg_feed_alert(struct vd_pg *pg, const char *alert, const char *body,
                     int64_t *ret_position, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_uuid(&args, alert);
    vd_pg_arg_text(&args, body);
    rc = vd_pg_exec_prepared(pg, "SELECT feed_alert($1, $2)", &args, &rows, err);
    if (rc > 0)
        *ret_position = vd_pg_int(rows, 0, 0);
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

int vd_pg_feed_position(struct vd_pg *pg, int64_t *ret_last, int64_t *ret_floor,
                        struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int rc =
        vd_pg_exec_prepared(pg, "SELECT position, floor FROM feed_counter", NULL, &rows, err);

    if (rc == 1) {
        *ret_last = vd_pg_int(rows, 0, 0);
        if (ret_floor != NULL)
            *ret_floor = vd_pg_int(rows, 0, 1);
    } else if (rc >= 0) {
        rc = vd_err_set(err, VD_EPROTO, "database: the feed has no counter");
    }
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}

/* When the row at position was received; 0: there is none. */
static int received_at(struct vd_pg *pg, int64_t position, int64_t *ret_us, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_int(&args, position);
    rc = vd_pg_exec_prepared(pg, "SELECT received FROM feed WHERE position = $1", &args, &rows,
                             err);
    *ret_us = rc > 0 ? vd_pg_time(rows, 0, 0) : 0;
    vd_pg_rows_free(&rows);
    return rc;
}

int vd_pg_feed_position_at(struct vd_pg *pg, int64_t wall_us, int64_t *ret_position,
                           struct vd_err *err)
{
    int64_t low, high, received_us;
    int rc = vd_pg_feed_position(pg, &high, &low, err);

    /* positions rise with the time of receipt: some thirty probes instead of an index that
     * every event would pay for */
    for (high++; rc >= 0 && low < high;) {
        int64_t middle = low + (high - low) / 2;

        rc = received_at(pg, middle, &received_us, err);
        if (received_us < wall_us)
            low = middle + 1;
        else
            high = middle;
    }
    if (rc >= 0)
        *ret_position = low;
    return rc < 0 ? rc : 0;
}

/* The counter first: what it counts is committed and visible to the statement that follows. */
static int read_bounds(struct vd_pg *pg, const struct vd_pg_feed_query *query, int64_t *ret_to,
                       struct vd_err *err)
{
    int64_t last, floor;
    int span = query->span > 0 ? query->span : 10000;
    int rc = vd_pg_feed_position(pg, &last, &floor, err);

    if (rc < 0)
        return rc;
    if (query->after + 1 < floor)
        return vd_err_set(err, VD_EEOF, "feed: position %lld is below the floor %lld",
                          (long long)query->after, (long long)floor);
    *ret_to = last - query->after > span ? query->after + span : last;
    return 0;
}

int vd_pg_feed_read(struct vd_pg *pg, const struct vd_pg_feed_query *query, vd_pg_feed_fn *each,
                    void *arg, int64_t *ret_through, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int limit = query->limit > 0 ? query->limit : 1000;
    int64_t to;
    int n, rc = read_bounds(pg, query, &to, err);

    if (rc < 0)
        return rc;
    if (to <= query->after) {
        *ret_through = query->after;
        return 0;
    }
    vd_pg_arg_int(&args, query->after);
    vd_pg_arg_int(&args, to);
    vd_pg_arg_text(&args, query->prefix != NULL ? query->prefix : "");
    vd_pg_arg_int(&args, limit);
    n = vd_pg_exec_prepared(pg,
                            "SELECT position, received, topic, body FROM feed"
                            " WHERE position > $1 AND position <= $2 AND starts_with(topic, $3)"
                            " ORDER BY position LIMIT $4",
                            &args, &rows, err);
    for (int i = 0; i < n; i++) {
        struct vd_pg_feed_row row = {.position = vd_pg_int(rows, i, 0),
                                     .received_us = vd_pg_time(rows, i, 1),
                                     .topic = vd_pg_text(rows, i, 2),
                                     .body = vd_pg_text(rows, i, 3),
                                     .body_len = vd_pg_length(rows, i, 3)};

        each(arg, &row);
        to = n == limit && i == n - 1 ? row.position : to;
    }
    vd_pg_rows_free(&rows);
    if (n < 0)
        return n;
    /* a day dropped between the two statements would look like an empty stretch */
    if ((rc = read_bounds(pg, query, &(int64_t){0}, err)) < 0)
        return rc;
    *ret_through = to;
    return n;
}
