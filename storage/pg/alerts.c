/* storage/pg/alerts.c: an alert is one row and one struct; the column list below is their one
 * map. */
#include "storage/pg/alerts.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "storage/pg/alert_row.h"

#define COLUMNS                                                                                \
    "id, version, position, severity, state, active, kind, camera, area, rule, action,"        \
    " group_key, resolve, events, first, last, event, snapshot, clip, shows, owner, deadline," \
    " disposition, suppressed_by, shelved_until, shelved_reason, opened, acknowledged,"        \
    " resolved, changed, changed_by, instruction, asks, ack_within, resolve_within,"           \
    " seen_events, unit, counted_from, escalation, escalated, due"

const char *const pg_alert_columns = COLUMNS;

/* In the order of COLUMNS. */
static void add_alert(struct vd_pg_args *args, const struct vd_alert *a)
{
    vd_pg_arg_uuid(args, a->id);
    vd_pg_arg_int(args, a->version);
    vd_pg_arg_int(args, a->position);
    vd_pg_arg_text(args, a->severity);
    vd_pg_arg_text(args, a->state);
    vd_pg_arg_bool(args, a->active);
    vd_pg_arg_text(args, a->kind);
    vd_pg_arg_text(args, a->camera);
    vd_pg_arg_text(args, a->area);
    vd_pg_arg_text(args, a->rule);
    vd_pg_arg_text(args, a->action);
    vd_pg_arg_text(args, a->group);
    vd_pg_arg_text(args, a->resolve);
    vd_pg_arg_int(args, a->events);
    vd_pg_arg_time(args, a->first_us);
    vd_pg_arg_time(args, a->last_us);
    vd_pg_arg_uuid(args, a->event);
    vd_pg_arg_text_or_null(args, a->snapshot);
    vd_pg_arg_text_or_null(args, a->clip);
    vd_pg_arg_text(args, a->shows);
    vd_pg_arg_text_or_null(args, a->owner);
    vd_pg_arg_time(args, a->deadline_us);
    vd_pg_arg_text_or_null(args, a->disposition);
    vd_pg_arg_uuid(args, a->suppressed_by);
    vd_pg_arg_time(args, a->shelved_until_us);
    vd_pg_arg_text_or_null(args, a->shelved_reason);
    vd_pg_arg_time(args, a->opened_us);
    vd_pg_arg_time(args, a->acknowledged_us);
    vd_pg_arg_time(args, a->resolved_us);
    vd_pg_arg_time(args, a->changed_us);
    vd_pg_arg_text(args, a->changed_by);
    vd_pg_arg_text_or_null(args, a->instruction);
    vd_pg_arg_text_or_null(args, a->asks);
    vd_pg_arg_int(args, a->ack_within_us);
    vd_pg_arg_int(args, a->resolve_within_us);
    vd_pg_arg_int(args, a->seen_events);
    vd_pg_arg_text_or_null(args, a->unit);
    vd_pg_arg_time(args, a->counted_from_us);
    vd_pg_arg_int(args, a->escalation);
    vd_pg_arg_time(args, a->escalated_us);
    vd_pg_arg_time(args, a->due_us);
}

#define COPY(col, field) vd_pg_copy_text(rows, row, col, a->field, sizeof a->field)

void pg_alert_read(const struct vd_pg_rows *rows, int row, struct vd_alert *a)
{
    memset(a, 0, sizeof *a);
    vd_pg_uuid(rows, row, 0, a->id);
    a->version = vd_pg_int(rows, row, 1);
    a->position = vd_pg_int(rows, row, 2);
    COPY(3, severity);
    COPY(4, state);
    a->active = vd_pg_bool(rows, row, 5);
    COPY(6, kind);
    COPY(7, camera);
    COPY(8, area);
    COPY(9, rule);
    COPY(10, action);
    COPY(11, group);
    COPY(12, resolve);
    a->events = vd_pg_int(rows, row, 13);
    a->first_us = vd_pg_time(rows, row, 14);
    a->last_us = vd_pg_time(rows, row, 15);
    vd_pg_uuid(rows, row, 16, a->event);
    COPY(17, snapshot);
    COPY(18, clip);
    COPY(19, shows);
    COPY(20, owner);
    a->deadline_us = vd_pg_time(rows, row, 21);
    COPY(22, disposition);
    vd_pg_uuid(rows, row, 23, a->suppressed_by);
    a->shelved_until_us = vd_pg_time(rows, row, 24);
    COPY(25, shelved_reason);
    a->opened_us = vd_pg_time(rows, row, 26);
    a->acknowledged_us = vd_pg_time(rows, row, 27);
    a->resolved_us = vd_pg_time(rows, row, 28);
    a->changed_us = vd_pg_time(rows, row, 29);
    COPY(30, changed_by);
    COPY(31, instruction);
    COPY(32, asks);
    a->ack_within_us = vd_pg_int(rows, row, 33);
    a->resolve_within_us = vd_pg_int(rows, row, 34);
    a->seen_events = vd_pg_int(rows, row, 35);
    COPY(36, unit);
    a->counted_from_us = vd_pg_time(rows, row, 37);
    a->escalation = vd_pg_int(rows, row, 38);
    a->escalated_us = vd_pg_time(rows, row, 39);
    a->due_us = vd_pg_time(rows, row, 40);
}

int vd_pg_alert_insert(struct vd_pg *pg, const struct vd_alert *alert, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    int rc;

    if (alert->version != 1)
        return vd_err_set(err, VD_EINVAL, "alert '%s': a new one has version 1", alert->id);
    add_alert(&args, alert);
    rc = vd_pg_exec_prepared(
        pg,
        "INSERT INTO alert (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
        " $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,"
        " $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41)",
        &args, NULL, err);
    return rc < 0 ? rc : 0;
}

int vd_pg_alert_update(struct vd_pg *pg, const struct vd_alert *alert, struct vd_err *err)
{
    struct vd_pg_args args = {0};

    add_alert(&args, alert);
    return vd_pg_exec_prepared(
        pg,
        "UPDATE alert SET version = version + 1, (position, severity, state, active, kind,"
        " camera, area, rule, action, group_key, resolve, events, first, last, event,"
        " snapshot, clip, shows, owner, deadline, disposition, suppressed_by,"
        " shelved_until, shelved_reason, opened, acknowledged, resolved, changed,"
        " changed_by, instruction, asks, ack_within, resolve_within, seen_events, unit,"
        " counted_from, escalation, escalated, due)"
        " = ROW ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        " $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31,"
        " $32, $33, $34, $35, $36, $37, $38, $39, $40, $41)"
        " WHERE id = $1 AND version = $2",
        &args, NULL, err);
}

int vd_pg_alert_work(struct vd_pg *pg, const struct vd_alert *a, struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_uuid(&args, a->id);
    vd_pg_arg_int(&args, a->version);
    vd_pg_arg_text(&args, a->state);
    vd_pg_arg_text_or_null(&args, a->owner);
    vd_pg_arg_time(&args, a->deadline_us);
    vd_pg_arg_text_or_null(&args, a->disposition);
    vd_pg_arg_uuid(&args, a->suppressed_by);
    vd_pg_arg_time(&args, a->shelved_until_us);
    vd_pg_arg_text_or_null(&args, a->shelved_reason);
    vd_pg_arg_time(&args, a->acknowledged_us);
    vd_pg_arg_time(&args, a->resolved_us);
    vd_pg_arg_time(&args, a->changed_us);
    vd_pg_arg_text(&args, a->changed_by);
    vd_pg_arg_int(&args, a->seen_events);
    vd_pg_arg_text_or_null(&args, a->unit);
    vd_pg_arg_time(&args, a->counted_from_us);
    vd_pg_arg_int(&args, a->escalation);
    vd_pg_arg_time(&args, a->escalated_us);
    vd_pg_arg_time(&args, a->due_us);
    return vd_pg_exec_prepared(
        pg,
        "UPDATE alert SET version = version + 1, (state, owner, deadline, disposition,"
        " suppressed_by, shelved_until, shelved_reason, acknowledged, resolved, changed,"
        " changed_by, seen_events, unit, counted_from, escalation, escalated, due)"
        " = ROW ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
        " WHERE id = $1 AND version = $2",
        &args, NULL, err);
}

static int read_one(struct vd_pg_rows *rows, int rc, struct vd_alert *ret_alert)
{
    if (rc > 0)
        pg_alert_read(rows, 0, ret_alert);
    vd_pg_rows_free(&rows);
    return rc;
}

int vd_pg_alert_get(struct vd_pg *pg, const char *id, enum vd_pg_lock lock,
                    struct vd_alert *ret_alert, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    struct vd_uuid uuid;
    int rc;

    if (!vd_uuid_parse(id, &uuid))
        return 0;
    vd_pg_arg_uuid(&args, id);
    if (lock == VD_PG_FOR_UPDATE)
        rc = vd_pg_exec_prepared(pg, "SELECT " COLUMNS " FROM alert WHERE id = $1 FOR UPDATE",
                                 &args, &rows, err);
    else
        rc = vd_pg_exec_prepared(pg, "SELECT " COLUMNS " FROM alert WHERE id = $1", &args,
                                 &rows, err);
    return read_one(rows, rc, ret_alert);
}

int vd_pg_alert_of_group(struct vd_pg *pg, const char *rule, const char *group,
                         int64_t since_us, struct vd_alert *ret_alert, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int rc;

    vd_pg_arg_text(&args, rule);
    vd_pg_arg_text(&args, group);
    vd_pg_arg_time(&args, since_us > 0 ? since_us : 1);
    rc = vd_pg_exec_prepared(pg,
                             "SELECT " COLUMNS " FROM alert WHERE rule = $1"
                             " AND group_key = $2 AND last >= $3 AND state <> 'resolved'"
                             " ORDER BY last DESC LIMIT 1",
                             &args, &rows, err);
    return read_one(rows, rc, ret_alert);
}

int vd_pg_alert_due(struct vd_pg *pg, int64_t now_us, int limit, char (*ret_ids)[37],
                    struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int n;

    vd_pg_arg_time(&args, now_us);
    vd_pg_arg_int(&args, limit);
    n = vd_pg_exec_prepared(
        pg, "SELECT id FROM alert WHERE due <= $1 ORDER BY due, id LIMIT $2::bigint", &args,
        &rows, err);
    for (int i = 0; i < n; i++)
        vd_pg_uuid(rows, i, 0, ret_ids[i]);
    vd_pg_rows_free(&rows);
    return n;
}

/* ---- happenings of an alert ---- */

int vd_pg_alert_event_add(struct vd_pg *pg, const char *alert, const char *event,
                          struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_uuid(&args, alert);
    vd_pg_arg_uuid(&args, event);
    return vd_pg_exec_prepared(
        pg, "INSERT INTO alert_event (alert, event) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &args, NULL, err);
}

int vd_pg_alert_event_end(struct vd_pg *pg, const char *event, vd_pg_alert_event_fn *each,
                          void *arg, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    struct vd_pg_rows *rows = NULL;
    int n;

    vd_pg_arg_uuid(&args, event);
    n = vd_pg_exec_prepared(
        pg,
        "WITH done AS (UPDATE alert_event SET ended = true WHERE event = $1"
        " RETURNING alert) SELECT d.alert, EXISTS (SELECT 1 FROM alert_event o"
        " WHERE o.alert = d.alert AND NOT o.ended AND o.event <> $1)"
        " FROM done d ORDER BY d.alert",
        &args, &rows, err);
    for (int i = 0; i < n; i++) {
        char alert[37];

        vd_pg_uuid(rows, i, 0, alert);
        each(arg, alert, vd_pg_bool(rows, i, 1));
    }
    vd_pg_rows_free(&rows);
    return n;
}

int vd_pg_alert_events_end(struct vd_pg *pg, const char *alert, struct vd_err *err)
{
    struct vd_pg_args args = {0};

    vd_pg_arg_uuid(&args, alert);
    return vd_pg_exec_prepared(
        pg, "UPDATE alert_event SET ended = true WHERE alert = $1 AND NOT ended", &args, NULL,
        err);
}

int vd_pg_alert_events_open(struct vd_pg *pg, vd_pg_alert_tie_fn *each, void *arg,
                            struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int n = vd_pg_exec(pg, "SELECT alert, event FROM alert_event WHERE NOT ended", NULL, &rows,
                       err);

    for (int i = 0; i < n; i++) {
        char alert[37], event[37];

        vd_pg_uuid(rows, i, 0, alert);
        vd_pg_uuid(rows, i, 1, event);
        each(arg, alert, event);
    }
    vd_pg_rows_free(&rows);
    return n;
}

int vd_pg_alert_media(struct vd_pg *pg, vd_pg_media_fn *each, void *arg, struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int n = vd_pg_exec(pg,
                       "SELECT snapshot FROM alert WHERE snapshot IS NOT NULL"
                       " AND state <> 'resolved' UNION SELECT clip FROM alert"
                       " WHERE clip IS NOT NULL AND state <> 'resolved'",
                       NULL, &rows, err);

    for (int i = 0; i < n; i++)
        each(arg, vd_pg_text(rows, i, 0));
    vd_pg_rows_free(&rows);
    return n;
}
