/* alerts/writer/writer_priv.h: the writer from within; only writer*.c include this. */
#ifndef VD_ALERTS_WRITER_WRITER_PRIV_H
#define VD_ALERTS_WRITER_WRITER_PRIV_H

#include <pthread.h>

#include "alerts/writer/attempt.h"
#include "alerts/writer/book.h"
#include "alerts/writer/link.h"
#include "alerts/writer/writer.h"
#include "base/log.h"

struct vd_writer {
    struct vd_writer_opts opts;
    const struct vd_clock *clock;
    pthread_t thread;
    struct vd_config *cfg; /* the one we started with: link borrows from it */
    struct vd_link link;
    struct vd_pg *pg; /* the thread's own */
    struct vd_book *book;
    struct vd_rules *rules; /* NULL: to be restored */
    struct vd_touched *touched;
    struct vd_writer_state state; /* what was last told */
    int64_t clock_us;             /* wall against monotonic, when rules last saw the time */
    int64_t handed;               /* last position given to the receiver */
    int64_t down_since_us;        /* wall clock; 0: fine */
    int64_t partitions_us;        /* monotonic: when to look after them again */
    int64_t refused_us;           /* monotonic: since when another holds the lock; 0: not */
    struct vd_log_gate gate;
    pthread_mutex_t lock; /* guards next_book */
    struct vd_book *next_book;
};

enum {
    METRIC_EVENTS,
    METRIC_POISON,
    METRIC_BATCHES,
    METRIC_RETRIES,
    METRIC_ALERTS,
    METRIC_REFUSED,
    METRIC_BATCH_SECONDS,
    METRIC_DELAY_SECONDS,
    METRIC_COMMITTING,
    METRIC_POSITION,
    METRIC_STANDS,
    METRIC_LIVE,
    METRIC_NOT_WAITED_FOR,
    N_METRICS
};

/* Connects, takes the lock and restores all that a router must know. VD_EAGAIN: another router
 * is active. */
int writer_activate(struct vd_writer *w, struct vd_err *err);

/* Throws the rules' memory away and reads it anew. */
int writer_restore(struct vd_writer *w, struct vd_err *err);

/* Stores what the batch holds. is_again: an earlier try may have stored some of it, so the
 * database is asked first. Returns 0 or what to try again for. */
int writer_store(struct vd_writer *w, struct vd_batch *batch, bool is_again,
                 struct vd_err *err);

/* Puts what others wrote into the feed, after what was handed over, into the batch. */
int writer_catch_up(struct vd_writer *w, struct vd_batch *batch, int64_t to,
                    struct vd_err *err);

static inline int64_t writer_wall(const struct vd_writer *w)
{
    return w->clock->wall_us(w->clock->self);
}

static inline int64_t writer_mono(const struct vd_writer *w)
{
    return w->clock->mono_us(w->clock->self);
}

#endif
