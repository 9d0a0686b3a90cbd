#include "alerts/rules/schedule.h"

#include "alerts/rules/tz_rule.h"

enum { DAY = 86400, DAYS_MAX = 400 };

static const int64_t US = 1000000;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool has_day(const struct vd_schedule *s, int64_t days)
{
    int64_t weekday = ((days + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday, 3 from Monday */

    return (s->days >> weekday & 1) != 0;
}

/* month * 100 + day of a day counted from 1970-01-01. */
static int month_day(int64_t days)
{
    int64_t year = vd_year_of(days);
    int month = 1;

    while (month < 12 && vd_days_of(year, month + 1, 1) <= days)
        month++;
    return month * 100 + (int)(days - vd_days_of(year, month, 1)) + 1;
}

static bool is_holiday(const struct vd_schedule *s, int64_t day)
{
    int yearly = -1;

    for (int i = 0; i < s->n_holidays; i++) {
        const struct vd_days *h = &s->holidays[i];

        if (!h->is_yearly && day >= h->from && day <= h->to)
            return true;
        if (!h->is_yearly)
            continue;
        if (yearly < 0)
            yearly = month_day(day);
        if (h->from <= h->to ? yearly >= h->from && yearly <= h->to
                             : yearly >= h->from || yearly <= h->to)
            return true;
    }
    return false;
}

/* Whether a window begins on that day. */
static bool has_window(const struct vd_schedule *s, int64_t day)
{
    if (!has_day(s, day))
        return false;
    if (s->n_holidays == 0 || s->on_holidays == VD_HOLIDAYS_WHOLE_DAY)
        return true;
    return is_holiday(s, day) == (s->on_holidays == VD_HOLIDAYS_ONLY);
}

/* local: seconds since 1970 as the clock on the wall counts them */
static bool is_open_at(const struct vd_schedule *s, int64_t local)
{
    int64_t day = floor_div(local, DAY);
    int64_t second = local - day * DAY;

    if (s->on_holidays == VD_HOLIDAYS_WHOLE_DAY && is_holiday(s, day))
        return true;
    if (s->from_min < s->to_min)
        return has_window(s, day) && second >= s->from_min * 60 && second < s->to_min * 60;
    return (has_window(s, day) && second >= s->from_min * 60) ||
           (has_window(s, day - 1) && second < s->to_min * 60);
}

static bool is_open_utc(const struct vd_schedule *s, int64_t utc_s)
{
    return is_open_at(s, utc_s + vd_tz_offset(s->tz, utc_s, NULL));
}

bool vd_schedule_is_open(const struct vd_schedule *schedule, int64_t wall_us)
{
    return schedule->tz == NULL || is_open_utc(schedule, floor_div(wall_us, US));
}

/* The next instant at which the answer could be another: an edge of a window, midnight, or a
 * change of the zone. */
static int64_t next_edge(const struct vd_schedule *s, int64_t utc_s)
{
    int64_t until;
    int32_t offset = vd_tz_offset(s->tz, utc_s, &until);
    int64_t local = utc_s + offset, midnight = floor_div(local, DAY) * DAY;
    const int64_t edges[] = {midnight + s->from_min * 60, midnight + s->to_min * 60,
                             midnight + DAY};
    int64_t next = midnight + DAY, day = floor_div(local, DAY);
    bool is_plain = has_window(s, day) || has_window(s, day - 1);

    for (int i = 0; i < 3 && is_plain; i++)
        if (edges[i] > local && edges[i] < next)
            next = edges[i];
    return next - offset < until ? next - offset : until;
}

int64_t vd_schedule_changes(const struct vd_schedule *schedule, int64_t wall_us)
{
    int64_t at, last;
    bool was;

    if (schedule->tz == NULL)
        return INT64_MAX;
    at = floor_div(wall_us, US);
    was = is_open_utc(schedule, at);
    for (last = at + (int64_t)DAYS_MAX * DAY; at < last;) {
        at = next_edge(schedule, at);
        if (is_open_utc(schedule, at) != was)
            return at * US;
    }
    return INT64_MAX;
}

int64_t vd_schedule_opens(const struct vd_schedule *schedule, int64_t wall_us)
{
    return vd_schedule_is_open(schedule, wall_us) ? wall_us
                                                  : vd_schedule_changes(schedule, wall_us);
}
