/* alerts/router/receive_priv.h: the receiver from within; only receive*.c include this. */
#ifndef VD_ALERTS_ROUTER_RECEIVE_PRIV_H
#define VD_ALERTS_ROUTER_RECEIVE_PRIV_H

#include <pthread.h>

#include "alerts/router/receive.h"
#include "alerts/router/sources.h"
#include "base/log.h"
#include "config/wire.h"

struct vd_receiver {
    struct vd_receiver_opts opts;
    pthread_t thread;
    struct vd_sock *events, *feed; /* NULL: we are not the active router */
    struct vd_sources sources;
    struct vd_source *own; /* our own events' */
    struct vd_node node;
    char epoch[VD_UUID_TEXT]; /* of this activation */
    struct vd_writer_state writer;
    uint32_t activations;        /* that we are set up for */
    struct vd_batch *current;    /* being filled */
    struct vd_map camera_hashes; /* camera -> struct camera_hash: what was last written of it */
    int64_t published;           /* last position that went out */
    int64_t heartbeat_us;        /* monotonic: when the next one is due */
    struct vd_log_gate gate;
    struct vd_config *cfg;
    pthread_mutex_t lock; /* guards what follows */
    struct vd_config *next_cfg;
    struct {
        bool is_new;
        bool is_over;
        char detail[VD_DETAIL_MAX + 1];
    } says[VD_N_NODE_CAUSES];
};

enum {
    METRIC_RECEIVED,
    METRIC_REPEATED,
    METRIC_GAPS,
    METRIC_UNKNOWN,
    METRIC_MALFORMED,
    METRIC_HELLOS,
    METRIC_ACKS,
    METRIC_STALLS,
    METRIC_DROPPED,
    METRIC_PUBLISHED,
    METRIC_WAITING,
    METRIC_OLDEST,
    METRIC_SOURCES,
    METRIC_NOT_THEIRS,
    N_METRICS
};

/* Sends [peer][source][verb][number][json] to a producer; one that is gone asks again. */
void receiver_tell(struct vd_receiver *r, const struct vd_source *s, char verb, uint64_t number,
                   const char *json, size_t len);

/* The batch being filled, or NULL: all are under way. */
struct vd_batch *receiver_current(struct vd_receiver *r);

/* Hands it to the writer when it is worth it. */
void receiver_flush(struct vd_receiver *r);

/* One message of the events socket. */
void receiver_take(struct vd_receiver *r, const struct vd_part *parts, int n);

/* The next message of a source into the batch; not taken when there is no room. */
void receiver_take_event(struct vd_receiver *r, struct vd_source *s, uint64_t number,
                         const struct vd_part *body);

/* Our own events into the batch. */
void receiver_take_own(struct vd_receiver *r);

/* What the writer gave back: publish, acknowledge. */
void receiver_settle(struct vd_receiver *r);

/* Heartbeats, when they are due. */
void receiver_beat(struct vd_receiver *r);

void receiver_forget_cameras(struct vd_receiver *r);
/* The status part of a hello. */
void receiver_take_status(struct vd_receiver *r, struct vd_source *s,
                          const struct vd_json *doc);

static inline int64_t receiver_mono(const struct vd_receiver *r)
{
    return r->opts.clock->mono_us(r->opts.clock->self);
}

static inline int64_t receiver_wall(const struct vd_receiver *r)
{
    return r->opts.clock->wall_us(r->opts.clock->self);
}

#endif
