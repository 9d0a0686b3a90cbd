/* alerts/api/live_link.h: carries the live hub's orders to the ingest workers of this machine
 * and their answers back. A thread of its own, "live", owns the sockets. */
#ifndef VD_ALERTS_API_LIVE_LINK_H
#define VD_ALERTS_API_LIVE_LINK_H

#include "alerts/api/live_hub.h"
#include "base/bus.h"
#include "base/clock.h"
#include "config/config.h"

struct vd_live_link;

/* All is borrowed until close but cfg, which is only read now. */
int vd_live_link_open(struct vd_live_link **ret_link, struct vd_live_hub *hub,
                      struct vd_bus *bus, const char *state, const struct vd_config *cfg,
                      const struct vd_clock *clock, struct vd_err *err);
void vd_live_link_close(struct vd_live_link **link); /* joins; sets NULL, accepts NULL */

/* There are new orders: somebody came or left. Any thread. */
void vd_live_link_hurry(struct vd_live_link *link);

/* Reads a worker's message of n parts: "live", a head of JSON, and bytes. Returns the feed's
 * number and fills *ret_piece, which borrows from parts and from text (of size bytes); < 0: not
 * for us. Pure, for tests and fuzzing. */
int64_t vd_live_message_decode(const struct vd_part *parts, int n, int64_t wall_us, char *text,
                               size_t size, struct vd_live_piece *ret_piece);

#endif
