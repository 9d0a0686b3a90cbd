#include "alerts/api/hub_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* What the hub itself wants to know of an alert; the rest is passed on as it came. */
struct glance {
    struct open_alert alert; /* json owned by whoever holds the glance */
    bool is_resolved;
};

static int look_at(const char *json, size_t len, struct glance *ret_glance)
{
    struct glance glance = {0};
    struct vd_json *doc = NULL;
    const struct vd_json *data;
    const char *id, *area, *state, *opened;
    int rc = VD_EPROTO;

    if (vd_json_parse(&doc, json, len, NULL) < 0)
        return VD_EPROTO;
    data = vd_json_is_object(vd_json_get(doc, "data")) ? vd_json_get(doc, "data") : doc;
    id = vd_json_get_text(data, "alert");
    area = vd_json_get_text(data, "area");
    state = vd_json_get_text(data, "state");
    opened = vd_json_get_text(data, "opened");
    if (id == NULL || area == NULL || state == NULL ||
        !vd_str_copy(glance.alert.id, sizeof glance.alert.id, id) ||
        !vd_str_copy(glance.alert.area, sizeof glance.alert.area, area))
        goto out;
    if (opened != NULL)
        vd_time_parse(opened, &glance.alert.opened_us);
    glance.is_resolved = strcmp(state, "resolved") == 0;
    glance.alert.json = vd_json_dump(data, &glance.alert.len); /* one line, whatever came in */
    if (glance.alert.json == NULL)
        goto out;
    *ret_glance = glance;
    rc = 0;
out:
    vd_json_free(&doc);
    return rc;
}

int vd_hub_backlog_add(struct vd_hub_cursor *cursor, const struct vd_who *who, int64_t position,
                       const char *json, size_t len)
{
    struct glance glance = {0};
    char *text = NULL, *more = NULL;
    size_t text_len = 0;

    if (look_at(json, len, &glance) < 0)
        return 0; /* passed over live as well */
    if (vd_who_sees(who, glance.alert.area)) {
        text = vd_hub_frame("alert", position, glance.alert.json, glance.alert.len, &text_len);
        if (text != NULL && cursor->backlog_len + text_len <= VD_HUB_BACKLOG_MAX)
            more = realloc(cursor->backlog, cursor->backlog_len + text_len);
        if (more != NULL) {
            cursor->backlog = more;
            memcpy(more + cursor->backlog_len, text, text_len);
            cursor->backlog_len += text_len;
        }
    }
    free(glance.alert.json);
    if (text == NULL)
        return 0;
    free(text);
    return more != NULL ? 0 : VD_ENOMEM;
}

static int find(const struct vd_hub *hub, const char *id)
{
    for (int i = hub->n_alerts - 1; i >= 0; i--)
        if (strcmp(hub->alerts[i].id, id) == 0)
            return i;
    return -1;
}

static void take_out(struct vd_hub *hub, int at)
{
    free(hub->alerts[at].json);
    hub->n_alerts--;
    memmove(&hub->alerts[at], &hub->alerts[at + 1],
            (size_t)(hub->n_alerts - at) * sizeof hub->alerts[0]);
}

/* Keeps the order of opening; takes alert.json. */
static void put_in(struct vd_hub *hub, const struct open_alert *alert)
{
    int at;

    if (hub->n_alerts == VD_HUB_ALERTS) {
        take_out(hub, 0);
        hub->is_truncated = true;
    }
    if (hub->n_alerts == hub->room_alerts) {
        int room = hub->room_alerts > 0 ? 2 * hub->room_alerts : 64;
        struct open_alert *more = realloc(hub->alerts, (size_t)room * sizeof *more);

        if (more == NULL) {
            free(alert->json);
            hub->is_truncated = true;
            return;
        }
        hub->alerts = more;
        hub->room_alerts = room;
    }
    for (at = hub->n_alerts; at > 0 && hub->alerts[at - 1].opened_us > alert->opened_us;)
        at--;
    memmove(&hub->alerts[at + 1], &hub->alerts[at],
            (size_t)(hub->n_alerts - at) * sizeof hub->alerts[0]);
    hub->alerts[at] = *alert;
    hub->n_alerts++;
}

/* With the mutex held; takes glance->alert.json. */
static void keep(struct vd_hub *hub, struct glance *glance)
{
    int at = find(hub, glance->alert.id);

    if (glance->is_resolved) {
        if (at >= 0)
            take_out(hub, at);
        free(glance->alert.json);
    } else if (at >= 0) {
        free(hub->alerts[at].json);
        hub->alerts[at].json = glance->alert.json;
        hub->alerts[at].len = glance->alert.len;
    } else {
        put_in(hub, &glance->alert);
    }
}

void vd_hub_alert(struct vd_hub *hub, int64_t position, const char *json, size_t len)
{
    struct glance glance = {0};
    vd_hub_wake_fn *wake;
    void *arg;
    char *text;
    size_t text_len = 0;
    int rc = look_at(json, len, &glance);

    pthread_mutex_lock(&hub->mutex);
    if (position > hub->through)
        hub->through = position;
    if (rc < 0) {
        hub->n_refused++;
        pthread_mutex_unlock(&hub->mutex);
        return;
    }
    text = vd_hub_frame("alert", position, glance.alert.json, glance.alert.len, &text_len);
    vd_hub_push(hub, position, glance.alert.area, text, text_len);
    keep(hub, &glance);
    wake = hub->wake;
    arg = hub->wake_arg;
    pthread_mutex_unlock(&hub->mutex);
    if (wake != NULL)
        wake(arg);
}

void vd_hub_reset(struct vd_hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    for (int i = 0; i < hub->n_alerts; i++)
        free(hub->alerts[i].json);
    hub->n_alerts = 0;
    hub->is_truncated = false;
    hub->is_ready = false;
    pthread_mutex_unlock(&hub->mutex);
}

void vd_hub_alert_open(struct vd_hub *hub, const char *json, size_t len)
{
    struct glance glance = {0};

    if (look_at(json, len, &glance) < 0)
        return;
    pthread_mutex_lock(&hub->mutex);
    keep(hub, &glance);
    pthread_mutex_unlock(&hub->mutex);
}

void vd_hub_reset_end(struct vd_hub *hub, int64_t position)
{
    vd_hub_wake_fn *wake;
    void *arg;

    pthread_mutex_lock(&hub->mutex);
    hub->through = position;
    hub->is_ready = true;
    /* streams of before see VD_EEOF, close, and come back with a position of their own */
    hub->floor = position;
    vd_hub_push(hub, position, "", NULL, 0);
    wake = hub->wake;
    arg = hub->wake_arg;
    pthread_mutex_unlock(&hub->mutex);
    if (wake != NULL)
        wake(arg);
}

int vd_hub_alert_count(struct vd_hub *hub, const struct vd_who *who)
{
    int n = 0;

    pthread_mutex_lock(&hub->mutex);
    for (int i = 0; i < hub->n_alerts; i++)
        n += vd_who_sees(who, hub->alerts[i].area);
    pthread_mutex_unlock(&hub->mutex);
    return n;
}

char *vd_hub_alerts_json(struct vd_hub *hub, const struct vd_who *who, size_t *ret_len)
{
    size_t room = 160, len;
    char *text;
    bool is_first = true;

    pthread_mutex_lock(&hub->mutex);
    for (int i = 0; i < hub->n_alerts; i++)
        room += hub->alerts[i].len + 1;
    text = malloc(room);
    if (text != NULL) {
        len = (size_t)snprintf(text, room, "{\"alerts\":[");
        for (int i = hub->n_alerts - 1; i >= 0; i--) {
            const struct open_alert *alert = &hub->alerts[i];

            if (!vd_who_sees(who, alert->area))
                continue;
            if (!is_first)
                text[len++] = ',';
            is_first = false;
            memcpy(text + len, alert->json, alert->len);
            len += alert->len;
        }
        len += (size_t)snprintf(text + len, room - len,
                                "],\"position\":%" PRId64 ",\"truncated\":%s,\"next\":null}",
                                hub->through, hub->is_truncated ? "true" : "false");
        *ret_len = len;
    }
    pthread_mutex_unlock(&hub->mutex);
    return text;
}

char *vd_hub_alert_json(struct vd_hub *hub, const struct vd_who *who, const char *id,
                        size_t *ret_len)
{
    char *text = NULL;
    int at;

    pthread_mutex_lock(&hub->mutex);
    at = find(hub, id);
    if (at >= 0 && vd_who_sees(who, hub->alerts[at].area)) {
        *ret_len = hub->alerts[at].len;
        text = malloc(*ret_len + 1);
        if (text != NULL)
            memcpy(text, hub->alerts[at].json, *ret_len + 1);
    }
    pthread_mutex_unlock(&hub->mutex);
    return text;
}

/* ---- cameras ---- */

static struct vd_json *camera_json(const struct vd_hub_camera *camera)
{
    struct vd_json *doc = vd_json_object();
    struct vd_json *detail = NULL;

    if (camera->detail[0] == '\0' ||
        vd_json_parse(&detail, camera->detail, strlen(camera->detail), NULL) < 0)
        detail = vd_json_null();
    if (vd_json_set(doc, "detail", detail) < 0 ||
        vd_json_set(doc, "id", vd_json_text(camera->id)) < 0 ||
        vd_json_set(doc, "name", vd_json_text(camera->name)) < 0 ||
        vd_json_set(doc, "area", vd_json_text(camera->area)) < 0 ||
        vd_json_set(doc, "area_name", vd_json_text(camera->area_name)) < 0 ||
        vd_json_set(doc, "state", vd_json_text(camera->state)) < 0 ||
        vd_json_set(doc, "since", vd_json_time(camera->since_us)) < 0 ||
        vd_json_set(doc, "reason", vd_json_text(camera->reason)) < 0 ||
        vd_json_set(doc, "enabled", vd_json_bool(camera->is_enabled)) < 0)
        vd_json_free(&doc);
    return doc;
}

static void push_camera(struct vd_hub *hub, const struct vd_hub_camera *camera)
{
    struct vd_json *doc = camera_json(camera);
    size_t json_len = 0, len = 0;
    char *json = doc != NULL ? vd_json_dump(doc, &json_len) : NULL;
    char *text = json != NULL ? vd_hub_frame("camera", 0, json, json_len, &len) : NULL;

    if (text != NULL)
        vd_hub_push(hub, 0, camera->area, text, len);
    free(json);
    vd_json_free(&doc);
}

static const struct vd_hub_camera *camera_of(const struct vd_hub_camera *cameras, int n,
                                             const char *id)
{
    int low = 0, high = n;

    while (low < high) {
        int mid = low + (high - low) / 2, order = strcmp(cameras[mid].id, id);

        if (order == 0)
            return &cameras[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static void push_gone(struct vd_hub *hub, const struct vd_hub_camera *camera)
{
    struct vd_hub_camera gone = *camera;

    vd_str_copy(gone.state, sizeof gone.state, "removed");
    push_camera(hub, &gone);
}

void vd_hub_set_cameras(struct vd_hub *hub, const struct vd_hub_camera *cameras, int n)
{
    struct vd_hub_camera *copy = malloc((size_t)(n > 0 ? n : 1) * sizeof *copy);
    vd_hub_wake_fn *wake;
    void *arg;

    if (copy == NULL)
        return; /* the list of before stands; the next call tries again */
    if (n > 0)  /* none may be NULL */
        memcpy(copy, cameras, (size_t)n * sizeof *copy);
    pthread_mutex_lock(&hub->mutex);
    for (int i = 0; i < n; i++) {
        const struct vd_hub_camera *was = camera_of(hub->cameras, hub->n_cameras, copy[i].id);

        if (was == NULL || memcmp(was, &copy[i], sizeof *was) != 0)
            push_camera(hub, &copy[i]);
    }
    for (int i = 0; i < hub->n_cameras; i++)
        if (camera_of(copy, n, hub->cameras[i].id) == NULL)
            push_gone(hub, &hub->cameras[i]);
    free(hub->cameras);
    hub->cameras = copy;
    hub->n_cameras = n;
    wake = hub->wake;
    arg = hub->wake_arg;
    pthread_mutex_unlock(&hub->mutex);
    if (wake != NULL)
        wake(arg);
}

struct vd_json *vd_hub_cameras_json(struct vd_hub *hub, const struct vd_who *who)
{
    struct vd_json *list = vd_json_array();
    int rc = 0;

    pthread_mutex_lock(&hub->mutex);
    for (int i = 0; rc == 0 && i < hub->n_cameras; i++)
        if (vd_who_sees(who, hub->cameras[i].area))
            rc = vd_json_append(list, camera_json(&hub->cameras[i]));
    pthread_mutex_unlock(&hub->mutex);
    if (rc < 0)
        vd_json_free(&list);
    return list;
}

bool vd_hub_sees_camera(struct vd_hub *hub, const struct vd_who *who, const char *camera)
{
    const struct vd_hub_camera *found;
    bool sees;

    pthread_mutex_lock(&hub->mutex);
    found = camera_of(hub->cameras, hub->n_cameras, camera);
    sees = found != NULL ? vd_who_sees(who, found->area) : who->n_areas == 0;
    pthread_mutex_unlock(&hub->mutex);
    return sees;
}
