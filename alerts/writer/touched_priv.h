/* alerts/writer/touched_priv.h: the changed alerts from within; only touched*.c include this.
 */
#ifndef VD_ALERTS_WRITER_TOUCHED_PRIV_H
#define VD_ALERTS_WRITER_TOUCHED_PRIV_H

#include "alerts/writer/touched.h"
#include "storage/pg/log.h"

struct entry {
    struct vd_alert alert;
    struct vd_uuid id;
    bool is_new, is_changed;
    enum vd_change_type type; /* the weightiest of its changes */
    struct vd_pg_log_head head;
    bool is_refused; /* taken out by vd_touched_try */
    struct entry *next;
};

/* A happening joins or ends, to be noted once the alerts are stored. */
struct tie_op {
    struct vd_uuid alert, event;
    bool is_end;
    struct tie_op *next;
};

struct vd_touched {
    struct vd_pg *pg;
    struct vd_rules *rules;
    struct vd_pile *pile;
    int64_t now_us;
    struct entry *first, **last;
    struct tie_op *ops, **last_op;
    struct vd_refusal *refusals;
};

struct entry *touched_find(const struct vd_touched *t, const struct vd_uuid *id);

/* The steps of storing for one alert: its entry of the log, its row, its message. */
int touched_log(struct vd_touched *t, struct entry *e, struct vd_err *err);
int touched_row(struct vd_touched *t, struct entry *e, struct vd_err *err);
int touched_message(struct vd_touched *t, struct entry *e, struct vd_pg_feed_row *row,
                    struct vd_err *err);
int touched_tie(struct vd_touched *t, const struct tie_op *op, struct vd_err *err);

#endif
