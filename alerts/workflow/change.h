/* alerts/workflow/change.h: a change of an alert by a person, whole or not at all: row, log,
 * feed, wake-up. What the console and the command line do; the router has its own batches. */
#ifndef VD_ALERTS_WORKFLOW_CHANGE_H
#define VD_ALERTS_WORKFLOW_CHANGE_H

#include "alerts/workflow/due.h"
#include "alerts/workflow/workflow.h"
#include "base/err.h"
#include "storage/pg/log.h"
#include "storage/pg/pg.h"

enum { VD_WORK_REASON_MAX = 4000 }; /* bytes of a note, message or reason */

/* Locks the alert, applies change by the table, stores row, log entry and feed message in one
 * transaction and wakes the router. *ret_verdict says how it went; *ret_alert is the alert as
 * it now is, also after a refusal (then nothing changed and err says why).
 * Returns 1: looked at (see *ret_verdict), 0: no such alert. Errors are those of
 * storage/pg/pg.h (VD_EIO and VD_ETIMEOUT of the commit: the outcome is unknown, read the
 * alert's version). No transaction may be open on pg; none is afterwards. Blocks up to pg's
 * deadline. */
int vd_alert_change(struct vd_pg *pg, const char *id, const struct vd_work_change *change,
                    enum vd_work_verdict *ret_verdict, struct vd_alert *ret_alert,
                    struct vd_err *err);

/* The same for what happens by itself at now_us (due.h). *ret_due VD_DUE_NOTHING: somebody was
 * quicker, nothing changed. */
int vd_alert_due(struct vd_pg *pg, const char *id, int64_t now_us, enum vd_due *ret_due,
                 struct vd_alert *ret_alert, struct vd_err *err);

/* Within the caller's transaction, after alert was stored by vd_pg_alert_insert or _update:
 * appends to the log (actor, action "alert.<action>", detail JSON or ""), and fills *ret_head.
 */
int vd_alert_log(struct vd_pg *pg, const struct vd_alert *alert, const char *actor,
                 const char *action, const char *detail, struct vd_pg_log_head *ret_head,
                 struct vd_err *err);

#endif
