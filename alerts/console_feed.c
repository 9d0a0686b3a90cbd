#include "alerts/console_feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/feed/client.h"
#include "alerts/workflow/alert_json.h"
#include "alerts/writer/link.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/pg/alerts.h"
#include "storage/pg/feed.h"

enum { TURN_US = 200 * 1000, AGAIN_US = 500 * 1000, PAGE = 200 };

struct vd_console_feed {
    struct vd_api *api;
    struct vd_api_opts opts;
    char feed_at[VD_PATH_MAX + 16];
    struct vd_stop stop;
    pthread_t thread;

    /* Of the thread alone. */
    struct vd_feed *feed;
    bool is_known;       /* the hub was filled, and follows from there */
    int64_t next_try_us; /* of a snapshot */
    int64_t heard_us;    /* when the heartbeat that was told last had come (mono) */
};

static int64_t mono_us(const struct vd_console_feed *feed)
{
    return feed->opts.clock->mono_us(feed->opts.clock->self);
}

/* One page of what is unresolved into the hub; the cursor moves on. Returns how many. */
static int add_page(struct vd_console_feed *feed, struct vd_pg *pg,
                    struct vd_alert_filter *filter, struct vd_alert *alerts, char *json,
                    struct vd_err *err)
{
    int n = vd_pg_alert_list(pg, filter, alerts, err);

    for (int i = 0; i < n; i++) {
        int len = vd_alert_encode(&alerts[i], NULL, json, VD_ALERT_JSON_MAX, NULL);

        if (len > 0)
            vd_hub_alert_open(vd_api_hub(feed->api), json, (size_t)len);
    }
    if (n > 0) {
        filter->before_us = alerts[n - 1].opened_us;
        filter->before_id = alerts[n - 1].id;
    }
    return n;
}

/* All of it, and the position that it is true at, from one snapshot of the database. */
static int fill(struct vd_console_feed *feed, struct vd_pg *pg, int64_t *ret_position,
                struct vd_err *err)
{
    struct vd_alert_filter filter = {.states = {"unresolved"}, .n_states = 1, .limit = PAGE};
    struct vd_alert *alerts = calloc(PAGE, sizeof *alerts);
    char *json = malloc(VD_ALERT_JSON_MAX);
    char before_id[sizeof alerts[0].id];
    int rc, n = PAGE, sum = 0;

    if (alerts == NULL || json == NULL)
        rc = vd_err_set(err, VD_ENOMEM, "feed: out of memory");
    else if ((rc = vd_pg_begin_snapshot(pg, err)) >= 0)
        rc = vd_pg_feed_position(pg, ret_position, NULL, err);
    if (rc >= 0)
        vd_hub_reset(vd_api_hub(feed->api));
    for (; rc >= 0 && n == PAGE && sum < VD_HUB_ALERTS; sum += n) {
        rc = n = add_page(feed, pg, &filter, alerts, json, err);
        if (n > 0) {
            vd_str_copy(before_id, sizeof before_id, filter.before_id);
            filter.before_id = before_id;
        }
    }
    vd_pg_rollback(pg);
    free(alerts);
    free(json);
    return rc;
}

/* Learns the present from the database, and goes on behind it. */
static void take_snapshot(struct vd_console_feed *feed)
{
    struct vd_pg *pg = NULL;
    struct vd_err err = {0};
    int64_t position = 0;

    if (mono_us(feed) < feed->next_try_us)
        return;
    feed->next_try_us = mono_us(feed) + AGAIN_US;
    if (vd_pg_open(&pg, &feed->opts.pg, &err) >= 0 && fill(feed, pg, &position, &err) >= 0) {
        vd_hub_reset_end(vd_api_hub(feed->api), position);
        vd_feed_seek(feed->feed, position);
        feed->is_known = true;
        LOG_INFO("console.feed", "state=following position=%lld", (long long)position);
    } else {
        LOG_DEBUG("console.feed", "state=waiting reason=\"%s\"", err.msg);
    }
    vd_pg_close(&pg);
}

/* Tells the health what the last heartbeat said, once each. */
static void hear(struct vd_console_feed *feed)
{
    int64_t age_us = vd_feed_heartbeat_age_us(feed->feed), now_us = mono_us(feed);
    const char *text = vd_feed_heartbeat(feed->feed);
    const struct vd_clock *clock = feed->opts.clock;
    struct vd_json *doc = NULL;
    bool is_committing = false;
    int64_t since_us = 0;

    if (age_us < 0 || now_us - age_us < feed->heard_us + TURN_US)
        return;
    feed->heard_us = now_us - age_us;
    if (vd_json_parse(&doc, text, strlen(text), NULL) < 0)
        return;
    vd_json_as_bool(vd_json_get(doc, "committing"), &is_committing);
    if (vd_json_get_text(doc, "since") != NULL)
        vd_time_parse(vd_json_get_text(doc, "since"), &since_us);
    vd_health_heartbeat(vd_api_health(feed->api), is_committing, since_us,
                        vd_json_get_int(doc, "waiting", 0), feed->heard_us,
                        clock->wall_us(clock->self) - age_us);
    vd_json_free(&doc);
}

/* One turn at the feed. False when it is time to end. */
static bool turn(struct vd_console_feed *feed)
{
    struct vd_feed_item item;
    struct vd_err err = {0};
    int rc = vd_feed_next(feed->feed, TURN_US, &item, &err);

    if (rc == VD_ESTOP)
        return false;
    if (rc == 1 && feed->is_known)
        vd_hub_alert(vd_api_hub(feed->api), item.position, item.body, item.body_len);
    if (rc < 0 && feed->is_known) {
        LOG_WARN("console.feed", "state=lost reason=\"%s\"", err.msg);
        feed->is_known = false; /* what was missed is in the database */
    }
    if (rc < 0)
        vd_stop_wait(&feed->stop, TURN_US);
    if (feed->is_known)
        vd_hub_through(vd_api_hub(feed->api), vd_feed_position(feed->feed));
    return true;
}

static void *run(void *arg)
{
    struct vd_console_feed *feed = arg;
    struct vd_feed_opts opts = {.bus = feed->opts.bus,
                                .feed = feed->feed_at,
                                .replay = feed->opts.replay,
                                .keys = feed->opts.keys,
                                .after = -1,
                                .prefix = "alert/",
                                .stop_fd = feed->stop.fd};
    struct vd_err err = {0};

    if (vd_feed_open(&feed->feed, &opts, &err) < 0) {
        LOG_ERROR("console.feed", "reason=\"%s\"", err.msg);
        return NULL;
    }
    do {
        if (!feed->is_known)
            take_snapshot(feed);
        hear(feed);
    } while (turn(feed));
    vd_feed_close(&feed->feed);
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
    rc = vd_link_endpoint(opts->cfg->bus.feed, opts->state, "feed", feed->feed_at,
                          sizeof feed->feed_at, err);
    if (rc == 0)
        rc = vd_stop_init(&feed->stop, err);
    if (rc == 0) {
        feed->opts.pg.stop_fd = feed->stop.fd;
        rc = vd_thread_start(&feed->thread, "feed", run, feed, err);
        if (rc < 0)
            vd_stop_fini(&feed->stop);
    }
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
