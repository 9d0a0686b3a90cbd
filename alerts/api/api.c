/* The wiring: which thread a request goes to, and how it all starts and ends. */
#include "alerts/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/api/api_inner.h"
#include "alerts/api/tls.h"
#include "base/log.h"
#include "base/str.h"

static vd_handler_fn *const handlers[VD_N_ROUTES] = {
    [VD_ROUTE_ASSET] = vd_do_asset,
    [VD_ROUTE_HEALTH] = vd_do_health,
    [VD_ROUTE_METRICS] = vd_do_metrics,
    [VD_ROUTE_SESSION_OPEN] = vd_do_session_open,
    [VD_ROUTE_SESSION_SHOW] = vd_do_session_show,
    [VD_ROUTE_SESSION_CLOSE] = vd_do_session_close,
    [VD_ROUTE_ALERT_LIST] = vd_do_alert_list,
    [VD_ROUTE_ALERT_SHOW] = vd_do_alert_show,
    [VD_ROUTE_ALERT_CHANGE] = vd_do_alert_change,
    [VD_ROUTE_UNIT_LIST] = vd_do_unit_list,
    [VD_ROUTE_CAMERA_LIST] = vd_do_camera_list,
    [VD_ROUTE_MEDIA] = vd_do_media,
    [VD_ROUTE_STATUS] = vd_do_status,
    [VD_ROUTE_STREAM] = vd_do_stream,
    [VD_ROUTE_LIVE] = vd_do_live,
};

/* A client that has gone is noticed by the second beat, and the page calls a stream dead after
 * two and a half. */
#define BEAT_MAX_US INT64_C(10000000)

#define METRIC(n, h, t)                                                                        \
    {                                                                                          \
        .name = "vedette_console_" n, .help = h, .type = VD_METRIC_##t                         \
    }

static const struct vd_metric fresh_metrics[VD_N_API_METRICS] = {
    [VD_M_REQUESTS] = METRIC("requests_total", "HTTP requests answered.", COUNTER),
    [VD_M_REFUSED] =
        METRIC("refused_total", "Requests refused because a queue was full.", COUNTER),
    [VD_M_FAILED] = METRIC("failed_total", "Requests that failed by our own fault.", COUNTER),
    [VD_M_SIGN_INS] = METRIC("sign_ins_total", "Successful sign-ins.", COUNTER),
    [VD_M_SIGN_INS_REFUSED] = METRIC("sign_ins_refused_total", "Sign-ins refused.", COUNTER),
    [VD_M_CHANGES] = METRIC("changes_total", "Changes of alerts made here.", COUNTER),
    [VD_M_STALE] =
        METRIC("stale_changes_total", "Changes refused: somebody was faster.", COUNTER),
    [VD_M_STREAMS] = METRIC("streams", "Pages that listen.", GAUGE),
    [VD_M_LIVE_PAGES] = METRIC("live_pages", "Connections that watch live.", GAUGE),
    [VD_M_LIVE_FEEDS] = METRIC("live_feeds", "Streams fetched from workers for them.", GAUGE),
    [VD_M_LIVE_BYTES] = METRIC("live_bytes_total", "Bytes sent to them.", COUNTER),
    [VD_M_LIVE_LOST] =
        METRIC("live_lost_total", "Groups of pictures that they were too slow for.", COUNTER),
    [VD_M_OPEN_ALERTS] = METRIC("open_alerts", "Unresolved alerts in memory.", GAUGE),
    [VD_M_POSITION] = METRIC("feed_position", "Position in the feed.", GAUGE),
    [VD_M_DATABASE] = METRIC("database_up", "1 while the database answers.", GAUGE),
    [VD_M_ROUTER] = METRIC("router_up", "1 while the router's heartbeat comes.", GAUGE),
    [VD_M_WAITING] =
        METRIC("events_waiting", "Events that wait to be stored, says the router.", GAUGE),
    [VD_M_SECONDS] =
        METRIC("request_seconds", "From a request's first byte to its answer.", HISTOGRAM),
};

int64_t vd_api_mono(const struct vd_api *api)
{
    return api->opts.clock->mono_us(api->opts.clock->self);
}

int64_t vd_api_wall(const struct vd_api *api)
{
    return api->opts.clock->wall_us(api->opts.clock->self);
}

struct vd_config *vd_api_config(struct vd_api *api)
{
    struct vd_config *cfg;

    pthread_mutex_lock(&api->cfg_mutex);
    cfg = vd_config_ref(api->cfg);
    pthread_mutex_unlock(&api->cfg_mutex);
    return cfg;
}

int64_t vd_api_offline_us(struct vd_api *api)
{
    int64_t us;

    pthread_mutex_lock(&api->cfg_mutex);
    us = api->cfg->console.offline_us;
    pthread_mutex_unlock(&api->cfg_mutex);
    return us;
}

void vd_api_set_config(struct vd_api *api, struct vd_config *cfg)
{
    struct vd_config *old;

    pthread_mutex_lock(&api->cfg_mutex);
    old = api->cfg;
    api->cfg = vd_config_ref(cfg);
    pthread_mutex_unlock(&api->cfg_mutex);
    vd_config_unref(&old);
}

struct vd_hub *vd_api_hub(struct vd_api *api)
{
    return api->hub;
}

struct vd_health *vd_api_health(struct vd_api *api)
{
    return &api->health;
}

uint16_t vd_api_port(const struct vd_api *api)
{
    return vd_http_port(api->http);
}

enum vd_place vd_api_refuse(struct vd_request *req, enum vd_problem_code code,
                            const char *detail)
{
    vd_reply_problem(&req->reply, code, detail, NULL);
    if (code == VD_BUSY || code == VD_DATABASE_GONE)
        req->reply.retry_after_s = 5;
    return VD_DONE;
}

enum vd_place vd_api_pg_failed(struct vd_api *api, struct vd_request *req, int rc,
                               const struct vd_err *err)
{
    if (rc == VD_EIO || rc == VD_ETIMEOUT || rc == VD_ESTOP)
        return vd_api_refuse(req, VD_DATABASE_GONE, NULL);
    vd_metric_add(&api->metrics[VD_M_FAILED], 1);
    LOG_ERROR("console.request", "route=%s reason=\"%s\"", vd_route_name(req->target.route),
              err->msg);
    return vd_api_refuse(req, VD_INTERNAL, NULL);
}

/* ---- where a request goes ---- */

static enum vd_place step(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                          enum vd_place place)
{
    enum vd_place next = place;

    if (!req->is_admitted && (req->target.needs & VD_NEEDS_SESSION) != 0)
        next = vd_api_admit(api, req, pg, place);
    if (next != place)
        return next;
    req->is_admitted = true;
    if ((req->target.needs & VD_NEEDS_PG) != 0 && place == VD_ON_HTTP)
        return VD_ON_PG;
    if ((req->target.needs & VD_NEEDS_PG) != 0 && place == VD_ON_PG && pg == NULL)
        return vd_api_refuse(req, VD_DATABASE_GONE, NULL);
    return handlers[req->target.route](api, req, pg, place);
}

static void answered(struct vd_api *api, struct vd_request *req)
{
    vd_metric_add(&api->metrics[VD_M_REQUESTS], 1);
    vd_metric_observe_us(&api->metrics[VD_M_SECONDS], vd_api_mono(api) - req->begun_us);
}

static bool decide(void *self, struct vd_request *req)
{
    struct vd_api *api = self;

    req->place = (int)step(api, req, NULL, VD_ON_HTTP);
    if (req->place == VD_DONE)
        answered(api, req);
    return req->place == VD_DONE;
}

static void busy(void *self, struct vd_request *req)
{
    struct vd_api *api = self;

    vd_metric_add(&api->metrics[VD_M_REFUSED], 1);
    vd_api_refuse(req, VD_BUSY, NULL);
    answered(api, req);
    vd_http_done(req);
}

static void submit(void *self, struct vd_request *req)
{
    struct vd_api *api = self;
    struct vd_pool *pool = req->place == VD_ON_PASS    ? api->pass_pool
                           : req->place == VD_ON_MEDIA ? api->media_pool
                                                       : api->pg_pool;

    if (!vd_pool_put(pool, req))
        busy(api, req);
}

/* Work goes on here as long as it wants to be here. */
static void go_on(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                  enum vd_place place)
{
    enum vd_place next = step(api, req, pg, place);

    if (next == VD_DONE) {
        answered(api, req);
        vd_http_done(req);
        return;
    }
    req->place = (int)next;
    submit(api, req);
}

static void work_pg(void *arg, int index, struct vd_request *req)
{
    struct vd_api *api = arg;

    go_on(api, req, vd_api_link(api, &api->links[index]), VD_ON_PG);
}

static void work_pass(void *arg, int index, struct vd_request *req)
{
    (void)index;
    go_on(arg, req, NULL, VD_ON_PASS);
}

static void work_media(void *arg, int index, struct vd_request *req)
{
    (void)index;
    go_on(arg, req, NULL, VD_ON_MEDIA);
}

struct vd_pg *vd_api_link(struct vd_api *api, struct vd_api_link *link)
{
    struct vd_err err = {0};
    int64_t now_us = vd_api_mono(api);

    if (link->pg != NULL && vd_pg_is_open(link->pg))
        return link->pg;
    vd_pg_close(&link->pg);
    if (now_us < link->next_try_us)
        return NULL;
    if (vd_pg_open(&link->pg, &api->opts.pg, &err) < 0) {
        link->next_try_us = vd_api_mono(api) + api->opts.cfg->database.retry_us;
        return NULL;
    }
    return link->pg;
}

/* What is open shows what he might see when it began: it ends once that is no more so, and the
 * page that comes back gets what he may see now. */
static bool still_sees(struct vd_api *api, const struct vd_request *req,
                       const struct vd_who *who)
{
    const char *camera;

    if (!vd_who_sees_alike(&req->who, who))
        return false;
    for (int i = 0; req->watcher != NULL; i++) {
        camera = vd_watcher_camera(req->watcher, i);
        if (camera == NULL)
            break;
        if (!vd_hub_sees_camera(api->hub, who, camera))
            return false;
    }
    return true;
}

static bool may_stream(void *self, const struct vd_request *req)
{
    struct vd_api *api = self;
    struct vd_who who;
    int64_t confirmed_us = 0, now_us = vd_api_mono(api);
    bool wants_touch;
    enum vd_session_state state =
        vd_sessions_get(api->sessions, req->who.token, now_us, vd_api_wall(api), &who,
                        &confirmed_us, &wants_touch);

    if (state != VD_SESSION_GOOD &&
        (state != VD_SESSION_STALE || now_us - confirmed_us > vd_api_offline_us(api)))
        return false;
    return still_sees(api, req, &who);
}

static void note_live(struct vd_api *api)
{
    struct vd_live_facts facts;

    vd_live_hub_facts(api->live, &facts);
    vd_metric_set(&api->metrics[VD_M_LIVE_PAGES], facts.watchers);
    vd_metric_set(&api->metrics[VD_M_LIVE_FEEDS], facts.feeds);
    vd_metric_set(&api->metrics[VD_M_LIVE_BYTES], facts.bytes);
    vd_metric_set(&api->metrics[VD_M_LIVE_LOST], facts.lost);
}

void vd_api_tick(struct vd_api *api)
{
    const struct vd_who anybody = {.n_areas = 0};
    struct vd_health_facts facts = vd_health_get(&api->health);
    int64_t now_us = vd_api_mono(api);
    struct vd_config *cfg = vd_api_config(api);
    struct vd_hub_status status;

    vd_health_judge(&facts, now_us, &status);
    vd_str_copy(status.revision, sizeof status.revision, cfg->revision);
    vd_hub_set_status(api->hub, &status);
    if (now_us >= api->next_beat_us) {
        api->next_beat_us = now_us + (cfg->console.sse_heartbeat_us < BEAT_MAX_US
                                          ? cfg->console.sse_heartbeat_us
                                          : BEAT_MAX_US);
        vd_hub_beat(api->hub, vd_api_wall(api));
    }
    vd_config_unref(&cfg);
    vd_metric_set(&api->metrics[VD_M_STREAMS], vd_http_streams(api->http));
    note_live(api);
    vd_metric_set(&api->metrics[VD_M_OPEN_ALERTS], vd_hub_alert_count(api->hub, &anybody));
    vd_metric_set(&api->metrics[VD_M_POSITION], vd_hub_position(api->hub));
    vd_metric_set(&api->metrics[VD_M_DATABASE], status.has_database);
    vd_metric_set(&api->metrics[VD_M_ROUTER], status.has_router);
    vd_metric_set(&api->metrics[VD_M_WAITING], status.waiting);
}

static void wake(void *arg)
{
    struct vd_api *api = arg;

    vd_http_wake(api->http);
}

/* ---- start and end ---- */

static int open_http(struct vd_api *api, struct vd_err *err)
{
    const struct vd_console_cfg *console = &api->opts.cfg->console;
    struct vd_http_opts opts = {.listen = console->listen,
                                .is_behind_proxy = console->is_behind_proxy,
                                .clock = api->opts.clock,
                                .hub = api->hub,
                                .app = {decide, submit, may_stream, api}};
    int rc = vd_tls_load(api->opts.cfg, api->opts.state, &api->cert_pem, &api->key_pem, err);

    if (rc < 0)
        return rc;
    opts.cert_pem = api->cert_pem;
    opts.key_pem = api->key_pem;
    return vd_http_open(&api->http, &opts, err);
}

static int start(struct vd_api *api, struct vd_err *err)
{
    const char *token_file = api->opts.cfg->console.metrics_token_file;
    char secret[33];
    int rc;

    vd_random_text(secret, sizeof secret - 1);
    if ((rc = vd_password_hash(secret, 0, 0, api->nobody, err)) < 0 ||
        (token_file != NULL &&
         (rc = vd_config_secret(api->opts.cfg, token_file, &api->metrics_token, err)) < 0) ||
        (rc = vd_stop_init(&api->stop, err)) < 0)
        return rc;
    api->opts.pg.stop_fd = api->stop.fd;
    if ((rc = vd_hub_open(&api->hub, err)) < 0 ||
        (rc = vd_media_open(&api->media, api->opts.bus, api->opts.state, api->opts.cfg, err)) <
            0 ||
        (rc = vd_live_hub_open(&api->live, err)) < 0 ||
        (rc = vd_live_link_open(&api->live_link, api->live, api->opts.bus, api->opts.state,
                                api->opts.cfg, api->opts.clock, err)) < 0 ||
        (rc = vd_pool_open(&api->pg_pool, "pg", VD_PG_THREADS, VD_PG_QUEUE, work_pg, api,
                           err)) < 0 ||
        (rc = vd_pool_open(&api->pass_pool, "pass", 1, VD_PASS_QUEUE, work_pass, api, err)) <
            0 ||
        (rc = vd_pool_open(&api->media_pool, "media", 1, VD_MEDIA_QUEUE, work_media, api,
                           err)) < 0 ||
        (rc = open_http(api, err)) < 0)
        return rc;
    vd_hub_on_wake(api->hub, wake, api);
    return vd_keeper_start(api, err);
}

int vd_api_open(struct vd_api **ret_api, const struct vd_api_opts *opts, struct vd_err *err)
{
    struct vd_api *api = calloc(1, sizeof *api);
    int rc;

    if (api == NULL)
        return vd_err_set(err, VD_ENOMEM, "console: out of memory");
    api->opts = *opts;
    api->opts.cfg = vd_config_ref(opts->cfg); /* what needs a restart is read from here */
    api->cfg = vd_config_ref(opts->cfg);
    pthread_mutex_init(&api->cfg_mutex, NULL);
    pthread_mutex_init(&api->door_mutex, NULL);
    vd_health_init(&api->health, opts->clock->wall_us(opts->clock->self));
    memcpy(api->metrics, fresh_metrics, sizeof api->metrics);
    vd_door_init(&api->door);
    api->stop.fd = -1;
    api->sessions = vd_sessions_new();
    rc = api->sessions != NULL ? start(api, err)
                               : vd_err_set(err, VD_ENOMEM, "console: out of memory");
    if (rc < 0) {
        vd_api_close(&api);
        return rc;
    }
    *ret_api = api;
    return 0;
}

void vd_api_close(struct vd_api **api)
{
    struct vd_api *a = *api;

    if (a == NULL)
        return;
    if (a->stop.fd >= 0)
        vd_stop_request(&a->stop); /* connections end their waits */
    vd_keeper_stop(a);
    if (a->http != NULL) {
        vd_hub_on_wake(a->hub, NULL, NULL);
        vd_live_hub_end(a->live);
        vd_http_quiesce(a->http);
    }
    vd_pool_stop(a->pass_pool, busy);
    vd_pool_stop(a->media_pool, busy);
    vd_pool_stop(a->pg_pool, busy);
    vd_http_close(&a->http); /* until here it may still put into the pools, and be refused */
    vd_pool_close(&a->pass_pool);
    vd_pool_close(&a->media_pool);
    vd_pool_close(&a->pg_pool);
    for (int i = 0; i < VD_PG_THREADS; i++)
        vd_pg_close(&a->links[i].pg);
    vd_media_close(&a->media);
    vd_live_link_close(&a->live_link);
    vd_live_hub_close(&a->live);
    vd_hub_close(&a->hub);
    vd_sessions_free(&a->sessions);
    vd_secret_fini(&a->metrics_token);
    if (a->key_pem != NULL)
        vd_secret_wipe(a->key_pem, strlen(a->key_pem));
    free(a->cert_pem);
    free(a->key_pem);
    if (a->stop.fd >= 0)
        vd_stop_fini(&a->stop);
    vd_health_fini(&a->health);
    pthread_mutex_destroy(&a->cfg_mutex);
    pthread_mutex_destroy(&a->door_mutex);
    vd_config_unref(&a->cfg);
    vd_config_unref(&a->opts.cfg);
    free(a);
    *api = NULL;
}
