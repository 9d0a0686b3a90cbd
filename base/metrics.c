#include "base/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const uint32_t bounds_ms[VD_METRIC_BUCKETS - 1] = {1,   2,   5,    10,   20,   50,   100,
                                                          200, 500, 1000, 2000, 5000, 10000};

void vd_metric_add(struct vd_metric *metric, int64_t n)
{
    atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}

void vd_metric_set(struct vd_metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void vd_metric_observe_us(struct vd_metric *metric, int64_t us)
{
    size_t i = 0;

    while (i < VD_METRIC_BUCKETS - 1 && us > (int64_t)bounds_ms[i] * 1000)
        i++;
    atomic_fetch_add_explicit(&metric->buckets[i], 1, memory_order_relaxed);
    vd_metric_add(metric, us);
}

static const char *type_name(enum vd_metric_type type)
{
    if (type == VD_METRIC_COUNTER)
        return "counter";
    return type == VD_METRIC_GAUGE ? "gauge" : "histogram";
}

static int64_t value_of(const struct vd_metric *m)
{
    return atomic_load_explicit(&m->value, memory_order_relaxed);
}

static bool print_plain(const struct vd_metric *m, char *buf, size_t size, size_t *len)
{
    if (m->labels == NULL)
        return vd_str_add(buf, size, len, "%s %" PRId64 "\n", m->name, value_of(m));
    return vd_str_add(buf, size, len, "%s{%s} %" PRId64 "\n", m->name, m->labels, value_of(m));
}

static bool print_histogram(const struct vd_metric *m, char *buf, size_t size, size_t *len)
{
    const char *labels = m->labels == NULL ? "" : m->labels;
    const char *comma = m->labels == NULL ? "" : ",";
    const char *open = m->labels == NULL ? "" : "{";
    const char *close = m->labels == NULL ? "" : "}";
    uint64_t count = 0;
    bool fits = true;

    for (size_t i = 0; i < VD_METRIC_BUCKETS; i++) {
        char bound[16] = "+Inf";

        count += atomic_load_explicit(&m->buckets[i], memory_order_relaxed);
        if (i < VD_METRIC_BUCKETS - 1)
            (void)snprintf(bound, sizeof bound, "%u.%03u", bounds_ms[i] / 1000,
                           bounds_ms[i] % 1000);
        fits = fits && vd_str_add(buf, size, len, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n",
                                  m->name, labels, comma, bound, count);
    }
    return fits &&
           vd_str_add(buf, size, len, "%s_sum%s%s%s %" PRId64 ".%06" PRId64 "\n", m->name, open,
                      labels, close, value_of(m) / 1000000, value_of(m) % 1000000) &&
           vd_str_add(buf, size, len, "%s_count%s%s%s %" PRIu64 "\n", m->name, open, labels,
                      close, count);
}

size_t vd_metrics_print(const struct vd_metric *metrics, size_t n, char *buf, size_t size)
{
    size_t len = 0;

    if (size > 0)
        buf[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const struct vd_metric *m = &metrics[i];
        size_t before = len;
        bool fits = true;

        if (i == 0 || strcmp(m->name, metrics[i - 1].name) != 0)
            fits = vd_str_add(buf, size, &len, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help,
                              m->name, type_name(m->type));
        fits = fits && (m->type == VD_METRIC_HISTOGRAM ? print_histogram(m, buf, size, &len)
                                                       : print_plain(m, buf, size, &len));
        if (!fits) {
            len = before;
            buf[len] = '\0';
            break;
        }
    }
    return len;
}
