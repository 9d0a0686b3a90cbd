/* ingest/publish/ship.h: carries what the spool accepted to the router, in order, and again
 * until it is acknowledged. A thread of its own ("ship") owns the socket. */
#ifndef VD_INGEST_PUBLISH_SHIP_H
#define VD_INGEST_PUBLISH_SHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/err.h"
#include "storage/spool/spool.h"

enum { VD_SHIP_HELLO_MAX = 32 * 1024 };

/* Writes the part-th piece of the worker's status (JSON, from part 0) into buf and returns its
 * length, 0 when there are no more. Called on the ship thread each second; must not block. */
typedef int vd_ship_status_fn(void *arg, int part, char *buf, size_t size);

struct vd_ship_opts {
    struct vd_bus *bus;
    const char *endpoint;
    const struct vd_bus_keys *keys; /* NULL on ipc; read at the opening alone */
    struct vd_spool *spool;
    int window;        /* events sent and not acknowledged; at most VD_SPOOL_READ_MAX */
    int64_t resend_us; /* without an acknowledgement for so long, all of them again */
    int64_t hello_us;  /* between two hellos; 0: 1 s */
    int64_t drain_us;  /* how long close waits for what is unacknowledged */
    vd_ship_status_fn *status;
    void *arg;
};

struct vd_ship_stats {
    bool is_welcome;    /* the router answered and knows where we stand */
    bool is_committing; /* by its last heartbeat */
    int64_t heard_us;   /* mono of its last word; 0: none yet */
    int64_t in_flight, sent, resent, acked;
};

struct vd_ship;

/* Texts and spool in opts are borrowed until close. */
int vd_ship_open(struct vd_ship **ret_ship, const struct vd_ship_opts *opts,
                 struct vd_err *err);

void vd_ship_stats(struct vd_ship *ship, struct vd_ship_stats *ret_stats);

/* Waits until the router has everything, drain_us at most, and joins. Sets NULL, accepts NULL.
 */
void vd_ship_close(struct vd_ship **ship);

#endif
