/* What rules name must be there, and what they ask for must be able to be. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "config/load.h"

static bool has(const struct vd_strings *list, const char *text)
{
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static bool has_any(const struct vd_strings *list, const struct vd_strings *texts)
{
    for (int i = 0; i < texts->n; i++)
        if (has(list, texts->items[i]))
            return true;
    return texts->n == 0;
}

/* Whether events of the camera can meet what the rule says about cameras. */
static bool in_scope(const struct vd_when_cfg *when, const struct vd_camera_cfg *camera)
{
    return camera->id != NULL && camera->area != NULL &&
           (when->area == NULL || vd_area_within(camera->area, when->area)) &&
           (when->cameras.n == 0 || has(&when->cameras, camera->id)) &&
           has_any(&camera->tags, &when->tags);
}

static bool has_zone(const struct vd_camera_cfg *camera, const char *zone)
{
    for (int i = 0; i < camera->n_zones; i++)
        if (camera->zones[i].name != NULL && strcmp(camera->zones[i].name, zone) == 0)
            return true;
    return false;
}

/* Where a condition stands in the file: "when", "after". */
struct place {
    struct vd_load *load;
    const struct vd_entry *entry;
    const char *path;
};

__attribute__((format(printf, 3, 4))) static void problem(const struct place *at,
                                                          const char *key, const char *fmt, ...)
{
    char path[64], text[VD_PROBLEM_TEXT_MAX + 1];
    va_list ap;

    (void)snprintf(path, sizeof path, "%s.%s", at->path, key);
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    vd_load_problem(at->load, at->entry, path, "%s", text);
}

/* Doors, buttons and machines are named by whoever sends for them. */
static bool is_foreign(const struct vd_when_cfg *when)
{
    return when->kinds != 0 && (when->kinds & ~(1u << VD_KIND_INPUT | 1u << VD_KIND_NODE)) == 0;
}

static void check_rule_cameras(const struct place *at, const struct vd_when_cfg *when)
{
    const struct vd_config *cfg = at->load->cfg;

    for (int i = 0; i < when->cameras.n; i++) {
        const char *id = when->cameras.items[i];
        const struct vd_camera_cfg *camera = vd_config_camera(cfg, id);
        char advice[100];

        if (camera == NULL && is_foreign(when))
            continue;
        if (camera == NULL) {
            vd_check_hint(at->load, id, cfg->cameras, cfg->n_cameras, sizeof *cfg->cameras,
                          advice, sizeof advice);
            problem(at, "camera", "camera '%s' is not known%s", id, advice);
        } else if (when->area != NULL && camera->area != NULL &&
                   !vd_area_within(camera->area, when->area)) {
            problem(at, "camera",
                    "camera '%s' is in area '%s', not in '%s': the rule can never hold", id,
                    camera->area, when->area);
        }
    }
}

static void check_rule_tags(const struct place *at, const struct vd_when_cfg *when)
{
    for (int i = 0; i < when->tags.n; i++) {
        bool is_borne = false;

        for (int c = 0; c < at->load->cfg->n_cameras && !is_borne; c++)
            is_borne = has(&at->load->cfg->cameras[c].tags, when->tags.items[i]);
        if (!is_borne)
            problem(at, "tag", "no camera bears the tag '%s'", when->tags.items[i]);
    }
}

/* Each name is known, and yet no camera has all that is asked for. */
static void check_rule_scope(const struct place *at, const struct vd_when_cfg *when)
{
    if (when->tags.n == 0 || (when->area == NULL && when->cameras.n == 0))
        return;
    for (int i = 0; i < at->load->cfg->n_cameras; i++)
        if (in_scope(when, &at->load->cfg->cameras[i]))
            return;
    problem(at, "tag",
            "no camera of the area or the list bears the tag: the rule can never hold");
}

static void check_rule_zones(const struct place *at, const struct vd_when_cfg *when)
{
    for (int i = 0; i < when->zones.n; i++) {
        bool is_there = false;

        for (int c = 0; c < at->load->cfg->n_cameras && !is_there; c++)
            is_there = in_scope(when, &at->load->cfg->cameras[c]) &&
                       has_zone(&at->load->cfg->cameras[c], when->zones.items[i]);
        if (!is_there)
            problem(at, "zone", "no camera that the rule speaks of has a zone '%s'",
                    when->zones.items[i]);
    }
    if (when->zones.n > 0 && when->kinds != 0 && (when->kinds & 1u << VD_KIND_MOTION) == 0)
        problem(at, "zone", "zone: only motion has a zone, and the rule asks for other kinds");
}

static bool has_line(const struct vd_camera_cfg *camera, const char *line)
{
    for (int z = 0; z < camera->n_zones; z++)
        for (int i = 0; i < camera->zones[z].n_lines; i++)
            if (camera->zones[z].lines[i].name != NULL &&
                strcmp(camera->zones[z].lines[i].name, line) == 0)
                return true;
    return false;
}

static void check_rule_lines(const struct place *at, const struct vd_when_cfg *when)
{
    bool asks_for_crossing = when->lines.n > 0 || when->direction != VD_DIRECTION_NONE;

    for (int i = 0; i < when->lines.n; i++) {
        bool is_there = false;

        for (int c = 0; c < at->load->cfg->n_cameras && !is_there; c++)
            is_there = in_scope(when, &at->load->cfg->cameras[c]) &&
                       has_line(&at->load->cfg->cameras[c], when->lines.items[i]);
        if (!is_there)
            problem(at, "line", "no camera that the rule speaks of has a line '%s'",
                    when->lines.items[i]);
    }
    if (asks_for_crossing && when->did != 0 && (when->did & VD_DID_CROSS) == 0)
        problem(at, "did", "did: a line and a direction are only for what crosses; add cross");
    if (when->max_size > 0 && when->max_size < when->min_size)
        problem(at, "max_size", "max_size: it must not be less than min_size");
}

static void check_calendars(struct vd_load *load, const struct vd_entry *entry,
                            const struct vd_schedule_cfg *schedule)
{
    const struct vd_config *cfg = load->cfg;

    for (int i = 0; i < schedule->holidays.n; i++) {
        const char *name = schedule->holidays.items[i];
        bool is_there = false;
        char advice[100];

        for (int c = 0; c < cfg->n_calendars && !is_there; c++)
            is_there =
                cfg->calendars[c].name != NULL && strcmp(cfg->calendars[c].name, name) == 0;
        if (is_there)
            continue;
        vd_check_hint(load, name, cfg->calendars, cfg->n_calendars, sizeof *cfg->calendars,
                      advice, sizeof advice);
        vd_load_problem(load, entry, "when.schedule.holidays",
                        "calendar '%s' is not known%s; add it to calendars: in vedette.yaml",
                        name, advice);
    }
    if (schedule->on_holidays == VD_CONFIG_HOLIDAYS_ONLY && schedule->holidays.n == 0)
        vd_load_problem(load, entry, "when.schedule.on_holidays",
                        "on_holidays: 'only' without 'holidays:' never holds");
}

/* ---- counts, silence, causes ---- */

static int cameras_in_scope(const struct vd_load *load, const struct vd_when_cfg *when)
{
    int n = 0;

    for (int i = 0; i < load->cfg->n_cameras; i++)
        n += load->cfg->cameras[i].is_enabled && in_scope(when, &load->cfg->cameras[i]);
    return n;
}

static void check_count(const struct place *at, const struct vd_rule_cfg *rule)
{
    const struct vd_count_cfg *count = &rule->when.count;
    bool of_cameras = count->of == VD_CONFIG_COUNT_CAMERAS;

    if (count->within_us == 0)
        return;
    if (count->share > 0 && !of_cameras)
        problem(at, "count.share", "share: it is one of cameras; add 'of: cameras'");
    if (count->share > 0 && rule->group_by == VD_CONFIG_GROUP_NODE)
        problem(at, "count.share",
                "share: how many cameras a node serves changes; with 'by: node' give at_least");
    if (of_cameras && rule->group_by == VD_CONFIG_GROUP_CAMERA)
        problem(at, "count.of",
                "of: a group of one camera never has two; add 'group: {by: area}' or by: rule");
    if (of_cameras && !at->load->is_incomplete && !is_foreign(&rule->when) &&
        count->at_least > cameras_in_scope(at->load, &rule->when))
        problem(at, "count.at_least",
                "at_least: the rule speaks of %d cameras in use: it can never hold",
                cameras_in_scope(at->load, &rule->when));
}

static void check_together(struct vd_load *load, const struct vd_entry *entry,
                           const struct vd_rule_cfg *rule)
{
    const struct vd_when_cfg *when = &rule->when;

    if (when->absent_us > 0 &&
        (when->count.within_us > 0 || rule->after.within_us > 0 || when->min_duration_us > 0))
        vd_load_problem(load, entry, "when.absent_for",
                        "absent_for: silence has no count, no duration and nothing before it");
    if (rule->is_suppressing &&
        (when->count.within_us == 0 || when->count.of != VD_CONFIG_COUNT_CAMERAS))
        vd_load_problem(load, entry, "suppress",
                        "suppress: only a rule that counts cameras has something beneath it; "
                        "add 'count: {of: cameras, …}'");
    if (rule->group_level > 0 && rule->group_by != VD_CONFIG_GROUP_AREA)
        vd_load_problem(load, entry, "group.level", "level: it is one of 'by: area' alone");
    if (rule->resolve_within_us != 0 && rule->resolve_within_us < rule->ack_within_us)
        vd_load_problem(load, entry, "resolve_within",
                        "resolve_within: it must not be less than ack_within");
}

/* The names of one condition. False: a mistake was found, which others would say again. */
static bool check_names(const struct place *at, const struct vd_when_cfg *when)
{
    int before = vd_problems_count(at->load->problems);

    check_rule_cameras(at, when);
    check_rule_tags(at, when);
    if (vd_problems_count(at->load->problems) > before)
        return false;
    check_rule_scope(at, when);
    check_rule_zones(at, when);
    check_rule_lines(at, when);
    return vd_problems_count(at->load->problems) == before;
}

static void fill(struct vd_rule_cfg *rule)
{
    if (rule->name == NULL)
        rule->name = rule->id;
    if (rule->resolve == VD_CONFIG_RESOLVE_BY_SEVERITY)
        rule->resolve = rule->severity == VD_CONFIG_SEVERITY_GREEN ? VD_CONFIG_RESOLVE_AUTO
                                                                   : VD_CONFIG_RESOLVE_BY_HAND;
}

static void check_calendar_names(struct vd_load *load)
{
    const struct vd_node *list =
        load->system != NULL ? vd_node_child(load->system, "calendars") : NULL;
    struct vd_entry at = {.file = "vedette.yaml", .node = list != NULL ? list->first : NULL};

    for (int i = 0; i < load->cfg->n_calendars; i++, at.node = at.node->next)
        for (int j = 0; j < i; j++) {
            const char *a = load->cfg->calendars[i].name, *b = load->cfg->calendars[j].name;

            if (a != NULL && b != NULL && strcmp(a, b) == 0)
                vd_load_problem(load, &at, "name", "calendar '%s' is given twice", a);
        }
}

void vd_check_rules(struct vd_load *load)
{
    check_calendar_names(load);
    for (int i = 0; i < load->rules.n; i++) {
        const struct vd_entry *entry = &load->rules.items[i];
        struct vd_rule_cfg *rule = entry->object;
        const struct place when = {load, entry, "when"}, after = {load, entry, "after"};

        fill(rule);
        rule->when.area_index = vd_check_area(load, entry, "when.area", rule->when.area);
        rule->after.cond.area_index =
            vd_check_area(load, entry, "after.area", rule->after.cond.area);
        check_together(load, entry, rule);
        check_calendars(load, entry, &rule->when.schedule);
        if (load->is_incomplete || !check_names(&when, &rule->when))
            continue;
        if (rule->after.within_us > 0)
            (void)check_names(&after, &rule->after.cond);
        check_count(&when, rule);
    }
}
