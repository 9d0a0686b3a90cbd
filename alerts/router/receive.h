/* alerts/router/receive.h: the one thread that owns the sockets of events and feed: messages
 * in, batches to the writer, acknowledgements and the feed out, heartbeats to all. It waits for
 * nobody: when the writer is behind it stops reading, and the producers' disks hold what comes.
 */
#ifndef VD_ALERTS_ROUTER_RECEIVE_H
#define VD_ALERTS_ROUTER_RECEIVE_H

#include "alerts/router/node.h"
#include "alerts/router/numbers.h"
#include "alerts/writer/exchange.h"
#include "base/bus_zap.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "config/config.h"

struct vd_receiver;

struct vd_receiver_opts {
    struct vd_bus *bus;
    struct vd_exchange *exchange;
    struct vd_numbers *numbers; /* what workers count goes there */
    const char *events, *feed;  /* endpoints to bind once we are the active router */
    const uid_t *producers;     /* the users who may hand in events; the rest are hung up on */
    size_t n_producers;         /* 0: whoever reaches the socket */
    const struct vd_zap *zap;   /* over tcp:// */
    const struct vd_bus_keys *events_keys, *feed_keys; /* NULL: ipc:// */
    struct vd_config *cfg;                             /* a reference is taken */
    const struct vd_clock *clock;
    const struct vd_stop *stop;
};

/* Starts the thread "rx". All in opts outlives it. */
int vd_receiver_start(struct vd_receiver **ret_receiver, const struct vd_receiver_opts *opts,
                      struct vd_err *err);
/* Joins; it ends once stop is requested. */
void vd_receiver_join(struct vd_receiver **receiver);

/* Other cameras and limits from now on; takes a reference. Any thread. */
void vd_receiver_reload(struct vd_receiver *receiver, struct vd_config *cfg);

/* Something happened to the router itself; detail NULL: it is over. Any thread. At most a few
 * are kept until they can be stored; the newest of a cause counts. */
void vd_receiver_say(struct vd_receiver *receiver, enum vd_node_cause cause,
                     const char *detail);

extern struct vd_metric vd_receiver_metrics[];
extern const size_t vd_receiver_n_metrics;

#endif
