/* Common causes: an alert all of whose happenings belong to the alert of a rule that suppresses
 * lies beneath that one. Nothing waits for it: what was announced before goes beneath silently,
 * what comes later is born there. A parent never hides what is more urgent than itself. */
#include <string.h>

#include "alerts/rules/memory.h"

/* Of two causes that stand for the same, one is above the other, whichever is asked first. */
static bool is_above(const struct stand *a, const struct stand *b)
{
    if (!b->rule->is_suppressing || a->n_open != b->n_open)
        return !b->rule->is_suppressing || a->n_open > b->n_open;
    return memcmp(a->alert.bytes, b->alert.bytes, sizeof a->alert.bytes) < 0;
}

static bool stands_for(const struct stand *cause, struct live *live)
{
    for (int i = 0; i < live->n_ties; i++)
        if (live->ties[i].stand == cause)
            return true;
    return false;
}

static bool covers(const struct stand *cause, const struct stand *s)
{
    if (cause == s || cause->rule == NULL || !cause->rule->is_suppressing || cause->is_over ||
        cause->is_refused || cause->rule->severity < s->rule->severity ||
        cause->n_open < s->n_open || !is_above(cause, s))
        return false;
    for (int i = 0; i < s->n_open; i++)
        if (!stands_for(cause, s->open[i]))
            return false;
    return true;
}

/* Stays where it is while that holds; else the cause that stands for the most. */
static struct stand *cause_of(struct vd_rules *r, const struct stand *s)
{
    struct stand *best = NULL;
    const struct live *any = s->open[0];
    struct stand *parent = vd_map_get(&r->stands, s->parent.bytes, sizeof s->parent.bytes);

    if (parent != NULL && covers(parent, s))
        return parent;
    for (int i = 0; i < any->n_ties; i++) {
        struct stand *cause = any->ties[i].stand;

        if (cause != NULL && !cause->is_closed && covers(cause, s) &&
            (best == NULL || cause->n_open > best->n_open))
            best = cause;
    }
    return best;
}

static void review(struct vd_rules *r, struct stand *s)
{
    const struct stand *cause;

    /* One that is quiet stays where it was: its cause took it over. */
    if (s->n_open == 0 || s->rule == NULL || s->is_resolved || s->is_closed ||
        s->reviewed == r->review)
        return;
    s->reviewed = r->review;
    cause = cause_of(r, s);
    if (cause == NULL ? vd_uuid_is_nil(&s->parent) : vd_uuid_equal(&cause->alert, &s->parent))
        return;
    if (cause != NULL) {
        s->parent = cause->alert;
        change_add(r, VD_CHANGE_SUPPRESS, s, NULL);
        return;
    }
    change_add(r, VD_CHANGE_RELEASE, s, NULL);
    memset(&s->parent, 0, sizeof s->parent);
}

static void review_all(struct vd_rules *r, const struct live *live)
{
    for (int i = 0; i < live->n_ties && r->rc == 0; i++)
        if (live->ties[i].stand != NULL)
            review(r, live->ties[i].stand);
}

void cause_review(struct vd_rules *r, const struct live *live)
{
    if (r->causes == NULL)
        return;
    r->review++;
    if (live != NULL)
        review_all(r, live);
    if (!r->is_cause_changed)
        return;
    r->is_cause_changed = false;
    for (struct stand *c = r->causes; c != NULL; c = c->cause_next) {
        review(r, c);
        for (int i = 0; i < c->n_open && c->is_fresh; i++)
            review_all(r, c->open[i]);
        c->is_fresh = false;
    }
}

void cause_review_one(struct vd_rules *r, struct stand *s)
{
    r->review++;
    if (r->causes != NULL)
        review(r, s);
}

void cause_over(struct vd_rules *r, struct stand *s)
{
    s->is_over = true;
    if (s->n_open == 0)
        return; /* quiet by itself */
    change_add(r, VD_CHANGE_OVER, s, NULL);
    r->review++;
    while (s->n_open > 0) {
        struct live *live = s->open[--s->n_open];

        for (int i = 0; i < live->n_ties; i++)
            if (live->ties[i].stand == s) {
                live->ties[i].stand = NULL;
                live->ties[i].is_counted = true; /* what is left is not counted again */
            }
        review_all(r, live);
    }
}
