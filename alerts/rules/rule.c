#include "alerts/rules/rule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static bool has(const struct vd_names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

/* ---- predicates ---- */

static bool is_of_kind(const struct vd_cond *c, const struct vd_event *ev)
{
    return c->kinds == 0 || (c->kinds >> ev->kind & 1) != 0;
}

static bool is_of_area(const struct vd_cond *c, const struct vd_event *ev)
{
    return c->area == NULL || vd_area_within(ev->area, c->area);
}

static bool is_of_camera(const struct vd_cond *c, const struct vd_event *ev)
{
    return c->cameras.n == 0 || has(&c->cameras, ev->camera);
}

static bool is_of_zone(const struct vd_cond *c, const struct vd_event *ev)
{
    for (uint32_t i = 0; i < ev->n_zones; i++)
        if (has(&c->zones, ev->zones[i]))
            return true;
    return c->zones.n == 0;
}

/* One object in one of the zones did it all. */
static bool is_of_track(const struct vd_cond *c, const struct vd_event *ev)
{
    if (c->did == 0 && c->lines.n == 0 && c->direction == VD_DIRECTION_NONE &&
        c->min_dwell_us == 0)
        return true;
    for (uint32_t i = 0; i < ev->n_tracks; i++) {
        const struct vd_event_track *t = &ev->tracks[i];

        if ((c->zones.n == 0 || has(&c->zones, t->zone)) &&
            (c->did == 0 || (c->did & t->did) != 0) &&
            (c->lines.n == 0 || has(&c->lines, t->line)) &&
            (c->direction == VD_DIRECTION_NONE || c->direction == t->direction) &&
            (int64_t)t->dwell_ms * 1000 >= c->min_dwell_us)
            return true;
    }
    return false;
}

static bool is_of_size(const struct vd_cond *c, const struct vd_event *ev)
{
    float largest = 0;

    if (c->min_size <= 0 && c->max_size <= 0)
        return true;
    for (uint32_t i = 0; i < ev->n_boxes; i++)
        largest = fmaxf(largest, ev->boxes[i].w * ev->boxes[i].h);
    for (uint32_t i = 0; i < ev->n_tracks; i++)
        largest = fmaxf(largest, ev->tracks[i].size);
    return largest >= c->min_size && (c->max_size <= 0 || largest <= c->max_size);
}

static bool is_of_score(const struct vd_cond *c, const struct vd_event *ev)
{
    return ev->peak >= c->min_score;
}

struct predicate {
    bool (*holds)(const struct vd_cond *c, const struct vd_event *ev);
    enum vd_verdict why;
};

/* Of the camera alone: asked once a camera and kind. */
static const struct predicate lasting[] = {
    {is_of_kind, VD_WHY_KIND}, {is_of_area, VD_WHY_AREA}, {is_of_camera, VD_WHY_CAMERA}};

/* Of the message: asked with each. */
static const struct predicate passing[] = {{is_of_zone, VD_WHY_ZONE},
                                           {is_of_track, VD_WHY_TRACK},
                                           {is_of_size, VD_WHY_SIZE},
                                           {is_of_score, VD_WHY_SCORE}};

#define N(table) (sizeof(table) / sizeof((table)[0]))

enum vd_verdict vd_cond_concerns(const struct vd_cond *cond, const struct vd_event *ev,
                                 const struct vd_names *tags)
{
    for (size_t i = 0; i < N(lasting); i++)
        if (!lasting[i].holds(cond, ev))
            return lasting[i].why;
    for (int i = 0; i < cond->tags.n; i++)
        if (has(tags, cond->tags.items[i]))
            return VD_WHY_FIRES;
    return cond->tags.n == 0 ? VD_WHY_FIRES : VD_WHY_TAG;
}

enum vd_verdict vd_cond_holds(const struct vd_cond *cond, const struct vd_event *ev)
{
    if (ev->phase == VD_PHASE_MEDIA)
        return VD_WHY_PHASE;
    for (size_t i = 0; i < N(passing); i++)
        if (!passing[i].holds(cond, ev))
            return passing[i].why;
    return VD_WHY_FIRES;
}

/* ---- time ---- */

int64_t vd_seen_us(const struct vd_event *ev)
{
    int64_t seen = ev->phase == VD_PHASE_END && ev->end_us != 0 ? ev->end_us : ev->time_us;

    return seen < ev->start_us ? ev->start_us : seen; /* a clock that was set, or rounding */
}

int64_t vd_cond_from(const struct vd_event *ev, int64_t duration_us, bool is_first)
{
    int64_t due = ev->start_us + duration_us;
    int64_t seen = ev->phase == VD_PHASE_END && ev->end_us != 0 ? ev->end_us : ev->time_us;

    if (is_first && ev->phase != VD_PHASE_START && ev->rev > 1 && due < seen)
        due = seen;
    return due;
}

enum vd_verdict vd_rule_decide(const struct vd_rule *rule, const struct vd_event *ev,
                               int64_t shift_us, bool is_first, int64_t *ret_due_us)
{
    enum vd_verdict why = vd_cond_holds(&rule->when, ev);
    int64_t seen, holds, due;

    *ret_due_us = INT64_MAX;
    if (why != VD_WHY_FIRES)
        return why;
    seen = vd_seen_us(ev) + shift_us;
    holds = vd_cond_from(ev, rule->min_duration_us, is_first) + shift_us;
    due = vd_schedule_opens(&rule->schedule, holds);
    if (due <= seen) {
        *ret_due_us = due;
        return VD_WHY_FIRES;
    }
    if (ev->phase != VD_PHASE_END)
        *ret_due_us = due;
    return holds > seen ? VD_WHY_DURATION : VD_WHY_SCHEDULE;
}

int64_t vd_rule_silent_at(const struct vd_rule *rule, int64_t from_us)
{
    enum { OPENINGS = 1000 };

    for (int i = 0; i < OPENINGS; i++) {
        int64_t closes;

        from_us = vd_schedule_opens(&rule->schedule, from_us);
        if (from_us == INT64_MAX)
            break;
        closes = vd_schedule_changes(&rule->schedule, from_us);
        if (closes == INT64_MAX || closes - from_us >= rule->absent_us)
            return from_us + rule->absent_us;
        from_us = closes;
    }
    return INT64_MAX;
}

int vd_rule_needs(const struct vd_rule *rule, int n_cameras)
{
    /* A hair less than the product: 20% of 60 is 12 whatever a float makes of 0.2. */
    int share = (int)ceil((double)rule->count.share * n_cameras - 1e-4);
    int needs = rule->count.at_least > share ? rule->count.at_least : share;

    return needs > 1 ? needs : 1;
}

/* ---- words ---- */

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
    [VD_WHY_TRACK] = {"track", "no object did there what the rule asks"},
    [VD_WHY_SIZE] = {"size", "what moved was smaller or larger than the rule asks"},
    [VD_WHY_SCORE] = {"score", "it stayed below the rule's score"},
    [VD_WHY_DURATION] = {"duration", "it has not lasted as long as the rule asks"},
    [VD_WHY_SCHEDULE] = {"schedule", "the rule does not watch at this time"},
    [VD_WHY_STANDING] = {"standing", "this happening has raised its alert already"},
    [VD_WHY_AFTER] = {"after", "what must come before it did not, or too long ago"},
    [VD_WHY_COUNT] = {"count", "there were not as many within the time as the rule asks"},
    [VD_WHY_COOLDOWN] = {"cooldown", "the last alert of its group opened too short a time ago"},
    [VD_WHY_PRESENT] = {"present", "the rule waits for silence, and this broke it"},
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

/* ---- groups ---- */

/* The first parts of an area code; level 0: all of it. */
static size_t area_len(const char *area, int level)
{
    size_t len = 0;

    if (level == 0)
        return strlen(area);
    while (area[len] != '\0' && (area[len] != '/' || --level > 0))
        len++;
    return len;
}

/* "/ingest/north-1/0198…" is an epoch of north-1; whoever has another form is one node. */
static void node_of(const char *source, char *node, size_t size)
{
    const char *from = strchr(source[0] == '/' ? source + 1 : source, '/');
    size_t len;

    (void)vd_str_copy(node, size, from != NULL ? from + 1 : source);
    len = strcspn(node, "/");
    node[len] = '\0';
}

void vd_rule_group(const struct vd_rule *rule, const struct vd_event *ev,
                   char key[VD_GROUP_KEY_MAX + 1])
{
    char node[VD_AREA_MAX + 1];

    switch (rule->group_by) {
    case VD_GROUP_CAMERA:
        (void)snprintf(key, VD_GROUP_KEY_MAX + 1, "camera:%s", ev->camera);
        return;
    case VD_GROUP_AREA:
        (void)snprintf(key, VD_GROUP_KEY_MAX + 1, "area:%.*s",
                       (int)area_len(ev->area, rule->group_level), ev->area);
        return;
    case VD_GROUP_NODE:
        node_of(ev->source, node, sizeof node);
        (void)snprintf(key, VD_GROUP_KEY_MAX + 1, "node:%s", node);
        return;
    case VD_GROUP_RULE:
        break;
    }
    (void)snprintf(key, VD_GROUP_KEY_MAX + 1, "rule");
}
