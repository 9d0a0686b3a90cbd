/* alerts/router/numbers.h: what workers count, kept from their hellos for whoever asks for
 * metrics. Any thread; bounded; a worker that falls silent is forgotten. */
#ifndef VD_ALERTS_ROUTER_NUMBERS_H
#define VD_ALERTS_ROUTER_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum {
    VD_NUMBERS_WORKERS_MAX = 256,   /* more are not shown */
    VD_NUMBERS_MAX = 64,            /* of one worker */
    VD_NUMBERS_SILENT_US = 10000000 /* hellos come each second */
};

struct vd_numbers;

int vd_numbers_new(struct vd_numbers **ret_numbers, struct vd_err *err);
void vd_numbers_free(struct vd_numbers **numbers);

/* Takes what a worker's hello says: "metrics" {"name" or "name{label=\"value\"}": a number, or
 * of a histogram its buckets and at the end the sum in microseconds}, "help" {"name": "text"}.
 * Any document is safe; what is no metric of a worker ("vedette_ingest_…") is left out. */
void vd_numbers_take(struct vd_numbers *numbers, const char *worker,
                     const struct vd_json *hello, int64_t mono_us);

/* As vd_metrics_print(), all workers' of one name together, each with a label "worker". */
size_t vd_numbers_print(struct vd_numbers *numbers, int64_t mono_us, char *buf, size_t size);

#endif
