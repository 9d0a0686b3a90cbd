/* alerts/feed/replay.h: the past of the feed, and a snapshot of the present, to whoever asks:
 * a thread ("replay") with a socket and a connection of its own, so that a reader of weeks
 * keeps nobody waiting. Nothing goes out without credit.
 *
 * A client (DEALER) sends one frame of JSON:
 *   {"op":"replay","from":P | "since":"<RFC 3339>","prefix":"event/…","credit":N}
 *   {"op":"snapshot","credit":N}   {"op":"credit","n":N}   {"op":"metrics"}
 * and gets [kind][position][…]:
 *   row       [topic][JSON]       costs a credit
 *   snapshot  [kind of thing][JSON]  alert, event, camera; costs a credit
 *   complete  everything asked for up to position was given
 *   live      from position on, listen to the feed
 *   expired   position is the first that is still kept: take a snapshot
 *   metrics   [text]
 *   error     [JSON {"code","message"}]: bad-request, not-now (try again), too-many, not-yours
 *             (over tcp://, to a key that does not listen: it gets snapshots alone)
 * A new request ends the one before it. */
#ifndef VD_ALERTS_FEED_REPLAY_H
#define VD_ALERTS_FEED_REPLAY_H

#include "base/bus_zap.h"
#include "base/err.h"
#include "base/json.h"
#include "base/stop.h"
#include "storage/pg/pg.h"

enum {
    VD_REPLAY_SESSIONS_MAX = 64,
    VD_REPLAY_CREDIT_MAX = 10000,
    VD_REPLAY_REQUEST_MAX = 4096, /* bytes */
    VD_REPLAY_PREFIX_MAX = 511,
    VD_REPLAY_METRICS_MAX = 1024 * 1024, /* bytes of that answer; a worker's take about 6000 */
};

/* What a client may ask for. */
enum vd_replay_op { VD_REPLAY_ROWS, VD_REPLAY_SNAPSHOT, VD_REPLAY_CREDIT, VD_REPLAY_METRICS };

struct vd_replay_request {
    enum vd_replay_op op;
    int64_t from; /* first position wanted; 0: since_us says */
    int64_t since_us;
    int64_t credit;
    char prefix[VD_REPLAY_PREFIX_MAX + 1];
};

/* Any input is safe. VD_EPROTO says what is wrong with it. Pure. */
int vd_replay_parse(const void *data, size_t len, struct vd_replay_request *ret_request,
                    struct vd_err *err);

struct vd_replay;

struct vd_replay_opts {
    struct vd_bus *bus;
    const char *endpoint;           /* bound while is_active says so */
    const struct vd_bus_keys *keys; /* NULL: ipc:// */
    const struct vd_zap *zap;
    struct vd_pg_opts pg; /* what it points to outlives the thread */
    const struct vd_stop *stop;
    bool (*is_active)(void *arg); /* are we the router of this database? Any thread */
    /* With keys: whether the client of that name gets the feed; who does not is told what is
     * open, for its media, and no more. */
    bool (*listens)(void *arg, const char *client);
    size_t (*metrics)(void *arg, char *buf, size_t size);
    void *arg;
};

int vd_replay_start(struct vd_replay **ret_replay, const struct vd_replay_opts *opts,
                    struct vd_err *err);
/* Hangs up on everybody: who is still listed comes back and asks again. Any thread. */
void vd_replay_hang_up(struct vd_replay *replay);
void vd_replay_join(struct vd_replay **replay);

#endif
