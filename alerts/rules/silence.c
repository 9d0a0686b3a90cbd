/* Absence: groups of which a rule wants to hear something at least so often. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/memory.h"
#include "base/str.h"

static int add(struct vd_rules *r, const struct vd_rule *rule, const struct vd_event *of)
{
    char group[VD_GROUP_KEY_MAX + 1];
    struct silence *s;
    size_t len;

    vd_rule_group(rule, of, group);
    if (silence_of(r, rule, group) != NULL)
        return 0;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return VD_ENOMEM;
    s->kept.type = KEPT_SILENCE;
    s->rule = rule;
    (void)vd_str_copy(s->group, sizeof s->group, group);
    len = group_id(rule, group, s->id);
    if (rule->group_by == VD_GROUP_CAMERA)
        (void)vd_str_copy(s->camera, sizeof s->camera, of->camera);
    if (rule->group_by == VD_GROUP_CAMERA)
        (void)vd_str_copy(s->area, sizeof s->area, of->area);
    else if (rule->group_by == VD_GROUP_AREA)
        (void)vd_str_copy(s->area, sizeof s->area, strchr(group, ':') + 1);
    else if (rule->when.area != NULL)
        (void)vd_str_copy(s->area, sizeof s->area, rule->when.area);
    if (vd_map_put(&r->silences, s->id, len, s) < 0) {
        free(s);
        return VD_ENOMEM;
    }
    return 0;
}

/* One for each group that a camera in use belongs to; a rule of external sources, which no
 * camera stands for, listens as a whole. */
static int make(struct vd_rules *r, const struct vd_rule *rule)
{
    struct vd_event of = {.kind = VD_KIND_MOTION};
    int rc = 0;

    if (rule->group_by == VD_GROUP_RULE || rule->group_by == VD_GROUP_NODE)
        return add(r, rule, &of);
    for (int i = 0; i < r->opts.n_cameras && rc == 0; i++) {
        const struct vd_rules_camera *camera = &r->opts.cameras[i];
        struct vd_cond where = rule->when;

        where.kinds = 0;
        (void)vd_str_copy(of.camera, sizeof of.camera, camera->id);
        (void)vd_str_copy(of.area, sizeof of.area, camera->area);
        if (!camera->is_off && vd_cond_concerns(&where, &of, &camera->tags) == VD_WHY_FIRES)
            rc = add(r, rule, &of);
    }
    return rc;
}

int silences_make(struct vd_rules *r)
{
    int rc = 0;

    for (int i = 0; i < r->opts.n_rules && rc == 0; i++)
        if (r->opts.rules[i].is_enabled && r->opts.rules[i].absent_us > 0)
            rc = make(r, &r->opts.rules[i]);
    r->next_silence_us = r->silences.n > 0 ? 0 : INT64_MAX;
    return rc;
}

struct silence *silence_of(struct vd_rules *r, const struct vd_rule *rule, const char *group)
{
    char id[GROUP_ID_MAX + 1];
    size_t len = group_id(rule, group, id);

    return vd_map_get(&r->silences, id, len);
}

static struct silence *find(struct vd_rules *r, const struct vd_rule *rule,
                            const struct vd_event *ev)
{
    char group[VD_GROUP_KEY_MAX + 1];

    vd_rule_group(rule, ev, group);
    return silence_of(r, rule, group);
}

/* When the rule's patience is over, if nothing is heard until then. */
void silence_note(struct vd_rules *r, const struct silence *s)
{
    int64_t due_us;

    if (s->stand != NULL || s->n_open > 0)
        return;
    due_us =
        s->heard_us == 0 ? 0 : max64(vd_rule_silent_at(s->rule, s->heard_us), r->settled_us);
    if (due_us < r->next_silence_us)
        r->next_silence_us = due_us;
}

static void broke(struct vd_rules *r, struct silence *s, int64_t at_us)
{
    struct stand *stand = s->stand;

    if (at_us > s->heard_us) {
        s->heard_us = at_us;
        kept_dirty(r, &s->kept);
    }
    if (stand == NULL)
        return;
    s->stand = NULL;
    kept_dirty(r, &s->kept);
    stand->is_silent = false;
    stand->last_us = max64(stand->last_us, at_us);
    change_add(r, VD_CHANGE_QUIET, stand, NULL);
    note_stand(r, stand);
}

void silence_join(struct vd_rules *r, const struct vd_rule *rule, struct live **live,
                  const struct vd_event *ev)
{
    struct silence *s = find(r, rule, ev);
    struct tie *tie;

    if (s == NULL || tie_of(*live, rule) != NULL)
        return;
    *live = live_get(r, &ev->event, false);
    tie = *live != NULL ? tie_new(r, *live, rule) : NULL;
    if (tie == NULL)
        return;
    (*live)->ev = *ev;
    tie->is_counted = true;
    s->n_open++;
}

void silence_link(struct vd_rules *r, struct stand *stand)
{
    struct silence *s = NULL;

    if (stand->rule != NULL && stand->rule->absent_us > 0)
        s = silence_of(r, stand->rule, stand->group);
    if (s != NULL)
        s->stand = stand;
}

bool silence_is_orphan(struct vd_rules *r, const struct stand *stand)
{
    const struct silence *s =
        stand->rule != NULL ? silence_of(r, stand->rule, stand->group) : NULL;

    return s == NULL || s->stand != stand;
}

enum vd_verdict silence_hear(struct vd_rules *r, const struct vd_rule *rule, struct live **live,
                             const struct vd_event *ev, int64_t shift_us)
{
    enum vd_verdict why = vd_cond_holds(&rule->when, ev);
    struct silence *s = find(r, rule, ev);

    if (why != VD_WHY_FIRES || s == NULL)
        return why != VD_WHY_FIRES ? why : VD_WHY_PRESENT;
    if (ev->phase != VD_PHASE_END)
        silence_join(r, rule, live, ev);
    broke(r, s, vd_seen_us(ev) + shift_us);
    silence_note(r, s);
    return VD_WHY_PRESENT;
}

void silence_end(struct vd_rules *r, const struct vd_rule *rule, const struct vd_event *ev,
                 int64_t shift_us)
{
    struct silence *s = find(r, rule, ev);

    if (s == NULL)
        return;
    s->n_open--;
    broke(r, s, vd_seen_us(ev) + shift_us);
    silence_note(r, s);
}

static void tick_one(struct vd_rules *r, struct silence *s, int64_t now_us)
{
    int64_t due_us;

    if (s->stand != NULL || s->n_open > 0)
        return;
    if (s->heard_us == 0) { /* listens from now on */
        s->heard_us = now_us;
        kept_dirty(r, &s->kept);
    }
    due_us = vd_rule_silent_at(s->rule, s->heard_us);
    if (max64(due_us, r->settled_us) <= now_us) {
        s->stand = fire_silence(r, s, now_us);
        if (s->stand != NULL && r->watch != NULL)
            r->watch(r->watch_arg, s->rule, NULL, VD_WHY_FIRES);
        if (s->stand == NULL)
            s->heard_us = now_us; /* within the cool-down: listens anew */
        kept_dirty(r, &s->kept);
    }
    silence_note(r, s);
}

void silences_tick(struct vd_rules *r, int64_t now_us)
{
    struct silence *s;
    size_t at = 0;

    r->next_silence_us = INT64_MAX;
    if (r->settled_us == 0)
        r->settled_us = now_us + (r->opts.settle_us > 0 ? r->opts.settle_us : 0);
    while ((s = vd_map_next(&r->silences, &at)) != NULL && r->rc == 0)
        tick_one(r, s, now_us);
}

void silences_free(struct vd_rules *r)
{
    struct silence *s;
    size_t at = 0;

    while ((s = vd_map_next(&r->silences, &at)) != NULL)
        if (!s->kept.is_dirty)
            free(s);
    vd_map_fini(&r->silences);
}
