/* ingest/condition/condition.h: notices a sick camera from its pictures alone.
 *
 * Pure: no clock, no log, no input or output; time is what the pictures carry. One monitor
 * belongs to one thread at a time. It looks at two pictures a second at most, whatever rate it
 * is shown. README.md says how each condition is told from the others. */
#ifndef VD_INGEST_CONDITION_CONDITION_H
#define VD_INGEST_CONDITION_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"

enum {
    VD_CONDITION_W_MAX = 352, /* the picture shown is at most this large, at least 32x32 */
    VD_CONDITION_H_MAX = 288,
    VD_CONDITION_OUT_MAX = 7,
};

/* One picture, borrowed for the call: the detector's small luma (vd_motion_luma). */
struct vd_condition_picture {
    const uint8_t *luma;
    ptrdiff_t stride;
    int w, h;
    int64_t mono_us;
    float lost; /* share of packets or frames that came damaged or not at all lately, 0..1 */
};

/* A condition that began or ended with this picture. */
struct vd_condition_change {
    enum vd_kind kind;         /* VD_KIND_COVERED … VD_KIND_FROZEN, VD_KIND_LOW_QUALITY */
    bool is_on;                /* begins; else it ends */
    int64_t since_mono_us;     /* first picture that showed it; of an end: that no more did */
    float score;               /* the figure that decided */
    float threshold;           /* what it was held against */
    enum vd_end_reason reason; /* of an end: VD_END_QUIET, or VD_END_RELEARN when a turned
                                  camera's new view was accepted */
};

struct vd_condition_out {
    int n;
    struct vd_condition_change changes[VD_CONDITION_OUT_MAX];
};

/* What was measured on the last picture that was looked at: for metrics, tuning and tests. */
struct vd_condition_numbers {
    float mean, p5, p50, p95; /* grey levels */
    float textured;           /* share of blocks that are not flat, 0..1 */
    float edged;              /* share of blocks that show edges now, 0..1 */
    float ref_edged;          /* share of blocks that usually do */
    float gone;               /* share of those whose structure is not there any more */
    float match;              /* correlation with the usual view, -1..1 */
    float sharpness; /* fine over coarse structure, relative to the usual; 1: as ever */
    float noise;     /* grey levels, between two pictures, motion and light taken out */
    float usual_noise;
    float stir; /* mean change a picture, lower quartile of 8 s, grey levels */
    float usual_stir;
};

struct vd_condition; /* opaque */

/* Opens a monitor; *ret_condition is the caller's to close. VD_ENOMEM. */
int vd_condition_open(struct vd_condition **ret_condition, struct vd_err *err);

/* Closes and sets *condition to NULL; NULL is fine. */
void vd_condition_close(struct vd_condition **condition);

/* The stream was interrupted: forgets what lies between pictures, keeps the usual view, so that
 * a camera that was turned while it was away is noticed. What is on stays on. */
void vd_condition_gap(struct vd_condition *condition);

/* Looks at a picture when half a second has passed since the last one it looked at, and fills
 * *ret_out with what changed. Another size forgets everything but what is on. Never fails and
 * never allocates. Returns whether it looked. */
bool vd_condition_look(struct vd_condition *condition,
                       const struct vd_condition_picture *picture,
                       struct vd_condition_out *ret_out);

bool vd_condition_is_on(const struct vd_condition *condition, enum vd_kind kind);

const struct vd_condition_numbers *vd_condition_last(const struct vd_condition *condition);

#endif
