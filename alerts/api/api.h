/* alerts/api/api.h: the console's server put together: HTTP door, threads, what is kept in
 * memory. Whoever runs it feeds the hub and says how the router is; see alerts/main_console.c.
 */
#ifndef VD_ALERTS_API_API_H
#define VD_ALERTS_API_API_H

#include <stdint.h>

#include "alerts/api/health.h"
#include "alerts/api/hub.h"
#include "base/bus.h"
#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"
#include "storage/pg/pg.h"

struct vd_api; /* opaque; any thread unless a function says otherwise */

struct vd_api_opts {
    struct vd_config *cfg;          /* borrowed; a reference is taken */
    const char *state;              /* the state folder, absolute; must outlive */
    struct vd_pg_opts pg;           /* how to reach the database; texts must outlive */
    struct vd_bus *bus;             /* for the workers' media sockets, and the router's */
    const char *replay;             /* the router's socket for questions; must outlive */
    const struct vd_bus_keys *keys; /* where feed or replay are tcp://, or NULL; must outlive */
    const struct vd_clock *clock;
};

/* Starts all threads and listens. The database need not be there yet. */
int vd_api_open(struct vd_api **ret_api, const struct vd_api_opts *opts, struct vd_err *err);

struct vd_hub *vd_api_hub(struct vd_api *api);
struct vd_health *vd_api_health(struct vd_api *api);
uint16_t vd_api_port(const struct vd_api *api);

/* A new configuration: names, areas and cameras change at once, addresses at the next start. */
void vd_api_set_config(struct vd_api *api, struct vd_config *cfg);

/* Once a second, from one thread: judges the health, tells streams, and beats. */
void vd_api_tick(struct vd_api *api);

/* Ends streams, answers what is left with "busy", joins all threads. Sets NULL, accepts NULL.
 */
void vd_api_close(struct vd_api **api);

#endif
