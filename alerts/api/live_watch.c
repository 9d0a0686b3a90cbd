/* A page's side of the live hub: its queue, what it loses, how it is read. */
#include <stdlib.h>
#include <string.h>

#include "alerts/api/live_inner.h"

struct vd_chunk *vd_chunk_ref(struct vd_chunk *chunk)
{
    chunk->refs++;
    return chunk;
}

void vd_chunk_unref(struct vd_chunk **chunk)
{
    struct vd_chunk *c = *chunk;

    *chunk = NULL;
    if (c != NULL && --c->refs == 0)
        free(c);
}

static void wake_up(struct vd_watcher *w)
{
    if (!w->is_waiting)
        return;
    w->is_waiting = false;
    w->wake(w->arg);
}

bool vd_watcher_has_room(const struct vd_watcher *w)
{
    return w->bytes < VD_LIVE_QUEUE_BYTES / 2 && w->head - w->tail < VD_LIVE_QUEUE_MAX / 2;
}

static bool fits(const struct vd_watcher *w, size_t len)
{
    return w->head - w->tail < VD_LIVE_QUEUE_MAX &&
           (w->head == w->tail || w->bytes + len <= VD_LIVE_QUEUE_BYTES);
}

static void push(struct vd_watcher *w, int camera, struct vd_chunk *chunk)
{
    w->queue[w->head++ % VD_LIVE_QUEUE_MAX] =
        (struct vd_entry){.chunk = vd_chunk_ref(chunk), .camera = camera};
    w->bytes += chunk->len;
    wake_up(w);
}

/* Too slow: all that has not begun to leave goes, and every camera begins anew. */
static void overflow(struct vd_watcher *w)
{
    unsigned from = w->tail + (w->sent > 0);

    for (unsigned i = from; i != w->head; i++) {
        struct vd_entry *e = &w->queue[i % VD_LIVE_QUEUE_MAX];

        w->bytes -= e->chunk->len;
        vd_chunk_unref(&e->chunk);
    }
    w->head = from;
    for (int i = 0; i < w->n; i++) {
        w->sights[i].has_init = false;
        w->sights[i].needs_key = true;
        w->sights[i].lost++;
        w->hub->lost++;
    }
}

void vd_sight_begin(struct vd_watcher *w, int camera)
{
    struct vd_sight *sight = &w->sights[camera];
    struct vd_feed *feed = sight->feed;

    sight->has_init = false;
    sight->needs_key = true;
    if (feed->init == NULL && feed->picture != NULL)
        push(w, camera, feed->picture);
    if (feed->init == NULL || feed->n_kept == 0 || !fits(w, feed->kept_bytes) ||
        w->head - w->tail + (unsigned)feed->n_kept + 1 > VD_LIVE_QUEUE_MAX)
        return;
    push(w, camera, feed->init);
    for (int i = 0; i < feed->n_kept; i++)
        push(w, camera, feed->kept[i]);
    sight->has_init = true;
    sight->needs_key = false;
}

void vd_sight_give(struct vd_watcher *w, int camera, struct vd_chunk *chunk)
{
    struct vd_sight *sight = &w->sights[camera];

    if (chunk->kind == VD_LIVE_INIT) {
        sight->has_init = false; /* goes before the first fragment that needs it */
        sight->needs_key = true;
        return;
    }
    if (chunk->kind == VD_LIVE_FRAGMENT && sight->needs_key && !chunk->is_key)
        return;
    if (!fits(w, chunk->len)) {
        overflow(w);
        if (chunk->kind == VD_LIVE_FRAGMENT && !chunk->is_key)
            return;
        if (!fits(w, chunk->len))
            return;
    }
    if (chunk->kind == VD_LIVE_FRAGMENT && !sight->has_init) {
        if (sight->feed->init == NULL || w->head - w->tail + 2 > VD_LIVE_QUEUE_MAX)
            return;
        push(w, camera, sight->feed->init);
        sight->has_init = true;
    }
    if (chunk->kind == VD_LIVE_FRAGMENT)
        sight->needs_key = false;
    push(w, camera, chunk);
}

/* Copies of the entry from its sent-th byte on. Returns how much. */
static size_t copy_entry(const struct vd_watcher *w, const struct vd_entry *e, uint8_t *buf,
                         size_t size)
{
    uint8_t header[VD_LIVE_HEADER];
    size_t n = 0, at;

    vd_live_header(header, e->chunk->len, e->chunk->kind, e->camera, e->chunk->is_key,
                   e->chunk->at_us);
    if (w->sent < sizeof header) {
        n = sizeof header - w->sent < size ? sizeof header - w->sent : size;
        memcpy(buf, header + w->sent, n);
    }
    at = w->sent + n - sizeof header;
    if (w->sent + n >= sizeof header && n < size) {
        size_t left = e->chunk->len - at, take = left < size - n ? left : size - n;

        memcpy(buf + n, e->chunk->data + at, take);
        n += take;
    }
    return n;
}

int vd_watcher_read(struct vd_watcher *w, uint8_t *buf, size_t size)
{
    struct vd_live_hub *hub = w->hub;
    size_t n = 0;
    int rc;

    pthread_mutex_lock(&hub->mutex);
    while (n < size && w->tail != w->head) {
        struct vd_entry *e = &w->queue[w->tail % VD_LIVE_QUEUE_MAX];
        size_t got = copy_entry(w, e, buf + n, size - n);

        n += got;
        w->sent += got;
        if (w->sent < VD_LIVE_HEADER + e->chunk->len)
            break;
        w->sent = 0;
        w->bytes -= e->chunk->len;
        vd_chunk_unref(&e->chunk);
        w->tail++;
    }
    hub->bytes += (int64_t)n;
    rc = hub->is_ending ? VD_EEOF : (int)n;
    if (rc == 0) {
        w->is_waiting = true;
        w->pause(w->arg);
    }
    pthread_mutex_unlock(&hub->mutex);
    return rc;
}

void vd_watcher_on_wake(struct vd_watcher *w, void (*pause)(void *arg), void (*wake)(void *arg),
                        void *arg)
{
    w->pause = pause;
    w->wake = wake;
    w->arg = arg;
}

/* Without the mutex: neither changes from vd_watcher_open on. */
const char *vd_watcher_camera(const struct vd_watcher *w, int i)
{
    return i < w->n ? w->sights[i].feed->order.camera : NULL;
}

void vd_live_hub_end(struct vd_live_hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    hub->is_ending = true;
    for (int i = 0; i < hub->n_watchers; i++)
        wake_up(hub->watchers[i]);
    pthread_mutex_unlock(&hub->mutex);
}
