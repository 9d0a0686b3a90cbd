/* alerts/router/maintain.h: drops what is older than it is kept, on a thread ("maint") and a
 * connection of its own: dropping waits for locks, and nobody may wait for that. */
#ifndef VD_ALERTS_ROUTER_MAINTAIN_H
#define VD_ALERTS_ROUTER_MAINTAIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/stop.h"
#include "config/config.h"
#include "storage/pg/pg.h"

struct vd_maintain;

struct vd_maintain_opts {
    struct vd_pg_opts pg; /* what it points to outlives the thread */
    struct vd_retention_cfg keep;
    const struct vd_stop *stop;
    bool (*is_active)(void *arg); /* any thread */
    void *arg;
};

int vd_maintain_start(struct vd_maintain **ret_maintain, const struct vd_maintain_opts *opts,
                      struct vd_err *err);
/* Other ages from the next round on. Any thread. */
void vd_maintain_reload(struct vd_maintain *maintain, const struct vd_retention_cfg *keep);
void vd_maintain_join(struct vd_maintain **maintain);

#endif
