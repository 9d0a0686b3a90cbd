#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/live_hub.h"
#include "alerts/api/live_link.h"
#include "base/json.h"

enum { SEC = 1000000 };

/* ---- what is asked ---- */

static int ask_of(const char *target, struct vd_live_ask *ask, struct vd_err *err)
{
    struct vd_target t;
    unsigned allow;

    cr_assert_eq(vd_route_decode("GET", target, &t, &allow), 0, "%s", target);
    cr_assert_eq(t.route, VD_ROUTE_LIVE);
    return vd_live_ask_decode(&t.query, ask, err);
}

Test(live_ask, reads_what_a_page_asks)
{
    static const struct {
        const char *query;
        int n; /* cameras; 0: refused */
    } rows[] = {
        {"?cameras=gate-3", 1},
        {"?cameras=a,b,c&stream=sub&h265=0", 3},
        {"?cameras=a&stream=main&h265=1", 1},
        {"?cameras=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", 16},
        {"?cameras=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", 0},
        {"", 0},
        {"?cameras=", 0},
        {"?cameras=a,", 0},
        {"?cameras=,a", 0},
        {"?cameras=a,a", 0},
        {"?cameras=../a", 0},
        {"?cameras=A", 0},
        {"?cameras=a&stream=best", 0},
        {"?cameras=a&h265=yes", 0},
        {"?cameras=a234567890a234567890a234567890a234567890a234567890a234567890123", 1},
        {"?cameras=a234567890a234567890a234567890a234567890a234567890a2345678901234", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_live_ask ask = {.n = 0};
        struct vd_err err = {0};
        char target[256];
        int rc;

        (void)snprintf(target, sizeof target, "/api/v1/live%s", rows[i].query);
        rc = ask_of(target, &ask, &err);
        cr_expect_eq(rc, rows[i].n > 0 ? 0 : VD_EPROTO, "%s: %s", rows[i].query, err.msg);
        cr_expect(rc < 0 || ask.n == rows[i].n, "%s", rows[i].query);
        cr_expect(rc == 0 || err.msg[0] != '\0', "%s", rows[i].query);
        if (i == 2)
            cr_expect(ask.wants_main && ask.takes_h265);
    }
}

Test(live_ask, sixteen_of_the_longest_names_fit)
{
    char target[VD_TARGET_MAX] = "/api/v1/live?stream=sub&cameras=";
    struct vd_live_ask ask;
    size_t len = strlen(target);

    for (int i = 0; i < 16; i++)
        len +=
            (size_t)snprintf(target + len, sizeof target - len, "%s%.61s%02d", i > 0 ? "," : "",
                             "camera-of-a-very-long-name-that-goes-on-to-the-very-end-of-it"
                             "-and-beyond",
                             i);
    cr_assert_eq(ask_of(target, &ask, NULL), 0);
    cr_expect_eq(ask.n, 16);
    cr_expect_eq(strlen(ask.cameras[15]), 63);
}

/* ---- pages and workers ---- */

static struct vd_live_hub *hub;
static int paused, woken;

static void pause_page(void *arg)
{
    (void)arg;
    paused++;
}

static void wake_page(void *arg)
{
    (void)arg;
    woken++;
}

static void set_up(void)
{
    vd_json_init();
    cr_assert_eq(vd_live_hub_open(&hub, NULL), 0);
}

static void tear_down(void)
{
    vd_live_hub_close(&hub);
}

TestSuite(live_hub, .init = set_up, .fini = tear_down);

static struct vd_watcher *watch(const char *cameras)
{
    struct vd_watcher *w = NULL;
    struct vd_live_ask ask;
    char target[256];

    (void)snprintf(target, sizeof target, "/api/v1/live?cameras=%s", cameras);
    cr_assert_eq(ask_of(target, &ask, NULL), 0);
    cr_assert_eq(vd_watcher_open(&w, hub, &ask, NULL), 0);
    vd_watcher_on_wake(w, pause_page, wake_page, NULL);
    return w;
}

static void give(uint32_t feed, int worker, enum vd_live_kind kind, bool is_key, size_t len)
{
    static const uint8_t zeros[VD_LIVE_PIECE_MAX];
    struct vd_live_piece piece = {.kind = kind,
                                  .is_key = is_key,
                                  .at_us = 1790000000123456,
                                  .codec = "avc1.64001f",
                                  .data = zeros,
                                  .len = len,
                                  .credit = -1};

    vd_live_hub_take(hub, feed, worker, &piece, SEC);
}

/* Reads all there is, in steps of step bytes: "2:0K 2:0 …", kind, camera, key. */
static const char *read_all(struct vd_watcher *w, size_t step)
{
    static char text[8192];
    static uint8_t got[16 * 1024 * 1024];
    size_t n = 0, len = 0;
    int rc;

    while ((rc = vd_watcher_read(w, got + n, step)) > 0)
        n += (size_t)rc;
    text[0] = '\0';
    for (size_t at = 0; at < n;) {
        size_t size = (size_t)got[at] << 24 | (size_t)got[at + 1] << 16 |
                      (size_t)got[at + 2] << 8 | got[at + 3];
        uint64_t ms = 0;

        for (int i = 8; i < 16; i++)
            ms = ms << 8 | got[at + (size_t)i];
        cr_assert(ms == 1790000000123 || got[at + 4] == VD_LIVE_STATE);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%d:%d%s", at > 0 ? " " : "",
                                got[at + 4], got[at + 5], got[at + 6] ? "K" : "");
        at += VD_LIVE_HEADER + size;
        cr_assert_leq(at, n);
    }
    return text;
}

static struct vd_live_order order(int64_t now_us)
{
    struct vd_live_order o = {.feed = 0};

    (void)vd_live_hub_order(hub, now_us, &o);
    return o;
}

Test(live_hub, one_stream_serves_all_pages_and_each_begins_at_once)
{
    struct vd_watcher *a = watch("gate,yard"), *b;
    struct vd_live_order gate = order(SEC), yard = order(SEC);

    cr_expect_str_eq(gate.camera, "gate");
    cr_expect_str_eq(yard.camera, "yard");
    cr_expect_eq(gate.worker, -1);
    cr_expect_eq(gate.credit, VD_LIVE_WINDOW_BYTES);
    cr_expect_eq(order(SEC).feed, 0, "asked once");
    cr_expect_str_eq(read_all(a, 64), "");
    give(gate.feed, 0, VD_LIVE_INIT, false, 700);
    give(gate.feed, 0, VD_LIVE_FRAGMENT, true, 5000);
    give(gate.feed, 0, VD_LIVE_FRAGMENT, false, 300);
    cr_expect_eq(woken, 1);
    cr_expect_str_eq(read_all(a, 7), "1:0 2:0K 2:0");
    b = watch("yard,gate");
    cr_expect_eq(order(SEC).feed, 0, "nothing new is asked of the worker");
    cr_expect_str_eq(read_all(b, 4096), "1:1 2:1K 2:1");
    give(gate.feed, 0, VD_LIVE_FRAGMENT, false, 300);
    give(gate.feed, 1, VD_LIVE_FRAGMENT, true, 300); /* not its worker */
    cr_expect_str_eq(read_all(a, 4096), "2:0");
    cr_expect_str_eq(read_all(b, 4096), "2:1");
    vd_watcher_close(&a);
    cr_expect_eq(order(SEC).feed, 0, "the other still watches");
    vd_watcher_close(&b);
    gate = order(SEC);
    cr_expect(gate.is_end);
    cr_expect(order(SEC).is_end);
    cr_expect_eq(order(SEC).feed, 0);
}

Test(live_hub, a_slow_page_loses_whole_groups_and_no_other_does)
{
    struct vd_watcher *slow = watch("gate"), *quick = watch("gate");
    struct vd_live_order gate = order(SEC);
    struct vd_live_facts facts;

    give(gate.feed, 0, VD_LIVE_INIT, false, 700);
    give(gate.feed, 0, VD_LIVE_FRAGMENT, true, 1000);
    for (int i = 0; i < 5; i++) {
        give(gate.feed, 0, VD_LIVE_FRAGMENT, false, 1024 * 1024);
        (void)read_all(quick, 65536);
    }
    cr_expect_str_eq(read_all(slow, 65536), "", "what it was too slow for is gone");
    give(gate.feed, 0, VD_LIVE_FRAGMENT, false, 1000);
    cr_expect_str_eq(read_all(slow, 65536), "", "nothing that can't be decoded");
    cr_expect_str_eq(read_all(quick, 65536), "2:0");
    give(gate.feed, 0, VD_LIVE_FRAGMENT, true, 1000);
    cr_expect_str_eq(read_all(slow, 65536), "1:0 2:0K");
    cr_expect_str_eq(read_all(quick, 65536), "2:0K");
    vd_live_hub_facts(hub, &facts);
    cr_expect_eq(facts.lost, 1);
    vd_watcher_close(&slow);
    vd_watcher_close(&quick);
}

Test(live_hub, a_frame_that_has_begun_to_leave_leaves_whole)
{
    struct vd_watcher *w = watch("gate");
    struct vd_live_order gate = order(SEC);
    static uint8_t part[1000];

    give(gate.feed, 0, VD_LIVE_INIT, false, 700);
    give(gate.feed, 0, VD_LIVE_FRAGMENT, true, 2 * 1024 * 1024);
    cr_assert_eq(vd_watcher_read(w, part, 1000), 1000);
    for (int i = 0; i < 5; i++)
        give(gate.feed, 0, VD_LIVE_FRAGMENT, false, 1024 * 1024);
    /* init left, and 284 bytes of the first fragment: its rest follows, then nothing. */
    cr_expect_eq(1000, VD_LIVE_HEADER + 712 + 272);
    {
        static uint8_t rest[4 * 1024 * 1024];
        size_t n = 0;
        int rc;

        while ((rc = vd_watcher_read(w, rest + n, sizeof rest - n)) > 0)
            n += (size_t)rc;
        cr_expect_eq(n, VD_LIVE_HEADER + 2 * 1024 * 1024 - 272);
    }
    vd_watcher_close(&w);
}

Test(live_hub, back_pressure_reaches_the_worker)
{
    struct vd_watcher *w = watch("gate");
    struct vd_live_order gate = order(SEC), again;

    give(gate.feed, 2, VD_LIVE_INIT, false, 700);
    again = order(2 * SEC);
    cr_expect_eq(again.feed, 0, "there is credit enough, and the lease is young");
    give(gate.feed, 2, VD_LIVE_FRAGMENT, true, 700 * 1024);
    again = order(2 * SEC);
    cr_expect_eq(again.worker, 2);
    cr_expect_eq(again.credit, 700 * 1024 + 700);
    give(gate.feed, 2, VD_LIVE_FRAGMENT, false, 700 * 1024);
    (void)order(2 * SEC);
    give(gate.feed, 2, VD_LIVE_FRAGMENT, false, 700 * 1024);
    cr_expect_eq(order(2 * SEC).feed, 0, "the page reads nothing: no more for it");
    again = order(4 * SEC);
    cr_expect(again.feed == gate.feed && again.credit == 0, "but the lease goes on");
    (void)read_all(w, 65536);
    give(gate.feed, 2, VD_LIVE_STATE, false, 2);
    cr_expect_gt(order(4 * SEC).credit, 0);
    vd_watcher_close(&w);
}

Test(live_hub, a_worker_that_is_silent_may_be_another_one)
{
    struct vd_watcher *w = watch("gate");
    struct vd_live_order gate = order(SEC), again;

    give(gate.feed, 2, VD_LIVE_INIT, false, 700);
    vd_live_hub_tick(hub, 2 * SEC, 0);
    cr_expect_str_eq(read_all(w, 4096), "", "an init segment alone is of no use");
    vd_live_hub_tick(hub, 4 * SEC, 0);
    cr_expect_str_eq(read_all(w, 4096), "4:0", "the page is told");
    again = order(5 * SEC);
    cr_expect_eq(again.worker, -1);
    cr_expect_eq(again.credit, VD_LIVE_WINDOW_BYTES);
    give(gate.feed, 1, VD_LIVE_INIT, false, 700);
    give(gate.feed, 1, VD_LIVE_FRAGMENT, true, 700);
    cr_expect_str_eq(read_all(w, 4096), "1:0 2:0K");
    vd_watcher_close(&w);
}

Test(live_hub, pictures_are_shown_until_video_comes)
{
    struct vd_watcher *w = watch("gate"), *late;
    struct vd_live_order gate = order(SEC);

    give(gate.feed, 0, VD_LIVE_JPEG, false, 3000);
    late = watch("gate");
    cr_expect_str_eq(read_all(late, 4096), "3:0");
    give(gate.feed, 0, VD_LIVE_INIT, false, 700);
    give(gate.feed, 0, VD_LIVE_FRAGMENT, true, 700);
    cr_expect_str_eq(read_all(w, 4096), "3:0 1:0 2:0K");
    vd_watcher_close(&late);
    late = watch("gate");
    cr_expect_str_eq(read_all(late, 4096), "1:0 2:0K", "no old picture before the video");
    vd_watcher_close(&w);
    vd_watcher_close(&late);
}

Test(live_hub, limits_hold)
{
    struct vd_watcher *watchers[VD_LIVE_WATCHERS_MAX], *more = NULL;
    struct vd_live_ask ask;

    for (int i = 0; i < VD_LIVE_WATCHERS_MAX; i++)
        watchers[i] = watch("gate");
    cr_assert_eq(ask_of("/api/v1/live?cameras=gate", &ask, NULL), 0);
    cr_expect_eq(vd_watcher_open(&more, hub, &ask, NULL), VD_EAGAIN);
    for (int i = 0; i < VD_LIVE_WATCHERS_MAX; i++)
        vd_watcher_close(&watchers[i]);
    vd_live_hub_end(hub);
    cr_expect_eq(vd_watcher_open(&more, hub, &ask, NULL), VD_EAGAIN, "it ends");
}

Test(live_hub, an_end_reaches_every_page)
{
    struct vd_watcher *w = watch("gate");
    uint8_t buf[16];

    woken = 0;
    cr_expect_eq(vd_watcher_read(w, buf, sizeof buf), 0);
    vd_live_hub_end(hub);
    cr_expect_eq(woken, 1);
    cr_expect_eq(vd_watcher_read(w, buf, sizeof buf), VD_EEOF);
    vd_watcher_close(&w);
}

/* ---- what workers say ---- */

Test(live_hub, reads_what_workers_say)
{
    static const struct {
        const char *what, *head;
        int n; /* parts */
        int64_t feed;
    } rows[] = {
        {"live", "{\"viewer\":7,\"kind\":\"fragment\",\"at\":5,\"key\":true}", 3, 7},
        {"live", "{\"viewer\":7,\"kind\":\"init\",\"codec\":\"avc1.64001f\"}", 3, 7},
        {"live", "{\"viewer\":7,\"kind\":\"jpeg\",\"at\":5}", 3, 7},
        {"live", "{\"viewer\":7,\"kind\":\"state\",\"state\":\"lost\",\"credit\":9}", 2, 7},
        {"error", "{\"code\":\"busy\",\"viewer\":7}", 2, 7},
        {"error", "{\"code\":\"not-here\",\"viewer\":7}", 2, -1},
        {"live", "{\"viewer\":7,\"kind\":\"fragment\"}", 2, -1},
        {"live", "{\"viewer\":7,\"kind\":\"init\",\"codec\":\"<script>\"}", 3, -1},
        {"live", "{\"viewer\":7,\"kind\":\"init\"}", 3, -1},
        {"live", "{\"viewer\":7,\"kind\":\"state\",\"state\":\"\\\"}\"}", 2, -1},
        {"live", "{\"viewer\":-1,\"kind\":\"jpeg\"}", 3, -1},
        {"live", "{\"viewer\":4294967296,\"kind\":\"jpeg\"}", 3, -1},
        {"live", "[]", 3, -1},
        {"live", "{", 3, -1},
        {"chunk", "{\"viewer\":7,\"kind\":\"jpeg\"}", 3, -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_part parts[3] = {{rows[i].what, strlen(rows[i].what)},
                                   {rows[i].head, strlen(rows[i].head)},
                                   {"bytes", 5}};
        struct vd_live_piece piece = {.len = 0};
        char text[128];

        cr_expect_eq(vd_live_message_decode(parts, rows[i].n, 3, text, sizeof text, &piece),
                     rows[i].feed, "%s %s", rows[i].what, rows[i].head);
        if (i == 0)
            cr_expect(piece.kind == VD_LIVE_FRAGMENT && piece.is_key && piece.at_us == 5 &&
                      piece.len == 5);
        if (i == 3)
            cr_expect(piece.kind == VD_LIVE_STATE && piece.credit == 9 && piece.at_us == 3);
    }
}
