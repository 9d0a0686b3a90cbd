/* The memory as text, and back. Times are microseconds: this is read by programs alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/memory.h"
#include "base/json.h"
#include "base/str.h"

/* Collects failures of a row of sets, so that each need not be asked. */
struct out {
    struct vd_json *object;
    int rc;
};

static void put(struct out *o, const char *key, struct vd_json *value)
{
    if (vd_json_set(o->object, key, value) < 0)
        o->rc = VD_ENOMEM;
}

static void put_uuid(struct out *o, const char *key, const struct vd_uuid *id)
{
    char text[VD_UUID_TEXT];

    if (vd_uuid_is_nil(id))
        return;
    vd_uuid_format(id, text);
    put(o, key, vd_json_text(text));
}

static void put_flag(struct out *o, const char *key, bool is_set)
{
    if (is_set)
        put(o, key, vd_json_bool(true));
}

static void put_stand(struct out *o, const struct stand *s)
{
    put(o, "group", vd_json_text(s->group));
    put_uuid(o, "event", &s->event);
    put_uuid(o, "parent", &s->parent);
    put(o, "first", vd_json_int(s->first_us));
    put(o, "last", vd_json_int(s->last_us));
    put(o, "opened", vd_json_int(s->opened_us));
    put(o, "window", vd_json_int(s->window_us));
    put(o, "count", vd_json_int(s->count));
    put(o, "needs", vd_json_int(s->needs));
    put(o, "serial", vd_json_int(s->serial));
    put_flag(o, "auto", s->is_auto);
    put_flag(o, "resolved", s->is_resolved);
    put_flag(o, "closed", s->is_closed);
    put_flag(o, "over", s->is_over);
    put_flag(o, "silent", s->is_silent);
    if (s->is_refused)
        put(o, "refused", vd_json_int(s->n_open));
}

static void put_mark(struct out *o, const struct mark *mark)
{
    put(o, "group", vd_json_text(mark->tally->group));
    put(o, "camera", vd_json_text(mark->camera));
    put(o, "at", vd_json_int(mark->at_us));
}

static void put_silence(struct out *o, const struct silence *s)
{
    put(o, "heard", vd_json_int(s->heard_us));
}

/* What a row is called by; the letter tells what it is, an alert has none. */
static const char MARK_LETTERS[N_MARK_ROLES + 1] = "fsc";

struct row {
    const char *rule;
    char key[VD_RULES_KEY_MAX + 1], state[VD_RULES_STATE_MAX + 1];
};

union any {
    const struct kept *kept;
    const struct stand *stand;
    const struct mark *mark;
    const struct silence *silence;
};

static void name_row(union any of, struct row *row)
{
    char id[VD_UUID_TEXT];

    switch (of.kept->type) {
    case KEPT_STAND:
        row->rule = of.stand->rule_id;
        vd_uuid_format(&of.stand->alert, row->key);
        return;
    case KEPT_MARK:
        row->rule = of.mark->rule_id;
        vd_uuid_format(&of.mark->event, id);
        (void)snprintf(row->key, sizeof row->key, "%c:%s", MARK_LETTERS[of.mark->role], id);
        return;
    case KEPT_SILENCE:
        row->rule = of.silence->rule->id;
        (void)snprintf(row->key, sizeof row->key, "q:%s", of.silence->group);
    }
}

static int print_row(union any of, struct row *row)
{
    struct out o = {.object = vd_json_object()};
    int rc;

    if (of.kept->type == KEPT_STAND)
        put_stand(&o, of.stand);
    else if (of.kept->type == KEPT_MARK)
        put_mark(&o, of.mark);
    else
        put_silence(&o, of.silence);
    rc = o.rc < 0 ? o.rc : vd_json_print(o.object, row->state, sizeof row->state, NULL);
    vd_json_free(&o.object);
    return rc < 0 ? VD_ENOMEM : 0;
}

int vd_rules_save(struct vd_rules *rules, vd_rules_state_fn *each, void *arg)
{
    int n = 0;

    while (rules->dirty != NULL) {
        struct kept *kept = rules->dirty;
        union any of = {.kept = kept};
        struct row row;
        int rc = 0;

        name_row(of, &row);
        if (!kept->is_gone)
            rc = print_row(of, &row);
        if (rc == 0)
            rc = each(arg, row.rule, row.key, kept->is_gone ? NULL : row.state);
        if (rc < 0)
            return rc;
        rules->dirty = kept->dirty_next;
        kept->is_dirty = false;
        if (kept->is_gone)
            kept_free(kept);
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

    if (r->serial < s->serial)
        r->serial = s->serial;
    if (other != NULL && other->serial > s->serial)
        return;
    if (vd_map_put(&r->groups, s->group_id, len, s) < 0)
        r->rc = VD_ENOMEM;
}

static bool get_uuid(const struct vd_json *o, const char *key, struct vd_uuid *ret_id)
{
    const char *text = vd_json_get_text(o, key);

    return text == NULL || vd_uuid_parse(text, ret_id);
}

static int nonsense(const char *rule, struct vd_err *err)
{
    return vd_err_set(err, VD_EPROTO, "state of rule '%s' makes no sense", rule);
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
    stand_attach(r, s, live);
    return r->rc;
}

/* A refused alert has no row that tells its happenings: the one it would show is enough. */
static void restore_refused(struct vd_rules *r, struct stand *s, const struct vd_json *o)
{
    s->is_refused = vd_json_get(o, "refused") != NULL;
    if (vd_json_get_int(o, "refused", 0) > 0 && !vd_uuid_is_nil(&s->event) &&
        attach(r, s, &s->event) < 0)
        r->rc = VD_ENOMEM;
}

static int restore_stand(struct vd_rules *r, const char *rule, const struct vd_uuid *alert,
                         const struct vd_json *o, struct vd_err *err)
{
    const char *group = vd_json_get_text(o, "group");
    struct vd_uuid shown = {{0}}, parent = {{0}};
    struct stand *s;

    if (group == NULL || !get_uuid(o, "event", &shown) || !get_uuid(o, "parent", &parent) ||
        strlen(rule) > RULE_ID_MAX || strlen(group) > VD_GROUP_KEY_MAX ||
        vd_json_get(o, "last") == NULL)
        return nonsense(rule, err);
    s = stand_new(r, alert, rule, group);
    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    s->first_us = vd_json_get_int(o, "first", 0);
    s->last_us = vd_json_get_int(o, "last", 0);
    s->opened_us = vd_json_get_int(o, "opened", s->first_us);
    s->window_us = vd_json_get_int(o, "window", 0);
    s->count = vd_json_get_int(o, "count", 1);
    s->needs = (int)vd_json_get_int(o, "needs", 0);
    s->serial = vd_json_get_int(o, "serial", 0);
    s->is_auto = get_bool(o, "auto");
    s->is_resolved = get_bool(o, "resolved");
    s->is_closed = get_bool(o, "closed");
    s->is_over = get_bool(o, "over");
    s->is_silent = get_bool(o, "silent");
    s->parent = parent;
    if (s->is_silent)
        silence_link(r, s);
    stand_show(r, s, &shown);
    restore_refused(r, s, o);
    index_group(r, s);
    r->next_stand_us = 0; /* the next tick looks at all */
    return r->rc < 0 ? vd_err_set(err, VD_ENOMEM, "rules: out of memory") : 0;
}

/* The row of a rule or group that is no more goes with the next save. */
static int let_go(struct vd_rules *r, const struct mark *of, struct vd_err *err)
{
    struct mark *mark = malloc(sizeof *mark);

    if (mark == NULL)
        return vd_err_set(err, VD_ENOMEM, "rules: out of memory");
    *mark = *of;
    mark->kept = (struct kept){.type = KEPT_MARK, .is_gone = true};
    kept_dirty(r, &mark->kept);
    return 0;
}

static int restore_mark(struct vd_rules *r, const char *rule_id, const char *key,
                        const struct vd_json *o, struct vd_err *err)
{
    const char *group = vd_json_get_text(o, "group"), *camera = vd_json_get_text(o, "camera");
    const struct vd_rule *rule = vd_map_get(&r->rules, rule_id, strlen(rule_id));
    struct mark of = {.role = (enum mark_role)(strchr(MARK_LETTERS, key[0]) - MARK_LETTERS)};
    bool is_wanted = rule != NULL && rule->is_enabled &&
                     (of.role == MARK_COUNTED ? rule->count.within_us : rule->after_us) > 0;
    struct tally *t;

    if (group == NULL || camera == NULL || strlen(group) > VD_GROUP_KEY_MAX ||
        strlen(rule_id) > RULE_ID_MAX || !vd_uuid_parse(key + 2, &of.event) ||
        !vd_str_copy(of.camera, sizeof of.camera, camera))
        return nonsense(rule_id, err);
    (void)vd_str_copy(of.rule_id, sizeof of.rule_id, rule_id);
    of.at_us = vd_json_get_int(o, "at", 0);
    if (!is_wanted)
        return let_go(r, &of, err);
    t = tally_get(r, rule, group);
    if (t != NULL)
        (void)mark_add(r, t, of.role, &of);
    return r->rc < 0 ? vd_err_set(err, VD_ENOMEM, "rules: out of memory") : 0;
}

static int restore_silence(struct vd_rules *r, const char *rule_id, const char *group,
                           const struct vd_json *o, struct vd_err *err)
{
    const struct vd_rule *rule = vd_map_get(&r->rules, rule_id, strlen(rule_id));
    struct silence *s = NULL;

    if (strlen(group) > VD_GROUP_KEY_MAX)
        return nonsense(rule_id, err);
    if (rule != NULL)
        s = silence_of(r, rule, group);
    if (s != NULL) /* else a few bytes, of use when the rule comes back */
        s->heard_us = vd_json_get_int(o, "heard", 0);
    return 0;
}

static int restore(struct vd_rules *r, const char *rule, const char *key,
                   const struct vd_json *o, struct vd_err *err)
{
    struct vd_uuid alert;

    if (vd_uuid_parse(key, &alert))
        return restore_stand(r, rule, &alert, o, err);
    if (key[0] != '\0' && key[1] == ':' && key[0] == 'q')
        return restore_silence(r, rule, key + 2, o, err);
    if (key[0] != '\0' && key[1] == ':' && strchr(MARK_LETTERS, key[0]) != NULL)
        return restore_mark(r, rule, key, o, err);
    return nonsense(rule, err);
}

int vd_rules_restore(struct vd_rules *rules, const char *rule, const char *key,
                     const char *state, struct vd_err *err)
{
    struct vd_json *doc = NULL;
    int rc;

    rules->rc = 0;
    if (strlen(state) > VD_RULES_STATE_MAX || strlen(key) > VD_RULES_KEY_MAX)
        return nonsense(rule, err);
    rules->is_restoring = true;
    rc = vd_json_parse(&doc, state, strlen(state), err);
    if (rc == 0)
        rc = restore(rules, rule, key, doc, err);
    vd_json_free(&doc);
    rules->is_restoring = false;
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

/* Whether a rule that counts has met it before: then more must come, and it is none of them. */
static bool is_counted(struct vd_rules *r, const struct vd_rule *rule,
                       const struct vd_event *ev, int64_t due_us)
{
    char group[VD_GROUP_KEY_MAX + 1], id[GROUP_ID_MAX + 1];
    const struct tally *t;
    size_t len;

    if (rule->count.within_us == 0 && rule->after_us == 0)
        return false;
    if (due_us <= vd_seen_us(ev))
        return true;
    vd_rule_group(rule, ev, group);
    len = group_id(rule, group, id);
    t = vd_map_get(&r->tallies, id, len);
    return t != NULL && (mark_is_known(t, MARK_COUNTED, &ev->event) ||
                         mark_is_known(t, MARK_SECOND, &ev->event));
}

static void restore_tie(struct vd_rules *r, const struct vd_rule *rule,
                        const struct vd_event *ev, struct live **live)
{
    int64_t due_us;
    struct tie *tie;

    if (rule->absent_us > 0) {
        if (vd_cond_holds(&rule->when, ev) == VD_WHY_FIRES)
            silence_join(r, rule, live, ev);
        return;
    }
    (void)vd_rule_decide(rule, ev, 0, true, &due_us);
    if (due_us == INT64_MAX)
        return;
    *live = live_get(r, &ev->event, false);
    tie = *live != NULL ? tie_new(r, *live, rule) : NULL;
    if (tie == NULL)
        return;
    (*live)->ev = *ev;
    tie->is_counted = is_counted(r, rule, ev, due_us);
    if (!tie->is_counted)
        wait_for(r, tie, due_us);
}

int vd_rules_restore_open(struct vd_rules *rules, const struct vd_event *ev, struct vd_err *err)
{
    struct live *live = vd_map_get(&rules->live, ev->event.bytes, sizeof ev->event.bytes);
    const struct candidates *c;

    rules->rc = 0;
    if (live != NULL)
        live->ev = *ev;
    c = rules_candidates(rules, ev);
    for (int i = 0; c != NULL && i < c->n && rules->rc == 0; i++)
        if (c->items[i].is_when && tie_of(live, c->items[i].rule) == NULL)
            restore_tie(rules, c->items[i].rule, ev, &live);
    return rules->rc < 0 ? vd_err_set(err, VD_ENOMEM, "rules: out of memory") : 0;
}
