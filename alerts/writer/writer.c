/* The life of the writing thread: active, standing by, or waiting for the database. */
#include "alerts/writer/writer.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/writer/writer_priv.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"

static const int64_t BACKOFF_MIN_US = 50000;
static const int64_t IDLE_US = 500000; /* longest sleep of a writer with nothing to do */
static const int64_t PARTITIONS_US = INT64_C(3600000000);
static const int64_t LOST_LOCK_US = 5000000; /* our own dead connection may hold it this long */

struct vd_metric vd_writer_metrics[] = {
    [METRIC_EVENTS] =
        {"vedette_router_events_total", NULL, "Events committed.", VD_METRIC_COUNTER, 0, {0}},
    [METRIC_POISON] = {"vedette_router_quarantined_total",
                       NULL,
                       "Messages put into quarantine.",
                       VD_METRIC_COUNTER,
                       0,
                       {0}},
    [METRIC_BATCHES] = {"vedette_router_transactions_total",
                        NULL,
                        "Transactions committed.",
                        VD_METRIC_COUNTER,
                        0,
                        {0}},
    [METRIC_RETRIES] = {"vedette_router_retries_total",
                        NULL,
                        "Attempts that failed and are made again.",
                        VD_METRIC_COUNTER,
                        0,
                        {0}},
    [METRIC_ALERTS] = {"vedette_router_alert_changes_total",
                       NULL,
                       "Changes of alerts by rules.",
                       VD_METRIC_COUNTER,
                       0,
                       {0}},
    [METRIC_REFUSED] = {"vedette_router_refused_alerts_total",
                        NULL,
                        "Changes of alerts that the schema would not take, set aside.",
                        VD_METRIC_COUNTER,
                        0,
                        {0}},
    [METRIC_BATCH_SECONDS] = {"vedette_router_transaction_seconds",
                              NULL,
                              "From its begin to its commit.",
                              VD_METRIC_HISTOGRAM,
                              0,
                              {0}},
    [METRIC_DELAY_SECONDS] = {"vedette_router_delay_seconds",
                              NULL,
                              "From the receipt of an event to its transaction.",
                              VD_METRIC_HISTOGRAM,
                              0,
                              {0}},
    [METRIC_COMMITTING] = {"vedette_router_committing",
                           NULL,
                           "1 while the database takes what it is given.",
                           VD_METRIC_GAUGE,
                           0,
                           {0}},
    [METRIC_POSITION] = {"vedette_router_feed_position",
                         NULL,
                         "Last position of the feed that was handed over.",
                         VD_METRIC_GAUGE,
                         0,
                         {0}},
    [METRIC_STANDS] = {"vedette_router_alerts_remembered",
                       NULL,
                       "Alerts that repeats may still fold into.",
                       VD_METRIC_GAUGE,
                       0,
                       {0}},
    [METRIC_LIVE] = {"vedette_router_happenings_followed",
                     NULL,
                     "Open happenings that a rule waits for or stands for.",
                     VD_METRIC_GAUGE,
                     0,
                     {0}},
    [METRIC_NOT_WAITED_FOR] = {"vedette_router_happenings_not_followed",
                               NULL,
                               "Happenings beyond the limit, for which no rule could wait.",
                               VD_METRIC_GAUGE,
                               0,
                               {0}},
};
const size_t vd_writer_n_metrics = N_METRICS;

/* ---- what others are told ---- */

static void tell(struct vd_writer *w)
{
    struct vd_rules_stats stats = {0};

    if (w->rules != NULL)
        vd_rules_stats(w->rules, &stats);
    w->state.position = w->handed;
    vd_exchange_set_state(w->opts.exchange, &w->state);
    vd_metric_set(&vd_writer_metrics[METRIC_COMMITTING], w->state.is_committing);
    vd_metric_set(&vd_writer_metrics[METRIC_POSITION], w->handed);
    vd_metric_set(&vd_writer_metrics[METRIC_STANDS], (int64_t)stats.stands);
    vd_metric_set(&vd_writer_metrics[METRIC_LIVE], (int64_t)stats.live);
    vd_metric_set(&vd_writer_metrics[METRIC_NOT_WAITED_FOR], (int64_t)stats.not_waited_for);
}

static void is_well(struct vd_writer *w)
{
    if (!w->state.is_committing)
        LOG_INFO("db.up", "position=%lld", (long long)w->handed);
    w->state.is_committing = true;
    w->state.since_us = 0;
    w->state.reason[0] = '\0';
    tell(w);
}

static void is_down(struct vd_writer *w, const struct vd_err *err)
{
    uint32_t repeats;

    if (w->state.is_committing || w->state.since_us == 0)
        w->state.since_us = writer_wall(w);
    w->state.is_committing = false;
    (void)vd_str_copy(w->state.reason, sizeof w->state.reason, err->msg);
    vd_metric_add(&vd_writer_metrics[METRIC_RETRIES], 1);
    if (vd_log_gate(&w->gate, (uint32_t)err->code, writer_mono(w), &repeats))
        LOG_WARN("db.down", "reason=\"%s\" repeats=%u", err->msg, repeats);
    tell(w);
}

/* ---- being the router of the database ---- */

static void stand_by(struct vd_writer *w, const struct vd_err *err)
{
    if (!w->state.is_standby)
        LOG_INFO("router.standby", "reason=\"%s\"", err->msg);
    w->state.is_standby = true;
    w->state.is_active = false;
    w->state.is_committing = false;
    tell(w);
}

/* Not ours at once when a connection of ours was cut: the server may not know yet. */
static void lock_is_taken(struct vd_writer *w, const struct vd_err *err)
{
    int64_t now_us = writer_mono(w);

    if (!w->state.is_active) {
        stand_by(w, err);
        return;
    }
    if (w->refused_us == 0)
        w->refused_us = now_us;
    is_down(w, err);
    if (now_us - w->refused_us > LOST_LOCK_US)
        stand_by(w, err);
}

static bool connect(struct vd_writer *w)
{
    struct vd_err err = {0};
    int rc = writer_activate(w, &err);

    if (rc == VD_EAGAIN) {
        lock_is_taken(w, &err);
        return false;
    }
    if (rc < 0) {
        is_down(w, &err);
        return false;
    }
    if (!w->state.is_active)
        LOG_INFO("router.active", "position=%lld", (long long)w->handed);
    w->state.is_active = true;
    w->state.is_standby = false;
    w->refused_us = 0;
    w->partitions_us = writer_mono(w) + PARTITIONS_US;
    is_well(w);
    return true;
}

static void take_book(struct vd_writer *w)
{
    struct vd_book *next;

    pthread_mutex_lock(&w->lock);
    next = w->next_book;
    w->next_book = NULL;
    pthread_mutex_unlock(&w->lock);
    if (next == NULL)
        return;
    vd_rules_free(&w->rules); /* restored under the new rules before the next message */
    vd_book_free(&w->book);
    w->book = next;
}

/* ---- work ---- */

/* Rows that console and command line made. False: the link broke. */
static bool publish_others(struct vd_writer *w, struct vd_err *err)
{
    struct vd_batch *batch;
    int64_t last;
    int rc = vd_pg_feed_position(w->pg, &last, NULL, err);

    if (rc < 0 || last <= w->handed)
        return rc >= 0;
    batch = vd_exchange_fresh(w->opts.exchange);
    if (batch == NULL)
        return true; /* the receiver is behind; the next batch carries them too */
    rc = writer_catch_up(w, batch, last, err);
    batch->last_position = w->handed;
    vd_exchange_give_back(w->opts.exchange, batch);
    tell(w);
    return rc >= 0;
}

/* Time passes for the rules; what they change goes out in a batch without messages. */
static int tick(struct vd_writer *w, struct vd_err *err)
{
    struct vd_batch *batch;
    int rc;

    if (w->rules != NULL && vd_rules_next_us(w->rules) > writer_wall(w))
        return 0;
    batch = vd_exchange_fresh(w->opts.exchange);
    if (batch == NULL)
        return 0;
    rc = writer_store(w, batch, false, err);
    if (rc < 0 || batch->n_rows == 0)
        vd_exchange_recycle(w->opts.exchange, batch);
    else
        vd_exchange_give_back(w->opts.exchange, batch);
    return rc;
}

static int look_after_partitions(struct vd_writer *w, struct vd_err *err)
{
    if (writer_mono(w) < w->partitions_us)
        return 0;
    w->partitions_us = writer_mono(w) + PARTITIONS_US;
    return vd_pg_partitions_ahead(w->pg, writer_wall(w), 1, err);
}

static int64_t sleep_us(struct vd_writer *w)
{
    int64_t next_us = w->rules != NULL ? vd_rules_next_us(w->rules) : 0, left_us;

    if (next_us == INT64_MAX)
        return IDLE_US;
    left_us = next_us - writer_wall(w);
    if (left_us < 10000)
        left_us = 10000; /* late messages may hold the rules' time back */
    return left_us < IDLE_US ? left_us : IDLE_US;
}

static int rest(struct vd_writer *w, struct vd_err *err)
{
    int fd = vd_exchange_writer_fd(w->opts.exchange);
    int rc = tick(w, err);

    if (rc >= 0)
        rc = look_after_partitions(w, err);
    if (rc >= 0)
        rc = vd_pg_wait(w->pg, (int)(sleep_us(w) / 1000), fd, err);
    vd_exchange_drain(fd);
    if (rc > 0 && !publish_others(w, err))
        rc = VD_EIO;
    return rc;
}

/* One batch, for as long as it takes. It goes back unstored when we stop or are no longer the
 * router of this database: nothing of it is acknowledged then. */
static void write_batch(struct vd_writer *w, struct vd_batch *batch)
{
    int64_t wait_us = BACKOFF_MIN_US, most_us = vd_book_config(w->book)->database.retry_us;
    bool is_again = false;

    for (;;) {
        struct vd_err err = {0};

        take_book(w);
        if ((w->pg != NULL && vd_pg_is_open(w->pg)) || connect(w)) {
            if (writer_store(w, batch, is_again, &err) >= 0) {
                is_well(w);
                break;
            }
            is_down(w, &err);
        }
        is_again = true;
        if (w->state.is_standby || vd_stop_wait(w->opts.stop, wait_us))
            break;
        wait_us = wait_us * 2 < most_us ? wait_us * 2 : most_us;
    }
    vd_exchange_give_back(w->opts.exchange, batch);
}

static void drop_all(struct vd_writer *w)
{
    struct vd_batch *batch;

    while ((batch = vd_exchange_take(w->opts.exchange)) != NULL)
        vd_exchange_give_back(w->opts.exchange, batch);
}

static void *run(void *arg)
{
    struct vd_writer *w = arg;
    int64_t wait_us = BACKOFF_MIN_US;

    while (!vd_stop_requested(w->opts.stop)) {
        const struct vd_config *cfg;
        struct vd_err err = {0};
        struct vd_batch *batch;

        take_book(w);
        cfg = vd_book_config(w->book);
        if (w->pg == NULL || !vd_pg_is_open(w->pg)) {
            if (!connect(w)) {
                int64_t most_us =
                    w->state.is_standby ? cfg->router.standby_us : cfg->database.retry_us;

                if (w->state.is_standby)
                    drop_all(w);
                (void)vd_stop_wait(w->opts.stop, wait_us);
                wait_us = wait_us * 2 < most_us ? wait_us * 2 : most_us;
                continue;
            }
            wait_us = BACKOFF_MIN_US;
            (void)publish_others(w, &err);
        }
        batch = vd_exchange_take(w->opts.exchange);
        if (batch != NULL) {
            write_batch(w, batch);
        } else if (rest(w, &err) < 0 && !vd_stop_requested(w->opts.stop)) {
            is_down(w, &err);
            if (vd_pg_is_open(w->pg))
                (void)vd_stop_wait(w->opts.stop, BACKOFF_MIN_US);
        }
    }
    vd_rules_free(&w->rules);
    vd_pg_close(&w->pg);
    return NULL;
}

/* ---- from outside ---- */

static void writer_free(struct vd_writer **writer)
{
    struct vd_writer *w = *writer;

    vd_touched_free(&w->touched);
    vd_book_free(&w->book);
    vd_book_free(&w->next_book);
    vd_config_unref(&w->cfg);
    pthread_mutex_destroy(&w->lock);
    free(w);
    *writer = NULL;
}

int vd_writer_start(struct vd_writer **ret_writer, const struct vd_writer_opts *opts,
                    struct vd_err *err)
{
    struct vd_writer *w = calloc(1, sizeof *w);
    int rc;

    if (w == NULL)
        return vd_err_set(err, VD_ENOMEM, "writer: out of memory");
    w->opts = *opts;
    w->clock = opts->clock != NULL ? opts->clock : &vd_clock_system;
    w->cfg = vd_config_ref(opts->cfg);
    pthread_mutex_init(&w->lock, NULL);
    rc = vd_book_new(&w->book, opts->cfg, err);
    if (rc >= 0)
        rc = vd_touched_new(&w->touched, err);
    if (rc >= 0)
        rc = vd_link_find(&w->link, w->cfg, opts->state, VD_LINK_ROUTER, "vedette-router", err);
    w->link.opts.stop_fd = opts->stop->fd;
    if (rc >= 0)
        rc = vd_thread_start(&w->thread, "write", run, w, err);
    if (rc < 0) {
        writer_free(&w);
        return rc;
    }
    *ret_writer = w;
    return 0;
}

void vd_writer_join(struct vd_writer **writer)
{
    if (*writer == NULL)
        return;
    vd_exchange_wake_writer((*writer)->opts.exchange);
    pthread_join((*writer)->thread, NULL);
    writer_free(writer);
}

int vd_writer_reload(struct vd_writer *writer, struct vd_config *cfg, struct vd_err *err)
{
    struct vd_book *book = NULL;
    int rc = vd_book_new(&book, cfg, err);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&writer->lock);
    vd_book_free(&writer->next_book);
    writer->next_book = book;
    pthread_mutex_unlock(&writer->lock);
    vd_exchange_wake_writer(writer->opts.exchange);
    return 0;
}
