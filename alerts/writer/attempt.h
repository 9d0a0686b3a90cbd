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
    int64_t tick_us;
    int64_t now_us; /* wall clock */
};

/* Runs it. On success *ret_rows are the rows that it put into the feed, *ret_n of them, in the
 * batch's pile. Returns 1: committed, 0: there was nothing to do. After any failure the rules
 * hold what the database does not: restore them. Failures are those of storage/pg/pg.h;
 * VD_EPROTO: a source is not where the batch thinks. No transaction is open afterwards. */
int vd_attempt_run(const struct vd_attempt *attempt, struct vd_pg_feed_row **ret_rows,
                   int *ret_n, struct vd_err *err);

#endif
