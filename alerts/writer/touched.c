#include "alerts/writer/touched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/workflow/alert_json.h"
#include "alerts/workflow/change.h"
#include "alerts/workflow/due.h"
#include "alerts/writer/shows.h"
#include "alerts/writer/touched_priv.h"
#include "base/str.h"

int vd_touched_new(struct vd_touched **ret_t, struct vd_err *err)
{
    struct vd_touched *t = calloc(1, sizeof *t);

    if (t == NULL)
        return vd_err_set(err, VD_ENOMEM, "writer: out of memory");
    *ret_t = t;
    return 0;
}

void vd_touched_free(struct vd_touched **t)
{
    free(*t);
    *t = NULL;
}

void vd_touched_reset(struct vd_touched *t, struct vd_pg *pg, struct vd_rules *rules,
                      struct vd_pile *pile, int64_t now_us)
{
    *t = (struct vd_touched){.pg = pg, .rules = rules, .pile = pile, .now_us = now_us};
    t->last = &t->first;
    t->last_op = &t->ops;
}

static int no_memory(struct vd_err *err)
{
    return vd_err_set(err, VD_ENOMEM, "writer: out of memory");
}

struct entry *touched_find(const struct vd_touched *t, const struct vd_uuid *id)
{
    struct entry *e = t->first;

    while (e != NULL && !vd_uuid_equal(&e->id, id))
        e = e->next;
    return e;
}

static struct entry *entry_new(struct vd_touched *t, const struct vd_uuid *id)
{
    struct entry *e = vd_pile_take(t->pile, sizeof *e);

    if (e == NULL)
        return NULL;
    memset(e, 0, sizeof *e);
    e->id = *id;
    *t->last = e;
    t->last = &e->next;
    return e;
}

/* Locks the row, once. *ret_e NULL: there is no such alert (any more). */
static int touch(struct vd_touched *t, const struct vd_uuid *id, struct entry **ret_e,
                 struct vd_err *err)
{
    char text[VD_UUID_TEXT];
    struct vd_alert *alert;
    struct entry *e = touched_find(t, id);
    int rc;

    *ret_e = e;
    if (e != NULL)
        return 0;
    vd_uuid_format(id, text);
    alert = vd_pile_take(t->pile, sizeof *alert);
    if (alert == NULL)
        return no_memory(err);
    rc = vd_pg_alert_get(t->pg, text, VD_PG_FOR_UPDATE, alert, err);
    if (rc <= 0)
        return rc;
    *ret_e = e = entry_new(t, id);
    if (e == NULL)
        return no_memory(err);
    e->alert = *alert;
    e->type = VD_CHANGE_MEDIA;
    return 0;
}

/* The weightiest first: what a log entry is named by. */
static int weight(enum vd_change_type type)
{
    static const int weights[] = {
        [VD_CHANGE_OPEN] = 7,     [VD_CHANGE_RESOLVE] = 6, [VD_CHANGE_JOIN] = 5,
        [VD_CHANGE_SUPPRESS] = 4, [VD_CHANGE_RELEASE] = 4, [VD_CHANGE_QUIET] = 2,
        [VD_CHANGE_OVER] = 2,     [VD_CHANGE_LESS] = 1,    [VD_CHANGE_MEDIA] = 0};

    return weights[type];
}

static void mark(struct vd_touched *t, struct entry *e, const struct vd_change *change)
{
    if (!e->is_changed || weight(change->type) > weight(e->type))
        e->type = change->type;
    e->is_changed = true;
    e->alert.changed_us = t->now_us;
    (void)snprintf(e->alert.changed_by, sizeof e->alert.changed_by, "rule:%s", change->rule_id);
}

/* Ended and of no happening: of all that the alert stood for. */
static int note_tie(struct vd_touched *t, const struct vd_change *change, bool is_end,
                    struct vd_err *err)
{
    struct tie_op *op;

    if (!is_end && vd_uuid_is_nil(&change->event))
        return 0; /* a silence */
    op = vd_pile_take(t->pile, sizeof *op);
    if (op == NULL)
        return no_memory(err);
    *op = (struct tie_op){.alert = change->alert, .event = change->event, .is_end = is_end};
    *t->last_op = op;
    t->last_op = &op->next;
    return 0;
}

/* What the rule says, copied: the alert outlives its wording. */
static void take_rule(struct vd_alert *a, const struct vd_rule *rule)
{
    (void)vd_str_copy(a->severity, sizeof a->severity, vd_severity_name(rule->severity));
    (void)vd_str_copy(a->rule, sizeof a->rule, rule->id);
    (void)vd_str_copy(a->resolve, sizeof a->resolve, rule->is_auto ? "auto" : "by-hand");
    vd_copy_utf8(a->action, sizeof a->action, rule->action);
    if (rule->instruction != NULL)
        vd_copy_utf8(a->instruction, sizeof a->instruction, rule->instruction);
    if (rule->asks != NULL)
        vd_copy_utf8(a->asks, sizeof a->asks, rule->asks);
    a->ack_within_us = rule->ack_within_us;
    a->resolve_within_us = rule->resolve_within_us;
}

/* The message that it shows; that of a silence is none. */
static int show(struct vd_alert *a, const struct vd_change *change, struct vd_err *err)
{
    const struct vd_event *ev = change->ev;

    if (ev == NULL) {
        (void)vd_str_copy(a->kind, sizeof a->kind, "absence");
        (void)vd_str_copy(a->shows, sizeof a->shows, "null");
        return 0;
    }
    vd_uuid_format(&ev->event, a->event);
    (void)vd_str_copy(a->kind, sizeof a->kind, vd_kind_name(ev->kind));
    (void)vd_str_copy(a->snapshot, sizeof a->snapshot, ev->snapshot);
    if (change->rule->has_clip)
        (void)vd_str_copy(a->clip, sizeof a->clip, ev->clip);
    return vd_event_shows(ev, a->shows, sizeof a->shows, err);
}

static int open_alert(struct vd_touched *t, const struct vd_change *change, struct vd_err *err)
{
    struct entry *e = entry_new(t, &change->alert);
    struct vd_alert *a;

    if (e == NULL)
        return no_memory(err);
    a = &e->alert;
    e->is_new = true;
    e->type = VD_CHANGE_OPEN;
    a->version = 1;
    a->active = true;
    vd_uuid_format(&change->alert, a->id);
    (void)vd_str_copy(a->state, sizeof a->state, "open");
    (void)vd_str_copy(a->camera, sizeof a->camera, change->camera);
    (void)vd_str_copy(a->area, sizeof a->area, change->area);
    (void)vd_str_copy(a->group, sizeof a->group, change->group);
    take_rule(a, change->rule);
    a->events = change->count;
    a->first_us = change->first_us;
    a->last_us = change->last_us;
    a->opened_us = t->now_us;
    vd_work_count_from(a, a->opened_us);
    mark(t, e, change);
    return show(a, change, err);
}

static int join(struct vd_touched *t, const struct vd_change *change, struct vd_err *err)
{
    struct vd_change own;
    struct entry *e;
    int rc = touch(t, &change->alert, &e, err);

    if (rc < 0)
        return rc;
    if (e == NULL || strcmp(e->alert.state, "resolved") == 0) {
        /* Closed by hand meanwhile: what comes now is news, unless it must be counted anew.
         * The split rewrites the change. */
        rc = vd_rules_split(t->rules, &change->alert, &change->event, t->now_us, err);
        if (rc <= 0)
            return rc;
        own = *change;
        own.type = VD_CHANGE_OPEN;
        rc = open_alert(t, &own, err);
        return rc < 0 ? rc : note_tie(t, &own, false, err);
    }
    e->alert.events = change->count;
    e->alert.active = true;
    e->alert.last_us = change->last_us;
    if (change->first_us < e->alert.first_us)
        e->alert.first_us = change->first_us;
    mark(t, e, change);
    return note_tie(t, change, false, err);
}

/* A better picture or the clip of what it shows. With a picture come the boxes and figures of
 * its message: those of an earlier one would lie beside what it shows. Returns 1 when there was
 * one. */
static int take_media(struct vd_alert *a, const struct vd_change *change, struct vd_err *err)
{
    const struct vd_event *ev = change->ev;
    bool has_clip = change->rule == NULL || change->rule->has_clip, is_new = false;
    char event[VD_UUID_TEXT];
    int rc;

    vd_uuid_format(&ev->event, event);
    if (strcmp(event, a->event) != 0)
        return 0;
    if (ev->snapshot[0] != '\0' && strcmp(ev->snapshot, a->snapshot) != 0) {
        is_new = vd_str_copy(a->snapshot, sizeof a->snapshot, ev->snapshot);
        rc = vd_event_shows(ev, a->shows, sizeof a->shows, err);
        if (rc < 0)
            return rc;
    }
    /* The first shows how it began; what goes on in further files is found by the event. */
    if (has_clip && ev->clip[0] != '\0' && a->clip[0] == '\0')
        is_new = vd_str_copy(a->clip, sizeof a->clip, ev->clip) || is_new;
    return is_new;
}

static int less(struct vd_touched *t, const struct vd_change *change, struct vd_err *err)
{
    struct entry *e;
    bool is_tied = change->type != VD_CHANGE_MEDIA && change->ev != NULL;
    int rc = is_tied ? note_tie(t, change, true, err) : 0;
    bool is_new;

    if (rc == 0)
        rc = touch(t, &change->alert, &e, err);
    if (rc < 0 || e == NULL)
        return rc;
    rc = change->ev != NULL ? take_media(&e->alert, change, err) : 0;
    if (rc < 0)
        return rc;
    is_new = rc > 0;
    if (change->type == VD_CHANGE_QUIET && e->alert.active) {
        e->alert.active = false;
        e->alert.last_us = change->last_us;
        is_new = true;
    }
    if (is_new)
        mark(t, e, change);
    return 0;
}

/* Little is left of a cause: what is left is news of its own. */
static int over(struct vd_touched *t, const struct vd_change *change, struct vd_err *err)
{
    struct entry *e;
    int rc = note_tie(t, change, true, err);

    if (rc == 0)
        rc = touch(t, &change->alert, &e, err);
    if (rc < 0 || e == NULL || !e->alert.active)
        return rc;
    e->alert.active = false;
    e->alert.last_us = change->last_us;
    mark(t, e, change);
    return 0;
}

/* Only what the rules put beneath a cause comes up again with it. */
static int suppress(struct vd_touched *t, const struct vd_change *change, struct vd_err *err)
{
    char parent[VD_UUID_TEXT];
    bool is_release = change->type == VD_CHANGE_RELEASE;
    struct entry *e;
    int rc = touch(t, &change->alert, &e, err);

    if (rc < 0 || e == NULL || strcmp(e->alert.state, "resolved") == 0)
        return rc;
    vd_uuid_format(&change->parent, parent);
    if (is_release && strcmp(e->alert.suppressed_by, parent) != 0)
        return 0;
    (void)vd_str_copy(e->alert.suppressed_by, sizeof e->alert.suppressed_by,
                      is_release ? "" : parent);
    if (is_release && strcmp(e->alert.state, "open") == 0)
        vd_work_count_from(&e->alert, t->now_us); /* nobody was told of it before */
    mark(t, e, change);
    return 0;
}

static int resolve(struct vd_touched *t, const struct vd_change *change, struct vd_err *err)
{
    struct entry *e;
    int rc = touch(t, &change->alert, &e, err);

    if (rc < 0 || e == NULL || strcmp(e->alert.state, "resolved") == 0)
        return rc;
    /* What lay beneath a cause ends with it, but for what somebody works on. */
    if (strcmp(e->alert.resolve, "by-hand") == 0 && strcmp(e->alert.state, "open") != 0)
        return 0;
    (void)vd_str_copy(e->alert.state, sizeof e->alert.state, "resolved");
    e->alert.resolved_us = t->now_us;
    e->alert.shelved_until_us = 0;
    e->alert.shelved_reason[0] = '\0';
    mark(t, e, change);
    return 0;
}

int vd_touched_apply(struct vd_touched *t, const struct vd_change *change, struct vd_err *err)
{
    int rc;

    switch (change->type) {
    case VD_CHANGE_OPEN:
        rc = open_alert(t, change, err);
        return rc < 0 ? rc : note_tie(t, change, false, err);
    case VD_CHANGE_JOIN:
        return join(t, change, err);
    case VD_CHANGE_LESS:
    case VD_CHANGE_QUIET:
    case VD_CHANGE_MEDIA:
        return less(t, change, err);
    case VD_CHANGE_ATTACH:
        return note_tie(t, change, false, err);
    case VD_CHANGE_OVER:
        return over(t, change, err);
    case VD_CHANGE_SUPPRESS:
    case VD_CHANGE_RELEASE:
        return suppress(t, change, err);
    case VD_CHANGE_NONE:
        return 0;
    case VD_CHANGE_RESOLVE:
        break;
    }
    return resolve(t, change, err);
}

int vd_touched_count(const struct vd_touched *t)
{
    int n = 0;

    for (const struct entry *e = t->first; e != NULL; e = e->next)
        n += e->is_changed && !e->is_refused;
    return n;
}

int touched_log(struct vd_touched *t, struct entry *e, struct vd_err *err)
{
    static const char *const names[] = {
        [VD_CHANGE_OPEN] = "open",         [VD_CHANGE_JOIN] = "join",
        [VD_CHANGE_LESS] = "media",        [VD_CHANGE_QUIET] = "quiet",
        [VD_CHANGE_MEDIA] = "media",       [VD_CHANGE_RESOLVE] = "resolve",
        [VD_CHANGE_OVER] = "quiet",        [VD_CHANGE_SUPPRESS] = "suppress",
        [VD_CHANGE_RELEASE] = "unsuppress"};
    const char *parent = e->alert.suppressed_by;
    char detail[200];

    (void)snprintf(detail, sizeof detail,
                   "{\"version\":%lld,\"state\":\"%s\",\"active\":%s,\"events\":%lld%s%s%s}",
                   (long long)e->alert.version, e->alert.state,
                   e->alert.active ? "true" : "false", (long long)e->alert.events,
                   parent[0] != '\0' ? ",\"suppressed_by\":\"" : "", parent,
                   parent[0] != '\0' ? "\"" : "");
    return vd_alert_log(t->pg, &e->alert, e->alert.changed_by, names[e->type], detail, &e->head,
                        err);
}

int vd_touched_log(struct vd_touched *t, struct vd_err *err)
{
    int rc = 0;

    for (struct entry *e = t->first; e != NULL && rc >= 0; e = e->next)
        if (e->is_changed && !e->is_refused)
            rc = touched_log(t, e, err);
    return rc;
}

int touched_message(struct vd_touched *t, struct entry *e, struct vd_pg_feed_row *row,
                    struct vd_err *err)
{
    char topic[VD_ALERT_TOPIC_MAX];
    char *body = vd_pile_take(t->pile, VD_ALERT_JSON_MAX);
    int rc = body == NULL ? no_memory(err) : 0;

    if (rc == 0)
        rc = vd_alert_topic(&e->alert, topic, sizeof topic, err);
    if (rc >= 0)
        rc = vd_alert_encode(&e->alert, &e->head, body, VD_ALERT_JSON_MAX, err);
    if (rc < 0)
        return rc;
    *row = (struct vd_pg_feed_row){.position = e->alert.position,
                                   .received_us = t->now_us,
                                   .topic = vd_pile_copy(t->pile, topic, strlen(topic)),
                                   .body = body,
                                   .body_len = (size_t)rc};
    return row->topic == NULL ? no_memory(err) : 0;
}

/* The rules know already whether others go on. */
static void ignore(void *arg, const char *alert, bool still_active)
{
    (void)arg;
    (void)alert;
    (void)still_active;
}

int touched_tie(struct vd_touched *t, const struct tie_op *op, struct vd_err *err)
{
    char alert[VD_UUID_TEXT], event[VD_UUID_TEXT];

    vd_uuid_format(&op->alert, alert);
    vd_uuid_format(&op->event, event);
    if (vd_uuid_is_nil(&op->event))
        return vd_pg_alert_events_end(t->pg, alert, err);
    return op->is_end ? vd_pg_alert_event_end(t->pg, event, ignore, NULL, err)
                      : vd_pg_alert_event_add(t->pg, alert, event, err);
}

static int store_ties(struct vd_touched *t, struct vd_err *err)
{
    int rc = 0;

    for (const struct tie_op *op = t->ops; op != NULL && rc >= 0; op = op->next) {
        const struct entry *e = touched_find(t, &op->alert);

        if (e == NULL || !e->is_refused)
            rc = touched_tie(t, op, err);
    }
    return rc;
}

int touched_row(struct vd_touched *t, struct entry *e, struct vd_err *err)
{
    int rc;

    vd_work_arm(&e->alert); /* what is resolved or suppressed is due no more */
    rc = e->is_new ? vd_pg_alert_insert(t->pg, &e->alert, err)
                   : vd_pg_alert_update(t->pg, &e->alert, err);
    if (rc == 0 && !e->is_new)
        rc = vd_err_set(err, VD_EPROTO, "alert %s changed under its lock", e->alert.id);
    return rc;
}

int vd_touched_store(struct vd_touched *t, int64_t first, struct vd_pg_feed_row *ret_rows,
                     struct vd_err *err)
{
    int n = 0;

    for (struct entry *e = t->first; e != NULL; e = e->next) {
        int rc;

        if (!e->is_changed || e->is_refused)
            continue;
        e->alert.position = first + n;
        rc = touched_row(t, e, err);
        if (rc < 0)
            return rc;
        if (!e->is_new)
            e->alert.version++;
        rc = touched_message(t, e, &ret_rows[n++], err);
        if (rc < 0)
            return rc;
    }
    return store_ties(t, err);
}
