/* The words of rules and events in the tables. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/rules/story.h"

struct vd_names story_split(struct story_words *w, const char *list)
{
    char copy[512], *save = NULL;

    cr_assert(vd_str_copy(copy, sizeof copy, list));
    w->n = 0;
    for (char *p = strtok_r(copy, ",", &save); p != NULL; p = strtok_r(NULL, ",", &save)) {
        cr_assert_lt(w->n, STORY_WORDS);
        cr_assert(vd_str_copy(w->text[w->n], STORY_TEXT, p));
        w->items[w->n] = w->text[w->n];
        w->n++;
    }
    return (struct vd_names){w->items, w->n};
}

int64_t story_us(const char *seconds)
{
    return llround(strtod(seconds, NULL) * 1e6);
}

static uint32_t did_of(const char *list)
{
    static const char *const names[VD_N_DIDS] = {"enter", "leave", "cross", "loiter"};
    struct story_words words = {0};
    uint32_t did = 0;

    (void)story_split(&words, list);
    for (int i = 0; i < words.n; i++)
        for (int d = 0; d < VD_N_DIDS; d++)
            did |= (uint32_t)(strcmp(words.text[i], names[d]) == 0) << d;
    return did;
}

/* False: no word of a condition. */
static bool take_cond_word(struct vd_cond *c, struct story_cond *texts, const char *key,
                           const char *value)
{
    struct story_words kinds = {0};

    if (strcmp(key, "kinds") == 0) {
        (void)story_split(&kinds, value);
        for (int k = 0; k < kinds.n; k++) {
            enum vd_kind kind;

            cr_assert(vd_kind_parse(kinds.text[k], &kind));
            c->kinds |= 1u << kind;
        }
    } else if (strcmp(key, "area") == 0) {
        cr_assert(vd_str_copy(texts->area, STORY_TEXT, value));
        c->area = texts->area;
    } else if (strcmp(key, "cameras") == 0) {
        c->cameras = story_split(&texts->cameras, value);
    } else if (strcmp(key, "tags") == 0) {
        c->tags = story_split(&texts->tags, value);
    } else if (strcmp(key, "zones") == 0) {
        c->zones = story_split(&texts->zones, value);
    } else if (strcmp(key, "lines") == 0) {
        c->lines = story_split(&texts->lines, value);
    } else if (strcmp(key, "did") == 0) {
        c->did = did_of(value);
    } else if (strcmp(key, "direction") == 0) {
        cr_assert(vd_direction_parse(value, &c->direction));
    } else if (strcmp(key, "min_dwell") == 0) {
        c->min_dwell_us = story_us(value);
    } else if (strcmp(key, "min_score") == 0) {
        c->min_score = strtof(value, NULL);
    } else if (strcmp(key, "min_size") == 0) {
        c->min_size = strtof(value, NULL);
    } else if (strcmp(key, "max_size") == 0) {
        c->max_size = strtof(value, NULL);
    } else {
        return false;
    }
    return true;
}

static int day_of(const char *text, bool *ret_yearly)
{
    char instant[32];
    int64_t wall_us;
    int month, day;

    *ret_yearly = strlen(text) == 5;
    if (*ret_yearly) {
        cr_assert_eq(sscanf(text, "%d-%d", &month, &day), 2);
        return month * 100 + day;
    }
    (void)snprintf(instant, sizeof instant, "%sT00:00:00Z", text);
    cr_assert(vd_time_parse(instant, &wall_us), "%s", text);
    return (int)(wall_us / 86400000000);
}

static void take_holidays(struct story_rule *r, const char *value)
{
    struct story_words words = {0};

    (void)story_split(&words, value);
    cr_assert_leq(words.n, STORY_DAYS);
    for (int i = 0; i < words.n; i++) {
        char *dots = strstr(words.text[i], "..");

        if (dots != NULL)
            *dots = '\0';
        r->days[i].from = r->days[i].to = day_of(words.text[i], &r->days[i].is_yearly);
        if (dots != NULL)
            r->days[i].to = day_of(dots + 2, &r->days[i].is_yearly);
    }
    r->rule.schedule.holidays = r->days;
    r->rule.schedule.n_holidays = words.n;
}

static void take_schedule(struct story_rule *r, const char *text)
{
    char name[64], days[8] = "1111111";
    struct vd_schedule *s = &r->rule.schedule;
    int h1, m1, h2, m2;

    cr_assert_geq(sscanf(text, "%63[^,],%d:%d-%d:%d,%7s", name, &h1, &m1, &h2, &m2, days), 5);
    cr_assert_eq(vd_tz_load(&r->zone, NULL, name, NULL), 0);
    s->tz = r->zone;
    s->from_min = h1 * 60 + m1;
    s->to_min = h2 * 60 + m2;
    for (int d = 0; d < 7; d++)
        s->days |= (uint32_t)(days[d] == '1') << d;
}

static bool take_time_word(struct story_rule *r, const char *key, const char *value)
{
    if (strcmp(key, "min_duration") == 0)
        r->rule.min_duration_us = story_us(value);
    else if (strcmp(key, "within") == 0)
        r->rule.after_us = story_us(value);
    else if (strcmp(key, "absent") == 0)
        r->rule.absent_us = story_us(value);
    else if (strcmp(key, "cooldown") == 0)
        r->rule.cooldown_us = story_us(value);
    else if (strcmp(key, "window") == 0)
        r->rule.window_us = story_us(value);
    else if (strcmp(key, "schedule") == 0)
        take_schedule(r, value);
    else if (strcmp(key, "holidays") == 0)
        take_holidays(r, value);
    else if (strcmp(key, "on_holidays") == 0)
        r->rule.schedule.on_holidays = strcmp(value, "only") == 0        ? VD_HOLIDAYS_ONLY
                                       : strcmp(value, "whole-day") == 0 ? VD_HOLIDAYS_WHOLE_DAY
                                                                         : VD_HOLIDAYS_CLOSED;
    else
        return false;
    return true;
}

/* "3/60": so many within so many seconds; "3/60/cameras" different cameras. */
static void take_count(struct vd_count *count, const char *value)
{
    char within[16], of[16] = "";

    cr_assert_geq(sscanf(value, "%d/%15[^/]/%15s", &count->at_least, within, of), 2);
    count->within_us = story_us(within);
    count->of_cameras = strcmp(of, "cameras") == 0;
}

static bool take_alert_word(struct vd_rule *rule, const char *key, const char *value)
{
    if (strcmp(key, "off") == 0)
        rule->is_enabled = false;
    else if (strcmp(key, "auto") == 0)
        rule->is_auto = true;
    else if (strcmp(key, "suppress") == 0)
        rule->is_suppressing = true;
    else if (strcmp(key, "count") == 0)
        take_count(&rule->count, value);
    else if (strcmp(key, "share") == 0)
        rule->count.share = strtof(value, NULL);
    else if (strcmp(key, "level") == 0)
        rule->group_level = atoi(value);
    else if (strcmp(key, "group") == 0)
        rule->group_by = strcmp(value, "area") == 0   ? VD_GROUP_AREA
                         : strcmp(value, "node") == 0 ? VD_GROUP_NODE
                                                      : VD_GROUP_RULE;
    else if (strcmp(key, "severity") == 0)
        rule->severity = strcmp(value, "red") == 0      ? VD_SEVERITY_RED
                         : strcmp(value, "yellow") == 0 ? VD_SEVERITY_YELLOW
                                                        : VD_SEVERITY_GREEN;
    else
        return false;
    return true;
}

void story_rule_take(struct story_rule *r, char *words, int line)
{
    char *save = NULL, *id = strtok_r(words, " ", &save);

    memset(r, 0, sizeof *r);
    cr_assert(vd_str_copy(r->id, STORY_TEXT, id));
    r->rule.id = r->id;
    r->rule.is_enabled = true;
    r->rule.action = "look";
    for (char *w = strtok_r(NULL, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        char *eq = strchr(w, '=');
        const char *value = eq != NULL ? eq + 1 : "";

        if (eq != NULL)
            *eq = '\0';
        if (strncmp(w, "after.", 6) == 0)
            cr_assert(take_cond_word(&r->rule.after, &r->after, w + 6, value), "line %d", line);
        else
            cr_assert(take_cond_word(&r->rule.when, &r->when, w, value) ||
                          take_time_word(r, w, value) || take_alert_word(&r->rule, w, value),
                      "line %d: rule key '%s'", line, w);
    }
}

void story_rule_fini(struct story_rule *r)
{
    vd_tz_free(&r->zone);
}

/* zone:did+did:line:direction:dwell seconds:size; what is left out at the end is nothing. */
static void take_track(struct vd_event *ev, const char *value)
{
    struct vd_event_track *track = &ev->tracks[ev->n_tracks++];
    char copy[128], *rest = copy, *part;

    cr_assert(vd_str_copy(copy, sizeof copy, value));
    track->id = ev->n_tracks;
    (void)vd_str_copy(track->zone, sizeof track->zone, strsep(&rest, ":"));
    for (int i = 0; (part = strsep(&rest, ":")) != NULL; i++) {
        for (char *plus = part; i == 0 && (plus = strchr(plus, '+')) != NULL;)
            *plus = ',';
        if (i == 0)
            track->did = did_of(part);
        else if (i == 1)
            (void)vd_str_copy(track->line, sizeof track->line, part);
        else if (i == 2)
            (void)vd_direction_parse(part, &track->direction);
        else if (i == 3)
            track->dwell_ms = (uint32_t)(story_us(part) / 1000);
        else
            track->size = strtof(part, NULL);
    }
}

static bool take_place_word(struct vd_event *ev, const char *key, const char *value)
{
    if (strcmp(key, "camera") == 0) {
        (void)vd_str_copy(ev->camera, sizeof ev->camera, value);
    } else if (strcmp(key, "area") == 0) {
        (void)vd_str_copy(ev->area, sizeof ev->area, value);
    } else if (strcmp(key, "source") == 0) {
        (void)vd_str_copy(ev->source, sizeof ev->source, value);
    } else if (strcmp(key, "zone") == 0) {
        struct story_words zones = {0};

        (void)story_split(&zones, value);
        ev->n_zones = (uint32_t)zones.n;
        for (int i = 0; i < zones.n; i++)
            (void)vd_str_copy(ev->zones[i], sizeof ev->zones[i], zones.text[i]);
    } else {
        return false;
    }
    return true;
}

static void take_event_word(struct vd_event *ev, const char *key, const char *value,
                            int64_t base_us)
{
    if (strcmp(key, "kind") == 0)
        cr_assert(vd_kind_parse(value, &ev->kind));
    else if (strcmp(key, "peak") == 0)
        ev->peak = strtof(value, NULL);
    else if (strcmp(key, "box") == 0)
        ev->boxes[ev->n_boxes++] = (struct vd_box){0, 0, 1, strtof(value, NULL)};
    else if (strcmp(key, "track") == 0)
        take_track(ev, value);
    else if (strcmp(key, "start") == 0)
        ev->start_us = base_us + story_us(value);
    else if (strcmp(key, "end") == 0)
        ev->end_us = base_us + story_us(value);
    else if (strcmp(key, "rev") == 0)
        ev->rev = (uint32_t)strtoul(value, NULL, 10);
    else
        cr_assert_fail("event key '%s'", key);
}

void story_event_take(struct vd_event *ev, char *words, int64_t base_us, int64_t *received_us,
                      int line)
{
    char *save = NULL;

    for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        char *eq = strchr(w, '=');

        cr_assert_not_null(eq, "line %d: '%s'", line, w);
        *eq = '\0';
        if (strcmp(w, "received") == 0)
            *received_us = base_us + story_us(eq + 1);
        else if (!take_place_word(ev, w, eq + 1))
            take_event_word(ev, w, eq + 1, base_us);
    }
}
