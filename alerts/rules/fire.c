/* From a happening that holds to changes of alerts: what came before decides whether one opens,
 * an open one takes it, or more must come. */
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/memory.h"
#include "base/str.h"

/* ---- changes ---- */

/* What the alert is about: one camera, or with a rule that counts cameras their area. */
static void tell_place(struct vd_change *c, const struct stand *s)
{
    const struct vd_rule *rule = s->rule;

    if (c->ev != NULL) {
        c->camera = c->ev->camera;
        c->area = c->ev->area;
    }
    if (rule == NULL || rule->count.within_us == 0 || !rule->count.of_cameras)
        return;
    c->camera = "";
    if (rule->group_by == VD_GROUP_AREA)
        c->area = strchr(s->group, ':') + 1;
    else
        c->area = rule->when.area != NULL ? rule->when.area : "";
}

void change_add(struct vd_rules *r, enum vd_change_type type, struct stand *s,
                const struct vd_event *ev)
{
    struct vd_change *c;

    if (s->is_refused)
        return;
    if (r->n_changes == r->room) {
        int room = r->room == 0 ? 16 : r->room * 2;
        struct vd_change *more = realloc(r->changes, (size_t)room * sizeof *more);

        if (more == NULL) {
            r->rc = VD_ENOMEM;
            return;
        }
        r->changes = more;
        r->room = room;
    }
    c = &r->changes[r->n_changes++];
    *c = (struct vd_change){.type = type,
                            .alert = s->alert,
                            .rule = s->rule,
                            .rule_id = s->rule_id,
                            .group = s->group,
                            .ev = ev,
                            .parent = s->parent,
                            .first_us = s->first_us,
                            .last_us = s->last_us,
                            .count = s->count};
    if (ev != NULL)
        c->event = ev->event;
    tell_place(c, s);
    if (type != VD_CHANGE_MEDIA)
        kept_dirty(r, &s->kept);
}

/* ---- opening and joining ---- */

/* A stand whose last happening is over waits for its window. */
void note_stand(struct vd_rules *r, const struct stand *s)
{
    int64_t at = stand_kept_until(s), quiet_us = s->last_us + s->window_us;

    if ((s->is_auto || !vd_uuid_is_nil(&s->parent)) && !s->is_resolved && quiet_us < at)
        at = quiet_us;
    if (!stand_lasts(s) && at < r->next_stand_us)
        r->next_stand_us = at;
}

static struct stand *stand_open(struct vd_rules *r, const struct vd_rule *rule,
                                const char *group, const struct vd_uuid *event, int64_t at_us)
{
    struct vd_uuid alert = r->opts.make_id(at_us);
    struct stand *s;

    stand_make_room(r);
    s = stand_new(r, &alert, rule->id, group);
    if (s == NULL)
        return NULL;
    s->window_us = rule->window_us;
    s->is_auto = rule->is_auto;
    s->opened_us = at_us;
    s->serial = ++r->serial;
    if (vd_map_put(&r->groups, s->group_id, strlen(s->group_id), s) < 0)
        r->rc = VD_ENOMEM;
    stand_show(r, s, event);
    return s;
}

static struct stand *newest(struct vd_rules *r, const struct vd_rule *rule, const char *group)
{
    char id[GROUP_ID_MAX + 1];
    size_t len = group_id(rule, group, id);

    return vd_map_get(&r->groups, id, len);
}

/* Who tells so long before the last message tells it by a clock that was set back since: what
 * is merely late is at most time_suspect (5 min) old, else it goes by the time of receipt. */
static const int64_t CLOCK_SET_US = INT64_C(900000000);

/* Whether a happening that begins at start_us and is told at at_us folds into it. */
static bool is_joinable(const struct stand *s, int64_t start_us, int64_t at_us)
{
    return !s->is_closed && !s->is_resolved && s->window_us > 0 &&
           start_us < s->last_us + s->window_us && at_us >= s->last_us - CLOCK_SET_US;
}

/* When the cool-down of the group is over, if at_us lies within it; else 0. */
static int64_t cools_until(const struct vd_rule *rule, const struct stand *last, int64_t at_us)
{
    if (rule->cooldown_us == 0 || last == NULL ||
        at_us >= last->opened_us + rule->cooldown_us ||
        at_us <= last->opened_us - rule->cooldown_us)
        return 0;
    return last->opened_us + rule->cooldown_us;
}

static void take_times(struct stand *s, int64_t start_us, int64_t seen_us)
{
    s->last_us = max64(s->last_us, max64(start_us, seen_us));
    if (start_us < s->first_us)
        s->first_us = start_us;
}

/* live may be NULL: then it counts, and is over at once. */
static void attach(struct vd_rules *r, struct stand *s, struct live *live)
{
    struct tie *tie = tie_of(live, s->rule);

    if (tie == NULL)
        return;
    tie->stand = s;
    tie->is_counted = false;
    stand_attach(r, s, live);
    r->is_cause_changed = r->is_cause_changed || s->rule->is_suppressing;
}

/* Those that were counted before this one belong to the alert as well. */
static void take_counted(struct vd_rules *r, struct stand *s, struct tally *t,
                         const struct mark *newest, int from, int to)
{
    for (int i = from; i < to; i++) {
        const struct mark *mark = t->marks[MARK_COUNTED].items[i];
        struct live *live = vd_map_get(&r->live, mark->event.bytes, sizeof mark->event.bytes);

        take_times(s, mark->at_us, mark->at_us);
        if (mark == newest || live == NULL || tie_of(live, s->rule) == NULL)
            continue;
        attach(r, s, live);
        change_add(r, VD_CHANGE_ATTACH, s, NULL);
        r->changes[r->n_changes - 1].event = mark->event;
    }
    tally_take(r, t, from, to);
}

struct firing {
    const struct vd_rule *rule;
    struct live *live;
    const struct vd_event *ev;
    int64_t shift_us, at_us;
    struct tally *tally; /* NULL: the rule does not count */
    const struct mark *mark;
    int from, to; /* marks that made it fire */
};

static void fire(struct vd_rules *r, const struct firing *f, struct stand *s, const char *group)
{
    int64_t start_us = f->ev->start_us + f->shift_us;
    enum vd_change_type type = s != NULL ? VD_CHANGE_JOIN : VD_CHANGE_OPEN;

    if (s == NULL) {
        s = stand_open(r, f->rule, group, &f->ev->event, f->ev->time_us + f->shift_us);
        if (s == NULL)
            return;
        s->first_us = start_us;
    }
    s->count += f->tally != NULL ? f->to - f->from : 1;
    take_times(s, start_us, f->ev->time_us + f->shift_us);
    change_add(r, type, s, f->ev);
    attach(r, s, f->live);
    if (r->rc < 0)
        return;
    r->changes[r->n_changes - 1].start_us = start_us;
    r->changes[r->n_changes - 1].n_taken = f->tally != NULL ? f->to - f->from : 1;
    if (f->tally != NULL) {
        int at = r->n_changes - 1;

        s->is_over = false;
        s->is_fresh = true;
        s->needs = f->rule->is_suppressing ? f->tally->needs : 0;
        take_counted(r, s, f->tally, f->mark, f->from, f->to);
        if (r->rc == 0)
            r->changes[at].first_us = s->first_us;
    }
    if (!stand_lasts(s))
        change_add(r, VD_CHANGE_QUIET, s, f->ev);
    note_stand(r, s);
}

/* ---- what came before ---- */

static struct mark mark_of(const struct firing *f)
{
    struct mark of = {.event = f->ev->event, .at_us = f->at_us, .shift_us = f->shift_us};

    (void)vd_str_copy(of.camera, sizeof of.camera, f->ev->camera);
    return of;
}

/* A second without its first waits: messages of two sources may come in either order. */
static void wait_for_first(struct vd_rules *r, struct tally *t, const struct firing *f)
{
    struct mark of = mark_of(f), *mark = mark_add(r, t, MARK_SECOND, &of);

    if (mark == NULL)
        return;
    mark->ev = malloc(sizeof *mark->ev);
    if (mark->ev == NULL)
        r->rc = VD_ENOMEM;
    else
        *mark->ev = *f->ev;
}

/* Sequence and count. VD_WHY_FIRES: there is all that it takes. */
static enum vd_verdict remember(struct vd_rules *r, struct firing *f, const char *group)
{
    const struct vd_rule *rule = f->rule;
    struct tally *t;

    if (rule->after_us == 0 && rule->count.within_us == 0)
        return VD_WHY_FIRES;
    t = tally_get(r, rule, group);
    if (t == NULL)
        return VD_WHY_COUNT;
    if (rule->after_us > 0 && !tally_follows(t, &f->ev->event, f->at_us)) {
        wait_for_first(r, t, f);
        return VD_WHY_AFTER;
    }
    if (rule->count.within_us > 0) {
        struct mark of = mark_of(f);

        f->mark = mark_add(r, t, MARK_COUNTED, &of);
        if (f->mark == NULL || !tally_reached(t, f->mark, &f->from, &f->to))
            return VD_WHY_COUNT;
        f->tally = t;
    }
    return VD_WHY_FIRES;
}

enum vd_verdict qualify(struct vd_rules *r, const struct vd_rule *rule, struct live *live,
                        const struct vd_event *ev, int64_t shift_us, int64_t at_us)
{
    struct firing f = {
        .rule = rule, .live = live, .ev = ev, .shift_us = shift_us, .at_us = at_us};
    char group[VD_GROUP_KEY_MAX + 1];
    struct tie *tie = tie_of(live, rule);
    struct stand *last;
    enum vd_verdict why;
    int64_t cools_us;
    bool joins;

    vd_rule_group(rule, ev, group);
    last = newest(r, rule, group);
    joins = last != NULL && is_joinable(last, ev->start_us + shift_us, ev->time_us + shift_us);
    if (joins && !last->is_over) {
        fire(r, &f, last, group);
        return VD_WHY_FIRES;
    }
    cools_us = joins ? 0 : cools_until(rule, last, at_us);
    if (cools_us != 0) {
        if (tie != NULL && ev->phase != VD_PHASE_END)
            wait_for(r, tie, cools_us);
        return VD_WHY_COOLDOWN;
    }
    why = remember(r, &f, group);
    if (why == VD_WHY_FIRES)
        fire(r, &f, joins ? last : NULL, group);
    else if (tie != NULL)
        tie->is_counted = true;
    return why;
}

struct stand *fire_silence(struct vd_rules *r, const struct silence *silence, int64_t at_us)
{
    static const struct vd_uuid none;
    const struct stand *last = newest(r, silence->rule, silence->group);
    struct stand *s;

    if (cools_until(silence->rule, last, at_us) != 0)
        return NULL;
    s = stand_open(r, silence->rule, silence->group, &none, at_us);
    if (s == NULL)
        return NULL;
    s->first_us = silence->heard_us;
    s->last_us = at_us;
    s->count = 1;
    s->is_silent = true;
    change_add(r, VD_CHANGE_OPEN, s, NULL);
    if (r->rc == 0) {
        r->changes[r->n_changes - 1].camera = silence->camera;
        r->changes[r->n_changes - 1].area = silence->area;
    }
    return s;
}

void fire_end(struct vd_rules *r, struct live *live, const struct vd_event *ev,
              int64_t shift_us)
{
    for (int i = 0; i < live->n_ties && r->rc == 0; i++) {
        struct stand *s = live->ties[i].stand;

        if (s == NULL && live->ties[i].rule != NULL && live->ties[i].rule->absent_us > 0)
            silence_end(r, live->ties[i].rule, ev, shift_us);
        if (s == NULL)
            continue;
        live->ties[i].stand = NULL;
        stand_detach(s, live);
        s->last_us = max64(s->last_us, (ev->end_us != 0 ? ev->end_us : ev->time_us) + shift_us);
        change_add(r, stand_lasts(s) ? VD_CHANGE_LESS : VD_CHANGE_QUIET, s, ev);
        if (s->needs > 0 && s->n_open * 2 < s->needs)
            cause_over(r, s);
        cause_review_one(r, s); /* what is left of it may all be a cause's */
        note_stand(r, s);
    }
}

/* ---- an alert that was closed by hand ---- */

static void rewrite(struct vd_change *c, const struct stand *s, const struct stand *own)
{
    bool is_about = vd_uuid_equal(&c->alert, &s->alert) &&
                    (c->type == VD_CHANGE_JOIN || c->type == VD_CHANGE_ATTACH ||
                     c->type == VD_CHANGE_LESS || c->type == VD_CHANGE_QUIET);

    if (is_about && own == NULL)
        c->type = VD_CHANGE_NONE;
    if (is_about && own != NULL) {
        c->alert = own->alert;
        c->group = own->group;
        c->first_us = own->first_us;
        c->count = own->count;
    }
    if (c->type != VD_CHANGE_SUPPRESS || !vd_uuid_equal(&c->parent, &s->alert))
        return;
    if (own == NULL)
        c->type = VD_CHANGE_NONE;
    else
        c->parent = own->alert;
}

/* Whoever lies beneath it by this call's changes lies beneath the new one, or is free. */
static void hand_down(struct vd_rules *r, const struct stand *s, const struct stand *own)
{
    for (int i = 0; i < r->n_changes; i++) {
        struct vd_change *c = &r->changes[i];
        struct stand *child;

        if (c->type == VD_CHANGE_SUPPRESS && vd_uuid_equal(&c->parent, &s->alert) &&
            (child = vd_map_get(&r->stands, c->alert.bytes, sizeof c->alert.bytes)) != NULL)
            child->parent = own != NULL ? own->alert : (struct vd_uuid){{0}};
        rewrite(c, s, own);
    }
}

/* The newcomer is the first that the rule counts anew. */
static void count_anew(struct vd_rules *r, const struct stand *s, const struct vd_change *join)
{
    struct tally *t = tally_get(r, s->rule, s->group);
    struct mark of = {.event = join->event, .at_us = join->start_us};

    (void)vd_str_copy(of.camera, sizeof of.camera, join->ev->camera);
    if (t != NULL)
        (void)mark_add(r, t, MARK_COUNTED, &of);
}

static bool puts_into(const struct vd_change *c, const struct stand *s)
{
    return (c->type == VD_CHANGE_JOIN || c->type == VD_CHANGE_ATTACH) &&
           vd_uuid_equal(&c->alert, &s->alert);
}

/* Takes what this call's changes put into s out of it again, and into own if there is one. */
static void move_over(struct vd_rules *r, struct stand *s, struct stand *own)
{
    for (int i = 0; i < r->n_changes; i++) {
        const struct vd_change *c = &r->changes[i];
        struct live *live = vd_map_get(&r->live, c->event.bytes, sizeof c->event.bytes);
        struct tie *tie = tie_of(live, s->rule);

        if (!puts_into(c, s))
            continue;
        if (c->type == VD_CHANGE_JOIN && own == NULL)
            count_anew(r, s, c);
        if (tie == NULL || tie->stand != s)
            continue;
        stand_detach(s, live);
        tie->stand = own;
        tie->is_counted = own == NULL;
        if (own != NULL)
            stand_attach(r, own, live);
    }
}

static struct stand *open_own(struct vd_rules *r, struct stand *s, const struct vd_uuid *event,
                              int64_t now_us)
{
    struct stand *own = NULL;
    int64_t first_us = INT64_MAX, n = 0;
    int needs = 1;

    for (int i = 0; i < r->n_changes; i++)
        if (puts_into(&r->changes[i], s)) {
            n += r->changes[i].n_taken;
            if (r->changes[i].type == VD_CHANGE_JOIN && r->changes[i].start_us < first_us)
                first_us = r->changes[i].start_us;
        }
    s->count -= n;
    if (s->rule->count.within_us > 0) {
        const struct tally *t = tally_get(r, s->rule, s->group);

        needs = t != NULL ? t->needs : 1;
    }
    /* A rule that counts opens another only when it has counted so many again. */
    if (n >= needs)
        own = stand_open(r, s->rule, s->group, event, now_us);
    if (own == NULL)
        return NULL;
    own->first_us = first_us;
    own->last_us = s->last_us;
    own->count = n;
    own->needs = s->needs;
    return own;
}

int vd_rules_split(struct vd_rules *rules, const struct vd_uuid *alert,
                   const struct vd_uuid *event, int64_t now_us, struct vd_err *err)
{
    struct stand *s = vd_map_get(&rules->stands, alert->bytes, sizeof alert->bytes);
    struct vd_uuid id = *event; /* may lie in a change that is rewritten */
    struct stand *own;

    if (s == NULL || s->rule == NULL)
        return vd_err_set(err, VD_EINVAL, "rules: no such alert to split");
    rules->rc = 0;
    s->is_closed = true;
    own = open_own(rules, s, &id, now_us);
    move_over(rules, s, own);
    hand_down(rules, s, own);
    if (rules->rc < 0)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    kept_dirty(rules, &s->kept);
    note_stand(rules, s);
    if (own != NULL) {
        kept_dirty(rules, &own->kept);
        note_stand(rules, own);
    }
    return own != NULL;
}
