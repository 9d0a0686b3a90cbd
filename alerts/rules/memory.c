#include "alerts/rules/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { CANDIDATES_MAX = 32768 };

/* ---- candidates ---- */

static size_t candidates_key(const struct vd_event *ev, char *key, size_t size)
{
    size_t len = 0;

    (void)vd_str_add(key, size, &len, "%c%s\n%s", 'A' + (char)ev->kind, ev->camera, ev->area);
    return len;
}

static struct candidates *candidates_make(struct vd_rules *r, const struct vd_event *ev)
{
    static const struct vd_names no_tags = {0};
    const struct vd_rules_camera *camera =
        vd_map_get(&r->cameras, ev->camera, strlen(ev->camera));
    const struct vd_names *tags = camera != NULL ? &camera->tags : &no_tags;
    struct candidates *c, *tight;
    int n = r->opts.n_rules;

    c = calloc(1, sizeof *c + (size_t)n * sizeof c->rules[0]);
    if (c == NULL)
        return NULL;
    c->key_len = candidates_key(ev, c->key, sizeof c->key);
    for (int i = 0; i < n; i++)
        if (vd_rule_concerns(&r->opts.rules[i], ev, tags) == VD_WHY_FIRES)
            c->rules[c->n++] = &r->opts.rules[i];
    tight = realloc(c, sizeof *c + (size_t)c->n * sizeof c->rules[0]);
    return tight != NULL ? tight : c;
}

void candidates_flush(struct vd_rules *r)
{
    struct candidates *c;
    size_t at = 0;

    while ((c = vd_map_next(&r->candidates, &at)) != NULL)
        free(c);
    vd_map_fini(&r->candidates);
}

const struct candidates *rules_candidates(struct vd_rules *r, const struct vd_event *ev)
{
    char key[VD_ID_MAX + VD_AREA_MAX + 4];
    size_t len = candidates_key(ev, key, sizeof key);
    struct candidates *c = vd_map_get(&r->candidates, key, len);

    if (c != NULL)
        return c;
    if (r->candidates.n >= CANDIDATES_MAX)
        candidates_flush(r);
    c = candidates_make(r, ev);
    if (c == NULL || vd_map_put(&r->candidates, c->key, c->key_len, c) < 0) {
        free(c);
        r->rc = VD_ENOMEM;
        return NULL;
    }
    return c;
}

/* ---- stands ---- */

void stand_dirty(struct vd_rules *r, struct stand *s)
{
    if (s->is_dirty)
        return;
    s->is_dirty = true;
    s->dirty_next = r->dirty;
    r->dirty = s;
}

static void unshow(struct vd_rules *r, struct stand *s)
{
    struct stand *first = vd_map_get(&r->shown, s->event.bytes, sizeof s->event.bytes);

    if (first == s) {
        (void)vd_map_take(&r->shown, s->event.bytes, sizeof s->event.bytes);
        if (s->shown_next != NULL && /* room was just made */
            vd_map_put(&r->shown, s->shown_next->event.bytes, sizeof s->event.bytes,
                       s->shown_next) < 0)
            r->rc = VD_ENOMEM;
    } else {
        for (; first != NULL; first = first->shown_next)
            if (first->shown_next == s)
                first->shown_next = s->shown_next;
    }
    s->shown_next = NULL;
}

void stand_show(struct vd_rules *r, struct stand *s, const struct vd_uuid *event)
{
    struct stand *first;

    if (!vd_uuid_is_nil(&s->event))
        unshow(r, s);
    s->event = *event;
    first = vd_map_get(&r->shown, event->bytes, sizeof event->bytes);
    if (first != NULL) {
        s->shown_next = first->shown_next;
        first->shown_next = s;
    } else if (vd_map_put(&r->shown, s->event.bytes, sizeof s->event.bytes, s) < 0) {
        r->rc = VD_ENOMEM;
    }
}

struct stand *stand_new(struct vd_rules *r, const struct vd_uuid *alert, const char *rule_id,
                        const char *group)
{
    struct stand *s = calloc(1, sizeof *s);

    if (s == NULL) {
        r->rc = VD_ENOMEM;
        return NULL;
    }
    s->alert = *alert;
    (void)vd_str_copy(s->rule_id, sizeof s->rule_id, rule_id);
    (void)vd_str_copy(s->group, sizeof s->group, group);
    (void)snprintf(s->group_id, sizeof s->group_id, "%s\n%s", s->rule_id, s->group);
    s->rule = vd_map_get(&r->rules, s->rule_id, strlen(s->rule_id));
    if (vd_map_put(&r->stands, s->alert.bytes, sizeof s->alert.bytes, s) < 0) {
        r->rc = VD_ENOMEM;
        free(s);
        return NULL;
    }
    return s;
}

void stand_forget(struct vd_rules *r, struct stand *s)
{
    size_t len = strlen(s->group_id);

    (void)vd_map_take(&r->stands, s->alert.bytes, sizeof s->alert.bytes);
    if (vd_map_get(&r->groups, s->group_id, len) == s)
        (void)vd_map_take(&r->groups, s->group_id, len);
    unshow(r, s);
    s->is_gone = true;
    stand_dirty(r, s);
}

void stand_make_room(struct vd_rules *r)
{
    struct stand *s, *oldest = NULL;
    size_t at = 0;

    if (r->stands.n < VD_RULES_STANDS_MAX)
        return;
    while ((s = vd_map_next(&r->stands, &at)) != NULL)
        if (s->n_open == 0 && (oldest == NULL || s->last_us < oldest->last_us))
            oldest = s;
    if (oldest != NULL)
        stand_forget(r, oldest);
    r->forgotten++;
}

/* ---- live happenings ---- */

struct live *live_get(struct vd_rules *r, const struct vd_uuid *event, bool is_needed)
{
    struct live *live = vd_map_get(&r->live, event->bytes, sizeof event->bytes);

    if (live != NULL)
        return live;
    if (r->live.n >= (is_needed ? 2 : 1) * (size_t)VD_RULES_LIVE_MAX) {
        r->not_waited_for++;
        return NULL;
    }
    live = calloc(1, sizeof *live);
    if (live != NULL)
        live->event = *event;
    if (live == NULL ||
        vd_map_put(&r->live, live->event.bytes, sizeof live->event.bytes, live) < 0) {
        free(live);
        r->rc = VD_ENOMEM;
        return NULL;
    }
    return live;
}

struct tie *tie_of(struct live *live, const struct vd_rule *rule)
{
    for (int i = 0; live != NULL && i < live->n_ties; i++)
        if (live->ties[i].rule == rule)
            return &live->ties[i];
    return NULL;
}

struct tie *tie_new(struct vd_rules *r, struct live *live, const struct vd_rule *rule)
{
    if (live->n_ties == live->room) {
        int room = live->room == 0 ? 2 : live->room * 2;
        struct tie *more = realloc(live->ties, (size_t)room * sizeof *more);

        if (more == NULL) {
            r->rc = VD_ENOMEM;
            return NULL;
        }
        live->ties = more;
        live->room = room;
    }
    live->ties[live->n_ties] = (struct tie){.rule = rule};
    return &live->ties[live->n_ties++];
}

void tie_drop(struct live *live, struct tie *tie)
{
    *tie = live->ties[--live->n_ties];
}

void live_drop(struct vd_rules *r, struct live *live)
{
    (void)vd_map_take(&r->live, live->event.bytes, sizeof live->event.bytes);
    free(live->ties);
    free(live);
}
