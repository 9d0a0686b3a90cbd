/* ingest/evidence/recorder.h: clips of what happens, from what the cameras send.
 *
 * A reel is one camera's: its thread only puts packets into a ring. Threads "clip-<n>" take
 * them from there and write, so that a slow disk holds up no camera and no event: it costs room
 * in the ring, and when that is full, a counted part of the clip. */
#ifndef VD_INGEST_EVIDENCE_RECORDER_H
#define VD_INGEST_EVIDENCE_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "ingest/evidence/take.h"

enum { VD_RECORDER_THREADS = 2 };

struct vd_recorder;
struct vd_reel;

struct vd_recorder_opts {
    const char *root;    /* of media */
    const char *journal; /* folder for what is being written */
    const struct vd_clock *clock;
};

/* Borrows all in opts until close. */
int vd_recorder_open(struct vd_recorder **ret_recorder, const struct vd_recorder_opts *opts,
                     struct vd_err *err);

/* Finishes what is being written, and joins. No reel is opened any more; waits for those that
 * somebody else has still to close. Sets NULL, accepts NULL. */
void vd_recorder_close(struct vd_recorder **recorder);

struct vd_recorder_figures {
    int64_t clips, bytes; /* written since opening */
    int64_t failed;       /* clips that came to nothing, or ended early for the disk's sake;
                           * happenings beyond VD_TAKE_EVENTS_MAX */
    int64_t lost;         /* packets that should be in a clip, or could have been needed */
    int64_t ring_bytes, recording; /* now, of all reels */
};

void vd_recorder_figures(struct vd_recorder *recorder, struct vd_recorder_figures *ret_figures);

/* Something about the clips of a happening: last is its newest message, clip the id of a clip
 * that can be played from now on ("": there is none), detail what is wrong with it ("":
 * nothing). Called by a thread of the recorder. */
typedef void vd_reel_tell_fn(void *arg, const struct vd_event *last, const char *clip,
                             const char *detail);

struct vd_reel_opts {
    const char *camera, *area;       /* copied */
    const struct vd_mask_cfg *masks; /* valid until release; private ones are burned in */
    int n_masks;
    const char *encoder; /* for that, likewise; see burn.h */
    int64_t max_pixels;
    struct vd_take_settings take;
    int64_t file_us; /* a clip that grows longer goes on in another file */
    vd_reel_tell_fn *tell;
    void (*release)(void *arg); /* nothing more will be told; NULL: nobody minds */
    void *arg;
};

/* number spreads reels over the threads. VD_ENOMEM. */
int vd_reel_open(struct vd_reel **ret_reel, struct vd_recorder *recorder,
                 const struct vd_reel_opts *opts, unsigned number, struct vd_err *err);

/* What is being recorded ends here; its file is finished by the recorder. Never waits. Sets
 * NULL, accepts NULL. */
void vd_reel_close(struct vd_reel **reel);

/* A vd_packet_fn; the thread of the source. reel is a struct vd_reel. */
void vd_reel_packet(void *reel, const struct vd_packet *packet);

/* The stream broke, or was never there: why is said of clips that lack something for it. */
void vd_reel_break(struct vd_reel *reel, const char *why);

/* A happening starts or ends; other phases are fine. Any thread; never blocks on a disk. */
void vd_reel_event(struct vd_reel *reel, const struct vd_event *ev);

/* The message was accepted, or its start was refused for good. */
void vd_reel_settled(struct vd_reel *reel, const struct vd_event *ev, bool is_accepted);

/* Before the first reel: clips that a crash cut are made whole, or removed, and told of.
 * Returns how many there were. */
int vd_recorder_recover(const struct vd_recorder_opts *opts, vd_reel_tell_fn *tell, void *arg,
                        struct vd_err *err);

#endif
