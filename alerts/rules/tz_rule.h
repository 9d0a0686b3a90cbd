/* alerts/rules/tz_rule.h: the POSIX form of a zone's yearly rule, "CET-1CEST,M3.5.0,M10.5.0/3",
 * as tzfiles end with it. Pure. */
#ifndef VD_ALERTS_RULES_TZ_RULE_H
#define VD_ALERTS_RULES_TZ_RULE_H

#include <stdbool.h>
#include <stdint.h>

/* A day of the year and a second of that day, local time. */
struct vd_tz_day {
    char form; /* 'M' month.week.day, 'J' day 1..365 without 29 February, '0' day 0..365 */
    int month, week, day;
    int32_t second;
};

struct vd_tz_rule {
    int32_t standard, summer; /* seconds to add to UTC */
    bool has_summer;
    struct vd_tz_day begin, end; /* of summer time */
};

bool vd_tz_rule_parse(const char *text, struct vd_tz_rule *ret_rule);

/* Seconds to add to UTC at utc_s; *ret_until is when that changes next. */
int32_t vd_tz_rule_offset(const struct vd_tz_rule *rule, int64_t utc_s, int64_t *ret_until);

/* Days from 1970-01-01 to year-month-day of the Gregorian calendar. */
int64_t vd_days_of(int64_t year, int month, int day);

/* The year of a day counted from 1970-01-01. */
int64_t vd_year_of(int64_t days);

#endif
