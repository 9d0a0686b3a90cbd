#include "alerts/api/hub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/hub_inner.h"
#include "base/str.h"

int vd_hub_open(struct vd_hub **ret_hub, struct vd_err *err)
{
    struct vd_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL)
        return vd_err_set(err, VD_ENOMEM, "hub: out of memory");
    pthread_mutex_init(&hub->mutex, NULL);
    *ret_hub = hub;
    return 0;
}

void vd_hub_close(struct vd_hub **hub)
{
    struct vd_hub *h = *hub;

    if (h == NULL)
        return;
    for (size_t i = 0; i < VD_HUB_RING; i++)
        free(h->ring[i].text);
    for (int i = 0; i < h->n_alerts; i++)
        free(h->alerts[i].json);
    free(h->alerts);
    free(h->cameras);
    pthread_mutex_destroy(&h->mutex);
    free(h);
    *hub = NULL;
}

void vd_hub_on_wake(struct vd_hub *hub, vd_hub_wake_fn *wake, void *arg)
{
    pthread_mutex_lock(&hub->mutex);
    hub->wake = wake;
    hub->wake_arg = arg;
    pthread_mutex_unlock(&hub->mutex);
}

char *vd_hub_frame(const char *event, int64_t position, const char *json, size_t json_len,
                   size_t *ret_len)
{
    size_t room = json_len + 96;
    char *text = malloc(room);
    int n;

    if (text == NULL)
        return NULL;
    if (position > 0)
        n = snprintf(text, room, "event: %s\nid: %" PRId64 "\ndata: ", event, position);
    else
        n = snprintf(text, room, "event: %s\ndata: ", event);
    memcpy(text + n, json, json_len);
    memcpy(text + (size_t)n + json_len, "\n\n", 3);
    *ret_len = (size_t)n + json_len + 2;
    return text;
}

void vd_hub_push(struct vd_hub *hub, int64_t position, const char *area, char *text, size_t len)
{
    struct message *message = &hub->ring[hub->head % VD_HUB_RING];

    if (message->position > hub->floor)
        hub->floor = message->position;
    if (text == NULL && position > hub->floor)
        hub->floor = position;
    free(message->text);
    message->position = position;
    vd_str_copy(message->area, sizeof message->area, area);
    message->text = text;
    message->len = text != NULL ? len : 0;
    hub->head++;
    if (text == NULL)
        hub->epoch_serial = hub->head;
}

static void unlock_and_wake(struct vd_hub *hub)
{
    vd_hub_wake_fn *wake = hub->wake;
    void *arg = hub->wake_arg;

    pthread_mutex_unlock(&hub->mutex);
    if (wake != NULL)
        wake(arg);
}

static struct vd_json *status_json(const struct vd_hub_status *status, int64_t position)
{
    struct vd_json *doc = vd_json_object();

    if (vd_json_set(doc, "router", vd_json_bool(status->has_router)) < 0 ||
        vd_json_set(doc, "database", vd_json_bool(status->has_database)) < 0 ||
        vd_json_set(doc, "committing", vd_json_bool(status->is_committing)) < 0 ||
        vd_json_set(doc, "delayed_since", vd_json_time(status->delayed_us)) < 0 ||
        vd_json_set(doc, "waiting", vd_json_int(status->waiting)) < 0 ||
        vd_json_set(doc, "revision", vd_json_text(status->revision)) < 0 ||
        vd_json_set(doc, "position", vd_json_int(position)) < 0)
        vd_json_free(&doc);
    return doc;
}

/* With the mutex held. Takes doc. */
static void push_json(struct vd_hub *hub, const char *event, int64_t position,
                      struct vd_json *doc)
{
    size_t json_len = 0, len = 0;
    char *json = doc != NULL ? vd_json_dump(doc, &json_len) : NULL;
    char *text = json != NULL ? vd_hub_frame(event, position, json, json_len, &len) : NULL;

    vd_hub_push(hub, 0, "", text, len);
    free(json);
    vd_json_free(&doc);
}

void vd_hub_set_status(struct vd_hub *hub, const struct vd_hub_status *status)
{
    pthread_mutex_lock(&hub->mutex);
    if (memcmp(&hub->status, status, sizeof *status) == 0) {
        pthread_mutex_unlock(&hub->mutex);
        return;
    }
    hub->status = *status;
    push_json(hub, "status", 0, status_json(status, hub->through));
    unlock_and_wake(hub);
}

struct vd_hub_status vd_hub_get_status(struct vd_hub *hub)
{
    struct vd_hub_status status;

    pthread_mutex_lock(&hub->mutex);
    status = hub->status;
    pthread_mutex_unlock(&hub->mutex);
    return status;
}

void vd_hub_beat(struct vd_hub *hub, int64_t wall_us)
{
    struct vd_json *doc;

    pthread_mutex_lock(&hub->mutex);
    doc = status_json(&hub->status, hub->through);
    if (doc != NULL && vd_json_set(doc, "now", vd_json_time(wall_us)) < 0)
        vd_json_free(&doc);
    push_json(hub, "beat", hub->is_ready ? hub->through : 0, doc);
    unlock_and_wake(hub);
}

void vd_hub_through(struct vd_hub *hub, int64_t position)
{
    pthread_mutex_lock(&hub->mutex);
    if (position > hub->through)
        hub->through = position;
    pthread_mutex_unlock(&hub->mutex);
}

bool vd_hub_is_ready(struct vd_hub *hub)
{
    bool is_ready;

    pthread_mutex_lock(&hub->mutex);
    is_ready = hub->is_ready;
    pthread_mutex_unlock(&hub->mutex);
    return is_ready;
}

int64_t vd_hub_position(struct vd_hub *hub)
{
    int64_t position;

    pthread_mutex_lock(&hub->mutex);
    position = hub->through;
    pthread_mutex_unlock(&hub->mutex);
    return position;
}

/* ---- streams ---- */

/* Is the message at serial still in the ring? */
static bool is_kept(const struct vd_hub *hub, uint64_t serial)
{
    return serial + VD_HUB_RING >= hub->head;
}

static void say(struct vd_hub_cursor *cursor, const char *event, struct vd_json *doc)
{
    size_t json_len = 0, len = 0;
    char *json = doc != NULL ? vd_json_dump(doc, &json_len) : NULL;
    char *text = json != NULL ? vd_hub_frame(event, 0, json, json_len, &len) : NULL;
    char *more = text != NULL ? realloc(cursor->backlog, cursor->backlog_len + len) : NULL;

    if (more != NULL) {
        cursor->backlog = more;
        memcpy(more + cursor->backlog_len, text, len);
        cursor->backlog_len += len;
    }
    free(text);
    free(json);
    vd_json_free(&doc);
}

enum vd_hub_join vd_hub_join(struct vd_hub *hub, int64_t position, struct vd_hub_cursor *cursor)
{
    enum vd_hub_join join = VD_HUB_JOINED;
    bool is_known;

    pthread_mutex_lock(&hub->mutex);
    is_known = hub->is_ready && position <= hub->through;
    if (position >= 0 && is_known && position < hub->floor) {
        join = VD_HUB_OLD;
    } else {
        cursor->serial = hub->head;
        if (position >= 0 && is_known)
            while (cursor->serial > 0 && is_kept(hub, cursor->serial - 1) &&
                   cursor->serial > hub->epoch_serial &&
                   !(hub->ring[(cursor->serial - 1) % VD_HUB_RING].position > 0 &&
                     hub->ring[(cursor->serial - 1) % VD_HUB_RING].position <= position))
                cursor->serial--;
        else if (position >= 0)
            say(cursor, "reset", vd_json_object());
        say(cursor, "status", status_json(&hub->status, hub->through));
    }
    pthread_mutex_unlock(&hub->mutex);
    return join;
}

void vd_hub_join_reset(struct vd_hub *hub, struct vd_hub_cursor *cursor)
{
    vd_hub_cursor_fini(cursor);
    say(cursor, "reset", vd_json_object());
    vd_hub_join(hub, -1, cursor);
}

/* Copies the rest of text from *sent on. Returns how much. */
static size_t copy_some(char *buf, size_t size, const char *text, size_t len, size_t *sent)
{
    size_t n = len - *sent < size ? len - *sent : size;

    memcpy(buf, text + *sent, n);
    *sent += n;
    return n;
}

int vd_hub_read(struct vd_hub *hub, struct vd_hub_cursor *cursor, const struct vd_who *who,
                char *buf, size_t size)
{
    size_t out = 0;

    if (cursor->backlog_sent < cursor->backlog_len) {
        out = copy_some(buf, size, cursor->backlog, cursor->backlog_len, &cursor->backlog_sent);
        if (cursor->backlog_sent == cursor->backlog_len) {
            free(cursor->backlog);
            cursor->backlog = NULL;
            cursor->backlog_len = cursor->backlog_sent = 0;
        }
        return (int)out;
    }
    pthread_mutex_lock(&hub->mutex);
    if (!is_kept(hub, cursor->serial) || cursor->serial < hub->epoch_serial) {
        pthread_mutex_unlock(&hub->mutex);
        return VD_EEOF;
    }
    while (cursor->serial < hub->head && out < size) {
        const struct message *message = &hub->ring[cursor->serial % VD_HUB_RING];

        if (cursor->sent > 0 || message->area[0] == '\0' || vd_who_sees(who, message->area)) {
            out += copy_some(buf + out, size - out, message->text, message->len, &cursor->sent);
            if (cursor->sent < message->len)
                break;
        }
        cursor->sent = 0;
        cursor->serial++;
    }
    pthread_mutex_unlock(&hub->mutex);
    return (int)out;
}

void vd_hub_cursor_fini(struct vd_hub_cursor *cursor)
{
    free(cursor->backlog);
    *cursor = (struct vd_hub_cursor){0};
}
