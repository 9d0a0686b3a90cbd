/* alerts/router/timer.h: what happens to alerts when nobody does anything (workflow/due.h), at
 * its second, and the signing of the log's head (sealer.h), on a thread ("timer") and a
 * connection of its own. */
#ifndef VD_ALERTS_ROUTER_TIMER_H
#define VD_ALERTS_ROUTER_TIMER_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/stop.h"
#include "storage/pg/pg.h"

struct vd_timer;

struct vd_timer_opts {
    struct vd_pg_opts pg; /* what it points to outlives the thread */
    const char *state;    /* the folder; outlives the thread */
    int64_t seal_us;      /* between two signed heads of the log */
    const struct vd_clock *clock;
    const struct vd_stop *stop;
    bool (*is_active)(void *arg); /* any thread */
    void *arg;
};

int vd_timer_start(struct vd_timer **ret_timer, const struct vd_timer_opts *opts,
                   struct vd_err *err);
void vd_timer_join(struct vd_timer **timer);

#endif
