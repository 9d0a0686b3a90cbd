/* The subscriber against a router that forgets to publish, publishes twice, and goes away:
 * every position comes once and in order, with the whole feed and with a prefix alone. The
 * router is a thread here, so that a sanitizer sees both. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/feed/client.h"
#include "alerts/feed/replay.h"
#include "base/json.h"
#include "base/stop.h"
#include "tests/support/rnd.h"
#include "tests/support/tmpdir.h"

enum { LAST = 3000, BATCH = 40 };

/* libzmq is not built with the sanitizer, so its hand-over between threads is not seen. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:libzmq.so\n";
}

static char feed_at[96], replay_at[96];
static struct vd_bus *bus;
static atomic_bool ends;

struct server {
    struct vd_sock *feed, *replay;
    int64_t position; /* committed */
    uint64_t seed;
};

/* Every third is an alert. */
static const char *topic_of(int64_t position)
{
    return position % 3 == 0 ? "alert/44/-/red/open/" : "event/44/-/gate/motion/start/";
}

static void publish(struct server *s, const char *topic, int64_t position, const char *body)
{
    uint8_t number[8];
    struct vd_part parts[3] = {{topic, strlen(topic)}, {number, 8}, {body, strlen(body)}};

    vd_be64_put(number, (uint64_t)position);
    (void)vd_sock_send(s->feed, parts, 3, NULL);
}

static void answer(struct server *s, const struct vd_part *peer, const char *kind,
                   int64_t position, const char *topic)
{
    uint8_t number[8];
    struct vd_part parts[5] = {*peer,
                               {kind, strlen(kind)},
                               {number, 8},
                               {topic, topic != NULL ? strlen(topic) : 0},
                               {"{}", 2}};

    vd_be64_put(number, (uint64_t)position);
    (void)vd_sock_send(s->replay, parts, topic != NULL ? 5 : 3, NULL);
}

static void serve(struct server *s)
{
    struct vd_part parts[VD_BUS_PARTS_MAX], peer;
    struct vd_replay_request q;
    char id[32];

    while (vd_sock_recv(s->replay, parts, NULL) == 2) {
        if (parts[0].len > sizeof id ||
            vd_replay_parse(parts[1].data, parts[1].len, &q, NULL) < 0 ||
            q.op != VD_REPLAY_ROWS)
            continue;
        memcpy(id, parts[0].data, parts[0].len);
        peer = (struct vd_part){id, parts[0].len};
        if (rnd_next(&s->seed) % 8 == 0)
            continue; /* an answer that never comes */
        for (int64_t p = q.from; p <= s->position; p++)
            if (strncmp(topic_of(p), q.prefix, strlen(q.prefix)) == 0)
                answer(s, &peer, "row", p, topic_of(p));
        answer(s, &peer, "complete", s->position, NULL);
        answer(s, &peer, "live", s->position + 1, NULL);
    }
}

static bool open_sockets(struct server *s)
{
    struct vd_sock_opts feed = {.type = VD_SOCK_XPUB, .endpoint = feed_at, .is_bound = true};
    struct vd_sock_opts replay = {
        .type = VD_SOCK_ROUTER, .endpoint = replay_at, .is_bound = true, .send_hwm = 20000};

    return vd_sock_open(&s->feed, bus, &feed, NULL) == 0 &&
           vd_sock_open(&s->replay, bus, &replay, NULL) == 0;
}

static void *run(void *arg)
{
    struct server s = {.seed = rnd_seed()};

    (void)arg;
    if (!open_sockets(&s))
        abort();
    while (!atomic_load(&ends)) {
        struct vd_poll items[2] = {{.sock = s.replay}, {.sock = s.feed}};
        struct vd_part parts[VD_BUS_PARTS_MAX];
        int64_t n = (int64_t)(rnd_next(&s.seed) % BATCH);

        for (int64_t i = 0; i < n && s.position < LAST; i++) {
            uint64_t dice = rnd_next(&s.seed) % 20;

            s.position++;
            if (dice != 0) /* one in twenty is lost */
                publish(&s, topic_of(s.position), s.position, "{}");
            if (dice == 1)
                publish(&s, topic_of(s.position), s.position, "{}");
        }
        publish(&s, "heartbeat/", s.position, "{}");
        (void)vd_bus_poll(items, 2, 10000);
        while (vd_sock_recv(s.feed, parts, NULL) > 0)
            continue;
        serve(&s);
        if (rnd_next(&s.seed) % 50 == 0) { /* it is started anew */
            vd_sock_close(&s.feed);
            vd_sock_close(&s.replay);
            if (!open_sockets(&s))
                abort();
        }
    }
    vd_sock_close(&s.feed);
    vd_sock_close(&s.replay);
    return NULL;
}

/* Reads to the end, beginning anew now and then from what was kept. */
static int follow(const char *prefix, bool is_narrow)
{
    struct vd_feed_opts opts = {.bus = bus,
                                .feed = feed_at,
                                .replay = replay_at,
                                .prefix = prefix,
                                .is_narrow = is_narrow,
                                .patience_us = 300000};
    int64_t kept = 0, want = 1, gaps = 0;
    int failures = 0, seen = 0;

    while (kept < LAST) {
        struct vd_feed *feed = NULL;
        struct vd_feed_item item;

        opts.after = kept;
        if (vd_feed_open(&feed, &opts, NULL) < 0)
            return 1;
        for (int i = 0; i < 700 && vd_feed_position(feed) < LAST; i++) {
            if (vd_feed_next(feed, 1000000, &item, NULL) <= 0)
                continue;
            while (want < item.position && strncmp(topic_of(want), prefix, strlen(prefix)) != 0)
                want++;
            failures += item.position != want || strcmp(item.topic, topic_of(want)) != 0;
            want = item.position + 1;
            seen++;
        }
        kept = vd_feed_position(feed);
        gaps += (int64_t)vd_feed_gaps(feed);
        vd_feed_close(&feed);
    }
    printf("prefix '%s'%s: %d seen, %" PRId64 " gaps closed, %d failures\n", prefix,
           is_narrow ? " alone" : "", seen, gaps, failures);
    return failures + (seen != (prefix[0] == '\0' ? LAST : LAST / 3));
}

static int story(const char *prefix, bool is_narrow)
{
    pthread_t thread;
    int failures;

    atomic_store(&ends, false);
    if (pthread_create(&thread, NULL, run, NULL) != 0)
        return 1;
    failures = follow(prefix, is_narrow);
    atomic_store(&ends, true);
    pthread_join(thread, NULL);
    return failures;
}

int main(void)
{
    struct tmpdir dir;
    int failures;

    tmpdir_open(&dir);
    (void)snprintf(feed_at, sizeof feed_at, "ipc://%s/feed.sock", dir.path);
    (void)snprintf(replay_at, sizeof replay_at, "ipc://%s/replay.sock", dir.path);
    vd_json_init();
    if (vd_bus_open(&bus, NULL) < 0)
        return 1;
    failures = story("", false);
    failures += story("alert/", false);
    failures += story("alert/", true);
    vd_bus_close(&bus);
    tmpdir_close(&dir);
    return failures == 0 ? 0 : 1;
}
