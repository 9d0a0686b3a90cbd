/* Counts and sequences. A mark is a happening that was met and not yet used by an alert; it
 * goes when it is used, or when its time has passed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/memory.h"
#include "base/str.h"

/* Messages of different sources come out of order by this much and are still put in order. */
static const int64_t LATE_US = 60000000;

static int cameras_of(const struct vd_rules *r, const struct vd_rule *rule, const char *group)
{
    const char *area = rule->group_by == VD_GROUP_AREA ? strchr(group, ':') + 1 : "";
    int n = 0;

    for (int i = 0; i < r->opts.n_cameras; i++) {
        const struct vd_rules_camera *camera = &r->opts.cameras[i];
        struct vd_event ev = {.kind = VD_KIND_MOTION};
        struct vd_cond where = rule->when;

        where.kinds = 0;
        (void)vd_str_copy(ev.camera, sizeof ev.camera, camera->id);
        (void)vd_str_copy(ev.area, sizeof ev.area, camera->area);
        n += !camera->is_off && vd_area_within(camera->area, area) &&
             vd_cond_concerns(&where, &ev, &camera->tags) == VD_WHY_FIRES;
    }
    return n;
}

struct tally *tally_get(struct vd_rules *r, const struct vd_rule *rule, const char *group)
{
    char id[GROUP_ID_MAX + 1];
    size_t len = group_id(rule, group, id);
    struct tally *t = vd_map_get(&r->tallies, id, len);

    if (t != NULL)
        return t;
    t = calloc(1, sizeof *t);
    if (t != NULL) {
        t->rule = rule;
        (void)vd_str_copy(t->group, sizeof t->group, group);
        memcpy(t->id, id, len + 1);
        t->needs = vd_rule_needs(rule, rule->count.share > 0 ? cameras_of(r, rule, group) : 0);
    }
    if (t == NULL || vd_map_put(&r->tallies, t->id, len, t) < 0) {
        free(t);
        r->rc = VD_ENOMEM;
        return NULL;
    }
    return t;
}

/* How long a mark may matter. */
static int64_t life_us(const struct tally *t, enum mark_role role)
{
    return (role == MARK_COUNTED ? t->rule->count.within_us : t->rule->after_us) + LATE_US;
}

static void mark_remove(struct vd_rules *r, struct tally *t, enum mark_role role, int i)
{
    struct mark *mark = t->marks[role].items[i];

    t->marks[role].n--;
    memmove(&t->marks[role].items[i], &t->marks[role].items[i + 1],
            (size_t)(t->marks[role].n - i) * sizeof(struct mark *));
    r->n_marks--;
    mark->tally = NULL;
    mark->kept.is_gone = true;
    kept_dirty(r, &mark->kept);
}

bool mark_is_known(const struct tally *t, enum mark_role role, const struct vd_uuid *event)
{
    for (int i = t->marks[role].n - 1; i >= 0; i--)
        if (vd_uuid_equal(&t->marks[role].items[i]->event, event))
            return true;
    return false;
}

/* What a new mark makes needless: the same camera's earlier one, or more than can matter. */
static void make_way(struct vd_rules *r, struct tally *t, enum mark_role role,
                     const struct mark *of)
{
    int most = role == MARK_COUNTED ? t->needs : SEQUENCE_MARKS_MAX;

    if (role == MARK_COUNTED && t->rule->count.of_cameras) {
        for (int i = t->marks[role].n - 1; i >= 0; i--)
            if (strcmp(t->marks[role].items[i]->camera, of->camera) == 0)
                mark_remove(r, t, role, i);
    } else {
        while (t->marks[role].n >= most)
            mark_remove(r, t, role, 0);
    }
    if (r->n_marks >= MARKS_MAX && t->marks[role].n > 0) {
        mark_remove(r, t, role, 0);
        r->forgotten++;
    }
}

static bool grow(struct vd_rules *r, struct tally *t, enum mark_role role)
{
    int room = t->marks[role].room == 0 ? 4 : t->marks[role].room * 2;
    struct mark **more;

    if (t->marks[role].n < t->marks[role].room)
        return true;
    more = realloc(t->marks[role].items, (size_t)room * sizeof(struct mark *));
    if (more == NULL) {
        r->rc = VD_ENOMEM;
        return false;
    }
    t->marks[role].items = more;
    t->marks[role].room = room;
    return true;
}

struct mark *mark_add(struct vd_rules *r, struct tally *t, enum mark_role role,
                      const struct mark *of)
{
    struct mark *mark, **items;
    int i;

    if (mark_is_known(t, role, &of->event))
        return NULL;
    make_way(r, t, role, of);
    mark = grow(r, t, role) ? calloc(1, sizeof *mark) : NULL;
    if (mark == NULL) {
        r->rc = VD_ENOMEM;
        return NULL;
    }
    *mark = *of;
    mark->kept = (struct kept){.type = KEPT_MARK};
    mark->role = role;
    mark->tally = t;
    (void)vd_str_copy(mark->rule_id, sizeof mark->rule_id, t->rule->id);
    items = t->marks[role].items;
    for (i = t->marks[role].n++; i > 0 && items[i - 1]->at_us > mark->at_us; i--)
        items[i] = items[i - 1];
    items[i] = mark;
    r->n_marks++;
    if (!r->is_restoring)
        kept_dirty(r, &mark->kept);
    if (mark->at_us + life_us(t, role) < r->next_mark_us)
        r->next_mark_us = mark->at_us + life_us(t, role);
    return mark;
}

static bool is_in_time(const struct tally *t, const struct mark *first,
                       const struct vd_uuid *event, int64_t at_us)
{
    return first->at_us <= at_us && at_us - first->at_us <= t->rule->after_us &&
           !vd_uuid_equal(&first->event, event);
}

bool tally_follows(const struct tally *t, const struct vd_uuid *event, int64_t at_us)
{
    for (int i = t->marks[MARK_FIRST].n - 1; i >= 0; i--)
        if (is_in_time(t, t->marks[MARK_FIRST].items[i], event, at_us))
            return true;
    return false;
}

bool tally_reached(const struct tally *t, const struct mark *mark, int *ret_from, int *ret_to)
{
    struct mark *const *items = t->marks[MARK_COUNTED].items;
    int64_t within_us = t->rule->count.within_us;
    int n = t->marks[MARK_COUNTED].n, from = 0;

    for (int to = 0; to < n && items[to]->at_us <= mark->at_us + within_us; to++) {
        while (items[from]->at_us < items[to]->at_us - within_us)
            from++;
        if (items[to]->at_us < mark->at_us || items[from]->at_us > mark->at_us ||
            to - from + 1 < t->needs)
            continue;
        *ret_from = from;
        *ret_to = to + 1;
        return true;
    }
    return false;
}

void tally_take(struct vd_rules *r, struct tally *t, int from, int to)
{
    while (to > from)
        mark_remove(r, t, MARK_COUNTED, --to);
}

static void prune(struct vd_rules *r, struct tally *t, int64_t now_us)
{
    for (int role = 0; role < N_MARK_ROLES; role++) {
        int64_t life = life_us(t, (enum mark_role)role);

        while (t->marks[role].n > 0 && t->marks[role].items[0]->at_us + life <= now_us)
            mark_remove(r, t, (enum mark_role)role, 0);
        if (t->marks[role].n > 0 && t->marks[role].items[0]->at_us + life < r->next_mark_us)
            r->next_mark_us = t->marks[role].items[0]->at_us + life;
    }
}

static void tally_free(struct tally *t)
{
    for (int role = 0; role < N_MARK_ROLES; role++)
        free(t->marks[role].items);
    free(t);
}

void tally_prune(struct vd_rules *r, int64_t now_us)
{
    struct tally *t, *idle = NULL;
    size_t at = 0;

    r->next_mark_us = INT64_MAX;
    while ((t = vd_map_next(&r->tallies, &at)) != NULL) {
        prune(r, t, now_us);
        if (t->marks[MARK_FIRST].n + t->marks[MARK_SECOND].n + t->marks[MARK_COUNTED].n > 0)
            continue;
        t->idle_next = idle; /* the map must not change while we walk it */
        idle = t;
    }
    while ((t = idle) != NULL) { /* cameras of other systems come and go by any name */
        idle = t->idle_next;
        (void)vd_map_take(&r->tallies, t->id, strlen(t->id));
        tally_free(t);
    }
}

/* A second came before its first, as messages of two sources may. */
static void fire_waiting(struct vd_rules *r, struct tally *t, const struct mark *first)
{
    for (int i = 0; i < t->marks[MARK_SECOND].n && r->rc == 0;) {
        const struct mark *mark = t->marks[MARK_SECOND].items[i];
        struct live *live = vd_map_get(&r->live, mark->event.bytes, sizeof mark->event.bytes);
        const struct vd_event *ev = live != NULL ? &live->ev : mark->ev;

        if (ev == NULL || !is_in_time(t, first, &mark->event, mark->at_us)) {
            i++;
            continue;
        }
        mark_remove(r, t, MARK_SECOND, i); /* freed once the state is saved, not before */
        (void)qualify(r, t->rule, live, ev, mark->shift_us, mark->at_us);
    }
}

void tally_first(struct vd_rules *r, const struct vd_rule *rule, const struct vd_event *ev,
                 int64_t shift_us)
{
    char group[VD_GROUP_KEY_MAX + 1];
    struct mark of = {.event = ev->event};
    const struct mark *first;
    struct tally *t;

    if (vd_cond_holds(&rule->after, ev) != VD_WHY_FIRES)
        return;
    vd_rule_group(rule, ev, group);
    t = tally_get(r, rule, group);
    if (t == NULL)
        return;
    /* One that began long ago and goes on is not met anew with each of its updates. */
    if (ev->phase != VD_PHASE_START && vd_seen_us(ev) - ev->start_us >= life_us(t, MARK_FIRST))
        return;
    of.at_us = vd_cond_from(ev, 0, true) + shift_us;
    (void)vd_str_copy(of.camera, sizeof of.camera, ev->camera);
    first = mark_add(r, t, MARK_FIRST, &of);
    if (first != NULL)
        fire_waiting(r, t, first);
}

void tallies_free(struct vd_rules *r)
{
    struct tally *t;
    size_t at = 0;

    while ((t = vd_map_next(&r->tallies, &at)) != NULL) {
        for (int role = 0; role < N_MARK_ROLES; role++)
            for (int i = 0; i < t->marks[role].n; i++)
                if (!t->marks[role].items[i]->kept.is_dirty)
                    kept_free(&t->marks[role].items[i]->kept);
        tally_free(t);
    }
    vd_map_fini(&r->tallies);
}
