/* alerts/writer/attempt.h: one transaction: a range of a batch's messages, all that the rules
 * make of them, their places in the feed, and how far their sources now are. Whole or not at
 * all; the order of locks is alerts, log, feed counter, and the same everywhere. */
#ifndef VD_ALERTS_WRITER_ATTEMPT_H
#define VD_ALERTS_WRITER_ATTEMPT_H

#include "alerts/writer/batch.h"
#include "alerts/writer/touched.h"

struct vd_attempt {
    struct vd_pg *pg;
    struct vd_rules *rules;
    struct vd_touched *touched;
    struct vd_batch *batch;
    int from, to;  /* items [from, to) */
    bool has_tick; /* let time pass for the rules, to tick_us */
    bool is_wary;  /* try each change of the rules first, and set aside what is refused */
    int64_t tick_us;
    int64_t now_us; /* wall clock */
};

struct vd_attempt_result {
    struct vd_pg_feed_row *rows; /* what it put into the feed, in the batch's pile */
    int n_rows;
    bool is_rules; /* it failed at what the rules want, not at a message */
};

/* Runs it. Returns 1: committed, 0: there was nothing to do. After any failure the rules hold
 * what the database does not: restore them. Failures are those of storage/pg/pg.h; VD_EPROTO: a
 * source is not where the batch thinks. No transaction is open afterwards. */
int vd_attempt_run(const struct vd_attempt *attempt, struct vd_attempt_result *ret,
                   struct vd_err *err);

#endif
