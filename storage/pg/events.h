/* storage/pg/events.h: sources and their events, stored exactly once. The order inside the
 * router's transaction is: alerts, log, vd_pg_feed_take, vd_pg_events_store and feed rows,
 * vd_pg_source_advance, commit; the same everywhere, so that no two transactions wait for each
 * other. */
#ifndef VD_STORAGE_PG_EVENTS_H
#define VD_STORAGE_PG_EVENTS_H

#include "storage/pg/pg.h"

/* ---- sources ---- */

struct vd_pg_source {
    int32_t id;
    char source[160];
    int64_t last_sequence;
    int64_t floor_sequence; /* at or below: dropped by retention */
    int64_t updated_us;
};

/* Finds the row of a source, or makes it with last_sequence 0. Not inside a transaction that
 * may be rolled back if the id is to be kept. VD_EINVAL: longer than 159 bytes. */
int vd_pg_source_get(struct vd_pg *pg, const char *source, struct vd_pg_source *ret_source,
                     struct vd_err *err);

/* Calls each for every source, by name. Returns how many. */
typedef void vd_pg_source_fn(void *arg, const struct vd_pg_source *source);
int vd_pg_source_list(struct vd_pg *pg, vd_pg_source_fn *each, void *arg, struct vd_err *err);

/* One source moves on from `from` to `to`. */
struct vd_pg_advance {
    int32_t id;
    int64_t from, to;
};

/* Moves all of them, in the transaction that stored what lies between. VD_EPROTO when one is
 * not at `from`: another router wrote; roll back, read the sources anew. */
int vd_pg_source_advance(struct vd_pg *pg, const struct vd_pg_advance *moves, int n,
                         int64_t now_us, struct vd_err *err);

/* ---- events ---- */

/* One event with its place in the feed. All pointers are borrowed for the call. */
struct vd_pg_event {
    int64_t received_us;
    int64_t position; /* from vd_pg_feed_take */
    int32_t source;   /* vd_pg_source.id */
    int64_t sequence;
    const uint8_t *id;    /* 16 bytes: of the message */
    const uint8_t *event; /* 16 bytes: of the happening */
    int rev;
    const char *phase, *kind, *camera, *area;
    int64_t time_us;
    int64_t start_us, end_us; /* 0: none */
    float score;
    bool time_suspect;
    const char *topic; /* of the feed */
    const char *body;  /* the message, verbatim */
    size_t body_len;
};

/* Stores a batch in event and feed by COPY, and keeps open_event: phase "start", "update" and
 * "media" of a happening that is open write its last message, "end" takes it out.
 * n <= 100 000. Bodies must be UTF-8 without NUL (VD_EINVAL: quarantine the one at fault, found
 * by trying them one by one). */
int vd_pg_events_store(struct vd_pg *pg, const struct vd_pg_event *events, int n,
                       struct vd_err *err);

/* Puts bytes that are no event under the sequence they came with. reason: a sentence. Twice the
 * same (source, sequence) keeps the first. */
int vd_pg_quarantine(struct vd_pg *pg, int32_t source, int64_t sequence, int64_t received_us,
                     const char *reason, const void *bytes, size_t len, struct vd_err *err);

/* A happening that has begun and not ended. Pointers live during the call. */
struct vd_pg_open_event {
    char event[37];
    int rev;
    int64_t position;
    const char *kind, *camera, *area, *topic, *body;
    size_t body_len;
};
typedef void vd_pg_open_event_fn(void *arg, const struct vd_pg_open_event *event);

/* Calls each for every open happening, in the order of position. Returns how many. */
int vd_pg_events_open(struct vd_pg *pg, vd_pg_open_event_fn *each, void *arg,
                      struct vd_err *err);

/* ---- audit ---- */

struct vd_pg_audit {
    char source[160];
    int64_t floor;      /* dropped by retention up to here */
    int64_t last;       /* committed up to here */
    int64_t stored;     /* distinct sequences above floor, events and quarantine */
    int64_t duplicates; /* rows beyond the first of a sequence */
    int64_t missing;    /* last - floor - stored; 0 is good */
    int64_t beyond;     /* rows above last; 0 is good */
    int64_t quarantined;
    int64_t first_gap; /* lowest missing sequence, 0: none */
};
typedef void vd_pg_audit_fn(void *arg, const struct vd_pg_audit *audit);

/* Audits every source from one snapshot; calls each by name of source. Reads all partitions:
 * set a long deadline. Opens a transaction of its own. Returns how many sources are at fault.
 */
int vd_pg_audit_sources(struct vd_pg *pg, vd_pg_audit_fn *each, void *arg, struct vd_err *err);

struct vd_pg_feed_audit {
    int64_t floor, last; /* positions floor..last should all be there, once */
    int64_t stored, duplicates, missing, beyond;
};
/* The same for positions of the feed. Returns 1 when something is at fault, else 0. */
int vd_pg_audit_feed(struct vd_pg *pg, struct vd_pg_feed_audit *ret_audit, struct vd_err *err);

/* Holds each alert whose last message is in the feed still against that message: a row that was
 * changed without it is found. Calls each for those that differ, with the field. Returns how
 * many were looked at. */
typedef void vd_pg_untrue_fn(void *arg, const char *alert, const char *field);
int64_t vd_pg_audit_alerts(struct vd_pg *pg, vd_pg_untrue_fn *each, void *arg,
                           struct vd_err *err);

/* ---- partitions and retention (as owner or router) ---- */

/* Makes the day partitions from now_us on, ahead days beyond (1: today and tomorrow). Returns
 * how many were new. To be called at start and every hour. */
int vd_pg_partitions_ahead(struct vd_pg *pg, int64_t now_us, int ahead, struct vd_err *err);

/* Drops the days that ended before before_us (never the last 24 h) and records the floors of
 * feed and sources. Returns how many partitions went. VD_EIO when readers held it up: try
 * later. */
int vd_pg_retention(struct vd_pg *pg, int64_t before_us, struct vd_err *err);

/* What goes by rows rather than by days, at most limit of them a call and transaction, so that
 * it is in nobody's way: alerts that were resolved before before_us and whose condition is
 * over, with their alert_event (their entries of the log stay); bytes and rows of quarantine,
 * and refused alerts, from before before_us. Never of the last 24 h. Returns how many went:
 * call again until 0. */
int vd_pg_retention_alerts(struct vd_pg *pg, int64_t before_us, int limit, struct vd_err *err);
int vd_pg_retention_quarantine(struct vd_pg *pg, int64_t before_us, int limit,
                               struct vd_err *err);

#endif
