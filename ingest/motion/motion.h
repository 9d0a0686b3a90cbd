/* ingest/motion/motion.h: from pictures of one fixed camera to what moves in them.
 *
 * Pure: no clock, no log, no input or output. What it knows of time are the frames' mono_us.
 * One detector belongs to one thread at a time. README.md derives the method. */
#ifndef VD_INGEST_MOTION_MOTION_H
#define VD_INGEST_MOTION_MOTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ingest/frame/frame.h"

enum {
    VD_MOTION_W_MAX = 352, /* the analysed picture is at most this large */
    VD_MOTION_H_MAX = 288,
    VD_MOTION_ZONES_MAX = 15,
    VD_MOTION_MASKS_MAX = 16,
    VD_MOTION_POINTS_MAX = 64,
    VD_MOTION_BOXES_MAX = 16,
    VD_MOTION_SEEN_MAX = 32, /* things followed at once */
    VD_MOTION_NAME_MAX = 63,
};

/* Corners in 0..1 of the picture, origin top left; closed by itself. */
struct vd_motion_polygon {
    int n_points; /* 3 .. VD_MOTION_POINTS_MAX */
    struct {
        float x, y;
    } points[VD_MOTION_POINTS_MAX];
};

struct vd_motion_zone {
    char name[VD_MOTION_NAME_MAX + 1];
    struct vd_motion_polygon polygon;
    float
        min_area; /* what has to move, as a fraction of the zone's unmasked area; 0: default */
    float min_area_top; /* the same for what stands at its top edge, evenly from there to
                           min_area at its bottom edge; 0: min_area all over */
};

enum vd_motion_sensitivity {
    VD_MOTION_MEDIUM = 0,
    VD_MOTION_LOW,
    VD_MOTION_HIGH,
};

/* Zeroed, it is legal: the whole picture at medium sensitivity. */
struct vd_motion_settings {
    enum vd_motion_sensitivity sensitivity;
    int n_zones; /* 0: one zone, the whole picture, without a name */
    struct vd_motion_zone zones[VD_MOTION_ZONES_MAX];
    int n_masks; /* what lies in a mask is not looked at */
    struct vd_motion_polygon masks[VD_MOTION_MASKS_MAX];
    int64_t warm_up_us;      /* nothing counts this soon after open or reset; 0: 1.5 s */
    float max_area;          /* more of the picture at once is a change of scene; 0: 0.55 */
    unsigned cpu_flags_mask; /* for tests: 0 all that the machine has; else see dsp.h */
};

/* Why something that differs from the background did not count. */
enum vd_motion_reason {
    VD_MOTION_SMALL,   /* below the least area */
    VD_MOTION_STILL,   /* differs, but does not move: left behind, ghost, parked */
    VD_MOTION_TEXTURE, /* moves as this place is used to move: foliage, water, a screen */
    VD_MOTION_LIGHT,   /* the light changed, what is there did not */
    VD_MOTION_ERRATIC, /* neither went anywhere nor stayed: rain, snow, insects; once it is gone
                        */
    VD_MOTION_SHAKE,   /* the camera moved, by what was taken out of this frame */
    VD_MOTION_WARMING, /* the background is not known yet */
    VD_MOTION_REASONS,
};

enum vd_motion_state {
    VD_MOTION_WARM_UP,      /* at most 2 s after open or reset */
    VD_MOTION_QUIET,        /* knows its background, nothing counts */
    VD_MOTION_MOVING,       /* something counts in at least one zone */
    VD_MOTION_SCENE_CHANGE, /* most of the picture changed; learns anew, at most 2 s */
};

struct vd_motion_box {
    float x, y, w, h; /* 0..1 of the picture */
    float area;       /* moving pixels, as a fraction of the picture */
    uint32_t zones;   /* bit i: touches zone i */
    uint32_t track;   /* the same number while it is followed, within this detector only */
    float travel;     /* net way so far, in fractions of the picture's diagonal */
    bool is_sure;     /* goes somewhere: enough to start a happening */
};

/* Something that is followed, in whatever zone or none, whether it counts or not. */
struct vd_motion_seen {
    float x, y, w, h; /* 0..1 of the picture as it is when nothing shakes */
    uint32_t track;   /* as in vd_motion_box */
    bool is_moving;   /* else it stands */
    bool is_sure;     /* as in vd_motion_box */
};

/* Everything that was decided on one frame, and the numbers it was decided by. */
struct vd_motion_result {
    int64_t mono_us, wall_us, pts_us; /* of the frame */
    enum vd_motion_state state;
    bool scene_changed;   /* this is the frame at which a scene change was noticed */
    bool moved_candidate; /* the camera may have been turned: shift beyond compensation */
    float score;          /* largest of the zones': moving fraction of its unmasked area */
    uint32_t moving;      /* bit i: what counts in zone i reaches its least area */
    int n_zones;
    float zone_score[VD_MOTION_ZONES_MAX];
    float zone_min_area[VD_MOTION_ZONES_MAX]; /* asked of what is largest there */
    int n_boxes;                              /* what counts, largest first */
    struct vd_motion_box boxes[VD_MOTION_BOXES_MAX];
    int n_seen; /* where things are, for who tells what they do; nothing while warming up */
    struct vd_motion_seen seen[VD_MOTION_SEEN_MAX];
    float changed; /* fraction of the picture that differs from the background */
    float light;   /* mean luma change explained by light, fraction of full scale */
    float gain;    /* picture = gain * background + offset (grey levels) */
    float offset;
    float shift_px; /* length of (dx, dy), pixels of the analysed picture */
    float dx, dy;
    float sigma;                            /* noise, grey levels of the analysed picture */
    float threshold;                        /* least difference that counts, grey levels */
    uint32_t suppressed[VD_MOTION_REASONS]; /* blobs that did not count on this frame */
};

/* A borrowed picture of bytes, valid until the next call on the detector. */
struct vd_motion_picture {
    const uint8_t *data;
    ptrdiff_t stride;
    int w, h;
};

struct vd_motion;

/* Opens a detector; *ret_motion is the caller's to close. Size and buffers follow the first
 * frame. VD_EINVAL names what is wrong in the settings (borrowed, copied), VD_ENOMEM. */
int vd_motion_open(struct vd_motion **ret_motion, const struct vd_motion_settings *settings,
                   struct vd_err *err);

/* Closes and sets *motion to NULL; NULL and *motion == NULL are fine. */
void vd_motion_close(struct vd_motion **motion);

/* Forgets the background: after a reconnect, or when the picture is known to be another. */
void vd_motion_reset(struct vd_motion *motion);

/* Analyses one frame (borrowed) and fills *ret_result. Allocates at the first frame and when
 * the frame size changes, never else. Frames may come at any rate; those a rate limit drops
 * need not be shown. VD_EINVAL: sides outside VD_FRAME_SIDE_MIN..MAX; VD_ENOMEM. */
int vd_motion_analyze(struct vd_motion *motion, const struct vd_frame *frame,
                      struct vd_motion_result *ret_result, struct vd_err *err);

/* The analysed picture of the last frame, at most VD_MOTION_W_MAX x VD_MOTION_H_MAX, box
 * filtered: what a condition monitor looks at. w is 0 before the first frame. */
struct vd_motion_picture vd_motion_luma(const struct vd_motion *motion);

/* What the detector takes for the background, same size as vd_motion_luma(). Renders into the
 * detector's own buffer at each call: not for every frame. */
struct vd_motion_picture vd_motion_background(struct vd_motion *motion);

/* What differs from the background in the last frame, same size as vd_motion_luma(): 255
 * foreground (moving or left behind, shadows taken out, holes filled), 0 else. Rendered at
 * each call: for masks and pictures, not for every frame. */
struct vd_motion_picture vd_motion_mask(struct vd_motion *motion);

/* Sums of vd_motion_result.suppressed since open. */
const uint64_t *vd_motion_suppressed(const struct vd_motion *motion);

/* "light", "texture", …: for logs, events and metrics. */
const char *vd_motion_reason_name(enum vd_motion_reason reason);

#endif
