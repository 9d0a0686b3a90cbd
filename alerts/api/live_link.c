#include "alerts/api/live_link.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alerts/api/media.h"
#include "base/stop.h"
#include "base/thread.h"

enum { TICK_US = 1000 * 1000, ROUND_US = 250 * 1000, TEXT_MAX = 256 };

struct peer {
    char endpoint[300];
    struct vd_sock *sock; /* NULL: not connected */
};

struct vd_live_link {
    struct vd_live_hub *hub;
    struct vd_bus *bus;
    const struct vd_clock *clock;
    struct vd_stop stop;
    int hurry;
    pthread_t thread;
    /* the thread's own */
    struct peer peers[VD_MEDIA_WORKERS_MAX];
    int n_peers;
    int64_t tick_us;
};

static int64_t mono(const struct vd_live_link *l)
{
    return l->clock->mono_us(l->clock->self);
}

static int64_t wall(const struct vd_live_link *l)
{
    return l->clock->wall_us(l->clock->self);
}

static void ask(struct vd_live_link *l, struct peer *peer, const struct vd_live_order *order)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_DEALER,
                                .endpoint = peer->endpoint,
                                .message_bytes = VD_LIVE_PIECE_MAX + 4096};
    char text[TEXT_MAX];
    struct vd_part part = {text, 0};

    if (order->is_end)
        part.len = (size_t)snprintf(
            text, sizeof text, "{\"op\":\"live-end\",\"viewer\":%" PRIu32 "}", order->feed);
    else
        part.len = (size_t)snprintf(
            text, sizeof text,
            "{\"op\":\"live\",\"viewer\":%" PRIu32 ",\"camera\":\"%s\",\"stream\":\"%s\","
            "\"h265\":%d,\"credit\":%" PRId64 "}",
            order->feed, order->camera, order->wants_main ? "main" : "sub", order->takes_h265,
            order->credit);
    if (peer->sock == NULL &&
        (order->is_end || vd_sock_open(&peer->sock, l->bus, &opts, NULL) < 0))
        return;
    (void)vd_sock_send(peer->sock, &part, 1, NULL); /* full or gone: asked again */
}

static void send_orders(struct vd_live_link *l)
{
    struct vd_live_order order;

    while (vd_live_hub_order(l->hub, mono(l), &order) == 1)
        for (int i = 0; i < l->n_peers; i++)
            if (order.worker < 0 || order.worker == i || order.is_end)
                ask(l, &l->peers[i], &order);
}

/* Takes what has come of a worker. */
static void receive(struct vd_live_link *l, int worker)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];
    int n;

    while ((n = vd_sock_recv(l->peers[worker].sock, parts, NULL)) != VD_EAGAIN) {
        struct vd_live_piece piece;
        char text[TEXT_MAX];
        int64_t feed;

        if (n < 0 && n != VD_EPROTO)
            return;
        feed = vd_live_message_decode(parts, n, wall(l), text, sizeof text, &piece);
        if (feed >= 0)
            vd_live_hub_take(l->hub, (uint32_t)feed, worker, &piece, mono(l));
    }
}

static void wait(struct vd_live_link *l)
{
    struct vd_poll items[VD_MEDIA_WORKERS_MAX + 2] = {{.fd = l->stop.fd}, {.fd = l->hurry}};
    struct vd_live_facts facts;
    int whose[VD_MEDIA_WORKERS_MAX + 2], n = 2;
    uint64_t count;

    for (int i = 0; i < l->n_peers && n < 64; i++)
        if (l->peers[i].sock != NULL) {
            whose[n] = i;
            items[n++].sock = l->peers[i].sock;
        }
    vd_live_hub_facts(l->hub, &facts);
    (void)vd_bus_poll(items, (size_t)n, facts.feeds > 0 ? ROUND_US : -1);
    if (items[1].is_readable)
        (void)!read(l->hurry, &count, sizeof count);
    for (int i = 2; i < n; i++)
        if (items[i].is_readable)
            receive(l, whose[i]);
}

static void *run(void *arg)
{
    struct vd_live_link *l = arg;

    while (!vd_stop_requested(&l->stop)) {
        send_orders(l);
        wait(l);
        if (mono(l) < l->tick_us)
            continue;
        l->tick_us = mono(l) + TICK_US;
        vd_live_hub_tick(l->hub, mono(l), wall(l));
    }
    for (int i = 0; i < l->n_peers; i++)
        vd_sock_close(&l->peers[i].sock);
    return NULL;
}

int vd_live_link_open(struct vd_live_link **ret_link, struct vd_live_hub *hub,
                      struct vd_bus *bus, const char *state, const struct vd_config *cfg,
                      const struct vd_clock *clock, struct vd_err *err)
{
    struct vd_live_link *l = calloc(1, sizeof *l);
    int rc;

    if (l == NULL)
        return vd_err_set(err, VD_ENOMEM, "live: out of memory");
    *l = (struct vd_live_link){.hub = hub, .bus = bus, .clock = clock, .stop = {.fd = -1}};
    l->n_peers = vd_media_workers(cfg);
    for (int i = 0; i < l->n_peers; i++)
        vd_media_endpoint(cfg, state, i, l->peers[i].endpoint, sizeof l->peers[i].endpoint);
    l->hurry = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = l->hurry < 0 ? vd_err_set(err, VD_EIO, "live: no event descriptor")
                      : vd_stop_init(&l->stop, err);
    if (rc == 0)
        rc = vd_thread_start(&l->thread, "live", run, l, err);
    if (rc == 0) {
        *ret_link = l;
        return 0;
    }
    if (l->hurry >= 0)
        close(l->hurry);
    if (l->stop.fd >= 0)
        vd_stop_fini(&l->stop);
    free(l);
    return rc;
}

void vd_live_link_hurry(struct vd_live_link *l)
{
    uint64_t one = 1;

    (void)!write(l->hurry, &one, sizeof one);
}

void vd_live_link_close(struct vd_live_link **link)
{
    struct vd_live_link *l = *link;

    *link = NULL;
    if (l == NULL)
        return;
    vd_stop_request(&l->stop);
    (void)pthread_join(l->thread, NULL);
    vd_stop_fini(&l->stop);
    close(l->hurry);
    free(l);
}
