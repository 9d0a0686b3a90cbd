/* ingest/worker/load.h: how full the processors are that this process may use. */
#ifndef VD_INGEST_WORKER_LOAD_H
#define VD_INGEST_WORKER_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* All zero to begin. */
struct vd_load {
    int64_t mono_us, used_us;       /* of the last sample: time, and what we had used of it */
    int64_t busy_ticks, idle_ticks; /* of the machine */
    int samples;
    double cores; /* what there is for us: CPU quota of the cgroup, else the cores allowed */
};

/* Percent, 0..100, since the sample before. */
struct vd_use {
    int own;     /* we, of what we may use */
    int machine; /* all, of all there is */
};

/* Nothing is in use as far as the first call knows. */
struct vd_use vd_load_sample(struct vd_load *load, int64_t mono_us);

#endif
