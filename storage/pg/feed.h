/* storage/pg/feed.h: the numbered feed. Whoever makes a row takes its position from the counter
 * as the last lock of its transaction, so positions are contiguous and appear in order. */
#ifndef VD_STORAGE_PG_FEED_H
#define VD_STORAGE_PG_FEED_H

#include "storage/pg/pg.h"

#define VD_PG_FEED_CHANNEL "vedette_feed"
#define VD_PG_TOPIC_MAX    511

struct vd_pg_feed_row {
    int64_t position;
    int64_t received_us;
    const char *topic; /* ends with '/' */
    const char *body;  /* JSON */
    size_t body_len;
};

/* Takes n positions; *ret_first is the first of them. Holds the counter until the transaction
 * ends: everything else that locks comes before. */
int vd_pg_feed_take(struct vd_pg *pg, int n, int64_t *ret_first, struct vd_err *err);

/* Stores rows (of alerts, nodes …) at positions taken before, by COPY. */
int vd_pg_feed_store(struct vd_pg *pg, const struct vd_pg_feed_row *rows, int n,
                     struct vd_err *err);

/* Wakes whoever listens on VD_PG_FEED_CHANNEL when this transaction commits: for writers that
 * are not the router. */
int vd_pg_feed_notify(struct vd_pg *pg, struct vd_err *err);

/* A person's change of an alert, all that the console's role may put into the feed: takes the
 * position, gives it to the alert, stores the message and wakes the router at the commit. The
 * alert and its entry of the log (the last one) must have been written in this transaction and
 * body must be true to both, or it is VD_EINVAL. Locks as vd_pg_feed_take does. */
int vd_pg_feed_alert(struct vd_pg *pg, const char *alert, const char *body,
                     int64_t *ret_position, struct vd_err *err);

/* The last position given, and the floor: everything from floor on is stored. floor is
 * last + 1 when nothing is. ret_floor may be NULL. */
int vd_pg_feed_position(struct vd_pg *pg, int64_t *ret_last, int64_t *ret_floor,
                        struct vd_err *err);

/* The first position received at or after wall_us, or last + 1; never below the floor. Off by
 * as much as the router's clock was ever set back. */
int vd_pg_feed_position_at(struct vd_pg *pg, int64_t wall_us, int64_t *ret_position,
                           struct vd_err *err);

typedef void vd_pg_feed_fn(void *arg, const struct vd_pg_feed_row *row);

struct vd_pg_feed_query {
    int64_t after;      /* rows above this position */
    const char *prefix; /* of the topic; NULL or "": all */
    int limit;          /* rows at most; 0: 1000 */
    int span;           /* positions looked at, at most; 0: 10 000 */
};

/* Calls each for the rows asked for, in order. *ret_through is the position up
 * to which everything with this prefix has now been given: the `after` of the next call.
 * Returns how many rows; 0 with *ret_through == after means the end. VD_EEOF: `after + 1` lies
 * below the floor: expired. */
int vd_pg_feed_read(struct vd_pg *pg, const struct vd_pg_feed_query *query, vd_pg_feed_fn *each,
                    void *arg, int64_t *ret_through, struct vd_err *err);

#endif
