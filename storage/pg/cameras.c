/* storage/pg/cameras.c: the last known state of each camera; unchanged rows are not rewritten.
 */
#include "storage/pg/cameras.h"

#include "storage/pg/array.h"
#include "storage/pg/where.h"

enum { COLUMNS = 8, SCOPES_MAX = 16 };

int vd_pg_camera_store(struct vd_pg *pg, const struct vd_pg_camera *cameras, int n,
                       struct vd_err *err)
{
    struct pg_array c[COLUMNS];
    struct vd_pg_args args = {0};
    int rc = 0;

    if (n == 0)
        return 0;
    for (int i = 0; i < COLUMNS; i++)
        pg_array_init(&c[i], i == 4 || i == 7 ? PG_ARRAY_TIME : PG_ARRAY_TEXT);
    for (int i = 0; i < n; i++) {
        pg_array_text(&c[0], cameras[i].camera);
        pg_array_text(&c[1], cameras[i].area);
        pg_array_text(&c[2], cameras[i].worker);
        pg_array_text(&c[3], cameras[i].state);
        pg_array_time(&c[4], cameras[i].since_us);
        pg_array_text(&c[5], cameras[i].reason);
        pg_array_text(&c[6], cameras[i].detail);
        pg_array_time(&c[7], cameras[i].updated_us);
    }
    for (int i = 0; rc == 0 && i < COLUMNS; i++)
        rc = pg_array_arg(&c[i], &args, err);
    if (rc == 0)
        rc = vd_pg_exec_prepared(
            pg,
            "INSERT INTO camera_status AS s (camera, area, worker, state, since, reason,"
            " detail, updated)"
            /* a camera may be told of twice in one batch: the last word counts */
            " SELECT DISTINCT ON (camera) camera, area, worker, state, since, reason, detail,"
            " updated FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY"
            " AS t (camera, area, worker, state, since, reason, detail, updated, n)"
            " ORDER BY camera, n DESC"
            " ON CONFLICT (camera) DO UPDATE SET area = excluded.area,"
            " worker = excluded.worker, state = excluded.state, since = excluded.since,"
            " reason = excluded.reason, detail = excluded.detail,"
            " updated = excluded.updated"
            " WHERE (s.area, s.worker, s.state, s.since, s.reason, s.detail) IS DISTINCT"
            " FROM (excluded.area, excluded.worker, excluded.state, excluded.since,"
            " excluded.reason, excluded.detail)",
            &args, NULL, err);
    for (int i = 0; i < COLUMNS; i++)
        pg_array_fini(&c[i]);
    return rc;
}

int vd_pg_camera_forget(struct vd_pg *pg, const char *camera, struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_text(&args, camera);
    return vd_pg_exec_prepared(pg, "DELETE FROM camera_status WHERE camera = $1", &args, NULL,
                               err);
}

int vd_pg_camera_list(struct vd_pg *pg, const char *const *scopes, int n_scopes,
                      vd_pg_camera_fn *each, void *arg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    struct pg_where where;
    int n;

    if (n_scopes < 0 || n_scopes > SCOPES_MAX)
        return vd_err_set(err, VD_EINVAL, "cameras: too many areas");
    pg_where_init(&where, "SELECT camera, area, worker, state, since, reason, detail, updated"
                          " FROM camera_status");
    pg_where_scopes(&where, "(area || '/')", scopes, n_scopes);
    pg_where_end(&where, " ORDER BY camera");
    n = pg_where_run(&where, pg, &rows, err);
    for (int i = 0; i < n; i++) {
        struct vd_pg_camera camera = {.camera = vd_pg_text(rows, i, 0),
                                      .area = vd_pg_text(rows, i, 1),
                                      .worker = vd_pg_text(rows, i, 2),
                                      .state = vd_pg_text(rows, i, 3),
                                      .since_us = vd_pg_time(rows, i, 4),
                                      .reason = vd_pg_text(rows, i, 5),
                                      .detail = vd_pg_text(rows, i, 6),
                                      .updated_us = vd_pg_time(rows, i, 7)};

        each(arg, &camera);
    }
    vd_pg_rows_free(&rows);
    return n;
}
