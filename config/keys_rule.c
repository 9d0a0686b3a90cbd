/* The keys of a rule. */
#include "config/config.h"
#include "config/keys.h"

#define ROWS(table)  (table), sizeof(table) / sizeof(table)[0]
#define SEC(n)       (INT64_C(1000000) * (n))
#define RULE(field)  offsetof(struct vd_rule_cfg, field)
#define WHEN(field)  offsetof(struct vd_when_cfg, field)
#define COUNT(field) offsetof(struct vd_count_cfg, field)
#define SCHED(field) offsetof(struct vd_schedule_cfg, field)

const char vd_kind_names[] = "motion covered dark bright blurred moved frozen lost low-quality "
                             "scene-change input node";

static const struct vd_key schedule_rows[] = {
    {"zone", VD_KEY_TIMEZONE, SCHED(zone), 1, 63, NULL, VD_KEY_REQUIRED,
     "Time zone by its IANA name: Asia/Shanghai.", NULL, NULL, 0},
    {"daily", VD_KEY_DAILY, SCHED(from_min), 0, 0, "00:00-24:00", 0,
     "From and to, local time; \"22:00-06:00\" crosses midnight.", NULL, NULL, SCHED(to_min)},
    {"days", VD_KEY_SET, SCHED(days), 1, 0, "mon tue wed thu fri sat sun", 0,
     "Days on which it begins.", "mon tue wed thu fri sat sun", NULL, 0},
    {"holidays", VD_KEY_IDS, SCHED(holidays), 1, VD_CONFIG_CALENDARS_MAX, NULL, 0,
     "Calendars of vedette.yaml whose days are holidays; absent: no day is.", NULL, NULL, 0},
    {"on_holidays", VD_KEY_ENUM, SCHED(on_holidays), 0, 0, "closed", 0,
     "On a holiday it does not begin, is open all day, or it begins on holidays only.",
     "closed whole-day only", NULL, 0},
};
static const struct vd_keys schedule_keys = {"a schedule", ROWS(schedule_rows),
                                             sizeof(struct vd_schedule_cfg)};

static const struct vd_key count_rows[] = {
    {"within", VD_KEY_DURATION, COUNT(within_us), SEC(1), SEC(86400), NULL, VD_KEY_REQUIRED,
     "The span in which they must begin.", NULL, NULL, 0},
    {"at_least", VD_KEY_INT, COUNT(at_least), 1, VD_CONFIG_COUNT_MAX, "2", 0,
     "So many of them, in one group.", NULL, NULL, 0},
    {"share", VD_KEY_PERCENT, COUNT(share), 0, 1000000, "0%", 0,
     "And at least this part of the cameras that the group has; 0%: at_least alone.", NULL,
     NULL, 0},
    {"of", VD_KEY_ENUM, COUNT(of), 0, 0, "events", 0,
     "Counts events, or the different cameras that have one.", "events cameras", NULL, 0},
};
static const struct vd_keys count_keys = {"a count", ROWS(count_rows),
                                          sizeof(struct vd_count_cfg)};

/* What one event must be; also what must have been before it. */
#define COND_ROWS                                                                              \
    {"kind",                                                                                   \
     VD_KEY_SET,                                                                               \
     WHEN(kinds),                                                                              \
     1,                                                                                        \
     0,                                                                                        \
     NULL,                                                                                     \
     0,                                                                                        \
     "One kind of event or a list; absent: any.",                                              \
     vd_kind_names,                                                                            \
     NULL,                                                                                     \
     0},                                                                                       \
        {"area",                                                                               \
         VD_KEY_AREA,                                                                          \
         WHEN(area),                                                                           \
         1,                                                                                    \
         VD_CONFIG_AREA_MAX,                                                                   \
         NULL,                                                                                 \
         0,                                                                                    \
         "This area and all below it.",                                                        \
         NULL,                                                                                 \
         NULL,                                                                                 \
         0},                                                                                   \
        {"camera", VD_KEY_IDS, WHEN(cameras),           1,    VD_CONFIG_MATCH_MAX,             \
         NULL,     0,          "One camera or a list.", NULL, NULL,                            \
         0},                                                                                   \
        {"tag",                                                                                \
         VD_KEY_IDS,                                                                           \
         WHEN(tags),                                                                           \
         1,                                                                                    \
         VD_CONFIG_MATCH_MAX,                                                                  \
         NULL,                                                                                 \
         0,                                                                                    \
         "Cameras that bear this tag, or one of a list.",                                      \
         NULL,                                                                                 \
         NULL,                                                                                 \
         0},                                                                                   \
        {"zone",                                                                               \
         VD_KEY_IDS,                                                                           \
         WHEN(zones),                                                                          \
         1,                                                                                    \
         VD_CONFIG_MATCH_MAX,                                                                  \
         NULL,                                                                                 \
         0,                                                                                    \
         "Motion in this zone, or in one of a list.",                                          \
         NULL,                                                                                 \
         NULL,                                                                                 \
         0},                                                                                   \
        {"did",                                                                                \
         VD_KEY_SET,                                                                           \
         WHEN(did),                                                                            \
         1,                                                                                    \
         0,                                                                                    \
         NULL,                                                                                 \
         0,                                                                                    \
         "An object did this in the zone, or one of a list.",                                  \
         "enter leave cross loiter",                                                           \
         NULL,                                                                                 \
         0},                                                                                   \
        {"line",                                                                               \
         VD_KEY_IDS,                                                                           \
         WHEN(lines),                                                                          \
         1,                                                                                    \
         VD_CONFIG_MATCH_MAX,                                                                  \
         NULL,                                                                                 \
         0,                                                                                    \
         "It crossed this line, or one of a list.",                                            \
         NULL,                                                                                 \
         NULL,                                                                                 \
         0},                                                                                   \
        {"direction",                                                                          \
         VD_KEY_ENUM,                                                                          \
         WHEN(direction),                                                                      \
         0,                                                                                    \
         0,                                                                                    \
         "any",                                                                                \
         0,                                                                                    \
         "Which way it crossed: A is on the left hand of who looks along the line.",           \
         "any a_to_b b_to_a",                                                                  \
         NULL,                                                                                 \
         0},                                                                                   \
        {"min_dwell",                                                                          \
         VD_KEY_DURATION,                                                                      \
         WHEN(min_dwell_us),                                                                   \
         0,                                                                                    \
         SEC(86400),                                                                           \
         "0s",                                                                                 \
         0,                                                                                    \
         "It was in the zone for so long.",                                                    \
         NULL,                                                                                 \
         NULL,                                                                                 \
         0},                                                                                   \
        {"min_size",                                                                           \
         VD_KEY_PERCENT,                                                                       \
         WHEN(min_size),                                                                       \
         0,                                                                                    \
         1000000,                                                                              \
         "0%",                                                                                 \
         0,                                                                                    \
         "The largest object covered this part of the picture.",                               \
         NULL,                                                                                 \
         NULL,                                                                                 \
         0},                                                                                   \
        {"max_size",                                                                           \
         VD_KEY_PERCENT,                                                                       \
         WHEN(max_size),                                                                       \
         0,                                                                                    \
         1000000,                                                                              \
         "0%",                                                                                 \
         0,                                                                                    \
         "And not more than this; 0%: any size.",                                              \
         NULL,                                                                                 \
         NULL,                                                                                 \
         0},                                                                                   \
    {                                                                                          \
        "min_score", VD_KEY_PERCENT, WHEN(min_score), 0, 1000000, "0%", 0,                     \
            "The part of the zone that moved at its peak.", NULL, NULL, 0                      \
    }

static const struct vd_key after_rows[] = {
    COND_ROWS,
    {"within", VD_KEY_DURATION, offsetof(struct vd_after_cfg, within_us), SEC(1), SEC(86400),
     NULL, VD_KEY_REQUIRED, "It began at most this long before.", NULL, NULL, 0},
};
static const struct vd_keys after_keys = {"what comes before", ROWS(after_rows),
                                          sizeof(struct vd_after_cfg)};

static const struct vd_key when_rows[] = {
    COND_ROWS,
    {"min_duration", VD_KEY_DURATION, WHEN(min_duration_us), 0, SEC(86400), "0s", 0,
     "The event has lasted this long.", NULL, NULL, 0},
    {"absent_for", VD_KEY_DURATION, WHEN(absent_us), 0, SEC(86400 * 31), "0s", 0,
     "There was no such event for this long, all of it within the schedule; 0s: the rule asks "
     "for events.",
     NULL, NULL, 0},
    {"count", VD_KEY_MAP, WHEN(count), 0, 0, NULL, 0, "Absent: each event by itself.", NULL,
     &count_keys, 0},
    {"schedule", VD_KEY_MAP, WHEN(schedule), 0, 0, NULL, 0, "Absent: always.", NULL,
     &schedule_keys, 0},
};
static const struct vd_keys when_keys = {"a condition", ROWS(when_rows),
                                         sizeof(struct vd_when_cfg)};

static const struct vd_key group_rows[] = {
    {"by", VD_KEY_ENUM, RULE(group_by), 0, 0, "camera", 0,
     "Events of the same one of these fold into one alert, and are counted together.",
     "camera area rule node", NULL, 0},
    {"level", VD_KEY_LEVEL, RULE(group_level), 0, 8, "0", 0,
     "With by: area, how many parts of the area code count; 0: all, the camera's own area.",
     NULL, NULL, 0},
    {"window", VD_KEY_DURATION, RULE(group_window_us), 0, SEC(86400 * 7), "60s", 0,
     "They do so until there was none for this long; 0s: each makes its own alert.", NULL, NULL,
     0},
};
static const struct vd_keys group_keys = {"grouping", ROWS(group_rows),
                                          sizeof(struct vd_rule_cfg)};

static const struct vd_key rule_rows[] = {
    {"id", VD_KEY_ID, RULE(id), 1, VD_CONFIG_ID_MAX, NULL, VD_KEY_REQUIRED,
     "Names the rule for good: lower-case letters, digits and '-'.", NULL, NULL, 0},
    {"name", VD_KEY_TEXT, RULE(name), 1, VD_CONFIG_NAME_MAX, NULL, 0,
     "Shown to operators; absent: the id.", NULL, NULL, 0},
    {"enabled", VD_KEY_BOOL, RULE(is_enabled), 0, 1, "true", 0, "false: it raises nothing.",
     NULL, NULL, 0},
    {"when", VD_KEY_MAP, RULE(when), 0, 0, NULL, VD_KEY_REQUIRED,
     "What an event must be; all that is given must hold.", NULL, &when_keys, 0},
    {"after", VD_KEY_MAP, RULE(after), 0, 0, NULL, 0,
     "What must have been before, in the same group; absent: nothing.", NULL, &after_keys, 0},
    {"suppress", VD_KEY_BOOL, RULE(is_suppressing), 0, 1, "false", 0,
     "true: a common cause; alerts of the cameras it counts, and no more urgent, lie beneath "
     "its "
     "own while it lasts.",
     NULL, NULL, 0},
    {"severity", VD_KEY_ENUM, RULE(severity), 0, 0, NULL, VD_KEY_REQUIRED,
     "How urgent its alerts are.", "green yellow red", NULL, 0},
    {"action", VD_KEY_TEXT, RULE(action), 1, VD_CONFIG_ACTION_MAX, NULL, VD_KEY_REQUIRED,
     "What the operator is to do: an alert that asks for nothing is none.", NULL, NULL, 0},
    {"instruction", VD_KEY_TEXT, RULE(instruction), 1, VD_CONFIG_INSTRUCTION_MAX, NULL, 0,
     "How it is done, step by step: whom to call, what to look at.", NULL, NULL, 0},
    {"asks", VD_KEY_TEXT, RULE(asks), 1, VD_CONFIG_NAME_MAX, NULL, 0,
     "Who is asked first: a user or a post; absent: whoever is there.", NULL, NULL, 0},
    {"ack_within", VD_KEY_DURATION, RULE(ack_within_us), 0, SEC(86400 * 7), "0s", 0,
     "Somebody must have acknowledged the alert by then; 0s: no deadline.", NULL, NULL, 0},
    {"resolve_within", VD_KEY_DURATION, RULE(resolve_within_us), 0, SEC(86400 * 31), "0s", 0,
     "It must be resolved by then; 0s: no deadline.", NULL, NULL, 0},
    {"clip", VD_KEY_BOOL, RULE(has_clip), 0, 1, "true", 0,
     "false: its alerts show the picture alone, and keep no clip from retention.", NULL, NULL,
     0},
    {"cooldown", VD_KEY_DURATION, RULE(cooldown_us), 0, SEC(86400 * 7), "0s", 0,
     "After one alert of a group opened, the next opens this much later at the earliest.", NULL,
     NULL, 0},
    {"group", VD_KEY_MAP, 0, 0, 0, NULL, 0, "How repeats become one alert.", NULL, &group_keys,
     0},
    {"resolve", VD_KEY_ENUM, RULE(resolve), 0, 0, "by-severity", 0,
     "Who closes an alert whose cause is gone; by-severity: red and yellow by hand, green by "
     "itself.",
     "by-severity by-hand auto", NULL, 0},
};
static const struct vd_key calendar_rows[] = {
    {"name", VD_KEY_ID, offsetof(struct vd_calendar_cfg, name), 1, VD_CONFIG_ID_MAX, NULL,
     VD_KEY_REQUIRED, "What schedules call it.", NULL, NULL, 0},
    {"dates", VD_KEY_DATES, offsetof(struct vd_calendar_cfg, dates), 1, VD_CONFIG_DATES_MAX,
     NULL, VD_KEY_REQUIRED,
     "Days: 2026-10-01, 2026-10-01..2026-10-07, or 05-01 for one of each year.", NULL, NULL, 0},
};
const struct vd_keys vd_calendar_keys = {"a calendar", ROWS(calendar_rows),
                                         sizeof(struct vd_calendar_cfg)};
const struct vd_keys vd_rule_keys = {"a rule", ROWS(rule_rows), sizeof(struct vd_rule_cfg)};
