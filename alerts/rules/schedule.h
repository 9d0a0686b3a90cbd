/* alerts/rules/schedule.h: windows of the week by the clock on the wall of a place. Pure. */
#ifndef VD_ALERTS_RULES_SCHEDULE_H
#define VD_ALERTS_RULES_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "alerts/rules/tz.h"

/* Days counted from 1970-01-01, both ends within; or, each year, month * 100 + day, where a
 * range may run over the new year. */
struct vd_days {
    int from, to;
    bool is_yearly;
};

/* What a holiday does to a schedule. */
enum vd_on_holidays {
    VD_HOLIDAYS_CLOSED,    /* no window begins on one */
    VD_HOLIDAYS_WHOLE_DAY, /* open from midnight to midnight, whatever day of the week */
    VD_HOLIDAYS_ONLY,      /* windows begin on holidays alone */
};

/* A window begins on the days named. With to_min <= from_min it crosses midnight and belongs to
 * the day on which it began. What counts is what the clock shows: an hour that is skipped in
 * spring is skipped here, an hour shown twice in autumn counts twice. */
struct vd_schedule {
    const struct vd_tz *tz;         /* borrowed; NULL: no schedule, always open */
    int from_min;                   /* 0..1439 */
    int to_min;                     /* 0..1440, exclusive */
    uint32_t days;                  /* bit 0 Monday … bit 6 Sunday */
    const struct vd_days *holidays; /* borrowed */
    int n_holidays;                 /* 0: every day is as its weekday */
    enum vd_on_holidays on_holidays;
};

bool vd_schedule_is_open(const struct vd_schedule *schedule, int64_t wall_us);

/* wall_us when it is open, else when it opens next; INT64_MAX: not within a year. */
int64_t vd_schedule_opens(const struct vd_schedule *schedule, int64_t wall_us);

/* The next instant after wall_us at which it opens or closes; INT64_MAX: not within a year. */
int64_t vd_schedule_changes(const struct vd_schedule *schedule, int64_t wall_us);

#endif
