/* ingest/motion/follow.h: the same blob in successive frames of one camera, for as long as it
 * is in sight: whether it goes anywhere. A track is a number and some boxes; it identifies
 * nobody and outlives nothing. */
#ifndef VD_INGEST_MOTION_FOLLOW_H
#define VD_INGEST_MOTION_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/motion/blobs.h"

enum { VD_TRACKS_MAX = 32 };

struct vd_blob_track {
    uint32_t number; /* 0: free */
    int64_t first_us, last_us, moved_us;
    int hits, misses;       /* frames with it and without, since the first of its way */
    float cx, cy, vx, vy;   /* pixels, pixels a second */
    float x0, y0, x1, y1;   /* bounds at the last hit */
    float from_cx, from_cy; /* centre at the first */
    float stay_cx, stay_cy; /* about where it has been since went_us */
    int64_t went_us;
    float from_x0, from_y0, from_x1, from_y1; /* bounds at the first */
    float path;                               /* sum of steps, pixels */
    float travel;                             /* net way, pixels */
    float changed;                            /* share of its pixels that changed lately */
    float moving_s;
    float doubt; /* of the place, see vd_background_doubt(); set by who judges */
    float area;  /* pixels, the largest lately */
    float peak;  /* pixels, the largest ever */
    bool is_large, is_small;
    bool is_rest;     /* small, and was twice as large: going away, or the last of it */
    bool is_sure;     /* goes somewhere, or has moved long enough */
    bool is_restless; /* the place moves of itself; set by who judges */
    int blob;         /* index of this frame's blob, -1 when not seen */
};

struct vd_follow {
    struct vd_blob_track tracks[VD_TRACKS_MAX];
    uint32_t next_number;
    int w, h;    /* of the picture */
    float swarm; /* tracks that ended without having become sure, a second, lately */
    int64_t last_us;
    uint32_t proved[VD_TRACKS_MAX], ended[VD_TRACKS_MAX]; /* on this frame: became sure; went
                                                             without having become sure */
    int n_proved, n_ended;
    int n_erratic; /* of those that ended, moving to the last */
};

void vd_follow_init(struct vd_follow *follow);

/* Assigns the blobs of a frame at mono_us, of min_area pixels at least, to tracks;
 * blob_track[i] is the track's index or -1 for each of blobs->n. */
void vd_follow_step(struct vd_follow *follow, const struct vd_blobs *blobs, int min_area,
                    int64_t mono_us, int *blob_track);

#endif
