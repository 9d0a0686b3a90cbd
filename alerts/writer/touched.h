/* alerts/writer/touched.h: the alerts that one transaction changes. Each is locked when it is
 * first touched and stored once, however many messages it got: rows first, then the log, then
 * the feed. */
#ifndef VD_ALERTS_WRITER_TOUCHED_H
#define VD_ALERTS_WRITER_TOUCHED_H

#include "alerts/rules/rules.h"
#include "alerts/writer/batch.h"
#include "alerts/writer/pile.h"
#include "base/err.h"
#include "base/uuid.h"
#include "storage/pg/alerts.h"
#include "storage/pg/rules.h"

struct vd_touched;

/* pg and pile are borrowed; what is published lies in pile. */
int vd_touched_new(struct vd_touched **ret_t, struct vd_err *err);
void vd_touched_free(struct vd_touched **t);
void vd_touched_reset(struct vd_touched *t, struct vd_pg *pg, struct vd_rules *rules,
                      struct vd_pile *pile, int64_t now_us);

/* Takes over what the rules decided; locks rows. May split an alert that was resolved by hand
 * off its newcomer, which changes the entries behind it. */
int vd_touched_apply(struct vd_touched *t, const struct vd_change *change, struct vd_err *err);

/* How many alerts have changed, and so take a position each. */
int vd_touched_count(const struct vd_touched *t);

/* The three steps of storing: entries of the log; then, with positions from first on, rows and
 * happenings; ret_rows (room for vd_touched_count) gets the messages for the feed. */
int vd_touched_log(struct vd_touched *t, struct vd_err *err);
int vd_touched_store(struct vd_touched *t, int64_t first, struct vd_pg_feed_row *ret_rows,
                     struct vd_err *err);

/* ---- what the schema will not take ---- */

struct vd_refusal {
    char alert[VD_UUID_TEXT];
    char rule[VD_ALERT_NAME_MAX + 1];
    char reason[160];
    struct vd_refusal *next;
};

/* After a refusal that no message is to blame for: tries each change by itself and takes it
 * back again. Those refused are taken out, kept in refused_alert and made known to the rules.
 * Before vd_touched_log. */
int vd_touched_try(struct vd_touched *t, struct vd_err *err);

/* Tries the texts of the rules' memory in the same way; those refused are taken out of states.
 * Returns how many are left. */
int vd_touched_try_states(struct vd_touched *t, struct vd_pg_rule_state *states, int n,
                          struct vd_err *err);

/* What was refused since the reset, in the pile. */
const struct vd_refusal *vd_touched_refusals(const struct vd_touched *t);

#endif
