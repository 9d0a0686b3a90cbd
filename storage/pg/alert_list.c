/* storage/pg/alert_list.c: searching alerts, page by page. The page after begins
 * behind the last row of the one before (keyset), so what comes in between shifts nothing. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/uuid.h"
#include "storage/pg/alert_row.h"
#include "storage/pg/where.h"

#define RANK(of) "(CASE " of "severity WHEN 'red' THEN 2 WHEN 'yellow' THEN 1 ELSE 0 END)"

enum { LIMIT = 50, SCOPES_MAX = 16 };

static void add_states(struct pg_where *where, const struct vd_alert_filter *f)
{
    if (f->n_states == 0)
        return;
    if (strcmp(f->states[0], "unresolved") == 0) {
        pg_where_and(where, "state <> 'resolved'");
        return;
    }
    for (int i = 0; i < f->n_states; i++)
        vd_pg_arg_text(&where->args, f->states[i]);
    pg_where_and(where, f->n_states == 1   ? "state = @"
                        : f->n_states == 2 ? "state IN (@, @@)"
                        : f->n_states == 3 ? "state IN (@, @@, @@@)"
                                           : "state IN (@, @@, @@@, @@@@)");
}

/* LIKE with what a person typed: its own wildcards are plain characters. */
static void add_text(struct pg_where *where, const char *text, char *pattern, size_t size)
{
    size_t len = 0;

    (void)vd_str_add(pattern, size, &len, "%%");
    for (; *text != '\0' && len + 4 < size; text++)
        (void)vd_str_add(pattern, size, &len, "%s%c", strchr("%_\\", *text) != NULL ? "\\" : "",
                         *text);
    (void)vd_str_add(pattern, size, &len, "%%");
    vd_pg_arg_text(&where->args, pattern);
    pg_where_and(where, "(camera || ' ' || rule || ' ' || action || ' ' || area || ' ' ||"
                        " coalesce(owner, '')) ILIKE @");
}

static void add_equal(struct pg_where *where, const char *part, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    vd_pg_arg_text(&where->args, value);
    pg_where_and(where, part);
}

static void add_time(struct pg_where *where, const char *part, int64_t wall_us)
{
    if (wall_us == 0)
        return;
    vd_pg_arg_time(&where->args, wall_us);
    pg_where_and(where, part);
}

static int check(const struct vd_alert_filter *f, struct vd_err *err)
{
    struct vd_uuid uuid;

    if (f->limit < 0 || f->limit > VD_ALERT_LIST_MAX)
        return vd_err_set(err, VD_EINVAL, "alerts: limit %d, %d at most", f->limit,
                          VD_ALERT_LIST_MAX);
    if (f->before_id != NULL && (!vd_uuid_parse(f->before_id, &uuid) || f->before_us <= 0))
        return vd_err_set(err, VD_EINVAL, "alerts: no such cursor");
    if (f->n_scopes < 0 || f->n_scopes > SCOPES_MAX || f->n_states < 0 || f->n_states > 4)
        return vd_err_set(err, VD_EINVAL, "alerts: too many areas or states");
    if (f->text != NULL &&
        (strlen(f->text) > VD_ALERT_TEXT_MAX || !vd_str_is_utf8(f->text, strlen(f->text))))
        return vd_err_set(err, VD_EINVAL, "alerts: text to look for is too long or not UTF-8");
    return 0;
}

/* What lies beneath a cause is shown with it, to whoever sees the cause. */
static void leave_out_suppressed(struct pg_where *where, const struct vd_alert_filter *f)
{
    pg_where_and(where, "NOT EXISTS (SELECT 1 FROM alert p WHERE p.id = alert.suppressed_by"
                        " AND p.state <> 'resolved'");
    pg_where_scopes(where, "p.path", f->scopes, f->n_scopes);
    pg_where_end(where, ")");
}

static void add_cursor(struct pg_where *where, const struct vd_alert_filter *f)
{
    if (f->before_id == NULL)
        return;
    vd_pg_arg_time(&where->args, f->before_us);
    vd_pg_arg_uuid(&where->args, f->before_id);
    pg_where_and(where, f->is_urgent_first ? "(" RANK("") ", opened, id) < ((SELECT " RANK(
                                                 "b.") " FROM alert b WHERE b.id = @), @@, @)"
                                           : "(opened, id) < (@@, @)");
}

int vd_pg_alert_list(struct vd_pg *pg, const struct vd_alert_filter *f,
                     struct vd_alert *ret_alerts, struct vd_err *err)
{
    char select[800], pattern[2 * VD_ALERT_TEXT_MAX + 8];
    struct vd_pg_rows *rows = NULL;
    struct pg_where where;
    int n = check(f, err);

    if (n < 0)
        return n;
    snprintf(select, sizeof select, "SELECT %s FROM alert", pg_alert_columns);
    pg_where_init(&where, select);
    add_states(&where, f);
    add_equal(&where, "severity = @", f->severity);
    add_equal(&where, "camera = @", f->camera);
    add_equal(&where, "owner = @", f->owner);
    if (f->area != NULL && f->area[0] != '\0')
        pg_where_scopes(&where, "path", &f->area, 1);
    pg_where_scopes(&where, "path", f->scopes, f->n_scopes);
    add_time(&where, "opened >= @", f->from_us);
    add_time(&where, "opened < @", f->to_us);
    if (f->text != NULL && f->text[0] != '\0')
        add_text(&where, f->text, pattern, sizeof pattern);
    if (f->is_urgent_first)
        leave_out_suppressed(&where, f);
    add_cursor(&where, f);
    vd_pg_arg_int(&where.args, f->limit > 0 ? f->limit : LIMIT);
    pg_where_end(&where, f->is_urgent_first
                             ? " ORDER BY " RANK("") " DESC, opened DESC, id DESC LIMIT @"
                             : " ORDER BY opened DESC, id DESC LIMIT @");
    n = pg_where_run(&where, pg, &rows, err);
    for (int i = 0; i < n; i++)
        pg_alert_read(rows, i, &ret_alerts[i]);
    vd_pg_rows_free(&rows);
    return n;
}

int vd_pg_alert_counts(struct vd_pg *pg, const char *const *scopes, int n_scopes,
                       struct vd_alert_counts *ret_counts, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    struct pg_where where;
    int rc;

    if (n_scopes < 0 || n_scopes > SCOPES_MAX)
        return vd_err_set(err, VD_EINVAL, "alerts: too many areas");
    pg_where_init(&where, "SELECT count(*) FILTER (WHERE severity = 'red'),"
                          " count(*) FILTER (WHERE severity = 'yellow'),"
                          " count(*) FILTER (WHERE severity = 'green') FROM alert");
    pg_where_and(&where, "state <> 'resolved'");
    pg_where_and(&where, "suppressed_by IS NULL");
    pg_where_and(&where, "(shelved_until IS NULL OR shelved_until <= now())");
    pg_where_scopes(&where, "path", scopes, n_scopes);
    rc = pg_where_run(&where, pg, &rows, err);
    if (rc > 0) {
        ret_counts->red = vd_pg_int(rows, 0, 0);
        ret_counts->yellow = vd_pg_int(rows, 0, 1);
        ret_counts->green = vd_pg_int(rows, 0, 2);
    }
    vd_pg_rows_free(&rows);
    return rc < 0 ? rc : 0;
}
