/* alerts/writer/exchange.h: the border between the receiving thread and the writing one: two
 * bounded queues of batches, and what each must know of the other. Nothing is lost here: when
 * no batch is free the receiver stops reading, and its peers' disks hold what waits. */
#ifndef VD_ALERTS_WRITER_EXCHANGE_H
#define VD_ALERTS_WRITER_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "alerts/writer/batch.h"
#include "base/err.h"

struct vd_exchange; /* every call may come from any thread */

/* batches of items_max messages each. */
int vd_exchange_open(struct vd_exchange **ret_x, int batches, int items_max,
                     struct vd_err *err);
void vd_exchange_close(struct vd_exchange **x);

/* An empty batch, the caller's, or NULL: all are under way. */
struct vd_batch *vd_exchange_fresh(struct vd_exchange *x);

/* Gives a batch that is not needed back. */
void vd_exchange_recycle(struct vd_exchange *x, struct vd_batch *batch);

/* Receiver -> writer, and back. take and taken give NULL when there is nothing. */
void vd_exchange_put(struct vd_exchange *x, struct vd_batch *batch);
struct vd_batch *vd_exchange_take(struct vd_exchange *x);
void vd_exchange_give_back(struct vd_exchange *x, struct vd_batch *batch);
struct vd_batch *vd_exchange_taken(struct vd_exchange *x);

/* True while the writer has nothing to do: then even one message is worth a transaction. */
bool vd_exchange_is_idle(struct vd_exchange *x);

/* True when a batch lies ready for when the writer is done: then another may as well be filled
 * to the brim first. */
bool vd_exchange_is_queued(struct vd_exchange *x);

/* Poll readable when there is something for that side; drain before looking. */
int vd_exchange_writer_fd(const struct vd_exchange *x);
int vd_exchange_receiver_fd(const struct vd_exchange *x);
void vd_exchange_drain(int fd);
void vd_exchange_wake_writer(struct vd_exchange *x);

/* A happening that a router before us began and did not end. */
struct vd_leftover {
    struct vd_uuid event;
    uint32_t rev;
    int64_t start_us;
};

enum { VD_LEFTOVERS_MAX = 16 };

/* What the writer says of itself; copied in and out. */
struct vd_writer_state {
    bool is_active;       /* it holds the lock: we are the router of this database */
    bool is_standby;      /* another one is */
    uint32_t activations; /* counts them: everything known before is stale */
    bool is_committing;
    int64_t since_us; /* when not: since when, wall clock */
    int64_t position; /* last of the feed that was handed over */
    char reason[200]; /* why it is not committing */
    struct vd_leftover leftovers[VD_LEFTOVERS_MAX];
    int n_leftovers;
};
void vd_exchange_set_state(struct vd_exchange *x, const struct vd_writer_state *state);
void vd_exchange_state(struct vd_exchange *x, struct vd_writer_state *ret_state);

/* The receiver says: messages older than that may still be on their way (0: none are). */
void vd_exchange_set_late(struct vd_exchange *x, int64_t oldest_us);
int64_t vd_exchange_late(struct vd_exchange *x);

#endif
