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

/* What was seen, and what it became. */
static int describe(const struct vd_alert *alert, const struct vd_work_change *change,
                    char *detail, size_t size, struct vd_err *err)
{
    struct vd_json *o = vd_json_object();
    int rc = 0;

    if (vd_json_set(o, "version", vd_json_int(change->seen_version)) < 0 ||
        vd_json_set(o, "state", vd_json_text(alert->state)) < 0 ||
        (alert->owner[0] != '\0' && vd_json_set(o, "owner", vd_json_text(alert->owner)) < 0) ||
        (alert->disposition[0] != '\0' &&
         vd_json_set(o, "disposition", vd_json_text(alert->disposition)) < 0) ||
        (change->reason != NULL && vd_json_set(o, "reason", vd_json_text(change->reason)) < 0))
        rc =
            vd_err_set(err, VD_EINVAL, "alert %s: a text of the change is no UTF-8", alert->id);
    if (rc == 0)
        rc = vd_json_print(o, detail, size, err);
    vd_json_free(&o);
    return rc;
}

/* Log, row, position and feed message; the row is locked already. */
static int store(struct vd_pg *pg, struct vd_alert *alert, const struct vd_work_change *change,
                 char *body, struct vd_err *err)
{
    struct vd_pg_log_head head;
    char detail[2048];
    int rc = describe(alert, change, detail, sizeof detail, err);

    if (rc >= 0)
        rc = vd_alert_log(pg, alert, change->actor, vd_work_action_name(change->action), detail,
                          &head, err);
    if (rc >= 0)
        rc = vd_pg_alert_work(pg, alert, err);
    if (rc == 0) /* we hold its lock at this very version */
        return vd_err_set(err, VD_EPROTO, "alert %s changed under its lock", alert->id);
    alert->version++;
    if (rc >= 0)
        rc = vd_alert_encode(alert, &head, body, VD_ALERT_JSON_MAX, err);
    return rc < 0 ? rc : vd_pg_feed_alert(pg, alert->id, body, &alert->position, err);
}

int vd_alert_change(struct vd_pg *pg, const char *id, const struct vd_work_change *change,
                    enum vd_work_verdict *ret_verdict, struct vd_alert *ret_alert,
                    struct vd_err *err)
{
    enum vd_work_verdict verdict;
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
    verdict = vd_work_apply(&alert, change, err);
    *ret_verdict = verdict;
    if (verdict != VD_WORK_DONE)
        goto out;
    rc = store(pg, &alert, change, body, err);
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
