/* Messages and time in, changes of alerts out. */
#include "alerts/rules/rules.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/memory.h"

/* Stands stay this long behind their window, for a clip that is late. */
static const int64_t LINGER_US = INT64_C(900000000);
static const int64_t GRACE_US = 1200000;
/* Who tells so long before the last message tells it by a clock that was set back since: what
 * is merely late is at most time_suspect (5 min) old, else it goes by the time of receipt. */
static const int64_t CLOCK_SET_US = INT64_C(900000000);

static int index_book(struct vd_rules *r)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < r->opts.n_rules; i++) {
        union {
            const struct vd_rule *lent;
            void *kept;
        } rule = {.lent = &r->opts.rules[i]}; /* the map keeps void *, we only read */

        rc = vd_map_put(&r->rules, rule.lent->id, strlen(rule.lent->id), rule.kept);
    }
    for (int i = 0; rc == 0 && i < r->opts.n_cameras; i++) {
        union {
            const struct vd_rules_camera *lent;
            void *kept;
        } camera = {.lent = &r->opts.cameras[i]};

        rc = vd_map_put(&r->cameras, camera.lent->id, strlen(camera.lent->id), camera.kept);
    }
    return rc;
}

int vd_rules_new(struct vd_rules **ret_rules, const struct vd_rules_opts *opts,
                 struct vd_err *err)
{
    struct vd_rules *r;

    if (opts->n_rules > VD_RULES_MAX)
        return vd_err_set(err, VD_EINVAL, "%d rules, %d at most", opts->n_rules, VD_RULES_MAX);
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    r->opts = *opts;
    if (r->opts.grace_us == 0)
        r->opts.grace_us = GRACE_US;
    if (r->opts.make_id == NULL)
        r->opts.make_id = vd_uuid_make;
    r->next_live_us = r->next_stand_us = INT64_MAX;
    if (index_book(r) < 0) {
        vd_rules_free(&r);
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    }
    *ret_rules = r;
    return 0;
}

void vd_rules_free(struct vd_rules **rules)
{
    struct vd_rules *r = *rules;
    struct stand *s;
    struct live *live;
    size_t at = 0;

    if (r == NULL)
        return;
    while ((live = vd_map_next(&r->live, &at)) != NULL) {
        free(live->ties);
        free(live);
    }
    for (at = 0; (s = vd_map_next(&r->stands, &at)) != NULL;)
        if (!s->is_dirty)
            free(s);
    while ((s = r->dirty) != NULL) {
        r->dirty = s->dirty_next;
        free(s);
    }
    candidates_flush(r);
    vd_map_fini(&r->rules);
    vd_map_fini(&r->cameras);
    vd_map_fini(&r->stands);
    vd_map_fini(&r->groups);
    vd_map_fini(&r->shown);
    vd_map_fini(&r->live);
    free(r->changes);
    free(r);
    *rules = NULL;
}

/* ---- changes ---- */

static void change(struct vd_rules *r, enum vd_change_type type, const struct stand *s,
                   const struct vd_event *ev)
{
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
    r->changes[r->n_changes] = (struct vd_change){.type = type,
                                                  .alert = s->alert,
                                                  .rule = s->rule,
                                                  .rule_id = s->rule_id,
                                                  .group = s->group,
                                                  .ev = ev,
                                                  .first_us = s->first_us,
                                                  .last_us = s->last_us,
                                                  .count = s->count};
    if (ev != NULL)
        r->changes[r->n_changes].event = ev->event;
    r->n_changes++;
}

static int finish(struct vd_rules *r, const struct vd_change **ret_changes, struct vd_err *err)
{
    if (r->rc < 0)
        return vd_err_set(err, (enum vd_code)r->rc, "rules: out of memory");
    *ret_changes = r->changes;
    return r->n_changes;
}

static void began(struct vd_rules *r)
{
    r->n_changes = 0;
    r->rc = 0;
}

/* ---- firing ---- */

/* A stand whose last happening is over waits for its window. */
static void note_stand(struct vd_rules *r, const struct stand *s)
{
    int64_t at = s->last_us + s->window_us;

    if (!s->is_auto || s->is_resolved)
        at += LINGER_US;
    if (s->n_open == 0 && at < r->next_stand_us)
        r->next_stand_us = at;
}

static struct stand *stand_open(struct vd_rules *r, const struct vd_rule *rule,
                                const char *group, const struct vd_event *ev, int64_t at_us)
{
    struct vd_uuid alert = r->opts.make_id(at_us);
    struct stand *s;

    stand_make_room(r);
    s = stand_new(r, &alert, rule->id, group);
    if (s == NULL)
        return NULL;
    s->window_us = rule->window_us;
    s->is_auto = rule->is_auto;
    if (vd_map_put(&r->groups, s->group_id, strlen(s->group_id), s) < 0)
        r->rc = VD_ENOMEM;
    stand_show(r, s, &ev->event);
    return s;
}

/* Where a happening that begins at start_us and is told at at_us folds, or NULL. */
static struct stand *joinable(struct vd_rules *r, const struct vd_rule *rule, const char *group,
                              int64_t start_us, int64_t at_us)
{
    char id[GROUP_ID_MAX + 1];
    struct stand *s;
    size_t len = strlen(rule->id), group_len = strlen(group);

    assert(len + 1 + group_len < sizeof id);
    memcpy(id, rule->id, len);
    id[len] = '\n';
    memcpy(id + len + 1, group, group_len + 1);
    s = vd_map_get(&r->groups, id, len + 1 + group_len);
    if (s == NULL || s->is_closed || s->is_resolved || s->window_us == 0 ||
        start_us >= s->last_us + s->window_us || at_us < s->last_us - CLOCK_SET_US)
        return NULL;
    return s;
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* tie may be NULL when too many happenings are followed: then it counts, and is over at once.
 */
static void fire(struct vd_rules *r, const struct vd_rule *rule, struct tie *tie,
                 const struct vd_event *ev, int64_t shift_us)
{
    char group[VD_GROUP_KEY_MAX + 1];
    int64_t start_us = ev->start_us + shift_us;
    enum vd_change_type type = VD_CHANGE_JOIN;
    struct stand *s;

    vd_rule_group(rule, ev, group);
    s = joinable(r, rule, group, start_us, ev->time_us + shift_us);
    if (s == NULL) {
        type = VD_CHANGE_OPEN;
        s = stand_open(r, rule, group, ev, ev->time_us + shift_us);
        if (s == NULL)
            return;
        s->first_us = start_us;
    }
    s->count++;
    s->last_us = max64(s->last_us, max64(start_us, ev->time_us + shift_us));
    if (start_us < s->first_us)
        s->first_us = start_us;
    stand_dirty(r, s);
    change(r, type, s, ev);
    if (tie != NULL) {
        tie->stand = s;
        s->n_open++;
    } else if (s->n_open == 0) {
        change(r, VD_CHANGE_QUIET, s, ev);
    }
    note_stand(r, s);
}

static void wait_for(struct vd_rules *r, struct tie *tie, int64_t due_us)
{
    tie->due_us = due_us;
    if (due_us < r->next_live_us)
        r->next_live_us = due_us;
}

/* One rule that may be concerned. live may be NULL: nothing is remembered of the happening. */
static void weigh(struct vd_rules *r, const struct vd_rule *rule, struct live **live,
                  const struct vd_event *ev, int64_t shift_us)
{
    struct tie *tie = tie_of(*live, rule);
    int64_t due_us;
    enum vd_verdict why;

    if (tie != NULL && tie->stand != NULL) {
        tie->stand->last_us = max64(tie->stand->last_us, ev->time_us + shift_us);
        stand_dirty(r, tie->stand);
        return;
    }
    why = vd_rule_decide(rule, ev, shift_us, tie == NULL, &due_us);
    if (why != VD_WHY_FIRES && due_us == INT64_MAX) {
        if (tie != NULL)
            tie_drop(*live, tie);
        return;
    }
    if (tie == NULL) {
        *live = live_get(r, &ev->event, why == VD_WHY_FIRES);
        tie = *live != NULL ? tie_new(r, *live, rule) : NULL;
    }
    if (r->rc < 0)
        return;
    if (why == VD_WHY_FIRES)
        fire(r, rule, tie, ev, shift_us);
    else if (tie != NULL)
        wait_for(r, tie, due_us);
}

/* The happening is over, for all that stood or waited for it. */
static void end(struct vd_rules *r, struct live *live, const struct vd_event *ev,
                int64_t shift_us)
{
    for (int i = 0; i < live->n_ties; i++) {
        struct stand *s = live->ties[i].stand;

        if (s == NULL)
            continue;
        s->last_us = max64(s->last_us, (ev->end_us != 0 ? ev->end_us : ev->time_us) + shift_us);
        s->n_open--;
        stand_dirty(r, s);
        change(r, s->n_open == 0 ? VD_CHANGE_QUIET : VD_CHANGE_LESS, s, ev);
        note_stand(r, s);
    }
    live_drop(r, live);
}

static void media(struct vd_rules *r, const struct vd_event *ev)
{
    struct stand *s = vd_map_get(&r->shown, ev->event.bytes, sizeof ev->event.bytes);

    for (; s != NULL; s = s->shown_next)
        change(r, VD_CHANGE_MEDIA, s, ev);
}

int vd_rules_event(struct vd_rules *rules, const struct vd_event *ev, bool is_suspect,
                   int64_t received_us, const struct vd_change **ret_changes,
                   struct vd_err *err)
{
    int64_t shift_us = is_suspect ? received_us - ev->time_us : 0;
    const struct candidates *c;
    struct live *live = vd_map_get(&rules->live, ev->event.bytes, sizeof ev->event.bytes);

    began(rules);
    if (live != NULL && ev->rev <= live->ev.rev)
        return finish(rules, ret_changes, err);
    if (ev->phase == VD_PHASE_MEDIA) {
        media(rules, ev);
        return finish(rules, ret_changes, err);
    }
    c = rules_candidates(rules, ev);
    for (int i = 0; c != NULL && i < c->n && rules->rc == 0; i++)
        weigh(rules, c->rules[i], &live, ev, shift_us);
    if (rules->rc < 0 || live == NULL)
        return finish(rules, ret_changes, err);
    if (ev->phase == VD_PHASE_END) {
        end(rules, live, ev, shift_us);
    } else if (live->n_ties == 0) {
        live_drop(rules, live);
    } else {
        live->ev = *ev;
        live->shift_us = shift_us;
    }
    return finish(rules, ret_changes, err);
}

/* ---- time ---- */

static void tick_live(struct vd_rules *r, int64_t now_us)
{
    struct live *live;
    size_t at = 0;

    r->next_live_us = INT64_MAX;
    while ((live = vd_map_next(&r->live, &at)) != NULL)
        for (int i = 0; i < live->n_ties && r->rc == 0; i++) {
            struct tie *tie = &live->ties[i];

            if (tie->stand != NULL)
                continue;
            if (tie->due_us + r->opts.grace_us > now_us)
                wait_for(r, tie, tie->due_us);
            else
                fire(r, tie->rule, tie, &live->ev, live->shift_us);
        }
}

static void tick_stands(struct vd_rules *r, int64_t now_us)
{
    struct stand *s, *gone = NULL;
    size_t at = 0;

    r->next_stand_us = INT64_MAX;
    while ((s = vd_map_next(&r->stands, &at)) != NULL) {
        if (s->n_open > 0)
            continue;
        if (s->is_auto && !s->is_resolved && now_us >= s->last_us + s->window_us) {
            s->is_resolved = true;
            stand_dirty(r, s);
            change(r, VD_CHANGE_RESOLVE, s, NULL);
        }
        if (now_us < s->last_us + s->window_us + LINGER_US) {
            note_stand(r, s);
        } else {
            stand_dirty(r, s); /* so that dirty_next may chain it below */
            s->is_gone = true;
            gone = s;
        }
    }
    if (gone == NULL)
        return;
    for (s = r->dirty; s != NULL; s = s->dirty_next)
        if (s->is_gone && vd_map_get(&r->stands, s->alert.bytes, sizeof s->alert.bytes) == s)
            stand_forget(r, s);
}

int vd_rules_tick(struct vd_rules *rules, int64_t now_us, const struct vd_change **ret_changes,
                  struct vd_err *err)
{
    began(rules);
    if (rules->next_live_us != INT64_MAX &&
        now_us >= rules->next_live_us + rules->opts.grace_us)
        tick_live(rules, now_us);
    if (now_us >= rules->next_stand_us)
        tick_stands(rules, now_us);
    return finish(rules, ret_changes, err);
}

int64_t vd_rules_next_us(const struct vd_rules *rules)
{
    int64_t live_us = rules->next_live_us;

    if (live_us != INT64_MAX)
        live_us += rules->opts.grace_us;
    return live_us < rules->next_stand_us ? live_us : rules->next_stand_us;
}

int vd_rules_split(struct vd_rules *rules, const struct vd_uuid *alert,
                   const struct vd_uuid *event, int64_t now_us, struct vd_uuid *ret_alert,
                   struct vd_err *err)
{
    struct stand *s = vd_map_get(&rules->stands, alert->bytes, sizeof alert->bytes), *own;
    struct live *live = vd_map_get(&rules->live, event->bytes, sizeof event->bytes);
    struct vd_event ev = {.event = *event};

    if (s == NULL || s->rule == NULL)
        return vd_err_set(err, VD_EINVAL, "rules: no such alert to split");
    rules->rc = 0;
    own = stand_open(rules, s->rule, s->group, &ev, now_us);
    if (own == NULL || rules->rc < 0)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    own->first_us = own->last_us = s->last_us;
    own->count = 1;
    s->count--;
    s->is_closed = true;
    for (int i = 0; live != NULL && i < live->n_ties; i++)
        if (live->ties[i].stand == s) {
            live->ties[i].stand = own;
            own->n_open++;
            s->n_open--;
        }
    for (int i = 0; i < rules->n_changes; i++)
        if (vd_uuid_equal(&rules->changes[i].alert, alert) &&
            vd_uuid_equal(&rules->changes[i].event, event)) {
            rules->changes[i].alert = own->alert;
            rules->changes[i].first_us = own->first_us;
            rules->changes[i].count = 1;
        }
    stand_dirty(rules, s);
    stand_dirty(rules, own);
    note_stand(rules, s);
    note_stand(rules, own);
    *ret_alert = own->alert;
    return 0;
}

void vd_rules_refuse(struct vd_rules *rules, const struct vd_uuid *alert)
{
    struct stand *s = vd_map_get(&rules->stands, alert->bytes, sizeof alert->bytes);

    if (s == NULL)
        return;
    s->is_closed = s->is_refused = true;
    stand_dirty(rules, s);
}

void vd_rules_stats(const struct vd_rules *rules, struct vd_rules_stats *ret_stats)
{
    *ret_stats = (struct vd_rules_stats){.live = rules->live.n,
                                         .stands = rules->stands.n,
                                         .not_waited_for = rules->not_waited_for,
                                         .forgotten = rules->forgotten};
}

void vd_rules_explain(const struct vd_rules *rules, const struct vd_event *ev,
                      vd_rules_why_fn *each, void *arg)
{
    static const struct vd_names no_tags = {0};
    const struct vd_rules_camera *camera =
        vd_map_get(&rules->cameras, ev->camera, strlen(ev->camera));

    for (int i = 0; i < rules->opts.n_rules; i++) {
        const struct vd_rule *rule = &rules->opts.rules[i];
        int64_t due_us = INT64_MAX;
        enum vd_verdict why =
            vd_rule_concerns(rule, ev, camera != NULL ? &camera->tags : &no_tags);

        if (why == VD_WHY_FIRES)
            why = vd_rule_decide(rule, ev, 0, true, &due_us);
        each(arg, rule, why, due_us);
    }
}
