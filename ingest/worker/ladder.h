/* ingest/worker/ladder.h: what is given up when a worker cannot keep up, and in which order.
 * Pure: a table of cameras in, their levels out; the caller measures and applies.
 *
 * Least important cameras first, all of one priority side by side, and none of the next while
 * one of these can still give; back up in the opposite order, slowly, and slower still after
 * each relapse. */
#ifndef VD_INGEST_WORKER_LADDER_H
#define VD_INGEST_WORKER_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/worker/load.h"

enum vd_level {
    VD_LEVEL_FULL,    /* all that is configured */
    VD_LEVEL_HALF,    /* every second analysis */
    VD_LEVEL_QUARTER, /* every fourth, and no frame that no other needs */
    VD_LEVEL_KEYS,    /* key frames only */
    VD_LEVEL_HEALTH,  /* nothing is decoded: it is known to live, no more */
    VD_N_LEVELS
};

/* "full", "half", "quarter", "key-frames", "health": stable. */
const char *vd_level_name(enum vd_level level);

struct vd_ladder_settings {
    int64_t high_lag_us;   /* a camera as late as this is behind */
    int64_t low_lag_us;    /* below, it keeps up */
    int high_cpu, low_cpu; /* percent of what there is: full from, and room to go up below */
    int64_t down_after_us; /* behind for so long: a step down, and each second another */
    int64_t up_after_us;   /* well for so long: a step up; doubles with each relapse */
    int64_t up_every_us;   /* then each so long another, while it stays well */
    int64_t up_longest_us; /* up to this */
};

extern const struct vd_ladder_settings vd_ladder_defaults;

/* One camera, as the policy sees it. */
struct vd_rung {
    int priority; /* a higher one is served first */
    int64_t lag_us;
    enum vd_level level; /* changed by vd_ladder_step */
};

/* All zero to begin. */
struct vd_ladder {
    int64_t over_us, calm_us; /* since when (mono); 0: it is not */
    int64_t up_us;            /* the last step up */
    int64_t patience_us;      /* before the next; 0: up_after_us */
    int64_t worst_us;         /* lag, the last time */
};

/* To be called about once a second. Moves some of rungs by one level and returns how many:
 * below 0 down, above 0 up. */
int vd_ladder_step(struct vd_ladder *ladder, const struct vd_ladder_settings *settings,
                   struct vd_use use, struct vd_rung *rungs, int n, int64_t now_us);

#endif
