/* alerts/router/router.h: the router as a whole: which threads there are and what joins them.
 */
#ifndef VD_ALERTS_ROUTER_ROUTER_H
#define VD_ALERTS_ROUTER_ROUTER_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"

struct vd_router;

/* Starts all threads. cfg: a reference is taken; state is copied. VD_EINVAL: endpoints or rules
 * that can't be; VD_ENOMEM; VD_EIO. */
int vd_router_start(struct vd_router **ret_router, struct vd_config *cfg, const char *state,
                    struct vd_err *err);

/* Stops and joins all of them; what is committed by then is acknowledged. */
void vd_router_stop(struct vd_router **router);

enum vd_router_mood { VD_ROUTER_STARTING, VD_ROUTER_ACTIVE, VD_ROUTER_STANDBY, VD_ROUTER_DOWN };

/* Whether it is the router of its database, stands by, or can't reach it. Any thread. */
enum vd_router_mood vd_router_mood(struct vd_router *router);

/* Takes another configuration over, with a reference. VD_EINVAL leaves the old one. */
int vd_router_reload(struct vd_router *router, struct vd_config *cfg, struct vd_err *err);

/* A folder did not pass; why is for people. The old configuration stays. */
void vd_router_refuse(struct vd_router *router, const char *why);

#endif
