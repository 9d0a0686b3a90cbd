/* alerts/router/sources.h: the producers that the receiver knows, by source. One thread. */
#ifndef VD_ALERTS_ROUTER_SOURCES_H
#define VD_ALERTS_ROUTER_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/router/sequence.h"
#include "alerts/rules/map.h"
#include "base/event.h"
#include "base/json.h"

enum { VD_SOURCES_MAX = 1024, VD_PEER_MAX = 32 };

struct vd_source {
    char name[VD_SOURCE_MAX + 1];
    uint8_t peer[VD_PEER_MAX]; /* its connection's routing id */
    size_t peer_len;           /* 0: none, or it is our own */
    struct vd_sequence seq;
    int32_t id; /* in the database; 0: not looked up yet */
    bool wants_welcome;
    bool is_asked;    /* a batch that looks it up is under way */
    bool is_own;      /* the router's own events */
    bool is_behind;   /* something of it was dropped for lack of room: to be asked for again */
    int64_t heard_us; /* monotonic */
    /* As it says of itself: */
    char worker[VD_ID_MAX + 1];
    int64_t depth;     /* messages in its spool */
    int64_t oldest_us; /* wall clock of the oldest of them; 0: none */
};

struct vd_sources {
    struct vd_source *slots[VD_SOURCES_MAX];
    int n;
    struct vd_map by_name;
};

void vd_sources_fini(struct vd_sources *sources);

/* The source of that name, made if need be: the slot that was silent longest gives way when all
 * are taken. NULL: the name is none, or memory is out. */
struct vd_source *vd_sources_get(struct vd_sources *sources, const char *name, size_t len,
                                 int64_t mono_us);
int vd_sources_slot(const struct vd_sources *sources, const struct vd_source *source);

/* Another activation: what is known of their numbers may be stale. */
void vd_sources_forget_numbers(struct vd_sources *sources);

/* How much waits in the spools of producers, and since when. */
struct vd_waiting {
    int64_t n;
    int64_t oldest_us; /* wall clock; 0: nothing waits */
    int64_t late_us;   /* the same, of producers that are there and talk to us */
};
struct vd_waiting vd_sources_waiting(const struct vd_sources *sources, int64_t mono_us);

/* For the heartbeat: {"<source>":{"waiting":n,"oldest":time,"silent_ms":n}}, the first fifty.
 * NULL when memory is out. */
struct vd_json *vd_sources_json(const struct vd_sources *sources, int64_t mono_us);

#endif
