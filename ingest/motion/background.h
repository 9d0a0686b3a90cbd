/* ingest/motion/background.h: what a place looks like when nothing happens: two modes and a
 * noise scale a pixel, usual activity a cell. README.md derives every constant. */
#ifndef VD_INGEST_MOTION_BACKGROUND_H
#define VD_INGEST_MOTION_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/frame/frame.h"
#include "ingest/motion/dsp.h"
#include "ingest/motion/light.h"
#include "ingest/motion/motion.h"
#include "ingest/motion/shift.h"

enum {
    VD_CELL = 8,             /* side of a cell, pixels */
    VD_BACKGROUND_EDGE = 16, /* pixels around the luma that may be read: shifts */
};

/* What the inside of a cell that differs from the background looks like beside it. */
enum vd_look {
    VD_LOOK_UNKNOWN, /* not asked on this frame */
    VD_LOOK_FLAT,    /* no structure in either */
    VD_LOOK_LIT,     /* the same structure, brighter or darker */
    VD_LOOK_OBJECT,  /* another structure */
};

/* Usual activity of a cell: the share of its pixels that differ from the background. */
struct vd_cell {
    float mean, dev;   /* of the share, over time */
    float share;       /* that differs on this frame */
    float restless;    /* that differs and has just changed */
    float held_s;      /* for how long something has moved there without a break */
    bool is_held;      /* something moves there: the model keeps still */
    bool is_still;     /* something stands there: its share is not flicker */
    uint32_t owner;    /* the undecided track that covers it, 0: none */
    float pending_sum; /* shares under pending_owner, until it is decided what it was */
    int pending_n;
    uint32_t pending_owner;
    float doubt;   /* tracks that went nowhere here lately */
    bool is_usual; /* differs, but not more than it is used to */
    enum vd_look look;
    float lit; /* the picture's mean above the background's, once look is known, grey levels */
};

struct vd_luma {
    uint8_t *data; /* top left pixel, VD_BACKGROUND_EDGE around it */
    uint8_t *alloc;
    int dx, dy; /* shift against the background */
    int64_t mono_us;
};

/* Sums of a plane by column, row and cell, all from one look at it. */
struct vd_plane_sums {
    int32_t columns[VD_MOTION_W_MAX], rows[VD_MOTION_H_MAX];
    int32_t cells[VD_MOTION_W_MAX / VD_CELL * (VD_MOTION_H_MAX / VD_CELL)];
};

struct vd_background {
    struct vd_dsp dsp;
    int w, h, pitch;          /* of every plane but luma; pitch is a multiple of 32 */
    int luma_stride;          /* of luma and before */
    int n;                    /* box of n x n picture pixels a pixel */
    int cols, rows;           /* cells */
    struct vd_luma now, then; /* this frame; one at least CHANGE_AGE_US earlier */
    const uint8_t *last;      /* luma of the last frame done */
    struct vd_model model;    /* planes of h * pitch */
    uint8_t *tolerance, *flags, *hold;
    const uint16_t *zones; /* borrowed: 0 where a mask lies */
    struct vd_cell *cells;
    float *cell_now, *cell_model; /* means, grey levels */
    struct vd_plane_sums now_sums, model_sums;
    bool is_busy[VD_MOTION_H_MAX / VD_CELL];     /* a row of cells holds a flag that counts */
    bool is_tolerant[VD_MOTION_H_MAX / VD_CELL]; /* it has a tolerance, masks aside */
    int frames;                                  /* since the background was begun */
    float usual_rate;                            /* share of a new frame in usual activity */
    int cell_frames;                             /* since usual activity began to be learnt */
    int next_row;                                /* of cells, whose tolerance comes next */
    float sigma;                                 /* median noise of a pixel, grey levels */
    float t_min;                                 /* least threshold, grey levels */
    bool is_shaky;                               /* shifts were seen lately */
    float shake;                                 /* their decaying mean, pixels */
    float drift_x, drift_y;                      /* where shifts have settled, pixels */
    struct vd_light light;
    struct vd_shift shift;
};

/* Row y of a picture as the background sees it: shifted. */
static inline const uint8_t *vd_luma_row(const struct vd_background *bg,
                                         const struct vd_luma *luma, int y)
{
    return luma->data + (y + luma->dy) * bg->luma_stride + luma->dx;
}

/* Buffers for w x h pictures; after VD_ENOMEM bg is still for vd_background_fini(). */
int vd_background_init(struct vd_background *bg, int w, int h, unsigned cpu_flags);

void vd_background_fini(struct vd_background *bg);

/* Shrinks the frame into bg->now. */
void vd_background_look(struct vd_background *bg, const struct vd_frame *frame);

/* Takes the present picture for the background: at the start, after a scene change. */
void vd_background_begin(struct vd_background *bg);

/* Light, then shift, of the present picture against the background; light is applied to the
 * background, shift to how the picture is read. */
void vd_background_align(struct vd_background *bg);

/* Classifies the present picture into bg->flags and learns from it; dt_s since the last. */
void vd_background_compare(struct vd_background *bg, float dt_s);

/* Takes usual activity out of the flags. Returns the pixels taken out. */
int vd_background_cells(struct vd_background *bg);

/* Begins to say what lies where on this frame; bounds in pixels. */
void vd_background_cover_none(struct vd_background *bg);

/* Something moves here for certain: the model keeps still, nothing is usual. */
void vd_background_hold(struct vd_background *bg, const int bounds[4]);

/* Something stands here. */
void vd_background_still(struct vd_background *bg, const int bounds[4]);

/* A track is here of which is not known yet whether it goes anywhere. */
void vd_background_own(struct vd_background *bg, const int bounds[4], uint32_t track);

/* It is decided: the track was a mover (what it covered is forgotten) or not (it was usual
 * activity). */
void vd_background_decide(struct vd_background *bg, uint32_t track, bool is_mover);

/* Tracks that went nowhere in bounds lately, mean over the cells. */
float vd_background_doubt(const struct vd_background *bg, const int bounds[4]);

/* The cells in bounds are used to move, on the whole. */
bool vd_background_is_restless(const struct vd_background *bg, const int bounds[4]);

/* Learns what is usual from this frame, where nothing holds it. */
void vd_background_usual(struct vd_background *bg, float dt_s);

/* How a cell looks beside its background; found out once a frame. */
enum vd_look vd_background_look_of(struct vd_background *bg, int row, int col);

/* Takes the present mean of a cell, whose look is known, for its background's: its light
 * changed. */
void vd_background_relight(struct vd_background *bg, int row, int col);

/* Renews the tolerance of a row of cells: where a cell is used to move, and everywhere when the
 * camera shakes, a pixel may look as its neighbours do. */
void vd_background_tolerate(struct vd_background *bg, int row);

/* To be called last on a frame: what is held takes effect, the picture may become `then`. */
void vd_background_done(struct vd_background *bg, float dt_s);

#endif
