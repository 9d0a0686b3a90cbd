#include "ingest/worker/ladder.h"

#include <stddef.h>

enum {
    S = 1000 * 1000,
    PARTS = 4,           /* a step moves a quarter of the cameras of one priority */
    URGENT = 2,          /* times high_lag_us: it moves them all, at once and far */
    DRAIN_US = S / 10,   /* lag that falls so much a step, and so as to be gone in */
    DRAIN_STEPS = 60,    /* so many, is on its way out */
    RELAPSE_US = 30 * S, /* behind again so soon after a step up: that was too early */
    BEHIND_PARTS = 10,   /* one late camera of many is a matter of its own */
};

const struct vd_ladder_settings vd_ladder_defaults = {
    .high_lag_us = S,
    .low_lag_us = S * 2 / 5,
    .high_cpu = 90,
    .low_cpu = 70,
    .down_after_us = S,
    .up_after_us = 10 * S,
    .up_every_us = 2 * S,
    .up_longest_us = 160 * S,
};

const char *vd_level_name(enum vd_level level)
{
    static const char *const names[VD_N_LEVELS] = {"full", "half", "quarter", "key-frames",
                                                   "health"};

    return names[level];
}

/* Who gives all already is late at nobody's cost. */
static int64_t lag_of(const struct vd_rung *rung)
{
    return rung->level != VD_LEVEL_HEALTH ? rung->lag_us : 0;
}

static int64_t worst_of(const struct vd_rung *rungs, int n)
{
    int64_t worst_us = 0;

    for (int i = 0; i < n; i++)
        if (lag_of(&rungs[i]) > worst_us)
            worst_us = lag_of(&rungs[i]);
    return worst_us;
}

static bool are_behind(const struct vd_rung *rungs, int n, int64_t limit_us)
{
    int behind = 0;

    for (int i = 0; i < n; i++)
        behind += lag_of(&rungs[i]) >= limit_us;
    return behind > 0 && behind * BEHIND_PARTS >= n;
}

/* Whom to move next: down the least important and least lowered, up the most important and most
 * lowered; of equals the first. NULL: nobody can move. */
static struct vd_rung *next(struct vd_rung *rungs, int n, bool is_down)
{
    struct vd_rung *best = NULL;

    for (int i = 0; i < n; i++) {
        struct vd_rung *r = &rungs[i];
        int by_priority, by_level;

        if (r->level == (is_down ? VD_LEVEL_HEALTH : VD_LEVEL_FULL))
            continue;
        by_priority = best != NULL ? best->priority - r->priority : 0;
        by_level = best != NULL ? (int)best->level - (int)r->level : 0;
        if (!is_down) {
            by_priority = -by_priority;
            by_level = -by_level;
        }
        if (best == NULL || by_priority > 0 || (by_priority == 0 && by_level > 0))
            best = r;
    }
    return best;
}

/* To where most is gained: what is decoded costs more than what is looked at. */
static enum vd_level below(enum vd_level level, bool is_urgent)
{
    return is_urgent && level < VD_LEVEL_KEYS ? VD_LEVEL_KEYS : (enum vd_level)(level + 1);
}

/* By one level a part of those of one priority that can still move; all of them if is_urgent,
 * and then down to key frames at least. */
static int move(struct vd_rung *rungs, int n, bool is_down, bool is_urgent)
{
    struct vd_rung *r = next(rungs, n, is_down);
    int priority = r != NULL ? r->priority : 0, movable = 0, moved = 0;

    for (int i = 0; i < n; i++)
        movable += rungs[i].priority == priority &&
                   rungs[i].level != (is_down ? VD_LEVEL_HEALTH : VD_LEVEL_FULL);
    for (; r != NULL && r->priority == priority; r = next(rungs, n, is_down)) {
        if (is_urgent ? moved == movable : moved * PARTS >= movable)
            break;
        r->level = is_down ? below(r->level, is_urgent) : (enum vd_level)(r->level - 1);
        moved++;
    }
    return is_down ? -moved : moved;
}

static int64_t patience(const struct vd_ladder *l, const struct vd_ladder_settings *settings)
{
    return l->patience_us != 0 ? l->patience_us : settings->up_after_us;
}

static int go_down(struct vd_ladder *l, const struct vd_ladder_settings *settings,
                   struct vd_rung *rungs, int n, int64_t now_us)
{
    bool is_urgent = l->worst_us > URGENT * settings->high_lag_us, is_new = l->over_us == 0;
    bool is_relapse = is_new && l->up_us != 0 && now_us - l->up_us < RELAPSE_US;

    l->calm_us = 0;
    if (is_relapse) {
        l->patience_us = 2 * patience(l, settings);
        if (l->patience_us > settings->up_longest_us)
            l->patience_us = settings->up_longest_us;
    }
    if (is_new)
        l->over_us = now_us;
    /* Once may be a hiccup; who is as late the next time has no second to lose. */
    if (is_new || (!is_urgent && now_us - l->over_us < settings->down_after_us))
        return 0;
    return move(rungs, n, true, is_urgent);
}

static int go_up(struct vd_ladder *l, const struct vd_ladder_settings *settings,
                 struct vd_rung *rungs, int n, int64_t now_us)
{
    int moved;

    if (l->calm_us == 0)
        l->calm_us = now_us;
    if (now_us - l->calm_us < patience(l, settings))
        return 0;
    moved = move(rungs, n, false, false);
    l->calm_us = now_us;
    if (moved > 0) {
        l->up_us = now_us;
        l->calm_us -= patience(l, settings) - settings->up_every_us;
    } else
        l->patience_us = 0; /* all is full, and has been well for as long */
    return moved;
}

static int busiest(struct vd_use use)
{
    return use.own > use.machine ? use.own : use.machine;
}

int vd_ladder_step(struct vd_ladder *l, const struct vd_ladder_settings *settings,
                   struct vd_use use, struct vd_rung *rungs, int n, int64_t now_us)
{
    int64_t worst_us = worst_of(rungs, n);
    bool is_behind =
        busiest(use) >= settings->high_cpu && are_behind(rungs, n, settings->high_lag_us);
    bool is_calm = use.own <= settings->low_cpu && worst_us <= settings->low_lag_us;
    int64_t drain_us =
        l->worst_us / DRAIN_STEPS > DRAIN_US ? l->worst_us / DRAIN_STEPS : DRAIN_US;
    bool is_draining = worst_us <= l->worst_us - drain_us;
    int moved = 0;

    l->worst_us = worst_us;
    if (is_behind && !is_draining)
        moved = go_down(l, settings, rungs, n, now_us);
    else if (is_calm)
        moved = go_up(l, settings, rungs, n, now_us);
    else if (!is_behind)
        l->calm_us = 0;
    if (!is_behind)
        l->over_us = 0;
    return moved;
}
