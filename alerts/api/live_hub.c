#include "alerts/api/live_hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/live_inner.h"

enum {
    RENEW_US = 1500 * 1000,  /* a worker's lease is 5 s */
    SILENT_US = 3000 * 1000, /* from here on its worker may be another */
    TELL_US = 2500 * 1000,   /* from here on pages are told */
};

int vd_live_hub_open(struct vd_live_hub **ret_hub, struct vd_err *err)
{
    struct vd_live_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL)
        return vd_err_set(err, VD_ENOMEM, "live: out of memory");
    pthread_mutex_init(&hub->mutex, NULL);
    *ret_hub = hub;
    return 0;
}

static void drop_kept(struct vd_feed *feed)
{
    for (int i = 0; i < feed->n_kept; i++)
        vd_chunk_unref(&feed->kept[i]);
    feed->n_kept = 0;
    feed->kept_bytes = 0;
}

static void free_feed(struct vd_feed *feed)
{
    drop_kept(feed);
    vd_chunk_unref(&feed->init);
    vd_chunk_unref(&feed->picture);
    free(feed);
}

void vd_live_hub_close(struct vd_live_hub **hub)
{
    struct vd_live_hub *h = *hub;

    *hub = NULL;
    if (h == NULL)
        return;
    for (int i = 0; i < h->n_feeds; i++)
        free_feed(h->feeds[i]);
    pthread_mutex_destroy(&h->mutex);
    free(h);
}

/* ---- who watches what ---- */

/* The feed for a camera of the request; a fresh one where nobody watches it yet. */
static struct vd_feed *feed_for(struct vd_live_hub *hub, const struct vd_live_ask *ask, int i)
{
    struct vd_feed *feed;

    for (int k = 0; k < hub->n_feeds; k++) {
        const struct vd_live_order *o = &hub->feeds[k]->order;

        if (!o->is_end && strcmp(o->camera, ask->cameras[i]) == 0 &&
            o->wants_main == ask->wants_main && o->takes_h265 == ask->takes_h265)
            return hub->feeds[k];
    }
    feed = hub->n_feeds < VD_LIVE_FEEDS_MAX ? calloc(1, sizeof *feed) : NULL;
    if (feed == NULL)
        return NULL;
    feed->order = (struct vd_live_order){.feed = ++hub->last_number,
                                         .worker = -1,
                                         .wants_main = ask->wants_main,
                                         .takes_h265 = ask->takes_h265};
    (void)snprintf(feed->order.camera, sizeof feed->order.camera, "%s", ask->cameras[i]);
    hub->feeds[hub->n_feeds++] = feed;
    return feed;
}

static void leave(struct vd_watcher *w)
{
    struct vd_live_hub *hub = w->hub;

    for (int i = 0; i < w->n; i++)
        if (--w->sights[i].feed->n_watchers == 0)
            w->sights[i].feed->order.is_end = true;
    while (w->tail != w->head)
        vd_chunk_unref(&w->queue[w->tail++ % VD_LIVE_QUEUE_MAX].chunk);
    for (int i = 0; i < hub->n_watchers; i++)
        if (hub->watchers[i] == w) {
            hub->watchers[i] = hub->watchers[--hub->n_watchers];
            break;
        }
}

static int enter(struct vd_watcher *w, const struct vd_live_ask *ask)
{
    struct vd_live_hub *hub = w->hub;

    if (hub->is_ending || hub->n_watchers == VD_LIVE_WATCHERS_MAX)
        return VD_EAGAIN;
    for (int i = 0; i < ask->n; i++) {
        struct vd_feed *feed = feed_for(hub, ask, i);

        if (feed == NULL) {
            leave(w);
            return VD_EAGAIN;
        }
        feed->n_watchers++;
        w->sights[w->n++].feed = feed;
    }
    hub->watchers[hub->n_watchers++] = w;
    for (int i = 0; i < w->n; i++)
        vd_sight_begin(w, i);
    return 0;
}

int vd_watcher_open(struct vd_watcher **ret_watcher, struct vd_live_hub *hub,
                    const struct vd_live_ask *ask, struct vd_err *err)
{
    struct vd_watcher *w = calloc(1, sizeof *w);
    int rc;

    if (w == NULL)
        return vd_err_set(err, VD_ENOMEM, "live: out of memory");
    w->hub = hub;
    pthread_mutex_lock(&hub->mutex);
    rc = enter(w, ask);
    pthread_mutex_unlock(&hub->mutex);
    if (rc < 0) {
        free(w);
        return vd_err_set(err, rc, "live: too many watch already");
    }
    *ret_watcher = w;
    return 0;
}

void vd_watcher_close(struct vd_watcher **watcher)
{
    struct vd_watcher *w = *watcher;

    *watcher = NULL;
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->hub->mutex);
    leave(w);
    pthread_mutex_unlock(&w->hub->mutex);
    free(w);
}

/* ---- what comes from workers ---- */

static struct vd_chunk *new_chunk(const struct vd_live_piece *piece)
{
    size_t codec_len = piece->kind == VD_LIVE_INIT ? strlen(piece->codec) + 1 : 0;
    struct vd_chunk *c = malloc(sizeof *c + codec_len + piece->len);

    if (c == NULL)
        return NULL;
    *c = (struct vd_chunk){.refs = 1,
                           .kind = piece->kind,
                           .is_key = piece->is_key,
                           .at_us = piece->at_us,
                           .len = codec_len + piece->len};
    if (codec_len > 0)
        memcpy(c->data, piece->codec, codec_len);
    memcpy(c->data + codec_len, piece->data, piece->len);
    return c;
}

/* Keeps for pages to come what they need to begin with. */
static void keep(struct vd_feed *feed, struct vd_chunk *chunk)
{
    switch (chunk->kind) {
    case VD_LIVE_INIT:
        drop_kept(feed);
        vd_chunk_unref(&feed->init);
        vd_chunk_unref(&feed->picture);
        feed->init = vd_chunk_ref(chunk);
        return;
    case VD_LIVE_FRAGMENT:
        if (chunk->is_key)
            drop_kept(feed);
        else if (feed->n_kept == 0)
            return;
        if (feed->n_kept == VD_LIVE_KEPT_MAX ||
            feed->kept_bytes + chunk->len > VD_LIVE_KEPT_BYTES) {
            drop_kept(feed);
            return;
        }
        feed->kept[feed->n_kept++] = vd_chunk_ref(chunk);
        feed->kept_bytes += chunk->len;
        return;
    case VD_LIVE_JPEG: /* no video at present */
        drop_kept(feed);
        vd_chunk_unref(&feed->init);
        vd_chunk_unref(&feed->picture);
        feed->picture = vd_chunk_ref(chunk);
        return;
    case VD_LIVE_STATE:
        return;
    }
}

static void share(struct vd_live_hub *hub, struct vd_feed *feed, struct vd_chunk *chunk)
{
    for (int i = 0; i < hub->n_watchers; i++)
        for (int k = 0; k < hub->watchers[i]->n; k++)
            if (hub->watchers[i]->sights[k].feed == feed)
                vd_sight_give(hub->watchers[i], k, chunk);
}

static struct vd_feed *find(const struct vd_live_hub *hub, uint32_t number)
{
    for (int i = 0; i < hub->n_feeds; i++)
        if (hub->feeds[i]->order.feed == number && !hub->feeds[i]->order.is_end)
            return hub->feeds[i];
    return NULL;
}

static void take(struct vd_live_hub *hub, struct vd_feed *feed,
                 const struct vd_live_piece *piece)
{
    struct vd_chunk *chunk = new_chunk(piece);

    if (chunk == NULL)
        return;
    keep(feed, chunk);
    share(hub, feed, chunk);
    vd_chunk_unref(&chunk);
}

void vd_live_hub_take(struct vd_live_hub *hub, uint32_t number, int worker,
                      const struct vd_live_piece *piece, int64_t now_us)
{
    struct vd_feed *feed;

    if (piece->len > VD_LIVE_PIECE_MAX || (piece->kind == VD_LIVE_INIT && piece->codec == NULL))
        return;
    pthread_mutex_lock(&hub->mutex);
    feed = find(hub, number);
    /* A worker that lost its camera to another may still speak: the first one counts. */
    if (feed != NULL && (feed->order.worker < 0 || feed->order.worker == worker)) {
        feed->order.worker = worker;
        feed->heard_us = now_us;
        if (piece->kind != VD_LIVE_STATE)
            feed->outstanding -= (int64_t)piece->len;
        else if (piece->credit >= 0)
            feed->outstanding = piece->credit;
        take(hub, feed, piece);
    }
    pthread_mutex_unlock(&hub->mutex);
}

/* ---- what is asked of them ---- */

static bool has_taker(const struct vd_live_hub *hub, const struct vd_feed *feed)
{
    for (int i = 0; i < hub->n_watchers; i++)
        for (int k = 0; k < hub->watchers[i]->n; k++)
            if (hub->watchers[i]->sights[k].feed == feed &&
                vd_watcher_has_room(hub->watchers[i]))
                return true;
    return false;
}

/* Whether something is due for feed, and how much more it may send. */
static bool is_due(const struct vd_live_hub *hub, struct vd_feed *feed, int64_t now_us)
{
    int64_t missing;

    feed->order.credit = 0;
    if (feed->order.is_end)
        return true;
    if (feed->order.worker >= 0 && now_us - feed->heard_us > SILENT_US)
        feed->order.worker = -1;
    missing = VD_LIVE_WINDOW_BYTES - (feed->order.worker < 0 ? 0 : feed->outstanding);
    if (missing > VD_LIVE_WINDOW_BYTES / 2 && has_taker(hub, feed))
        feed->order.credit = missing;
    return feed->asked_us == 0 || now_us - feed->asked_us >= RENEW_US ||
           (feed->order.credit > 0 && feed->order.worker >= 0);
}

int vd_live_hub_order(struct vd_live_hub *hub, int64_t now_us, struct vd_live_order *ret_order)
{
    int rc = 0;

    pthread_mutex_lock(&hub->mutex);
    for (int i = 0; i < hub->n_feeds && rc == 0; i++) {
        struct vd_feed *feed = hub->feeds[i];

        if (!is_due(hub, feed, now_us))
            continue;
        rc = 1;
        *ret_order = feed->order;
        feed->asked_us = now_us;
        if (feed->order.worker < 0)
            feed->outstanding = 0; /* whoever has it begins with this */
        feed->outstanding += feed->order.credit;
        if (feed->order.is_end) {
            hub->feeds[i] = hub->feeds[--hub->n_feeds];
            free_feed(feed);
        }
    }
    pthread_mutex_unlock(&hub->mutex);
    return rc;
}

void vd_live_hub_tick(struct vd_live_hub *hub, int64_t now_us, int64_t wall_us)
{
    static const char text[] = "{\"state\":\"unreachable\"}";
    struct vd_live_piece piece = {
        .kind = VD_LIVE_STATE, .at_us = wall_us, .data = text, .len = sizeof text - 1};

    pthread_mutex_lock(&hub->mutex);
    for (int i = 0; i < hub->n_feeds; i++)
        if (!hub->feeds[i]->order.is_end && hub->feeds[i]->asked_us > 0 &&
            now_us - hub->feeds[i]->heard_us > TELL_US)
            take(hub, hub->feeds[i], &piece);
    pthread_mutex_unlock(&hub->mutex);
}

void vd_live_hub_facts(struct vd_live_hub *hub, struct vd_live_facts *ret_facts)
{
    pthread_mutex_lock(&hub->mutex);
    *ret_facts = (struct vd_live_facts){.watchers = hub->n_watchers,
                                        .feeds = hub->n_feeds,
                                        .bytes = hub->bytes,
                                        .lost = hub->lost};
    pthread_mutex_unlock(&hub->mutex);
}
