/* One person's change in one transaction. The order of locks is everybody's: alert, log, feed
 * counter. */
#include "alerts/workflow/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/workflow/alert_json.h"
#include "base/json.h"
#include "storage/pg/feed.h"

int vd_alert_log(struct vd_pg *pg, const struct vd_alert *alert, const char *actor,
                 const char *action, const char *detail, struct vd_pg_log_head *ret_head,
                 struct vd_err *err)
{
    char name[48];
    struct vd_pg_log_entry entry = {
        .actor = actor, .action = name, .object = alert->id, .detail = detail};

    (void)snprintf(name, sizeof name, "alert.%s", action);
    return vd_pg_log_append(pg, &entry, ret_head, err);
}

static int put(struct vd_json *o, const char *key, const char *text)
{
    return text == NULL || text[0] == '\0' ? 0 : vd_json_set(o, key, vd_json_text(text));
}

/* What was seen, and what it became. change is NULL when nobody made it. */
static int describe(const struct vd_alert *alert, const struct vd_work_change *change,
                    char *detail, size_t size, struct vd_err *err)
{
    struct vd_json *o = vd_json_object();
    int rc = 0;

    if (vd_json_set(o, "version", vd_json_int(alert->version)) < 0 ||
        put(o, "state", alert->state) < 0 || put(o, "owner", alert->owner) < 0 ||
        put(o, "disposition", alert->disposition) < 0 ||
        (change != NULL && put(o, "to", change->to) < 0) ||
        (change != NULL && put(o, "reason", change->reason) < 0) ||
        (alert->shelved_until_us != 0 &&
         vd_json_set(o, "until", vd_json_time(alert->shelved_until_us)) < 0) ||
        (alert->escalation != 0 && vd_json_set(o, "level", vd_json_int(alert->escalation)) < 0))
        rc =
            vd_err_set(err, VD_EINVAL, "alert %s: a text of the change is no UTF-8", alert->id);
    if (rc == 0)
        rc = vd_json_print(o, detail, size, err);
    vd_json_free(&o);
    return rc;
}

/* Log, row, position and feed message; the row is locked already, alert has its version. */
static int store(struct vd_pg *pg, struct vd_alert *alert, const char *action,
                 const struct vd_work_change *change, char *body, struct vd_err *err)
{
    struct vd_pg_log_head head;
    char detail[VD_WORK_REASON_MAX * 2 + 1024]; /* quotes and control characters are escaped */
    int rc = describe(alert, change, detail, sizeof detail, err);

    if (rc >= 0)
        rc = vd_alert_log(pg, alert, alert->changed_by, action, detail, &head, err);
    if (rc >= 0)
        rc = vd_pg_alert_work(pg, alert, err);
    if (rc == 0) /* we hold its lock at this very version */
        return vd_err_set(err, VD_EPROTO, "alert %s changed under its lock", alert->id);
    alert->version++;
    if (rc >= 0)
        rc = vd_alert_encode(alert, &head, body, VD_ALERT_JSON_MAX, err);
    return rc < 0 ? rc : vd_pg_feed_alert(pg, alert->id, body, &alert->position, err);
}

/* What to do with the alert under its lock: NULL, or the action's word. */
typedef const char *act_fn(void *arg, struct vd_alert *alert, struct vd_err *err);

/* Returns 1: looked at, 0: no such alert. *ret_alert is what it now is. */
static int in_transaction(struct vd_pg *pg, const char *id, act_fn *act, void *arg,
                          const struct vd_work_change *change, struct vd_alert *ret_alert,
                          struct vd_err *err)
{
    const char *action;
    struct vd_alert alert;
    char *body;
    int rc = vd_pg_begin(pg, err);

    if (rc < 0)
        return rc;
    body = malloc(VD_ALERT_JSON_MAX);
    rc = body == NULL ? vd_err_set(err, VD_ENOMEM, "alert %s: out of memory", id)
                      : vd_pg_alert_get(pg, id, VD_PG_FOR_UPDATE, &alert, err);
    if (rc <= 0)
        goto out;
    *ret_alert = alert;
    action = act(arg, &alert, err);
    if (action == NULL)
        goto out;
    rc = store(pg, &alert, action, change, body, err);
    if (rc >= 0)
        rc = vd_pg_commit(pg, err);
    if (rc >= 0) {
        *ret_alert = alert;
        rc = 1;
    }
out:
    vd_pg_rollback(pg); /* harmless after the commit */
    free(body);
    return rc;
}

struct person {
    const struct vd_work_change *change;
    enum vd_work_verdict verdict;
};

static const char *by_person(void *arg, struct vd_alert *alert, struct vd_err *err)
{
    struct person *p = arg;

    p->verdict = vd_work_apply(alert, p->change, err);
    return p->verdict == VD_WORK_DONE ? vd_work_action_name(p->change->action) : NULL;
}

int vd_alert_change(struct vd_pg *pg, const char *id, const struct vd_work_change *change,
                    enum vd_work_verdict *ret_verdict, struct vd_alert *ret_alert,
                    struct vd_err *err)
{
    struct person person = {.change = change};
    int rc;

    if (change->reason != NULL && strlen(change->reason) > VD_WORK_REASON_MAX)
        return vd_err_set(err, VD_EINVAL, "alert %s: a text is over %d bytes", id,
                          VD_WORK_REASON_MAX);
    rc = in_transaction(pg, id, by_person, &person, change, ret_alert, err);
    if (rc == 1)
        *ret_verdict = person.verdict;
    return rc;
}

struct clockwork {
    int64_t now_us;
    enum vd_due due;
};

static const char *by_clock(void *arg, struct vd_alert *alert, struct vd_err *err)
{
    struct clockwork *c = arg;

    (void)err;
    c->due = vd_work_due(alert, c->now_us);
    return c->due != VD_DUE_NOTHING ? vd_due_name(c->due) : NULL;
}

int vd_alert_due(struct vd_pg *pg, const char *id, int64_t now_us, enum vd_due *ret_due,
                 struct vd_alert *ret_alert, struct vd_err *err)
{
    struct clockwork clockwork = {.now_us = now_us};
    int rc = in_transaction(pg, id, by_clock, &clockwork, NULL, ret_alert, err);

    if (rc == 1)
        *ret_due = clockwork.due;
    return rc;
}
