/* ingest/evidence/reel.h: a camera's part of the recorder, as its two files share it. Included
 * by them only. */
#ifndef VD_INGEST_EVIDENCE_REEL_H
#define VD_INGEST_EVIDENCE_REEL_H

#include <pthread.h>

#include "ingest/evidence/burn.h"
#include "ingest/evidence/clip.h"
#include "ingest/evidence/journal.h"
#include "ingest/evidence/recorder.h"

enum { REEL_WHY_MAX = 160 };

/* One thread and its reels. */
struct clipper {
    pthread_mutex_t lock; /* guards what follows, and reels' next; taken before a reel's own */
    pthread_cond_t changed;
    struct vd_reel *reels;
    int64_t lost; /* by reels that are gone */
    bool is_kicked, is_closing;
    bool is_ready, is_running;
    pthread_t thread;
};

struct vd_recorder {
    struct vd_recorder_opts opts;
    pthread_mutex_t lock; /* guards figures */
    struct vd_recorder_figures figures;
    struct clipper threads[VD_RECORDER_THREADS];
};

/* What a recording has come to, for what is said of it. */
struct reel_losses {
    int64_t missing_us;      /* within */
    int64_t late_us;         /* how much later it begins than asked for */
    char disk[REEL_WHY_MAX]; /* what the disk, or the packets, said; "": nothing */
};

struct vd_reel {
    struct vd_recorder *recorder;
    struct clipper *thread;
    struct vd_reel *next;
    struct vd_reel_opts opts; /* camera and area point here below */
    char camera[VD_ID_MAX + 1], area[VD_AREA_MAX + 1];
    pthread_mutex_t lock; /* guards what follows */
    struct vd_take take;
    bool is_closed;
    int64_t lost;
    char why[REEL_WHY_MAX]; /* the stream is not there */
    /* the thread's own */
    struct vd_clip *clip; /* being written; NULL: none */
    struct vd_journal *journal;
    struct vd_params *params; /* of its packets */
    struct vd_burn *burn;     /* what the packets pass; NULL: they go in as they are */
    struct vd_params *raw;    /* of the packets that it takes */
    bool needs_key;           /* it failed: nothing goes in before the next key frame */
    struct vd_event said;     /* to be told of; too large for a stack frame */
    uint32_t file;            /* numbers files for good, from 1 */
    bool is_split;            /* it is not the recording's first */
    int64_t last_us;          /* mono of the last packet that was taken */
    int64_t retry_us;         /* no new file before */
    struct reel_losses losses;
    char trouble[REEL_WHY_MAX]; /* the last that failed in this recording, whatever file; "" */
};

int reel_init(struct vd_reel *reel, struct vd_recorder *recorder,
              const struct vd_reel_opts *opts, struct vd_err *err);
void reel_fini(struct vd_reel *reel);

/* Writes what has come, for a while; tells what is to be told. The recorder's thread. */
enum reel_state {
    REEL_IDLE,
    REEL_RECORDS, /* come again when there is more */
    REEL_HAS_MORE /* already */
};
enum reel_state reel_work(struct vd_reel *reel);

#endif
