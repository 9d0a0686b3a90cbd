/* alerts/router/sealer.h: signs the head of the log from time to time, into a file that is only
 * ever added to, outside of the database. Belongs to one thread. */
#ifndef VD_ALERTS_ROUTER_SEALER_H
#define VD_ALERTS_ROUTER_SEALER_H

#include <stdint.h>

#include "base/err.h"
#include "storage/pg/pg.h"

struct vd_sealer;

/* Reads the key below the state folder, or makes one (mode 0600, its public half beside it).
 * VD_EIO, VD_EINVAL (a file that is no key), VD_ENOMEM. */
int vd_sealer_open(struct vd_sealer **ret_sealer, const char *state, struct vd_err *err);

/* When every_us have passed since the last line, and the log has grown since: one more, on the
 * disk when it returns. Returns 1: written, 0: not yet; VD_EIO and what storage/pg says. */
int vd_sealer_look(struct vd_sealer *sealer, struct vd_pg *pg, int64_t every_us, int64_t now_us,
                   struct vd_err *err);

/* Sets NULL, accepts NULL. */
void vd_sealer_close(struct vd_sealer **sealer);

#endif
