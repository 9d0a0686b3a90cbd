/* The memory as text, and back. Times are microseconds: this is read by programs alone. */
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/memory.h"
#include "base/json.h"

static int print_state(const struct stand *s, char text[VD_RULES_STATE_MAX + 1])
{
    struct vd_json *o = vd_json_object();
    char event[VD_UUID_TEXT];
    int rc = -1;

    vd_uuid_format(&s->event, event);
    if (vd_json_set(o, "group", vd_json_text(s->group)) == 0 &&
        vd_json_set(o, "event", vd_json_text(event)) == 0 &&
        vd_json_set(o, "first", vd_json_int(s->first_us)) == 0 &&
        vd_json_set(o, "last", vd_json_int(s->last_us)) == 0 &&
        vd_json_set(o, "window", vd_json_int(s->window_us)) == 0 &&
        vd_json_set(o, "count", vd_json_int(s->count)) == 0 &&
        vd_json_set(o, "auto", vd_json_bool(s->is_auto)) == 0 &&
        vd_json_set(o, "resolved", vd_json_bool(s->is_resolved)) == 0 &&
        vd_json_set(o, "closed", vd_json_bool(s->is_closed)) == 0 &&
        (!s->is_refused || vd_json_set(o, "refused", vd_json_int(s->n_open)) == 0))
        rc = vd_json_print(o, text, VD_RULES_STATE_MAX + 1, NULL);
    vd_json_free(&o);
    return rc < 0 ? VD_ENOMEM : 0;
}

int vd_rules_save(struct vd_rules *rules, vd_rules_state_fn *each, void *arg)
{
    int n = 0;

    while (rules->dirty != NULL) {
        struct stand *s = rules->dirty;
        char text[VD_RULES_STATE_MAX + 1];
        int rc = s->is_gone ? 0 : print_state(s, text);

        if (rc == 0)
            rc = each(arg, s->rule_id, &s->alert, s->is_gone ? NULL : text);
        if (rc < 0)
            return rc;
        rules->dirty = s->dirty_next;
        s->is_dirty = false;
        if (s->is_gone)
            free(s);
        n++;
    }
    return n;
}

static bool get_bool(const struct vd_json *o, const char *key)
{
    bool value = false;

    return vd_json_as_bool(vd_json_get(o, key), &value) && value;
}

/* The newest of a group is the one that repeats fold into. */
static void index_group(struct vd_rules *r, struct stand *s)
{
    size_t len = strlen(s->group_id);
    const struct stand *other = vd_map_get(&r->groups, s->group_id, len);

    if (other != NULL && (s->is_closed || other->last_us > s->last_us) && !other->is_closed)
        return;
    if (vd_map_put(&r->groups, s->group_id, len, s) < 0)
        r->rc = VD_ENOMEM;
}

/* What it stands for, as far as it is known; once. */
static int attach(struct vd_rules *r, struct stand *s, const struct vd_uuid *event)
{
    struct live *live = live_get(r, event, true);
    struct tie *tie;

    for (int i = 0; live != NULL && i < live->n_ties; i++)
        if (live->ties[i].stand == s)
            return 0;
    tie = live != NULL ? tie_new(r, live, s->rule) : NULL;
    if (tie == NULL)
        return VD_ENOMEM;
    tie->stand = s;
    s->n_open++;
    return 0;
}

/* A refused alert has no row that tells its happenings: the one it would show is enough. */
static void restore_refused(struct vd_rules *r, struct stand *s, const struct vd_json *o)
{
    s->is_refused = vd_json_get(o, "refused") != NULL;
    if (vd_json_get_int(o, "refused", 0) > 0 && attach(r, s, &s->event) < 0)
        r->rc = VD_ENOMEM;
}

static int restore(struct vd_rules *r, const char *rule, const struct vd_uuid *alert,
                   const struct vd_json *o, struct vd_err *err)
{
    const char *group = vd_json_get_text(o, "group"), *event = vd_json_get_text(o, "event");
    struct vd_uuid shown;
    struct stand *s;

    if (group == NULL || event == NULL || !vd_uuid_parse(event, &shown) ||
        strlen(rule) > RULE_ID_MAX || strlen(group) > VD_GROUP_KEY_MAX)
        return vd_err_set(err, VD_EPROTO, "state of rule '%s' makes no sense", rule);
    s = stand_new(r, alert, rule, group);
    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    s->first_us = vd_json_get_int(o, "first", 0);
    s->last_us = vd_json_get_int(o, "last", 0);
    s->window_us = vd_json_get_int(o, "window", 0);
    s->count = vd_json_get_int(o, "count", 1);
    s->is_auto = get_bool(o, "auto");
    s->is_resolved = get_bool(o, "resolved");
    s->is_closed = get_bool(o, "closed");
    stand_show(r, s, &shown);
    restore_refused(r, s, o);
    index_group(r, s);
    r->next_stand_us = 0; /* the next tick looks at all */
    return r->rc < 0 ? vd_err_set(err, VD_ENOMEM, "rules: out of memory") : 0;
}

int vd_rules_restore(struct vd_rules *rules, const char *rule, const char *alert,
                     const char *state, struct vd_err *err)
{
    struct vd_json *doc = NULL;
    struct vd_uuid id;
    int rc;

    rules->rc = 0;
    if (!vd_uuid_parse(alert, &id) || strlen(state) > VD_RULES_STATE_MAX)
        return vd_err_set(err, VD_EPROTO, "state of rule '%s' makes no sense", rule);
    rc = vd_json_parse(&doc, state, strlen(state), err);
    if (rc == 0)
        rc = restore(rules, rule, &id, doc, err);
    vd_json_free(&doc);
    return rc;
}

int vd_rules_restore_event(struct vd_rules *rules, const char *alert, const char *event,
                           struct vd_err *err)
{
    struct vd_uuid id, happening;
    struct stand *s;

    rules->rc = 0;
    if (!vd_uuid_parse(alert, &id) || !vd_uuid_parse(event, &happening))
        return vd_err_set(err, VD_EPROTO, "happening '%s' makes no sense", event);
    s = vd_map_get(&rules->stands, id.bytes, sizeof id.bytes);
    if (s == NULL)
        return 0; /* forgotten since */
    if (attach(rules, s, &happening) < 0)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    return 0;
}

int vd_rules_restore_open(struct vd_rules *rules, const struct vd_event *ev, struct vd_err *err)
{
    struct live *live = vd_map_get(&rules->live, ev->event.bytes, sizeof ev->event.bytes);
    const struct candidates *c;

    rules->rc = 0;
    if (live != NULL)
        live->ev = *ev;
    c = rules_candidates(rules, ev);
    for (int i = 0; c != NULL && i < c->n; i++) {
        const struct vd_rule *rule = c->rules[i];
        int64_t due_us;
        struct tie *tie;

        if (tie_of(live, rule) != NULL)
            continue;
        (void)vd_rule_decide(rule, ev, 0, true, &due_us);
        if (due_us == INT64_MAX)
            continue;
        live = live_get(rules, &ev->event, false);
        tie = live != NULL ? tie_new(rules, live, rule) : NULL;
        if (tie == NULL)
            break;
        live->ev = *ev;
        tie->due_us = due_us;
        if (due_us < rules->next_live_us)
            rules->next_live_us = due_us;
    }
    return rules->rc < 0 ? vd_err_set(err, VD_ENOMEM, "rules: out of memory") : 0;
}
