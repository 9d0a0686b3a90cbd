#include "alerts/console_feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/workflow/alert_json.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/thread.h"
#include "storage/pg/alerts.h"
#include "storage/pg/feed.h"

struct vd_console_feed {
    struct vd_api *api;
    struct vd_api_opts opts;
    struct vd_stop stop;
    pthread_t thread;
    int64_t position;
    bool is_known;
};

static void add_open(struct vd_console_feed *feed, const struct vd_alert *alerts, int n)
{
    char *json = malloc(VD_ALERT_JSON_MAX);

    for (int i = 0; json != NULL && i < n; i++) {
        int len = vd_alert_encode(&alerts[i], NULL, json, VD_ALERT_JSON_MAX, NULL);

        if (len > 0)
            vd_hub_alert_open(vd_api_hub(feed->api), json, (size_t)len);
    }
    free(json);
}

static int snapshot(struct vd_console_feed *feed, struct vd_pg *pg)
{
    struct vd_alert_filter filter = {
        .states = {"unresolved"}, .n_states = 1, .limit = VD_ALERT_LIST_MAX};
    struct vd_alert *alerts = calloc(VD_ALERT_LIST_MAX, sizeof *alerts);
    int rc = vd_pg_begin_snapshot(pg, NULL), n = 0;
    int64_t floor;

    if (rc >= 0)
        rc = vd_pg_feed_position(pg, &feed->position, &floor, NULL);
    if (rc >= 0)
        n = rc = vd_pg_alert_list(pg, &filter, alerts, NULL);
    vd_pg_rollback(pg);
    if (rc >= 0) {
        vd_hub_reset(vd_api_hub(feed->api));
        add_open(feed, alerts, n);
        vd_hub_reset_end(vd_api_hub(feed->api), feed->position);
        feed->is_known = true;
    }
    free(alerts);
    return rc;
}

static void row(void *arg, const struct vd_pg_feed_row *r)
{
    struct vd_console_feed *feed = arg;

    vd_hub_alert(vd_api_hub(feed->api), r->position, r->body, r->body_len);
}

static int poll_once(struct vd_console_feed *feed, struct vd_pg *pg)
{
    struct vd_pg_feed_query query = {.after = feed->position, .prefix = "alert/"};
    int rc = feed->is_known ? 0 : snapshot(feed, pg);

    query.after = feed->position;
    if (rc >= 0)
        rc = vd_pg_feed_read(pg, &query, row, feed, &feed->position, NULL);
    if (rc >= 0)
        vd_hub_through(vd_api_hub(feed->api), feed->position);
    return rc;
}

static void *run(void *arg)
{
    struct vd_console_feed *feed = arg;
    const struct vd_clock *clock = feed->opts.clock;
    struct vd_pg *pg = NULL;

    while (!vd_stop_wait(&feed->stop, 100 * 1000)) {
        if (pg == NULL && vd_pg_open(&pg, &feed->opts.pg, NULL) < 0)
            continue;
        if (poll_once(feed, pg) < 0)
            vd_pg_close(&pg);
        else
            vd_health_heartbeat(vd_api_health(feed->api), true, 0, 0,
                                clock->mono_us(clock->self), clock->wall_us(clock->self));
    }
    vd_pg_close(&pg);
    return NULL;
}

int vd_console_feed_open(struct vd_console_feed **ret_feed, struct vd_api *api,
                         const struct vd_api_opts *opts, struct vd_err *err)
{
    struct vd_console_feed *feed = calloc(1, sizeof *feed);
    int rc;

    if (feed == NULL)
        return vd_err_set(err, VD_ENOMEM, "feed: out of memory");
    feed->api = api;
    feed->opts = *opts;
    rc = vd_stop_init(&feed->stop, err);
    if (rc == 0)
        rc = vd_thread_start(&feed->thread, "feed", run, feed, err);
    if (rc < 0) {
        free(feed);
        return rc;
    }
    *ret_feed = feed;
    return 0;
}

void vd_console_feed_close(struct vd_console_feed **feed)
{
    if (*feed == NULL)
        return;
    vd_stop_request(&(*feed)->stop);
    pthread_join((*feed)->thread, NULL);
    vd_stop_fini(&(*feed)->stop);
    free(*feed);
    *feed = NULL;
}
