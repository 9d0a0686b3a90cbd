/* alerts/writer/writer.h: the one thread that writes. It owns its connection and the rules'
 * memory; a batch comes in by the exchange and goes back committed, however long the database
 * is away: what can be cured by waiting is tried again for ever, and a message that the
 * database refuses for what is in it is found by halving and put into quarantine. */
#ifndef VD_ALERTS_WRITER_WRITER_H
#define VD_ALERTS_WRITER_WRITER_H

#include "alerts/writer/exchange.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "config/config.h"

struct vd_writer;

struct vd_writer_opts {
    struct vd_exchange *exchange; /* outlives the writer */
    struct vd_config *cfg;        /* a reference is taken */
    const char *state;            /* the state folder */
    const char *node;             /* whose leftovers to end: the router's own name in events */
    const struct vd_clock *clock; /* NULL: the system's */
    const struct vd_stop *stop;   /* ends the thread; outlives the writer */
};

/* Starts the thread. VD_EINVAL: the rules do not stand up; VD_ENOMEM. */
int vd_writer_start(struct vd_writer **ret_writer, const struct vd_writer_opts *opts,
                    struct vd_err *err);

/* Joins the thread, which ends once stop is requested, within a second or so. */
void vd_writer_join(struct vd_writer **writer);

/* Other rules from the next batch on; takes a reference. Any thread. VD_EINVAL leaves the old
 * ones. */
int vd_writer_reload(struct vd_writer *writer, struct vd_config *cfg, struct vd_err *err);

extern struct vd_metric vd_writer_metrics[];
extern const size_t vd_writer_n_metrics;

#endif
