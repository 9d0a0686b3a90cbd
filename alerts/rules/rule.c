#include "alerts/rules/rule.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct vd_names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

static bool is_of_area(const struct vd_rule *rule, const struct vd_event *ev)
{
    return rule->area == NULL || vd_area_within(ev->area, rule->area);
}

static bool is_of_kind(const struct vd_rule *rule, const struct vd_event *ev)
{
    return rule->kinds == 0 || (rule->kinds >> ev->kind & 1) != 0;
}

static bool is_of_tag(const struct vd_rule *rule, const struct vd_names *tags)
{
    for (int i = 0; i < rule->tags.n; i++)
        if (has(tags, rule->tags.items[i]))
            return true;
    return rule->tags.n == 0;
}

static bool is_of_zone(const struct vd_rule *rule, const struct vd_event *ev)
{
    for (uint32_t i = 0; i < ev->n_zones; i++)
        if (has(&rule->zones, ev->zones[i]))
            return true;
    return rule->zones.n == 0;
}

enum vd_verdict vd_rule_concerns(const struct vd_rule *rule, const struct vd_event *ev,
                                 const struct vd_names *tags)
{
    if (!rule->is_enabled)
        return VD_WHY_DISABLED;
    if (!is_of_kind(rule, ev))
        return VD_WHY_KIND;
    if (!is_of_area(rule, ev))
        return VD_WHY_AREA;
    if (rule->cameras.n > 0 && !has(&rule->cameras, ev->camera))
        return VD_WHY_CAMERA;
    return is_of_tag(rule, tags) ? VD_WHY_FIRES : VD_WHY_TAG;
}

/* The first instant at which all but the schedule holds. What the start did not show came true
 * with a later message, and counts from that one. */
static int64_t holds_from(const struct vd_rule *rule, const struct vd_event *ev, bool is_first)
{
    int64_t due = ev->start_us + rule->min_duration_us;
    int64_t seen = ev->phase == VD_PHASE_END && ev->end_us != 0 ? ev->end_us : ev->time_us;

    if (is_first && ev->phase != VD_PHASE_START && ev->rev > 1 && due < seen)
        due = seen;
    return due;
}

enum vd_verdict vd_rule_decide(const struct vd_rule *rule, const struct vd_event *ev,
                               int64_t shift_us, bool is_first, int64_t *ret_due_us)
{
    int64_t seen, holds, due;

    *ret_due_us = INT64_MAX;
    if (ev->phase == VD_PHASE_MEDIA)
        return VD_WHY_PHASE;
    if (!is_of_zone(rule, ev))
        return VD_WHY_ZONE;
    if (!(ev->peak >= rule->min_score))
        return VD_WHY_SCORE;
    seen = ev->phase == VD_PHASE_END && ev->end_us != 0 ? ev->end_us : ev->time_us;
    if (seen < ev->start_us)
        seen = ev->start_us; /* a clock that was set, or rounding */
    seen += shift_us;
    holds = holds_from(rule, ev, is_first) + shift_us;
    due = vd_schedule_opens(&rule->schedule, holds);
    if (due <= seen) {
        *ret_due_us = due;
        return VD_WHY_FIRES;
    }
    if (ev->phase != VD_PHASE_END)
        *ret_due_us = due;
    return holds > seen ? VD_WHY_DURATION : VD_WHY_SCHEDULE;
}

static const struct {
    const char *name, *text;
} whys[VD_N_WHYS] = {
    [VD_WHY_FIRES] = {"fires", "all that the rule asks for holds"},
    [VD_WHY_DISABLED] = {"disabled", "the rule is switched off"},
    [VD_WHY_KIND] = {"kind", "the rule asks for another kind of event"},
    [VD_WHY_AREA] = {"area", "the camera is in another area"},
    [VD_WHY_CAMERA] = {"camera", "the rule names other cameras"},
    [VD_WHY_TAG] = {"tag", "the camera bears none of the rule's tags"},
    [VD_WHY_PHASE] = {"phase", "media of a happening raises nothing"},
    [VD_WHY_ZONE] = {"zone", "it happened outside of the rule's zones"},
    [VD_WHY_SCORE] = {"score", "it stayed below the rule's score"},
    [VD_WHY_DURATION] = {"duration", "it has not lasted as long as the rule asks"},
    [VD_WHY_SCHEDULE] = {"schedule", "the rule does not watch at this time"},
    [VD_WHY_STANDING] = {"standing", "this happening has raised its alert already"},
};

const char *vd_verdict_name(enum vd_verdict why)
{
    return whys[why].name;
}

const char *vd_verdict_text(enum vd_verdict why)
{
    return whys[why].text;
}

const char *vd_severity_name(enum vd_severity severity)
{
    static const char *const names[] = {"green", "yellow", "red"};

    return names[severity];
}

void vd_rule_group(const struct vd_rule *rule, const struct vd_event *ev,
                   char key[VD_GROUP_KEY_MAX + 1])
{
    if (rule->group_by == VD_GROUP_CAMERA)
        (void)snprintf(key, VD_GROUP_KEY_MAX + 1, "camera:%s", ev->camera);
    else if (rule->group_by == VD_GROUP_AREA)
        (void)snprintf(key, VD_GROUP_KEY_MAX + 1, "area:%s", ev->area);
    else
        (void)snprintf(key, VD_GROUP_KEY_MAX + 1, "rule");
}
