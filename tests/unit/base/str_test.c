#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

Test(str, copy_says_whether_it_cut)
{
    char dst[4];

    cr_assert(vd_str_copy(dst, sizeof dst, "abc"));
    cr_assert_str_eq(dst, "abc");
    cr_assert(!vd_str_copy(dst, sizeof dst, "abcd"));
    cr_assert_str_eq(dst, "abc");
    cr_assert(!vd_str_copy(dst, 0, ""));
}

Test(str, add_stops_at_the_end_and_stays_terminated)
{
    char dst[8];
    size_t len = 0;

    cr_assert(vd_str_add(dst, sizeof dst, &len, "%d", 1234));
    cr_assert(!vd_str_add(dst, sizeof dst, &len, "%s", "56789"));
    cr_assert_str_eq(dst, "1234567");
    cr_assert_eq(len, 7);
}

Test(str, numbers_are_whole_or_nothing)
{
    static const struct {
        const char *text;
        bool is_good;
        int64_t value;
    } rows[] = {
        {"0", true, 0},     {"-12", true, -12}, {"9223372036854775807", true, INT64_MAX},
        {"", false, 0},     {" 1", false, 0},   {"1 ", false, 0},
        {"+1", false, 0},   {"1x", false, 0},   {"9223372036854775808", false, 0},
        {"0x10", false, 0}, {"-", false, 0},    {"--1", false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t v = 0;

        cr_assert_eq(vd_str_int64(rows[i].text, &v), rows[i].is_good, "'%s'", rows[i].text);
        cr_assert_eq(v, rows[i].value, "'%s'", rows[i].text);
    }
}

Test(str, utf8_is_what_rfc_3629_allows)
{
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\xc3\xa4", true},
        {"\xe6\xb7\xb1\xe5\x9c\xb3", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xc0\x80", false},         /* overlong NUL */
        {"\xc1\xbf", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\x80", false},             /* no lead */
        {"\xe6\xb7", false},         /* cut short */
        {"\xff", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(vd_str_is_utf8(rows[i].text, strlen(rows[i].text)), rows[i].is_good,
                     "row %zu", i);
}

Test(str, times_go_both_ways)
{
    static const struct {
        const char *text;
        int64_t wall_us;
        const char *canonical;
    } rows[] = {
        {"2026-08-22T03:14:07.412Z", INT64_C(1787368447412000), "2026-08-22T03:14:07.412Z"},
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
        {"2026-08-22T11:14:07.412+08:00", INT64_C(1787368447412000),
         "2026-08-22T03:14:07.412Z"},
        {"2026-08-22T03:14:07.4129999Z", INT64_C(1787368447412999), "2026-08-22T03:14:07.412Z"},
        {"2024-02-29T23:59:60Z", INT64_C(1709251200000000), "2024-03-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999000), "9999-12-31T23:59:59.999Z"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[VD_TIME_TEXT];
        int64_t us = -1;

        cr_assert(vd_time_parse(rows[i].text, &us), "%s", rows[i].text);
        cr_assert_eq(us, rows[i].wall_us, "%s: %lld", rows[i].text, (long long)us);
        vd_time_format(us, text);
        cr_assert_str_eq(text, rows[i].canonical);
    }
}

Test(str, what_is_no_time_is_refused)
{
    static const char *const rows[] = {
        "",
        "2026-08-22",
        "2026-08-22T03:14:07",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-08-22T24:00:00Z",
        "2026-08-22T03:14:07.Z",
        "2026-08-22T03:14:07Zx",
        "2026-08-22T03:14:07+0800",
        "26-08-22T03:14:07Z",
        "1969-12-31T23:59:59Z",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us = 42;

        cr_assert(!vd_time_parse(rows[i], &us), "%s", rows[i]);
        cr_assert_eq(us, 42);
    }
}
