/* Schedules and zones against a table, and against libc where both know the answer. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/rules/schedule.h"
#include "alerts/rules/tz_rule.h"
#include "base/str.h"
#include "tests/support/rnd.h"
#include "tests/unit/rules/story.h"

static struct vd_tz *zone(const char *name)
{
    struct vd_tz *tz = NULL;
    struct vd_err err = {0};

    cr_assert_eq(vd_tz_load(&tz, NULL, name, &err), 0, "%s", err.msg);
    return tz;
}

static uint32_t days_of(const char *text)
{
    uint32_t days = 0;

    for (int i = 0; i < 7; i++)
        days |= (uint32_t)(text[i] == '1') << i;
    return days;
}

Test(schedule, opens_and_closes_as_the_table_says)
{
    FILE *f = fopen(VD_TEST_DATA "/schedules.eval", "r");
    char line[256];
    int n = 0;

    cr_assert_not_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        char name[64], days[8], at_text[32], want[8], next_text[32];
        int h1, m1, h2, m2, len = 0;
        char words[256];
        struct story_rule more;
        int64_t at_us, next_us = INT64_MAX;
        struct vd_schedule s;
        struct vd_tz *tz;

        if (line[0] == '#' || line[0] == '\n')
            continue;
        cr_assert_eq(sscanf(line, "%63s %d:%d-%d:%d %7s %31s %7s %31s%n", name, &h1, &m1, &h2,
                            &m2, days, at_text, want, next_text, &len),
                     9, "%s", line);
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(words, sizeof words, "r %s", line + len);
        story_rule_take(&more, words, n); /* holidays=… on_holidays=… */
        cr_assert(vd_time_parse(at_text, &at_us));
        tz = zone(name);
        s = more.rule.schedule;
        s.tz = tz;
        s.from_min = h1 * 60 + m1;
        s.to_min = h2 * 60 + m2;
        s.days = days_of(days);
        if (strcmp(next_text, "-") != 0)
            cr_assert(vd_time_parse(next_text, &next_us));
        cr_assert_eq(vd_schedule_is_open(&s, at_us), strcmp(want, "open") == 0, "%s", line);
        cr_assert_eq(vd_schedule_changes(&s, at_us), next_us, "%s", line);
        cr_assert_eq(vd_schedule_opens(&s, at_us), strcmp(want, "open") == 0 ? at_us : next_us,
                     "%s", line);
        vd_tz_free(&tz);
        n++;
    }
    fclose(f);
    fprintf(stderr, "{\"schedules\":%d}\n", n);
    cr_assert_geq(n, 80);
}

Test(schedule, without_a_zone_is_always_open)
{
    struct vd_schedule s = {0};

    cr_assert(vd_schedule_is_open(&s, 0));
    cr_assert_eq(vd_schedule_opens(&s, 17), 17);
    cr_assert_eq(vd_schedule_changes(&s, 17), INT64_MAX);
}

Test(tz, agrees_with_libc_at_random_instants)
{
    static const char *const names[] = {
        "Europe/Berlin",     "America/New_York",  "Asia/Shanghai",
        "Australia/Sydney",  "America/Sao_Paulo", "Asia/Tehran",
        "Africa/Casablanca", "Europe/Dublin",     "Pacific/Apia"};
    uint64_t seed = rnd_seed();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct vd_tz *tz = zone(names[i]);

        setenv("TZ", names[i], 1);
        tzset();
        for (int k = 0; k < 2000; k++) {
            time_t at = (time_t)(rnd_next(&seed) % UINT64_C(4102444800)); /* until 2100 */
            int64_t until = 0;
            struct tm tm;

            localtime_r(&at, &tm);
            cr_assert_eq(vd_tz_offset(tz, at, &until), tm.tm_gmtoff, "%s at %lld", names[i],
                         (long long)at);
            cr_assert_gt(until, at);
        }
        vd_tz_free(&tz);
    }
}

Test(tz, refuses_names_that_lead_elsewhere_and_files_that_are_none)
{
    static const char *const bad[] = {
        "",       "/etc/passwd", "../../../etc/passwd", ".", "Europe/../UTC", "Nowhere/Land",
        "Europe", "a b"};
    struct vd_tz *tz = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(vd_tz_load(&tz, NULL, bad[i], NULL), VD_EINVAL, "%s", bad[i]);
    cr_assert_eq(vd_tz_load(&tz, VD_TEST_DATA, "schedules.eval", NULL), VD_EINVAL);
    cr_assert_null(tz);
}

Test(tz, survives_every_cut_and_many_flips_of_a_file)
{
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    unsigned char data[8192], copy[8192];
    uint64_t seed = rnd_seed();
    size_t len;

    cr_assert_not_null(f);
    len = fread(data, 1, sizeof data, f);
    fclose(f);
    for (int k = 0; k < 20000; k++) {
        size_t n = k < (int)len ? (size_t)k : len;
        struct vd_tz *tz = NULL;

        memcpy(copy, data, len);
        if (k >= (int)len)
            for (int i = 0; i < 4; i++)
                copy[rnd_next(&seed) % len] = (unsigned char)rnd_next(&seed);
        if (vd_tz_parse(&tz, copy, n, NULL) == 0)
            (void)vd_tz_offset(tz, 1800000000, NULL);
        vd_tz_free(&tz);
    }
}

Test(tz_rule, reads_what_posix_allows_and_nothing_else)
{
    static const struct {
        const char *text;
        bool is_good;
    } cases[] = {
        {"CST-8", true},
        {"CET-1CEST,M3.5.0,M10.5.0/3", true},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true},
        {"EST5EDT,J60/2,300/-1:30", true},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", true},
        {"", false},
        {"CET", false},
        {"CE-1", false},
        {"CET-1CEST", false},
        {"CET-1CEST,M13.5.0,M10.5.0", false},
        {"CET-1CEST,M3.6.0,M10.5.0", false},
        {"CET-1CEST,M3.5.7,M10.5.0", false},
        {"CET-1CEST,M3.5.0", false},
        {"CET-1CEST,M3.5.0,M10.5.0x", false},
        {"<CET-1", false},
        {"CET-99", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_tz_rule rule;

        cr_assert_eq(vd_tz_rule_parse(cases[i].text, &rule), cases[i].is_good, "%s",
                     cases[i].text);
    }
}

Test(tz_rule, counts_days_both_ways)
{
    for (int64_t year = 1600; year < 2500; year++) {
        int64_t first = vd_days_of(year, 1, 1);

        cr_assert_eq(vd_year_of(first), year);
        cr_assert_eq(vd_year_of(first - 1), year - 1);
    }
    cr_assert_eq(vd_days_of(1970, 1, 1), 0);
    cr_assert_eq(vd_days_of(2000, 3, 1) - vd_days_of(2000, 2, 28), 2);
}
