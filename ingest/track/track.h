/* ingest/track/track.h: from what moves frame by frame to happenings with a start and an end.
 *
 * Pure: time is what the results carry. A happening starts once (M of the last N analysed
 * frames moving, dated back to the first of them), is updated at most once a second and only
 * on a real change, and always ends. One happening at a time per tracker: the zones it touches
 * are listed, merging and repeats are the business of rules. */
#ifndef VD_INGEST_TRACK_TRACK_H
#define VD_INGEST_TRACK_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/event.h"
#include "ingest/motion/motion.h"
#include "ingest/track/objects.h"

enum {
    VD_TRACK_OUT_MAX = 3, /* happenings one result can give: an end, a scene change */
};

/* Zeroed, every field takes its default. */
struct vd_track_settings {
    int m, n;                /* frames moving to start: m of the last n; default 3 of 5 */
    int64_t quiet_us;        /* ends after so much quiet; default 800 ms */
    int64_t max_age_us;      /* ends (and may start again) after; default 10 min */
    int64_t update_every_us; /* least time between updates; default 1 s */
    int n_zones;             /* those of the detector, in its order; 0: no thing is told of */
    struct vd_track_zone zones[VD_MOTION_ZONES_MAX];
};

enum vd_track_phase { VD_TRACK_START, VD_TRACK_UPDATE, VD_TRACK_END };

/* Why a happening ended. */
enum vd_track_end {
    VD_TRACK_OPEN,  /* it has not */
    VD_TRACK_QUIET, /* nothing moved for quiet_us */
    VD_TRACK_AGE,   /* max_age_us: standing */
    VD_TRACK_SCENE, /* the scene changed under it */
    VD_TRACK_STOP,  /* vd_track_stop(): the stream or the worker ended */
};

enum vd_track_kind { VD_TRACK_MOTION, VD_TRACK_SCENE_CHANGE };

/* One message's worth; maps field by field to struct vd_event (base/event.h). */
struct vd_happening {
    enum vd_track_kind kind;
    enum vd_track_phase phase;
    enum vd_track_end end_reason;
    uint64_t number; /* the same in all phases of a happening; 1, 2, … within the tracker */
    int rev;         /* 1, 2, … within the happening */
    uint32_t zones;  /* bit i: zone i was touched so far */
    int64_t start_wall_us, start_mono_us; /* first qualifying frame */
    int64_t end_wall_us, end_mono_us;     /* last qualifying frame; 0 while open */
    int64_t time_wall_us;                 /* of the deciding frame */
    float score, peak; /* fraction of the zone's unmasked area: now, and the most so far */
    int n_boxes;
    struct vd_motion_box boxes[VD_MOTION_BOXES_MAX];
    uint32_t n_tracks, tracks_left_out;
    struct vd_event_track tracks[VD_EVENT_TRACKS_MAX]; /* what things did so far */
    struct {
        int m, n; /* "3/5" */
        float threshold, sigma, light, shift_px, min_area;
    } why;
};

struct vd_track_out {
    int n;
    struct vd_happening happenings[VD_TRACK_OUT_MAX];
    bool is_open; /* a motion happening is open after this frame */
    bool best;    /* this frame shows the open happening best so far: keep its picture */
};

struct vd_track;

/* Gives settings the detector's zones, by name and shape; what more is asked of them stays. */
void vd_track_take_zones(struct vd_track_settings *settings,
                         const struct vd_motion_settings *motion);

/* VD_EINVAL: m or n out of 1 .. 32 or m > n, too many zones or lines; VD_ENOMEM. settings is
 * copied. */
int vd_track_open(struct vd_track **ret_track, const struct vd_track_settings *settings,
                  struct vd_err *err);

void vd_track_close(struct vd_track **track);

/* Takes the next result in time and fills *ret_out. Never fails, never allocates. */
void vd_track_feed(struct vd_track *track, const struct vd_motion_result *result,
                   struct vd_track_out *ret_out);

/* Ends what is open: the stream broke or the worker stops. */
void vd_track_stop(struct vd_track *track, struct vd_track_out *ret_out);

/* Fills what a happening says into *event: kind, phase, rev, times, zones by their names in
 * settings, score, boxes, tracks and why (but for why.analysis). Leaves ids, source, area,
 * camera, quality and media to the caller. */
void vd_track_to_event(const struct vd_happening *happening,
                       const struct vd_motion_settings *settings, struct vd_event *event);

#endif
