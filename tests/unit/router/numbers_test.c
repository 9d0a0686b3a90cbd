/* What workers count comes out as one text, whatever they say. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "alerts/router/numbers.h"

static void take(struct vd_numbers *numbers, const char *worker, int64_t mono_us,
                 const char *text)
{
    struct vd_json *doc = NULL;

    cr_assert_eq(vd_json_parse(&doc, text, strlen(text), NULL), 0, "%s", text);
    vd_numbers_take(numbers, worker, doc, mono_us);
    vd_json_free(&doc);
}

static const char *printed(struct vd_numbers *numbers, int64_t mono_us)
{
    static char text[64 * 1024];

    (void)vd_numbers_print(numbers, mono_us, text, sizeof text);
    return text;
}

Test(numbers, of_two_workers_stand_together_by_name)
{
    struct vd_numbers *numbers = NULL;

    cr_assert_eq(vd_numbers_new(&numbers, NULL), 0);
    take(numbers, "w1", 0,
         "{\"metrics\":{\"vedette_ingest_frames_total\":7,"
         "\"vedette_ingest_ladder_level{level=\\\"full\\\"}\":3,"
         "\"vedette_ingest_ladder_level{level=\\\"key-frames\\\"}\":0},"
         "\"help\":{\"vedette_ingest_frames_total\":\"Pictures\\ndecoded.\"}}");
    take(numbers, "w2", 0, "{\"metrics\":{\"vedette_ingest_frames_total\":9}}");
    take(numbers, "w2", 1, "{\"cameras\":{}}"); /* a later part of its hello */
    cr_assert_str_eq(printed(numbers, 1),
                     "# HELP vedette_ingest_frames_total Pictures decoded.\n"
                     "# TYPE vedette_ingest_frames_total counter\n"
                     "vedette_ingest_frames_total{worker=\"w1\"} 7\n"
                     "vedette_ingest_frames_total{worker=\"w2\"} 9\n"
                     "# HELP vedette_ingest_ladder_level Of a worker.\n"
                     "# TYPE vedette_ingest_ladder_level gauge\n"
                     "vedette_ingest_ladder_level{worker=\"w1\",level=\"full\"} 3\n"
                     "vedette_ingest_ladder_level{worker=\"w1\",level=\"key-frames\"} 0\n");
    vd_numbers_free(&numbers);
    vd_numbers_free(&numbers);
}

Test(numbers, of_a_histogram_are_its_buckets_and_the_sum)
{
    struct vd_numbers *numbers = NULL;
    const char *text;

    cr_assert_eq(vd_numbers_new(&numbers, NULL), 0);
    take(
        numbers, "w1", 0,
        "{\"metrics\":{\"vedette_ingest_lag_seconds\":[1,2,0,0,0,0,0,0,0,0,0,0,0,4,2500000]}}");
    text = printed(numbers, 1);
    cr_assert_not_null(strstr(text, "# TYPE vedette_ingest_lag_seconds histogram\n"), "%s",
                       text);
    cr_assert_not_null(
        strstr(text, "vedette_ingest_lag_seconds_bucket{worker=\"w1\",le=\"0.002\"} 3\n"), "%s",
        text);
    cr_assert_not_null(strstr(text, "vedette_ingest_lag_seconds_sum{worker=\"w1\"} 2.500000\n"
                                    "vedette_ingest_lag_seconds_count{worker=\"w1\"} 7\n"),
                       "%s", text);
    vd_numbers_free(&numbers);
}

Test(numbers, that_are_none_are_left_out)
{
    static const char *const hostile[] = {
        "{\"metrics\":[1]}",
        "{\"metrics\":{\"vedette_router_events_total\":1}}",
        "{\"metrics\":{\"vedette_ingest_a b\":1}}",
        "{\"metrics\":{\"vedette_ingest_a\\nb\":1}}",
        "{\"metrics\":{\"vedette_ingest_a{\":1}}",
        "{\"metrics\":{\"vedette_ingest_a{}\":1}}",
        "{\"metrics\":{\"vedette_ingest_a}\":1}}",
        "{\"metrics\":{\"vedette_ingest_a{b=\\\"\\\"}\":1}}",
        "{\"metrics\":{\"vedette_ingest_a{b=\\\"c\\\"} 1\\nx{b=\\\"c\\\"}\":1}}",
        "{\"metrics\":{\"vedette_ingest_a{b=\\\"c\\nd\\\"}\":1}}",
        "{\"metrics\":{\"vedette_ingest_a{worker=\\\"c\\\",}\":1}}",
        "{\"metrics\":{\"vedette_ingest_a\":\"1\"}}",
        "{\"metrics\":{\"vedette_ingest_a\":[1,2]}}",
        "{\"metrics\":{\"vedette_ingest_a\":[-1,0,0,0,0,0,0,0,0,0,0,0,0,0,1]}}",
        "{\"metrics\":{\"vedette_ingest_a\":null}}",
    };
    struct vd_numbers *numbers = NULL;

    cr_assert_eq(vd_numbers_new(&numbers, NULL), 0);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        take(numbers, "w1", 0, hostile[i]);
        cr_assert_str_eq(printed(numbers, 1), "", "%s", hostile[i]);
    }
    take(numbers, "no/worker", 0, "{\"metrics\":{\"vedette_ingest_a\":1}}");
    cr_assert_str_eq(printed(numbers, 1), "");
    vd_numbers_free(&numbers);
}

Test(numbers, of_who_is_silent_are_forgotten_and_there_is_an_end_to_workers_and_numbers)
{
    struct vd_numbers *numbers = NULL;
    char text[64 * 1024], name[32];
    size_t len = 0;
    int lines = 0;

    cr_assert_eq(vd_numbers_new(&numbers, NULL), 0);
    for (int i = 0; i < VD_NUMBERS_WORKERS_MAX + 1; i++) {
        snprintf(name, sizeof name, "w%d", i);
        take(numbers, name, i, "{\"metrics\":{\"vedette_ingest_a\":1}}");
    }
    for (const char *c = printed(numbers, VD_NUMBERS_WORKERS_MAX); (c = strchr(c, '\n')); c++)
        lines++;
    cr_assert_eq(lines, 2 + VD_NUMBERS_WORKERS_MAX);
    cr_assert_str_eq(printed(numbers, VD_NUMBERS_SILENT_US + VD_NUMBERS_WORKERS_MAX), "");

    len += (size_t)snprintf(text, sizeof text, "{\"metrics\":{");
    for (int i = 0; i < VD_NUMBERS_MAX + 5; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\"vedette_ingest_n%d\":1",
                                i == 0 ? "" : ",", i);
    (void)snprintf(text + len, sizeof text - len, "}}");
    take(numbers, "late", 2 * (int64_t)VD_NUMBERS_SILENT_US,
         text); /* takes a silent one's place */
    lines = 0;
    for (const char *c = printed(numbers, 2 * (int64_t)VD_NUMBERS_SILENT_US);
         (c = strstr(c, "{worker=\"late\"} 1\n")); c++)
        lines++;
    cr_assert_eq(lines, VD_NUMBERS_MAX);
    vd_numbers_free(&numbers);
}
