/* alerts/api/live_hub.h: live pictures on their way through the console: each stream comes once
 * from its worker, however many pages show it, and goes to each page at that page's pace.
 *
 * A feed is a stream that somebody watches; a watcher is a page's connection. What is shared is
 * kept from the last key frame on, so that the next page begins at once. A page that is too
 * slow loses whole groups of pictures of its own, counted; when all of a stream's pages are,
 * its worker is granted nothing more. No sockets, no clock: time comes in. Any thread; a mutex
 * of its own, which is held while a watcher is woken. */
#ifndef VD_ALERTS_API_LIVE_HUB_H
#define VD_ALERTS_API_LIVE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/api/live_ask.h"
#include "base/err.h"

enum {
    VD_LIVE_WATCHERS_MAX = 128,
    VD_LIVE_FEEDS_MAX = 256,
    VD_LIVE_QUEUE_BYTES = 4 * 1024 * 1024, /* for one page */
    VD_LIVE_QUEUE_MAX = 1024,
    VD_LIVE_KEPT_BYTES = 4 * 1024 * 1024, /* of a feed, since its last key frame */
    VD_LIVE_KEPT_MAX = 256,
    VD_LIVE_PIECE_MAX = 6 * 1024 * 1024, /* one message of a worker */
    VD_LIVE_WINDOW_BYTES = 1024 * 1024,  /* granted to a worker at once */
};

struct vd_live_hub;
struct vd_watcher;

int vd_live_hub_open(struct vd_live_hub **ret_hub, struct vd_err *err);
void vd_live_hub_close(struct vd_live_hub **hub); /* no watcher is left; accepts NULL */

/* ---- pages ---- */

/* Begins to watch. VD_EAGAIN: too many pages, or streams. */
int vd_watcher_open(struct vd_watcher **ret_watcher, struct vd_live_hub *hub,
                    const struct vd_live_ask *ask, struct vd_err *err);
void vd_watcher_close(struct vd_watcher **watcher); /* sets NULL, accepts NULL */

/* pause is called when vd_watcher_read has nothing, before it gives 0; wake, once, when there
 * is more. Both under the hub's mutex. */
void vd_watcher_on_wake(struct vd_watcher *watcher, void (*pause)(void *arg),
                        void (*wake)(void *arg), void *arg);

/* Copies what is next, framed, at most size bytes. 0: nothing now; VD_EEOF: it is over. */
int vd_watcher_read(struct vd_watcher *watcher, uint8_t *buf, size_t size);

/* The i-th camera that the page asked for; NULL: there are no more. While the watcher is open.
 */
const char *vd_watcher_camera(const struct vd_watcher *watcher, int i);

/* Every watcher ends, and none begins any more. */
void vd_live_hub_end(struct vd_live_hub *hub);

/* ---- workers ---- */

/* One message of a worker, about a feed. */
struct vd_live_piece {
    enum vd_live_kind kind;
    bool is_key;
    int64_t at_us;
    const char *codec; /* of an init */
    const void *data;  /* of a state: JSON for the page */
    size_t len;
    int64_t credit; /* of a state: bytes that the worker may still send; < 0: not told */
};

/* Takes a message of the worker of that index; feeds that nobody watches any more ignore it. */
void vd_live_hub_take(struct vd_live_hub *hub, uint32_t feed, int worker,
                      const struct vd_live_piece *piece, int64_t now_us);

/* What to ask of whom. */
struct vd_live_order {
    uint32_t feed;
    int worker; /* -1: all of them, for it is not known who has the camera */
    char camera[VD_ID_MAX + 1];
    bool wants_main, takes_h265;
    bool is_end;
    int64_t credit;
};

/* Gives the next order that is due, 0 when there is none. */
int vd_live_hub_order(struct vd_live_hub *hub, int64_t now_us, struct vd_live_order *ret_order);

/* Tells pages about feeds that no worker speaks of. Each second. */
void vd_live_hub_tick(struct vd_live_hub *hub, int64_t now_us, int64_t wall_us);

struct vd_live_facts {
    int watchers, feeds;
    int64_t bytes, lost; /* sent to pages; groups of pictures that pages were too slow for */
};

void vd_live_hub_facts(struct vd_live_hub *hub, struct vd_live_facts *ret_facts);

#endif
