/* ingest/worker/pace.h: how long to wait before a camera is tried again. Pure.
 *
 * Full jitter: a camera waits a random part of a span that doubles with each failure, so that a
 * hundred cameras behind one switch do not come back in step. A wrong password is tried a few
 * times in half an hour only, for cameras lock accounts. Nobody is ever given up. */
#ifndef VD_INGEST_WORKER_PACE_H
#define VD_INGEST_WORKER_PACE_H

#include <stdint.h>

#include "ingest/source/source.h"

enum { VD_PACE_AUTH_TRIES_MAX = 16 };

struct vd_pace_settings {
    int64_t min_us, max_us; /* of the span; the wait is between a quarter of min_us and it */
    int auth_tries;         /* at most VD_PACE_AUTH_TRIES_MAX */
    int64_t auth_window_us;
};

/* All zero to begin. */
struct vd_pace {
    int failures;                                /* in a row */
    int64_t refusals_us[VD_PACE_AUTH_TRIES_MAX]; /* when the last 401s came; 0: none */
    int next_refusal;
};

/* A try failed at now_us (mono); random is any 64 bits. Returns how long to wait. */
int64_t vd_pace_failed(struct vd_pace *pace, const struct vd_pace_settings *settings,
                       enum vd_fault fault, int64_t now_us, uint64_t random);

/* The camera gave good pictures for long enough. */
void vd_pace_good(struct vd_pace *pace);

#endif
