/* alerts/writer/touched.h: the alerts that one transaction changes. Each is locked when it is
 * first touched and stored once, however many messages it got: rows first, then the log, then
 * the feed. */
#ifndef VD_ALERTS_WRITER_TOUCHED_H
#define VD_ALERTS_WRITER_TOUCHED_H

#include "alerts/rules/rules.h"
#include "alerts/writer/batch.h"
#include "alerts/writer/pile.h"
#include "base/err.h"
#include "storage/pg/alerts.h"

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

#endif
