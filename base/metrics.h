/* base/metrics.h: numbers a process shows, named and explained in one table a room. */
#ifndef VD_BASE_METRICS_H
#define VD_BASE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vd_metric_type { VD_METRIC_COUNTER, VD_METRIC_GAUGE, VD_METRIC_HISTOGRAM };

/* Upper bounds of a histogram's buckets, in milliseconds; the last bucket has none. */
enum { VD_METRIC_BUCKETS = 14 };

/* One number, or one distribution. Any thread may change it; static storage, all zero to begin
 * but for the first four members. */
struct vd_metric {
    const char *name;   /* "vedette_router_events_total", Prometheus' naming rules */
    const char *labels; /* "kind=\"motion\"" or NULL; same name, other labels: adjacent rows */
    const char *help;
    enum vd_metric_type type;
    _Atomic int64_t value; /* counter or gauge; of a histogram the sum in microseconds */
    _Atomic uint64_t buckets[VD_METRIC_BUCKETS];
};

void vd_metric_add(struct vd_metric *metric, int64_t n);
void vd_metric_set(struct vd_metric *metric, int64_t value);

/* Counts a duration into a histogram. */
void vd_metric_observe_us(struct vd_metric *metric, int64_t us);

/* Prometheus text format 0.0.4 of n metrics into buf, cut at a whole line. Returns the length;
 * a NUL follows it. */
size_t vd_metrics_print(const struct vd_metric *metrics, size_t n, char *buf, size_t size);

#endif
