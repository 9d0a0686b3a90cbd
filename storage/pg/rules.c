/* storage/pg/rules.c: the memory of the rules, saved in one statement and loaded in one. */
#include "storage/pg/rules.h"

#include <string.h>

#include "base/str.h"
#include "storage/pg/array.h"

enum { ROWS_MAX = 10000 };

struct columns {
    struct pg_array rule, key, state;
};

static int run(struct vd_pg *pg, const char *sql, struct columns *c, bool with_state,
               int64_t now_us, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    int rc;

    if (c->rule.n == 0)
        return 0;
    if ((rc = pg_array_arg(&c->rule, &args, err)) < 0 ||
        (rc = pg_array_arg(&c->key, &args, err)) < 0)
        return rc;
    if (with_state) {
        if ((rc = pg_array_arg(&c->state, &args, err)) < 0)
            return rc;
        vd_pg_arg_time(&args, now_us);
    }
    return vd_pg_exec_prepared(pg, sql, &args, NULL, err);
}

static void columns_init(struct columns *c)
{
    pg_array_init(&c->rule, PG_ARRAY_TEXT);
    pg_array_init(&c->key, PG_ARRAY_TEXT);
    pg_array_init(&c->state, PG_ARRAY_TEXT);
}

static void columns_fini(struct columns *c)
{
    pg_array_fini(&c->rule);
    pg_array_fini(&c->key);
    pg_array_fini(&c->state);
}

int vd_pg_rule_state_save(struct vd_pg *pg, const struct vd_pg_rule_state *rows, int n,
                          int64_t now_us, struct vd_err *err)
{
    struct columns kept, gone;
    int rc;

    if (n < 0 || n > ROWS_MAX)
        return vd_err_set(err, VD_EINVAL, "database: %d rule states at once", n);
    columns_init(&kept);
    columns_init(&gone);
    for (int i = 0; i < n; i++) {
        struct columns *c = rows[i].state != NULL ? &kept : &gone;

        pg_array_text(&c->rule, rows[i].rule);
        pg_array_text(&c->key, rows[i].key);
        if (rows[i].state != NULL)
            pg_array_text(&c->state, rows[i].state);
    }
    rc = run(pg,
             "INSERT INTO rule_state (rule, key, state, updated)"
             " SELECT r, k, s, $4 FROM unnest($1, $2, $3) AS n (r, k, s)"
             " ON CONFLICT (rule, key) DO UPDATE SET state = excluded.state,"
             " updated = excluded.updated",
             &kept, true, now_us, err);
    if (rc >= 0)
        rc = run(pg,
                 "DELETE FROM rule_state USING unnest($1, $2) AS n (r, k)"
                 " WHERE rule = r AND key = k",
                 &gone, false, now_us, err);
    columns_fini(&kept);
    columns_fini(&gone);
    return rc < 0 ? rc : 0;
}

int vd_pg_rule_state_load(struct vd_pg *pg, vd_pg_rule_state_fn *each, void *arg,
                          struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int n = vd_pg_exec(pg, "SELECT rule, key, state FROM rule_state ORDER BY rule, key", NULL,
                       &rows, err);

    for (int i = 0; i < n; i++) {
        struct vd_pg_rule_state state = {.rule = vd_pg_text(rows, i, 0),
                                         .key = vd_pg_text(rows, i, 1),
                                         .state = vd_pg_text(rows, i, 2)};

        each(arg, &state);
    }
    vd_pg_rows_free(&rows);
    return n;
}

int vd_pg_refused_alert_store(struct vd_pg *pg, const struct vd_pg_refused_alert *refused,
                              int64_t now_us, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    int rc;

    vd_pg_arg_text(&args, refused->rule);
    vd_pg_arg_uuid(&args, refused->alert);
    vd_pg_arg_time(&args, now_us);
    vd_pg_arg_text(&args, vd_str_is_utf8(refused->reason, strlen(refused->reason))
                              ? refused->reason
                              : "words that are no UTF-8");
    vd_pg_arg_bytes(&args, refused->wanted, refused->wanted_len);
    rc = vd_pg_exec_prepared(
        pg,
        "INSERT INTO refused_alert (rule, alert, at, reason, wanted)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (rule, alert) DO UPDATE"
        " SET at = excluded.at, reason = excluded.reason, wanted = excluded.wanted",
        &args, NULL, err);
    return rc < 0 ? rc : 0;
}
