/* Dates of calendars. */
#include <stdio.h>
#include <string.h>

#include "config/config.h"

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01. */
static int days_of(int year, int month, int day)
{
    int days = day - 1;

    for (int y = 1970; y < year; y++)
        days += is_leap(y) ? 366 : 365;
    for (int m = 1; m < month; m++)
        days += month_days(year, m);
    return days;
}

static bool is_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++)
        if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    return *text == '\0';
}

static int two(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

/* "2026-10-01" or "10-01"; false: no such day. */
static bool take_day(const char *text, int *ret_day, bool *ret_yearly)
{
    int year = 2000, month, day; /* 02-29 is a day of some years */

    *ret_yearly = is_form(text, "00-00");
    if (!*ret_yearly && !is_form(text, "0000-00-00"))
        return false;
    if (!*ret_yearly) {
        year = two(text) * 100 + two(text + 2);
        text += 5;
    }
    month = two(text);
    day = two(text + 3);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return false;
    *ret_day = *ret_yearly ? month * 100 + day : days_of(year, month, day);
    return true;
}

int vd_config_days(const char *text, int *ret_from, int *ret_to, bool *ret_yearly,
                   struct vd_err *err)
{
    const char *dots = strstr(text, "..");
    size_t len = dots != NULL ? (size_t)(dots - text) : strlen(text);
    char first[16];
    int from = 0, to;
    bool is_yearly = false, is_to_yearly;

    if (len < sizeof first)
        (void)snprintf(first, sizeof first, "%.*s", (int)len, text);
    if (len >= sizeof first || !take_day(first, &from, &is_yearly))
        return vd_err_set(err, VD_EINVAL,
                          "'%.40s' is no date; write 2026-10-01, 2026-10-01..2026-10-07, or "
                          "05-01 for one of each year",
                          text);
    to = from;
    is_to_yearly = is_yearly;
    if (dots != NULL && (!take_day(dots + 2, &to, &is_to_yearly) || is_to_yearly != is_yearly))
        return vd_err_set(err, VD_EINVAL,
                          "'%.40s' has no second date of the same form; write "
                          "2026-10-01..2026-10-07",
                          text);
    if (!is_yearly && to < from)
        return vd_err_set(err, VD_EINVAL, "'%.40s' ends before it begins", text);
    *ret_from = from;
    *ret_to = to;
    *ret_yearly = is_yearly;
    return 0;
}
