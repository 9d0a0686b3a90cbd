#include "alerts/feed/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/workflow/alert_json.h"
#include "base/json.h"
#include "storage/pg/alerts.h"
#include "storage/pg/cameras.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"

enum { PAGE = 100 };

struct gather {
    struct vd_snapshot *snapshot;
    struct vd_err *err;
    int rc;
};

static void add(struct gather *g, const char *kind, const char *json, size_t len)
{
    struct vd_snapshot *s = g->snapshot;
    struct vd_snapshot_part *part;

    if (g->rc < 0)
        return;
    if (s->bytes + len > VD_SNAPSHOT_BYTES_MAX) {
        g->rc = vd_err_set(g->err, VD_EINVAL, "snapshot: larger than %d bytes",
                           VD_SNAPSHOT_BYTES_MAX);
        return;
    }
    part = malloc(sizeof *part + len + 1);
    if (part == NULL) {
        g->rc = vd_err_set(g->err, VD_ENOMEM, "snapshot: out of memory");
        return;
    }
    part->next = NULL;
    part->kind = kind;
    part->len = len;
    memcpy(part->json, json, len);
    part->json[len] = '\0';
    *s->last = part;
    s->last = &part->next;
    s->bytes += len;
}

static void add_json(struct gather *g, const char *kind, struct vd_json *o)
{
    size_t len = 0;
    char *text = vd_json_dump(o, &len);

    if (text == NULL)
        g->rc = vd_err_set(g->err, VD_ENOMEM, "snapshot: out of memory");
    else
        add(g, kind, text, len);
    free(text);
    vd_json_free(&o);
}

static void add_event(void *arg, const struct vd_pg_open_event *event)
{
    add(arg, "event", event->body, event->body_len);
}

static void add_camera(void *arg, const struct vd_pg_camera *camera)
{
    struct gather *g = arg;
    struct vd_json *o = vd_json_object();

    if (vd_json_set(o, "camera", vd_json_text(camera->camera)) < 0 ||
        vd_json_set(o, "area", vd_json_text(camera->area)) < 0 ||
        vd_json_set(o, "worker", vd_json_text(camera->worker)) < 0 ||
        vd_json_set(o, "state", vd_json_text(camera->state)) < 0 ||
        vd_json_set(o, "since", vd_json_time(camera->since_us)) < 0 ||
        vd_json_set(o, "reason", vd_json_text(camera->reason)) < 0)
        vd_json_free(&o);
    add_json(g, "camera", o);
}

static int add_alerts(struct vd_pg *pg, struct gather *g)
{
    struct vd_alert_filter filter = {.states = {"unresolved"}, .n_states = 1, .limit = PAGE};
    struct vd_alert *page = malloc(PAGE * sizeof *page);
    char before[37];
    int n = PAGE;

    if (page == NULL)
        return vd_err_set(g->err, VD_ENOMEM, "snapshot: out of memory");
    while (n == PAGE && g->rc >= 0) {
        n = vd_pg_alert_list(pg, &filter, page, g->err);
        for (int i = 0; i < n; i++)
            add_json(g, "alert", vd_alert_json(&page[i]));
        if (n > 0) {
            filter.before_us = page[n - 1].opened_us;
            memcpy(before, page[n - 1].id, sizeof before);
            filter.before_id = before;
        }
    }
    free(page);
    return n < 0 ? n : g->rc;
}

int vd_snapshot_take(struct vd_pg *pg, struct vd_snapshot *ret_snapshot, struct vd_err *err)
{
    struct vd_snapshot s = {0};
    struct gather g = {.snapshot = &s, .err = err};
    int rc = vd_pg_begin_snapshot(pg, err);

    s.last = &s.first;
    if (rc >= 0)
        rc = vd_pg_feed_position(pg, &s.position, NULL, err);
    if (rc >= 0)
        rc = add_alerts(pg, &g);
    if (rc >= 0)
        rc = vd_pg_events_open(pg, add_event, &g, err);
    if (rc >= 0)
        rc = vd_pg_camera_list(pg, NULL, 0, add_camera, &g, err);
    if (rc >= 0)
        rc = g.rc;
    vd_pg_rollback(pg);
    if (rc < 0) {
        vd_snapshot_fini(&s);
        return rc;
    }
    *ret_snapshot = s;
    if (ret_snapshot->first == NULL)
        ret_snapshot->last = &ret_snapshot->first;
    return 0;
}

void vd_snapshot_fini(struct vd_snapshot *snapshot)
{
    struct vd_snapshot_part *part;

    while ((part = vd_snapshot_next(snapshot)) != NULL)
        free(part);
}

struct vd_snapshot_part *vd_snapshot_next(struct vd_snapshot *snapshot)
{
    struct vd_snapshot_part *part = snapshot->first;

    if (part != NULL)
        snapshot->first = part->next;
    return part;
}
