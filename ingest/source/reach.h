/* ingest/source/reach.h: the way to a host, with deadlines that libavformat does not keep:
 * names are resolved off the thread, and a port can be asked what it speaks. */
#ifndef VD_INGEST_SOURCE_REACH_H
#define VD_INGEST_SOURCE_REACH_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/stop.h"
#include "ingest/source/url.h"

enum { VD_REACH_ADDRESS_MAX = 64 }; /* a numeric address and its NUL */

/* Writes the numeric address of host into ret_address. Blocks until deadline_us of the
 * monotonic clock at most, returns at once on stop; a query that is still under way then ends
 * by itself, later. VD_EINVAL: nobody knows the host; VD_ETIMEOUT, VD_ESTOP, VD_ENOMEM. */
int vd_reach_resolve(const char *host, int64_t deadline_us, const struct vd_stop *stop,
                     char ret_address[VD_REACH_ADDRESS_MAX], struct vd_err *err);

enum vd_speaks { VD_SPEAKS_NOTHING, VD_SPEAKS_RTSP, VD_SPEAKS_HTTP, VD_SPEAKS_OTHER };

/* Asks url's port at a numeric address with an RTSP OPTIONS and looks at the first bytes that
 * come back. For naming a failure only: it opens a connection. Deadline and stop as above;
 * VD_EIO when it can't connect. */
int vd_reach_sniff(const char *address, const struct vd_url *url, int64_t deadline_us,
                   const struct vd_stop *stop, enum vd_speaks *ret_speaks, struct vd_err *err);

#endif
