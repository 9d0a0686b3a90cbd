/* alerts/writer/batch.h: what goes from the receiving thread to the writing one and comes back:
 * messages out, what became of them in. A batch belongs to one thread at a time. */
#ifndef VD_ALERTS_WRITER_BATCH_H
#define VD_ALERTS_WRITER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/writer/pile.h"
#include "base/event.h"
#include "storage/pg/cameras.h"
#include "storage/pg/feed.h"

enum {
    VD_BATCH_SOURCES_MAX = 256,
    VD_BATCH_CAMERAS_MAX = 4096,
    VD_TOPIC_MAX = 400, /* event/<area>/-/<camera>/<kind>/<phase>/ */
};

/* One message under its sequence. */
struct vd_item {
    int source; /* index into the batch's sources */
    uint64_t sequence;
    int64_t received_us;
    bool is_suspect;
    const char *poison; /* why it is no event; NULL: ev holds it */
    const struct vd_event *ev;
    const char *topic, *body; /* as it came; topic NULL with poison */
    size_t body_len;
};

/* A source as this batch meets it. */
struct vd_batch_source {
    int slot; /* the receiver's own number */
    char name[VD_SOURCE_MAX + 1];
    int32_t id; /* in the database; 0: look it up */
    /* Answers: */
    bool is_looked_up;   /* last is what the database says */
    uint64_t last;       /* committed up to here */
    bool is_out_of_step; /* something was dropped: begin again behind last */
};

struct vd_batch {
    struct vd_batch *next; /* in a queue */
    struct vd_pile pile;   /* holds all texts */
    struct vd_item *items;
    int n_items, items_max;
    struct vd_batch_source sources[VD_BATCH_SOURCES_MAX];
    int n_sources;
    struct vd_pg_camera *cameras; /* states that changed; from the pile */
    int n_cameras;
    int64_t begun_us; /* monotonic: when its first message came */
    int64_t due_us;   /* rules may trust that nothing before this instant is still on its way */
    /* Answers: what was committed and is to be published, in order of position. */
    struct vd_pg_feed_row *rows;
    int n_rows, rows_max;
    int64_t last_position; /* of the feed after it; 0: not known */
};

/* items_max messages at most. NULL when memory is out. */
struct vd_batch *vd_batch_new(int items_max);
void vd_batch_free(struct vd_batch **batch);
void vd_batch_reset(struct vd_batch *batch);

bool vd_batch_is_empty(const struct vd_batch *batch);

/* The index of the source of that slot, added if need be; -1 when there is no room. */
int vd_batch_source(struct vd_batch *batch, int slot, const char *name, int32_t id);

/* Copies a message in and decodes it; poison is noted, not refused. time_suspect_us: how far
 * its time may be from received_us. VD_EAGAIN: the batch is full; VD_ENOMEM. */
int vd_batch_add(struct vd_batch *batch, int source, uint64_t sequence, const void *body,
                 size_t len, int64_t received_us, int64_t time_suspect_us);

/* Adds a row to publish; topic and body are borrowed. VD_ENOMEM. */
int vd_batch_publish(struct vd_batch *batch, const struct vd_pg_feed_row *row);

/* "event/<area>/-/<camera or node>/<kind>/<phase>/". VD_EINVAL when it does not fit. */
int vd_event_topic(const struct vd_event *ev, char *topic, size_t size);

#endif
