/* alerts/api/live_inner.h: what live_hub.c and live_watch.c share. All of it is guarded by the
 * hub's mutex. */
#ifndef VD_ALERTS_API_LIVE_INNER_H
#define VD_ALERTS_API_LIVE_INNER_H

#include <pthread.h>

#include "alerts/api/live_hub.h"

/* Bytes that several queues hold. */
struct vd_chunk {
    int refs;
    enum vd_live_kind kind;
    bool is_key;
    int64_t at_us;
    size_t len;
    uint8_t data[];
};

struct vd_feed {
    struct vd_live_order order; /* what to ask for; is_end: nobody watches any more */
    int n_watchers;
    int64_t heard_us;                        /* last word of its worker; 0: none */
    int64_t asked_us;                        /* last order */
    int64_t outstanding;                     /* bytes that the worker may still send */
    struct vd_chunk *init;                   /* NULL: none yet */
    struct vd_chunk *kept[VD_LIVE_KEPT_MAX]; /* fragments since the last key frame */
    int n_kept;                              /* 0 also when they were too many */
    size_t kept_bytes;
    struct vd_chunk *picture; /* the last JPEG, while there is no video */
};

/* One camera of a page. */
struct vd_sight {
    struct vd_feed *feed;
    bool has_init, needs_key; /* the page has the feed's init; goes on with a key frame only */
    int64_t lost;
};

struct vd_entry {
    struct vd_chunk *chunk;
    int camera;
};

struct vd_watcher {
    struct vd_live_hub *hub;
    struct vd_sight sights[VD_LIVE_CAMERAS_MAX];
    int n;
    struct vd_entry queue[VD_LIVE_QUEUE_MAX];
    unsigned head, tail; /* tail .. head - 1, modulo */
    size_t bytes, sent;  /* queued; of the first entry, header included, already out */
    bool is_waiting;
    void (*pause)(void *arg);
    void (*wake)(void *arg);
    void *arg;
};

struct vd_live_hub {
    pthread_mutex_t mutex; /* guards all */
    struct vd_watcher *watchers[VD_LIVE_WATCHERS_MAX];
    struct vd_feed *feeds[VD_LIVE_FEEDS_MAX];
    int n_watchers, n_feeds;
    uint32_t last_number;
    bool is_ending;
    int64_t bytes, lost;
};

struct vd_chunk *vd_chunk_ref(struct vd_chunk *chunk);
void vd_chunk_unref(struct vd_chunk **chunk); /* sets NULL, accepts NULL */

/* Queues what the page has not of the feed: init, and all since the last key frame. */
void vd_sight_begin(struct vd_watcher *watcher, int camera);

/* Queues a chunk of the feed that is its camera, if the page can go on with it. */
void vd_sight_give(struct vd_watcher *watcher, int camera, struct vd_chunk *chunk);

/* Whether the page takes more at present. */
bool vd_watcher_has_room(const struct vd_watcher *watcher);

#endif
