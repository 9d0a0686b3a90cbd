/* Messages and time in, changes of alerts out. */
#include "alerts/rules/rules.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/memory.h"

static const int64_t GRACE_US = 1200000;
static const int64_t SETTLE_US = 30000000;

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
    if (r->opts.settle_us == 0)
        r->opts.settle_us = SETTLE_US;
    if (r->opts.make_id == NULL)
        r->opts.make_id = vd_uuid_make;
    r->next_live_us = r->next_stand_us = r->next_mark_us = INT64_MAX;
    if (index_book(r) < 0 || silences_make(r) < 0) {
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
    struct kept *kept;
    size_t at = 0;

    if (r == NULL)
        return;
    while ((live = vd_map_next(&r->live, &at)) != NULL) {
        free(live->ties);
        free(live);
    }
    for (at = 0; (s = vd_map_next(&r->stands, &at)) != NULL;)
        if (!s->kept.is_dirty)
            kept_free(&s->kept);
    tallies_free(r);
    silences_free(r);
    while ((kept = r->dirty) != NULL) {
        r->dirty = kept->dirty_next;
        kept_free(kept);
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

/* ---- messages ---- */

static void tell(struct vd_rules *r, const struct vd_rule *rule, const struct vd_event *ev,
                 enum vd_verdict why)
{
    if (r->watch != NULL)
        r->watch(r->watch_arg, rule, ev, why);
}

void wait_for(struct vd_rules *r, struct tie *tie, int64_t due_us)
{
    tie->due_us = due_us;
    if (due_us < r->next_live_us)
        r->next_live_us = due_us;
}

/* What stands or is counted already needs no second look. */
static enum vd_verdict look_again(struct vd_rules *r, const struct tie *tie,
                                  const struct vd_event *ev, int64_t shift_us)
{
    if (tie->stand == NULL)
        return tie->rule->after_us > 0 && tie->rule->count.within_us == 0 ? VD_WHY_AFTER
                                                                          : VD_WHY_COUNT;
    tie->stand->last_us = max64(tie->stand->last_us, ev->time_us + shift_us);
    kept_dirty(r, &tie->stand->kept);
    return VD_WHY_STANDING;
}

/* One rule that may be concerned. *live may be NULL: nothing is remembered of the happening. */
static enum vd_verdict weigh(struct vd_rules *r, const struct vd_rule *rule, struct live **live,
                             const struct vd_event *ev, int64_t shift_us)
{
    struct tie *tie = tie_of(*live, rule);
    int64_t due_us;
    enum vd_verdict why;

    if (rule->absent_us > 0)
        return silence_hear(r, rule, live, ev, shift_us);
    if (tie != NULL && (tie->stand != NULL || tie->is_counted))
        return look_again(r, tie, ev, shift_us);
    why = vd_rule_decide(rule, ev, shift_us, tie == NULL, &due_us);
    if (why != VD_WHY_FIRES && due_us == INT64_MAX) {
        if (tie != NULL)
            tie_drop(*live, tie);
        return why;
    }
    if (tie == NULL) {
        *live = live_get(r, &ev->event, why == VD_WHY_FIRES);
        tie = *live != NULL ? tie_new(r, *live, rule) : NULL;
    }
    if (r->rc < 0)
        return why;
    if (why == VD_WHY_FIRES)
        return qualify(r, rule, *live, ev, shift_us, due_us);
    if (tie != NULL)
        wait_for(r, tie, due_us);
    return why;
}

static void weigh_all(struct vd_rules *r, struct live **live, const struct vd_event *ev,
                      int64_t shift_us)
{
    const struct candidates *c = rules_candidates(r, ev);

    for (int i = 0; c != NULL && i < c->n && r->rc == 0; i++) {
        const struct candidate *item = &c->items[i];

        if (item->is_after)
            tally_first(r, item->rule, ev, shift_us);
        if (item->is_when && r->rc == 0)
            tell(r, item->rule, ev, weigh(r, item->rule, live, ev, shift_us));
    }
}

/* Why the others are no candidates: asked for by a watcher alone. */
static void tell_others(struct vd_rules *r, const struct vd_event *ev)
{
    const struct vd_names *tags = camera_tags(r, ev);

    for (int i = 0; r->watch != NULL && i < r->opts.n_rules; i++) {
        const struct vd_rule *rule = &r->opts.rules[i];
        enum vd_verdict why = vd_cond_concerns(&rule->when, ev, tags);

        if (!rule->is_enabled)
            why = VD_WHY_DISABLED;
        if (why == VD_WHY_FIRES && ev->phase == VD_PHASE_MEDIA)
            why = VD_WHY_PHASE;
        if (why != VD_WHY_FIRES)
            tell(r, rule, ev, why);
    }
}

static void media(struct vd_rules *r, const struct vd_event *ev)
{
    struct stand *s = vd_map_get(&r->shown, ev->event.bytes, sizeof ev->event.bytes);

    for (; s != NULL; s = s->shown_next)
        change_add(r, VD_CHANGE_MEDIA, s, ev);
}

int vd_rules_event(struct vd_rules *rules, const struct vd_event *ev, bool is_suspect,
                   int64_t received_us, const struct vd_change **ret_changes,
                   struct vd_err *err)
{
    int64_t shift_us = is_suspect ? received_us - ev->time_us : 0;
    struct live *live = vd_map_get(&rules->live, ev->event.bytes, sizeof ev->event.bytes);

    began(rules);
    if (live != NULL && ev->rev <= live->ev.rev)
        return finish(rules, ret_changes, err);
    tell_others(rules, ev);
    if (ev->phase == VD_PHASE_MEDIA) {
        media(rules, ev);
        return finish(rules, ret_changes, err);
    }
    weigh_all(rules, &live, ev, shift_us);
    if (rules->rc < 0 || live == NULL)
        return finish(rules, ret_changes, err);
    cause_review(rules, live);
    if (ev->phase == VD_PHASE_END) {
        fire_end(rules, live, ev, shift_us);
        live_drop(rules, live);
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
    while ((live = vd_map_next(&r->live, &at)) != NULL) {
        bool has_fired = false;

        for (int i = 0; i < live->n_ties && r->rc == 0; i++) {
            struct tie *tie = &live->ties[i];

            if (tie->stand != NULL || tie->is_counted)
                continue;
            if (tie->due_us + r->opts.grace_us > now_us) {
                wait_for(r, tie, tie->due_us);
                continue;
            }
            has_fired = true;
            tell(r, tie->rule, &live->ev,
                 qualify(r, tie->rule, live, &live->ev, live->shift_us, tie->due_us));
            i -= tie->stand == NULL && !tie->is_counted; /* cools until then: look again */
        }
        if (has_fired)
            cause_review(r, live);
    }
}

/* One without a window is over with its happening; one beneath a cause, with it. */
static bool resolves(const struct stand *s, int64_t now_us)
{
    return (s->is_auto || !vd_uuid_is_nil(&s->parent)) && !s->is_resolved &&
           now_us >= s->last_us + s->window_us;
}

static void tick_stands(struct vd_rules *r, int64_t now_us)
{
    struct stand *s, *gone = NULL;
    size_t at = 0;

    r->next_stand_us = INT64_MAX;
    while ((s = vd_map_next(&r->stands, &at)) != NULL) {
        if (s->is_silent && silence_is_orphan(r, s)) {
            s->is_silent = false;
            change_add(r, VD_CHANGE_QUIET, s, NULL);
        }
        if (stand_lasts(s))
            continue;
        if (resolves(s, now_us)) {
            s->is_resolved = true;
            change_add(r, VD_CHANGE_RESOLVE, s, NULL);
        }
        if (now_us < stand_kept_until(s)) {
            note_stand(r, s);
            continue;
        }
        s->gone_next = gone; /* the map must not change while we walk it */
        gone = s;
    }
    for (; gone != NULL; gone = gone->gone_next)
        stand_forget(r, gone);
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
    if (now_us >= rules->next_mark_us)
        tally_prune(rules, now_us);
    if (now_us >= rules->next_silence_us)
        silences_tick(rules, now_us);
    return finish(rules, ret_changes, err);
}

int64_t vd_rules_next_us(const struct vd_rules *rules)
{
    const int64_t others[] = {rules->next_stand_us, rules->next_mark_us,
                              rules->next_silence_us};
    int64_t next_us = rules->next_live_us;

    if (next_us != INT64_MAX)
        next_us += rules->opts.grace_us;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i] < next_us)
            next_us = others[i];
    return next_us;
}

/* ---- the clock on the wall ---- */

static void step_tallies(struct vd_rules *r, int64_t by_us)
{
    struct tally *t;
    size_t at = 0;

    while ((t = vd_map_next(&r->tallies, &at)) != NULL)
        for (int role = 0; role < N_MARK_ROLES; role++)
            for (int i = 0; i < t->marks[role].n; i++) {
                t->marks[role].items[i]->at_us += by_us;
                kept_dirty(r, &t->marks[role].items[i]->kept);
            }
}

void vd_rules_step(struct vd_rules *rules, int64_t by_us)
{
    struct live *live;
    struct stand *s;
    struct silence *silence;
    size_t at = 0;

    while ((live = vd_map_next(&rules->live, &at)) != NULL) {
        live->shift_us += by_us;
        for (int i = 0; i < live->n_ties; i++)
            live->ties[i].due_us += by_us;
    }
    for (at = 0; (s = vd_map_next(&rules->stands, &at)) != NULL; kept_dirty(rules, &s->kept)) {
        s->last_us += by_us;
        s->opened_us += by_us;
    }
    for (at = 0; (silence = vd_map_next(&rules->silences, &at)) != NULL;)
        if (silence->heard_us != 0) {
            silence->heard_us += by_us;
            kept_dirty(rules, &silence->kept);
        }
    step_tallies(rules, by_us);
    if (rules->settled_us != 0)
        rules->settled_us += by_us;
    /* The next tick looks at all, and finds what is next. */
    rules->next_live_us = rules->next_stand_us = rules->next_mark_us = 0;
    rules->next_silence_us = rules->silences.n > 0 ? 0 : INT64_MAX;
}

void vd_rules_refuse(struct vd_rules *rules, const struct vd_uuid *alert)
{
    struct stand *s = vd_map_get(&rules->stands, alert->bytes, sizeof alert->bytes);

    if (s == NULL)
        return;
    s->is_closed = s->is_refused = true;
    kept_dirty(rules, &s->kept);
}

void vd_rules_stats(const struct vd_rules *rules, struct vd_rules_stats *ret_stats)
{
    *ret_stats = (struct vd_rules_stats){.live = rules->live.n,
                                         .stands = rules->stands.n,
                                         .marks = (size_t)rules->n_marks,
                                         .tallies = rules->tallies.n,
                                         .not_waited_for = rules->not_waited_for,
                                         .forgotten = rules->forgotten};
}

void vd_rules_watch(struct vd_rules *rules, vd_rules_why_fn *each, void *arg)
{
    rules->watch = each;
    rules->watch_arg = arg;
}
