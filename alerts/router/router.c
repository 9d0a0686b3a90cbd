#include "alerts/router/router.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/feed/replay.h"
#include "alerts/router/maintain.h"
#include "alerts/router/receive.h"
#include "alerts/router/timer.h"
#include "alerts/writer/link.h"
#include "alerts/writer/writer.h"
#include "base/bus_zap.h"
#include "base/crypto.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "config/wire.h"

enum { ENDPOINT_MAX = VD_PATH_MAX + 16, BATCHES_SPARE = 4 };

struct vd_router {
    struct vd_config *cfg; /* the one we started with: links and endpoints borrow from it */
    char state[VD_PATH_MAX];
    char events[ENDPOINT_MAX], feed[ENDPOINT_MAX], replay_at[ENDPOINT_MAX];
    struct vd_link replay_link, maintain_link, timer_link;
    uid_t producers[3]; /* root, ourselves, and whose the spools are */
    size_t n_producers;
    struct vd_stop stop;
    struct vd_bus *bus;
    struct vd_zap *zap; /* NULL: all is ipc:// */
    struct vd_bus_keys keys[VD_N_ZAP_REALMS];
    bool is_keyed[VD_N_ZAP_REALMS];
    pthread_mutex_t lock;  /* guards now */
    struct vd_config *now; /* whose keys are admitted */
    struct vd_exchange *exchange;
    struct vd_numbers *numbers;
    struct vd_writer *writer;
    struct vd_receiver *receiver;
    struct vd_replay *replay;
    struct vd_maintain *maintain;
    struct vd_timer *timer;
};

static bool is_active(void *arg)
{
    struct vd_router *router = arg;

    return vd_router_mood(router) == VD_ROUTER_ACTIVE;
}

enum vd_router_mood vd_router_mood(struct vd_router *router)
{
    struct vd_writer_state state;

    vd_exchange_state(router->exchange, &state);
    if (state.is_active)
        return VD_ROUTER_ACTIVE;
    if (state.is_standby)
        return VD_ROUTER_STANDBY;
    return state.since_us != 0 ? VD_ROUTER_DOWN : VD_ROUTER_STARTING;
}

static struct vd_metric zap_metrics[] = {
    {"vedette_router_keys_refused_total",
     NULL,
     "Connections over tcp:// whose key is not listed, or not for that socket.",
     VD_METRIC_COUNTER,
     0,
     {0}}};

static size_t metrics(void *arg, char *buf, size_t size)
{
    const struct vd_router *r = arg;
    size_t len = vd_metrics_print(vd_writer_metrics, vd_writer_n_metrics, buf, size);

    if (r->zap != NULL)
        vd_metric_set(&zap_metrics[0], (int64_t)vd_zap_refused(r->zap));
    len += vd_metrics_print(vd_receiver_metrics, vd_receiver_n_metrics, buf + len, size - len);
    len += vd_metrics_print(zap_metrics, 1, buf + len, size - len);
    return len + vd_numbers_print(r->numbers, vd_clock_system.mono_us(vd_clock_system.self),
                                  buf + len, size - len);
}

static bool listens(void *arg, const char *client)
{
    struct vd_router *r = arg;
    bool does;

    pthread_mutex_lock(&r->lock);
    does = vd_wire_listens(r->now, client);
    pthread_mutex_unlock(&r->lock);
    return does;
}

static int find_places(struct vd_router *r, struct vd_err *err)
{
    const struct vd_bus_cfg *bus = &r->cfg->bus;
    int rc = vd_link_endpoint(bus->events, r->state, "events", r->events, ENDPOINT_MAX, err);

    if (rc >= 0)
        rc = vd_link_endpoint(bus->feed, r->state, "feed", r->feed, ENDPOINT_MAX, err);
    if (rc >= 0)
        rc = vd_link_endpoint(bus->replay, r->state, "replay", r->replay_at, ENDPOINT_MAX, err);
    if (rc >= 0)
        rc = vd_link_find(&r->replay_link, r->cfg, r->state, VD_LINK_ROUTER, "vedette-replay",
                          err);
    if (rc >= 0)
        rc = vd_link_find(&r->maintain_link, r->cfg, r->state, VD_LINK_ROUTER,
                          "vedette-maintain", err);
    if (rc >= 0)
        rc = vd_link_find(&r->timer_link, r->cfg, r->state, VD_LINK_ROUTER, "vedette-timer",
                          err);
    return rc;
}

/* Others of our group reach the socket too: the console reads the feed beside it. */
static void find_producers(struct vd_router *r)
{
    char spool[VD_PATH_MAX];
    struct stat st;

    if (vd_fs_join(spool, sizeof spool, r->state, "spool", NULL) < 0 || stat(spool, &st) != 0)
        return; /* no worker on this machine: whoever was given the socket */
    r->producers[r->n_producers++] = 0;
    r->producers[r->n_producers++] = geteuid();
    r->producers[r->n_producers++] = st.st_uid;
}

static const struct vd_bus_keys *keys_of(const struct vd_router *r, enum vd_zap_realm realm)
{
    return r->is_keyed[realm] ? &r->keys[realm] : NULL;
}

/* Before a socket is bound that asks for keys, somebody must be there who knows them. */
static int open_bus(struct vd_router *r, struct vd_err *err)
{
    const char *const endpoints[VD_N_ZAP_REALMS] = {
        [VD_ZAP_EVENTS] = r->events, [VD_ZAP_FEED] = r->feed, [VD_ZAP_REPLAY] = r->replay_at};
    bool is_any = false;
    int rc = vd_bus_open(&r->bus, err);

    for (int i = 0; i < VD_N_ZAP_REALMS && rc >= 0; i++) {
        rc = vd_wire_server(r->cfg, endpoints[i], &r->keys[i], err);
        r->is_keyed[i] = rc > 0;
        is_any = is_any || rc > 0;
    }
    if (rc >= 0 && is_any)
        rc = vd_zap_open(&r->zap, r->bus, err);
    return rc >= 0 && is_any ? vd_wire_allow(r->zap, r->cfg, err) : rc;
}

static int start_threads(struct vd_router *r, struct vd_err *err)
{
    struct vd_writer_opts writer = {.exchange = r->exchange,
                                    .cfg = r->cfg,
                                    .state = r->state,
                                    .node = VD_ROUTER_NODE,
                                    .stop = &r->stop};
    struct vd_receiver_opts receiver = {.bus = r->bus,
                                        .exchange = r->exchange,
                                        .numbers = r->numbers,
                                        .events = r->events,
                                        .feed = r->feed,
                                        .producers = r->producers,
                                        .n_producers = r->n_producers,
                                        .zap = r->zap,
                                        .events_keys = keys_of(r, VD_ZAP_EVENTS),
                                        .feed_keys = keys_of(r, VD_ZAP_FEED),
                                        .cfg = r->cfg,
                                        .stop = &r->stop};
    struct vd_replay_opts replay = {.bus = r->bus,
                                    .endpoint = r->replay_at,
                                    .keys = keys_of(r, VD_ZAP_REPLAY),
                                    .zap = r->zap,
                                    .pg = r->replay_link.opts,
                                    .stop = &r->stop,
                                    .is_active = is_active,
                                    .listens = listens,
                                    .metrics = metrics,
                                    .arg = r};
    struct vd_maintain_opts maintain = {.pg = r->maintain_link.opts,
                                        .keep = r->cfg->retention,
                                        .stop = &r->stop,
                                        .is_active = is_active,
                                        .arg = r};
    struct vd_timer_opts timer = {.pg = r->timer_link.opts,
                                  .state = r->state,
                                  .seal_us = r->cfg->router.seal_us,
                                  .clock = &vd_clock_system,
                                  .stop = &r->stop,
                                  .is_active = is_active,
                                  .arg = r};
    int rc = vd_writer_start(&r->writer, &writer, err);

    if (rc >= 0)
        rc = vd_receiver_start(&r->receiver, &receiver, err);
    if (rc >= 0)
        rc = vd_replay_start(&r->replay, &replay, err);
    if (rc >= 0)
        rc = vd_maintain_start(&r->maintain, &maintain, err);
    if (rc >= 0)
        rc = vd_timer_start(&r->timer, &timer, err);
    return rc;
}

int vd_router_start(struct vd_router **ret_router, struct vd_config *cfg, const char *state,
                    struct vd_err *err)
{
    struct vd_router *r = calloc(1, sizeof *r);
    int rc = 0;

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "router: out of memory");
    r->stop.fd = -1;
    r->cfg = vd_config_ref(cfg);
    r->now = vd_config_ref(cfg);
    pthread_mutex_init(&r->lock, NULL);
    if (!vd_str_copy(r->state, sizeof r->state, state))
        rc = vd_err_set(err, VD_EINVAL, "the state folder's path is too long");
    if (rc >= 0)
        rc = find_places(r, err);
    find_producers(r);
    if (rc >= 0)
        rc = vd_stop_init(&r->stop, err);
    if (rc >= 0)
        rc = open_bus(r, err);
    if (rc >= 0)
        rc = vd_exchange_open(&r->exchange, (int)cfg->router.queue + BATCHES_SPARE,
                              (int)cfg->router.batch, err);
    if (rc >= 0)
        rc = vd_numbers_new(&r->numbers, err);
    if (rc >= 0)
        rc = start_threads(r, err);
    if (rc < 0) {
        vd_router_stop(&r);
        return rc;
    }
    vd_receiver_say(r->receiver, VD_NODE_STARTED, "the router started");
    *ret_router = r;
    return 0;
}

void vd_router_stop(struct vd_router **router)
{
    struct vd_router *r = *router;

    if (r == NULL)
        return;
    if (r->stop.fd >= 0)
        vd_stop_request(&r->stop);
    vd_timer_join(&r->timer);
    vd_maintain_join(&r->maintain);
    vd_replay_join(&r->replay);
    vd_writer_join(&r->writer);
    vd_receiver_join(&r->receiver);
    vd_exchange_close(&r->exchange);
    vd_numbers_free(&r->numbers);
    vd_zap_close(&r->zap);
    vd_bus_close(&r->bus);
    vd_secret_wipe(r->keys, sizeof r->keys);
    vd_stop_fini(&r->stop);
    vd_config_unref(&r->cfg);
    vd_config_unref(&r->now);
    pthread_mutex_destroy(&r->lock);
    free(r);
    *router = NULL;
}

/* First who may come in, then the hanging up: whoever is listed no more does not come back. */
static int reload_keys(struct vd_router *router, struct vd_config *cfg, struct vd_err *err)
{
    bool is_same = vd_wire_same(router->now, cfg);
    int rc = router->zap != NULL ? vd_wire_allow(router->zap, cfg, err) : 0;

    if (rc < 0)
        return rc;
    if (router->zap != NULL && !is_same)
        vd_replay_hang_up(router->replay);
    pthread_mutex_lock(&router->lock);
    vd_config_unref(&router->now);
    router->now = vd_config_ref(cfg);
    pthread_mutex_unlock(&router->lock);
    return 0;
}

int vd_router_reload(struct vd_router *router, struct vd_config *cfg, struct vd_err *err)
{
    int rc = vd_writer_reload(router->writer, cfg, err);

    if (rc >= 0)
        rc = reload_keys(router, cfg, err);
    if (rc < 0)
        return rc;
    vd_receiver_reload(router->receiver, cfg);
    vd_maintain_reload(router->maintain, &cfg->retention);
    vd_receiver_say(router->receiver, VD_NODE_CONFIG, NULL);
    return 0;
}

void vd_router_refuse(struct vd_router *router, const char *why)
{
    vd_receiver_say(router->receiver, VD_NODE_CONFIG, why);
}
