#include "alerts/rules/tz_rule.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { DAY = 86400 };

int64_t vd_days_of(int64_t year, int month, int day)
{
    int64_t y =
        month <= 2 ? year - 1 : year; /* years that begin in March end in the leap day */
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t vd_year_of(int64_t days)
{
    int64_t year = 1970 + days / 366 - (days < 0); /* never too late by much */

    while (vd_days_of(year + 1, 1, 1) <= days)
        year++;
    while (vd_days_of(year, 1, 1) > days)
        year--;
    return year;
}

static bool take_number(const char **p, int max, int *ret)
{
    int n = 0;

    if (!isdigit((unsigned char)**p))
        return false;
    while (isdigit((unsigned char)**p)) {
        n = n * 10 + (*(*p)++ - '0');
        if (n > max)
            return false;
    }
    *ret = n;
    return true;
}

static bool take_name(const char **p)
{
    const char *begin = *p;

    if (**p == '<') {
        *p = strchr(*p, '>');
        return *p != NULL && *(*p)++ == '>';
    }
    while (isalpha((unsigned char)**p))
        (*p)++;
    return *p - begin >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool take_time(const char **p, int hours_max, int32_t *ret)
{
    int sign = 1, h = 0, m = 0, s = 0;

    if (**p == '+' || **p == '-')
        sign = *(*p)++ == '-' ? -1 : 1;
    if (!take_number(p, hours_max, &h))
        return false;
    if (**p == ':') {
        (*p)++;
        if (!take_number(p, 59, &m))
            return false;
    }
    if (**p == ':') {
        (*p)++;
        if (!take_number(p, 59, &s))
            return false;
    }
    *ret = sign * (h * 3600 + m * 60 + s);
    return true;
}

static bool take_dot(const char **p)
{
    return *(*p)++ == '.';
}

/* ",M3.5.0/2" */
static bool take_day(const char **p, struct vd_tz_day *ret)
{
    struct vd_tz_day day = {.form = '0', .second = 2 * 3600};

    if (*(*p) != ',')
        return false;
    (*p)++;
    if (**p == 'M' || **p == 'J')
        day.form = *(*p)++;
    if (day.form == 'M') {
        if (!take_number(p, 12, &day.month) || !take_dot(p) || !take_number(p, 5, &day.week) ||
            !take_dot(p) || !take_number(p, 6, &day.day) || day.month < 1 || day.week < 1)
            return false;
    } else if (!take_number(p, 365, &day.day) || (day.form == 'J' && day.day < 1)) {
        return false;
    }
    if (**p == '/') {
        (*p)++;
        if (!take_time(p, 167, &day.second))
            return false;
    }
    *ret = day;
    return true;
}

bool vd_tz_rule_parse(const char *text, struct vd_tz_rule *ret_rule)
{
    struct vd_tz_rule rule = {0};
    const char *p = text;

    if (!take_name(&p) || !take_time(&p, 24, &rule.standard))
        return false;
    rule.standard = -rule.standard; /* POSIX counts westwards */
    if (*p != '\0') {
        rule.has_summer = true;
        rule.summer = rule.standard + 3600;
        if (!take_name(&p))
            return false;
        if (*p != ',' && *p != '\0') {
            if (!take_time(&p, 24, &rule.summer))
                return false;
            rule.summer = -rule.summer;
        }
        if (!take_day(&p, &rule.begin) || !take_day(&p, &rule.end) || *p != '\0')
            return false;
    }
    *ret_rule = rule;
    return true;
}

static bool is_leap(int64_t year)
{
    return vd_days_of(year + 1, 1, 1) - vd_days_of(year, 1, 1) == 366;
}

/* Local seconds since 1970 of that day and second in that year. */
static int64_t local_of(const struct vd_tz_day *d, int64_t year)
{
    int64_t days;

    if (d->form == 'M') {
        int64_t next =
            d->month == 12 ? vd_days_of(year + 1, 1, 1) : vd_days_of(year, d->month + 1, 1);
        int64_t first = vd_days_of(year, d->month, 1);
        int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */

        days = first + (d->day - weekday + 7) % 7 + 7 * (d->week - 1);
        while (days >= next)
            days -= 7; /* week 5 is the last one */
    } else if (d->form == 'J') {
        days = vd_days_of(year, 1, 1) + d->day - 1 + (d->day >= 60 && is_leap(year));
    } else {
        days = vd_days_of(year, 1, 1) + d->day;
    }
    return days * DAY + d->second;
}

int32_t vd_tz_rule_offset(const struct vd_tz_rule *rule, int64_t utc_s, int64_t *ret_until)
{
    int64_t year = vd_year_of(utc_s / DAY - (utc_s % DAY < 0));
    int64_t last = INT64_MIN;
    int32_t offset = rule->standard;

    *ret_until = INT64_MAX;
    if (!rule->has_summer)
        return rule->standard;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        const struct {
            int64_t at;
            int32_t offset;
        } changes[2] = {{local_of(&rule->begin, y) - rule->standard, rule->summer},
                        {local_of(&rule->end, y) - rule->summer, rule->standard}};

        for (int i = 0; i < 2; i++) {
            if (changes[i].at <= utc_s && changes[i].at > last) {
                last = changes[i].at;
                offset = changes[i].offset;
            }
            if (changes[i].at > utc_s && changes[i].at < *ret_until)
                *ret_until = changes[i].at;
        }
    }
    return offset;
}
