/* ingest/worker/numbers.h: the metrics of vedette-ingest; the table in numbers.c explains each.
 * They travel to the router within the hello's "metrics", and from there into the console's
 * /metrics, where each bears the worker's name as a label. */
#ifndef VD_INGEST_WORKER_NUMBERS_H
#define VD_INGEST_WORKER_NUMBERS_H

#include "base/metrics.h"

enum vd_number {
    VD_NUMBER_PACKETS,
    VD_NUMBER_FRAMES,
    VD_NUMBER_BROKEN,
    VD_NUMBER_ANALYSED,
    VD_NUMBER_CONNECTS,
    VD_NUMBER_FAULTS,
    VD_NUMBER_EVENTS,
    VD_NUMBER_EVENTS_REFUSED,
    VD_NUMBER_EVENTS_LOST,
    VD_NUMBER_SNAPSHOTS,
    VD_NUMBER_SNAPSHOTS_LOST,
    VD_NUMBER_SNAPSHOT_BYTES,
    VD_NUMBER_DECIDE_TO_SPOOL,
    VD_NUMBER_SPOOL_DEPTH,
    VD_NUMBER_SPOOL_BYTES,
    VD_NUMBER_CPU,
    VD_NUMBER_LAG_WORST,
    VD_NUMBER_LEVEL_FULL, /* and so on, in the order of enum vd_level */
    VD_NUMBER_LEVEL_LAST = VD_NUMBER_LEVEL_FULL + 4,
    VD_NUMBER_LAG,
    VD_NUMBER_LIVE_VIEWERS, /* and so on, in the order of enum vd_live_count */
    VD_NUMBER_LIVE_FRAGMENTS,
    VD_NUMBER_LIVE_PICTURES,
    VD_NUMBER_LIVE_BYTES,
    VD_NUMBER_LIVE_LOST,
    VD_NUMBER_CLIPS,
    VD_NUMBER_CLIP_BYTES,
    VD_NUMBER_CLIPS_FAILED,
    VD_NUMBER_RECORDING,
    VD_NUMBER_RING_BYTES,
    VD_NUMBER_RING_LOST,
    VD_N_NUMBERS
};

extern struct vd_metric vd_numbers[VD_N_NUMBERS];

void vd_number_add(enum vd_number number, int64_t n);

#endif
