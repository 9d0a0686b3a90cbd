/* ingest/evidence/take.h: which packets of a camera belong into a clip. Pure: one owner, and
 * time is passed in.
 *
 * A recording begins at the key frame before the pre-roll of a happening and ends a post-roll
 * after it. Happenings that overlap share it. */
#ifndef VD_INGEST_EVIDENCE_TAKE_H
#define VD_INGEST_EVIDENCE_TAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/event.h"
#include "ingest/evidence/ring.h"

enum {
    VD_TAKE_EVENTS_MAX = 64,
    VD_TAKE_BACKDATED_US =
        3 * 1000 * 1000, /* a happening began at most so long before it is told */
};

struct vd_take_settings {
    size_t ring_bytes;
    int64_t pre_us, post_us;
};

/* A happening that a recording is for. */
struct vd_take_event {
    struct vd_event last; /* its last message that was accepted; at first its start */
    int64_t start_us;     /* mono */
    int64_t until_us;     /* mono, with post-roll; INT64_MAX while it goes on */
    uint32_t files;       /* for its reader: how many files it was told of */
    bool is_fresh;        /* last is news to the reader */
};

struct vd_take {
    struct vd_take_settings settings;
    struct vd_ring *ring;
    bool is_on;      /* a recording goes on, until vd_take_next says that it is over */
    bool is_broken;  /* nothing has come since the stream broke */
    uint64_t at;     /* the packet to be read next */
    uint64_t end;    /* the packet behind the last; 0: not known */
    int64_t from_us; /* mono: where the pre-roll of its first happening begins */
    struct vd_take_event *events;
    int n_events, events_room;
};

int vd_take_init(struct vd_take *take, const struct vd_take_settings *settings,
                 struct vd_err *err);
void vd_take_fini(struct vd_take *take);

/* A packet came. Returns how many are lost for lack of room. */
int vd_take_put(struct vd_take *take, const struct vd_packet *packet);

/* The stream broke: a recording ends with what there is. */
void vd_take_break(struct vd_take *take);

/* A happening began at start_us (mono); now_us decides how long one is recorded that is not
 * followed to its end: only motion is. Where a recording never ends, those that are over and
 * have been told of a file make room. VD_EAGAIN: too many that are not; VD_ENOMEM. */
int vd_take_begin(struct vd_take *take, const struct vd_event *start, int64_t start_us,
                  int64_t now_us, struct vd_err *err);

/* It ended. One that is not recorded is fine. */
void vd_take_end(struct vd_take *take, const struct vd_uuid *event, int64_t now_us);

/* It never was: its start was refused. Its recording goes on for the others. */
void vd_take_forget(struct vd_take *take, const struct vd_uuid *event);

/* A message about it was accepted. */
void vd_take_heard(struct vd_take *take, const struct vd_event *message);

/* The happenings of a recording that is over, for the caller to free; NULL: none. */
struct vd_take_event *vd_take_done(struct vd_take *take, int *ret_n);

/* The next packet of the recording, for the caller to unref, and how many are missing before
 * it. 1; 0: none yet; VD_EEOF: it is over (or there is none): vd_take_done has its happenings
 * until the next begins; VD_ENOMEM. */
int vd_take_next(struct vd_take *take, int64_t now_us, struct vd_packet *ret_packet,
                 uint64_t *ret_lost, struct vd_err *err);

#endif
