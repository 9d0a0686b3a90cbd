/* Pages come, read at their own pace, and go, while workers' messages come in and orders go
 * out: on the console's side of live view. What a page gets is whole frames, and video that
 * begins with a key frame. */
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/live_hub.h"
#include "base/json.h"
#include "base/thread.h"

enum { PAGES = 4, VISITS = 40, VISIT_BYTES = 300000, PIECE = 3000, SLOW_BYTES = 700 };

static struct vd_live_hub *hub;
static atomic_bool is_done;

static void pause_page(void *arg)
{
    (void)arg;
}

static void wake_page(void *arg)
{
    (void)sem_post(arg);
}

/* Cuts what came into frames; returns the bytes of the last that are not whole. */
static size_t check(const uint8_t *bytes, size_t len, bool *has_key)
{
    size_t at = 0;

    while (len - at >= VD_LIVE_HEADER) {
        size_t size = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 |
                      (size_t)bytes[at + 2] << 8 | bytes[at + 3];

        assert(bytes[at + 4] >= VD_LIVE_INIT && bytes[at + 4] <= VD_LIVE_STATE);
        assert(size <= PIECE + 64 && bytes[at + 5] == 0);
        if (len - at < VD_LIVE_HEADER + size)
            break;
        if (bytes[at + 4] == VD_LIVE_INIT)
            *has_key = false;
        if (bytes[at + 4] == VD_LIVE_FRAGMENT) {
            assert(bytes[at + 6] == 1 || *has_key);
            *has_key = true;
        }
        at += VD_LIVE_HEADER + size;
    }
    return len - at;
}

static void *page(void *arg)
{
    size_t step = (uintptr_t)arg % 2 == 0 ? SLOW_BYTES : 65536;
    uint8_t *bytes = malloc(65536 + PIECE + 1024);
    sem_t more;

    assert(bytes != NULL && sem_init(&more, 0, 0) == 0);
    for (int visit = 0; visit < VISITS; visit++) {
        struct vd_live_ask ask = {.cameras = {"gate"}, .n = 1};
        struct vd_watcher *w = NULL;
        bool has_key = false;
        size_t left = 0, taken = 0;

        assert(vd_watcher_open(&w, hub, &ask, NULL) == 0);
        vd_watcher_on_wake(w, pause_page, wake_page, &more);
        while (taken < VISIT_BYTES) {
            int n = vd_watcher_read(w, bytes + left, step);
            size_t whole;

            assert(n >= 0);
            taken += (size_t)n;
            if (n == 0)
                (void)sem_wait(&more);
            whole = left + (size_t)n;
            left = check(bytes, whole, &has_key);
            memmove(bytes, bytes + whole - left, left);
        }
        vd_watcher_close(&w);
        while (sem_trywait(&more) == 0)
            continue; /* woken, and not asked any more */
    }
    (void)sem_destroy(&more);
    free(bytes);
    return NULL;
}

static void *worker(void *arg)
{
    static const uint8_t zeros[PIECE];
    uint32_t feed = 0;
    int64_t now_us = 1;

    (void)arg;
    for (unsigned i = 0; !atomic_load(&is_done); i++, now_us += 10000) {
        struct vd_live_piece piece = {.kind = i % 300 == 0  ? VD_LIVE_INIT
                                              : i % 50 == 7 ? VD_LIVE_STATE
                                                            : VD_LIVE_FRAGMENT,
                                      .is_key = i % 25 == 1,
                                      .at_us = now_us,
                                      .codec = "avc1.64001f",
                                      .data = zeros,
                                      .len = PIECE,
                                      .credit = -1};
        struct vd_live_order order;
        struct vd_live_facts facts;

        while (vd_live_hub_order(hub, now_us, &order) == 1)
            if (!order.is_end && order.feed != feed) {
                feed = order.feed;
                i = 0; /* another viewer begins with an init segment */
                piece.kind = VD_LIVE_INIT;
            }
        vd_live_hub_take(hub, feed, 0, &piece, now_us);
        vd_live_hub_tick(hub, now_us, now_us);
        vd_live_hub_facts(hub, &facts);
        assert(facts.watchers <= PAGES && facts.feeds >= 0);
    }
    return NULL;
}

int main(void)
{
    pthread_t pages[PAGES], sender;
    struct vd_live_facts facts;

    vd_json_init();
    assert(vd_live_hub_open(&hub, NULL) == 0);
    assert(vd_thread_start(&sender, "worker", worker, NULL, NULL) == 0);
    for (uintptr_t i = 0; i < PAGES; i++)
        assert(vd_thread_start(&pages[i], "page", page, (void *)i, NULL) == 0);
    for (int i = 0; i < PAGES; i++)
        (void)pthread_join(pages[i], NULL);
    atomic_store(&is_done, true);
    (void)pthread_join(sender, NULL);
    vd_live_hub_facts(hub, &facts);
    assert(facts.bytes > 0 && facts.watchers == 0);
    vd_live_hub_close(&hub);
    return 0;
}
