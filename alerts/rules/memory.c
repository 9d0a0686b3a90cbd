#include "alerts/rules/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { CANDIDATES_MAX = 32768 };

/* Stands stay this long behind their window, for a clip that is late. */
static const int64_t LINGER_US = INT64_C(900000000);

/* ---- candidates ---- */

static size_t candidates_key(const struct vd_event *ev, char *key, size_t size)
{
    size_t len = 0;

    (void)vd_str_add(key, size, &len, "%c%s\n%s", 'A' + (char)ev->kind, ev->camera, ev->area);
    return len;
}

const struct vd_names *camera_tags(const struct vd_rules *r, const struct vd_event *ev)
{
    static const struct vd_names no_tags = {0};
    const struct vd_rules_camera *camera =
        vd_map_get(&r->cameras, ev->camera, strlen(ev->camera));

    return camera != NULL ? &camera->tags : &no_tags;
}

static struct candidates *candidates_make(struct vd_rules *r, const struct vd_event *ev)
{
    const struct vd_names *tags = camera_tags(r, ev);
    struct candidates *c, *tight;
    int n = r->opts.n_rules;

    c = calloc(1, sizeof *c + (size_t)n * sizeof c->items[0]);
    if (c == NULL)
        return NULL;
    c->key_len = candidates_key(ev, c->key, sizeof c->key);
    for (int i = 0; i < n; i++) {
        const struct vd_rule *rule = &r->opts.rules[i];
        struct candidate item = {.rule = rule};

        item.is_when = vd_cond_concerns(&rule->when, ev, tags) == VD_WHY_FIRES;
        item.is_after =
            rule->after_us > 0 && vd_cond_concerns(&rule->after, ev, tags) == VD_WHY_FIRES;
        if (rule->is_enabled && (item.is_when || item.is_after))
            c->items[c->n++] = item;
    }
    tight = realloc(c, sizeof *c + (size_t)c->n * sizeof c->items[0]);
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

/* ---- what is kept ---- */

void kept_dirty(struct vd_rules *r, struct kept *kept)
{
    if (kept->is_dirty)
        return;
    kept->is_dirty = true;
    kept->dirty_next = r->dirty;
    r->dirty = kept;
}

void kept_free(struct kept *kept)
{
    union {
        struct kept *kept;
        struct stand *stand;
        struct mark *mark;
    } of = {.kept = kept};

    if (kept->type == KEPT_STAND)
        free(of.stand->open);
    if (kept->type == KEPT_MARK)
        free(of.mark->ev);
    free(kept);
}

size_t group_id(const struct vd_rule *rule, const char *group, char id[GROUP_ID_MAX + 1])
{
    size_t len = strlen(rule->id), group_len = strlen(group);

    assert(len <= RULE_ID_MAX && group_len <= VD_GROUP_KEY_MAX);
    memcpy(id, rule->id, len);
    id[len] = '\n';
    memcpy(id + len + 1, group, group_len + 1);
    return len + 1 + group_len;
}

/* ---- stands ---- */

bool stand_lasts(const struct stand *s)
{
    return s->n_open > 0 || s->is_silent;
}

void stand_attach(struct vd_rules *r, struct stand *s, struct live *live)
{
    if (s->n_open == s->room) {
        int room = s->room == 0 ? 2 : s->room * 2;
        struct live **more = realloc(s->open, (size_t)room * sizeof(struct live *));

        if (more == NULL) {
            r->rc = VD_ENOMEM;
            return;
        }
        s->open = more;
        s->room = room;
    }
    s->open[s->n_open++] = live;
}

void stand_detach(struct stand *s, const struct live *live)
{
    for (int i = 0; i < s->n_open; i++)
        if (s->open[i] == live) {
            s->open[i] = s->open[--s->n_open];
            return;
        }
}

int64_t stand_kept_until(const struct stand *s)
{
    int64_t until = s->last_us + s->window_us;

    if (s->rule != NULL)
        until = max64(until, s->opened_us + s->rule->cooldown_us);
    return until + LINGER_US;
}

static void unshow(struct vd_rules *r, struct stand *s)
{
    struct stand *first = vd_map_get(&r->shown, s->event.bytes, sizeof s->event.bytes);

    if (vd_uuid_is_nil(&s->event))
        return;
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

    unshow(r, s);
    s->event = *event;
    if (vd_uuid_is_nil(event))
        return;
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
    s->kept.type = KEPT_STAND;
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
    if (s->rule != NULL && s->rule->is_suppressing) {
        s->cause_next = r->causes;
        r->causes = s;
    }
    return s;
}

static void leave_causes(struct vd_rules *r, const struct stand *s)
{
    struct stand **at = &r->causes;

    while (*at != NULL && *at != s)
        at = &(*at)->cause_next;
    if (*at == s)
        *at = s->cause_next;
}

void stand_forget(struct vd_rules *r, struct stand *s)
{
    size_t len = strlen(s->group_id);

    (void)vd_map_take(&r->stands, s->alert.bytes, sizeof s->alert.bytes);
    if (vd_map_get(&r->groups, s->group_id, len) == s)
        (void)vd_map_take(&r->groups, s->group_id, len);
    unshow(r, s);
    leave_causes(r, s);
    s->kept.is_gone = true;
    kept_dirty(r, &s->kept);
}

void stand_make_room(struct vd_rules *r)
{
    struct stand *s, *oldest = NULL;
    size_t at = 0;

    if (r->stands.n < VD_RULES_STANDS_MAX)
        return;
    while ((s = vd_map_next(&r->stands, &at)) != NULL)
        if (!stand_lasts(s) && (oldest == NULL || s->last_us < oldest->last_us))
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
