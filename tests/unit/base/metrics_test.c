#include "base/metrics.h"

#include <criterion/criterion.h>
#include <string.h>

Test(metrics, text_is_prometheus)
{
    static struct vd_metric m[] = {
        {.name = "vd_a_total", .labels = "k=\"x\"", .help = "As.", .type = VD_METRIC_COUNTER},
        {.name = "vd_a_total", .labels = "k=\"y\"", .help = "As.", .type = VD_METRIC_COUNTER},
        {.name = "vd_b", .help = "B.", .type = VD_METRIC_GAUGE},
        {.name = "vd_c_seconds", .help = "C.", .type = VD_METRIC_HISTOGRAM},
    };
    char text[4096];
    size_t len;

    vd_metric_add(&m[0], 2);
    vd_metric_add(&m[1], 3);
    vd_metric_set(&m[2], -7);
    vd_metric_observe_us(&m[3], 900);      /* le 0.001 */
    vd_metric_observe_us(&m[3], 150000);   /* le 0.200 */
    vd_metric_observe_us(&m[3], 60000000); /* +Inf */
    len = vd_metrics_print(m, 4, text, sizeof text);
    cr_assert_eq(len, strlen(text));
    cr_assert_eq(strncmp(text,
                         "# HELP vd_a_total As.\n# TYPE vd_a_total counter\n"
                         "vd_a_total{k=\"x\"} 2\nvd_a_total{k=\"y\"} 3\n"
                         "# HELP vd_b B.\n# TYPE vd_b gauge\nvd_b -7\n",
                         strlen("# HELP vd_a_total As.\n# TYPE vd_a_total counter\n"
                                "vd_a_total{k=\"x\"} 2\nvd_a_total{k=\"y\"} 3\n"
                                "# HELP vd_b B.\n# TYPE vd_b gauge\nvd_b -7\n")),
                 0, "%s", text);
    cr_assert(strstr(text, "vd_c_seconds_bucket{le=\"0.001\"} 1\n") != NULL, "%s", text);
    cr_assert(strstr(text, "vd_c_seconds_bucket{le=\"0.100\"} 1\n") != NULL, "%s", text);
    cr_assert(strstr(text, "vd_c_seconds_bucket{le=\"0.200\"} 2\n") != NULL, "%s", text);
    cr_assert(strstr(text, "vd_c_seconds_bucket{le=\"+Inf\"} 3\n") != NULL, "%s", text);
    cr_assert(strstr(text, "vd_c_seconds_sum 60.150900\nvd_c_seconds_count 3\n") != NULL, "%s",
              text);
}

Test(metrics, what_does_not_fit_is_cut_at_a_whole_metric)
{
    static struct vd_metric m[] = {
        {.name = "vd_a", .help = "A.", .type = VD_METRIC_GAUGE},
        {.name = "vd_b", .help = "B.", .type = VD_METRIC_GAUGE},
    };
    char text[60];

    vd_metrics_print(m, 2, text, sizeof text);
    cr_assert_str_eq(text, "# HELP vd_a A.\n# TYPE vd_a gauge\nvd_a 0\n");
}
