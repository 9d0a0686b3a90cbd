/* Alerts to JSON. Absent texts and times are null, never "". */
#include "alerts/workflow/alert_json.h"

#include <stdio.h>
#include <string.h>

#include "alerts/workflow/due.h"
#include "base/crypto.h"
#include "base/str.h"
#include "base/uuid.h"

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

static void put_text(struct out *o, const char *key, const char *text)
{
    put(o, key, vd_json_text(text[0] != '\0' ? text : NULL));
}

static struct vd_json *done(struct out *o)
{
    if (o->rc < 0)
        vd_json_free(&o->object);
    return o->object;
}

static struct vd_json *events_json(const struct vd_alert *alert)
{
    struct out o = {.object = vd_json_object()};

    put(&o, "count", vd_json_int(alert->events));
    put(&o, "new", vd_json_int(alert->events - alert->seen_events));
    put(&o, "first", vd_json_time(alert->first_us));
    put(&o, "last", vd_json_time(alert->last_us));
    return done(&o);
}

/* Milliseconds, as times are; null: no deadline. */
static struct vd_json *span_json(int64_t span_us)
{
    return span_us > 0 ? vd_json_int(span_us / 1000) : vd_json_null();
}

static struct vd_json *within_json(const struct vd_alert *alert)
{
    struct out o = {.object = vd_json_object()};

    put(&o, "acknowledge_ms", span_json(alert->ack_within_us));
    put(&o, "resolve_ms", span_json(alert->resolve_within_us));
    return done(&o);
}

static struct vd_json *media_json(const struct vd_alert *alert)
{
    struct out o = {.object = vd_json_object()};

    put_text(&o, "snapshot", alert->snapshot);
    put_text(&o, "clip", alert->clip);
    return done(&o);
}

static struct vd_json *shelved_json(const struct vd_alert *alert)
{
    struct out o = {.object = NULL};

    if (alert->shelved_until_us == 0)
        return vd_json_null();
    o.object = vd_json_object();
    put(&o, "until", vd_json_time(alert->shelved_until_us));
    put_text(&o, "reason", alert->shelved_reason);
    return done(&o);
}

/* How far up the area tree it went, whose turn that makes it, and since when; null: nowhere. */
static struct vd_json *escalation_json(const struct vd_alert *alert)
{
    struct out o = {.object = NULL};
    char area[VD_ALERT_AREA_MAX + 1];

    if (alert->escalation == 0)
        return vd_json_null();
    vd_work_asked_area(alert->area, (int)alert->escalation, area, sizeof area);
    o.object = vd_json_object();
    put(&o, "level", vd_json_int(alert->escalation));
    put(&o, "area", vd_json_text(area));
    put(&o, "at", vd_json_time(alert->escalated_us));
    return done(&o);
}

/* What was stored as JSON; null when it is none. */
static struct vd_json *shows_json(const struct vd_alert *alert)
{
    struct vd_json *shows = NULL;

    if (vd_json_parse(&shows, alert->shows, strlen(alert->shows), NULL) < 0)
        return vd_json_null();
    return shows;
}

struct vd_json *vd_alert_json(const struct vd_alert *alert)
{
    struct out o = {.object = vd_json_object()};

    put_text(&o, "alert", alert->id);
    put(&o, "version", vd_json_int(alert->version));
    put_text(&o, "severity", alert->severity);
    put_text(&o, "state", alert->state);
    put(&o, "active", vd_json_bool(alert->active));
    put(&o, "area", vd_json_text(alert->area));
    put_text(&o, "camera", alert->camera);
    put_text(&o, "kind", alert->kind);
    put_text(&o, "rule", alert->rule);
    put_text(&o, "action", alert->action);
    put_text(&o, "instruction", alert->instruction);
    put_text(&o, "asks", alert->asks);
    put(&o, "within", within_json(alert));
    put_text(&o, "group", alert->group);
    put_text(&o, "resolve", alert->resolve);
    put(&o, "events", events_json(alert));
    put_text(&o, "event", alert->event);
    put(&o, "media", media_json(alert));
    put_text(&o, "owner", alert->owner);
    put_text(&o, "unit", alert->unit);
    put(&o, "deadline", vd_json_time(alert->deadline_us));
    put(&o, "escalation", escalation_json(alert));
    put_text(&o, "disposition", alert->disposition);
    put_text(&o, "suppressed_by", alert->suppressed_by);
    put(&o, "shelved", shelved_json(alert));
    put(&o, "opened", vd_json_time(alert->opened_us));
    put(&o, "acknowledged", vd_json_time(alert->acknowledged_us));
    put(&o, "resolved", vd_json_time(alert->resolved_us));
    put(&o, "changed", vd_json_time(alert->changed_us));
    put_text(&o, "changed_by", alert->changed_by);
    put(&o, "shows", shows_json(alert));
    return done(&o);
}

static struct vd_json *head_json(const struct vd_pg_log_head *head)
{
    struct out o = {.object = vd_json_object()};
    char hash[2 * VD_LOG_HASH + 1];

    vd_hex(head->hash, VD_LOG_HASH, hash);
    put(&o, "n", vd_json_int(head->n));
    put(&o, "hash", vd_json_text(hash));
    return done(&o);
}

int vd_alert_encode(const struct vd_alert *alert, const struct vd_pg_log_head *head, char *buf,
                    size_t size, struct vd_err *err)
{
    struct out o = {.object = vd_json_object()};
    struct vd_uuid id = vd_uuid_make(alert->changed_us);
    char text[VD_UUID_TEXT + 8];
    int rc;

    put(&o, "specversion", vd_json_text("1.0"));
    vd_uuid_format(&id, text);
    put(&o, "id", vd_json_text(text));
    put(&o, "source", vd_json_text("/vedette/alerts"));
    put(&o, "type", vd_json_text("vedette.alert.v1"));
    (void)snprintf(text, sizeof text, "alert/%s", alert->id);
    put(&o, "subject", vd_json_text(text));
    put(&o, "time", vd_json_time(alert->changed_us));
    put(&o, "data", vd_alert_json(alert));
    if (head != NULL)
        put(&o, "log", head_json(head));
    if (done(&o) == NULL)
        return vd_err_set(err, VD_ENOMEM, "alert %s: out of memory", alert->id);
    rc = vd_json_print(o.object, buf, size, err);
    vd_json_free(&o.object);
    return rc;
}

int vd_alert_topic(const struct vd_alert *alert, char *topic, size_t size, struct vd_err *err)
{
    int n = snprintf(topic, size, "alert/%s%s-/%s/%s/", alert->area,
                     alert->area[0] != '\0' ? "/" : "", alert->severity, alert->state);

    if (n < 0 || (size_t)n >= size)
        return vd_err_set(err, VD_EINVAL, "alert %s: topic too long", alert->id);
    return n;
}
