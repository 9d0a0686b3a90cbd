/* alerts/feed/client.h: a subscriber that misses nothing and sees nothing twice, also over its
 * own restarts, if it keeps vd_feed_position together with what it did.
 *
 * It listens to the live feed, sees a gap by the numbers (and in silence by the heartbeat), and
 * closes it by a replay. Owned by one thread. */
#ifndef VD_ALERTS_FEED_CLIENT_H
#define VD_ALERTS_FEED_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bus.h"
#include "base/err.h"

struct vd_feed;

struct vd_feed_opts {
    struct vd_bus *bus;             /* outlives the client */
    const char *feed, *replay;      /* endpoints */
    const struct vd_bus_keys *keys; /* for those over tcp://; copied */
    int64_t after;      /* everything up to this position is done; -1: begin with now */
    int64_t since_us;   /* > 0: begin with what was received from then on; after is ignored */
    const char *prefix; /* of the topic; NULL: all */
    bool is_narrow;     /* take only the prefix over the wire: each message is then fetched by a
                         * replay of the prefix. For thin links; else the whole feed is taken and
                         * filtered here */
    int64_t patience_us; /* an answer that takes longer is asked for again; 0: 3 s */
    int stop_fd;         /* > 0: polls readable when waiting should end with VD_ESTOP */
};

/* Connects, which never fails for want of a router. VD_EINVAL: endpoints; VD_ENOMEM. */
int vd_feed_open(struct vd_feed **ret_feed, const struct vd_feed_opts *opts,
                 struct vd_err *err);
void vd_feed_close(struct vd_feed **feed);

/* Valid until the next call. */
struct vd_feed_item {
    int64_t position;
    const char *topic; /* ends with '/' */
    const char *body;  /* JSON, followed by a NUL */
    size_t topic_len, body_len;
};

/* The next message, in order of position, within timeout_us (< 0: for ever). Returns 1, or 0
 * when the time is over. VD_EEOF: what comes next is no longer kept; vd_feed_floor is the first
 * that is: take a snapshot, then vd_feed_seek. VD_EPROTO: the feed is behind us: another
 * database, or one that was restored from a backup. VD_ESTOP. */
int vd_feed_next(struct vd_feed *feed, int64_t timeout_us, struct vd_feed_item *ret_item,
                 struct vd_err *err);

/* Everything up to here was given by vd_feed_next (or did not bear the prefix); -1: not known
 * yet. */
int64_t vd_feed_position(const struct vd_feed *feed);

int64_t vd_feed_floor(const struct vd_feed *feed);

/* Goes on behind that position. */
void vd_feed_seek(struct vd_feed *feed, int64_t after);

/* True once nothing that was there when we came, or when we last missed something, is
 * outstanding. */
bool vd_feed_is_live(const struct vd_feed *feed);

/* The last heartbeat's JSON, "" before the first, and its age (< 0 before the first). */
const char *vd_feed_heartbeat(const struct vd_feed *feed);
int64_t vd_feed_heartbeat_age_us(const struct vd_feed *feed);

/* How often something was missing and fetched. */
uint64_t vd_feed_gaps(const struct vd_feed *feed);

#endif
