/* A batch into the database: in one transaction as a rule, in halves when one of its messages
 * is refused for what is in it. */
#include <stdio.h>
#include <string.h>

#include "alerts/writer/writer_priv.h"
#include "storage/pg/cameras.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"

enum { GAP_ROWS = 500 };

/* ---- what is published ---- */

struct gap {
    struct vd_batch *batch;
    int64_t to;
    int rc;
};

static void take_row(void *arg, const struct vd_pg_feed_row *row)
{
    struct gap *gap = arg;
    struct vd_pile *pile = &gap->batch->pile;
    struct vd_pg_feed_row copy = *row;

    if (gap->rc < 0 || row->position > gap->to)
        return;
    copy.topic = vd_pile_copy(pile, row->topic, strlen(row->topic));
    copy.body = vd_pile_copy(pile, row->body, row->body_len);
    gap->rc = copy.topic == NULL || copy.body == NULL ? VD_ENOMEM
                                                      : vd_batch_publish(gap->batch, &copy);
}

int writer_catch_up(struct vd_writer *w, struct vd_batch *batch, int64_t to, struct vd_err *err)
{
    while (w->handed < to) {
        struct gap gap = {.batch = batch, .to = to};
        int64_t left = to - w->handed, through = w->handed;
        struct vd_pg_feed_query query = {.after = w->handed,
                                         .limit = left < GAP_ROWS ? (int)left : GAP_ROWS};
        int rc = vd_pg_feed_read(w->pg, &query, take_row, &gap, &through, err);

        if (rc == VD_EEOF) { /* retention took it: a subscriber who asks is told "expired" */
            w->handed = to;
            break;
        }
        if (rc < 0)
            return rc;
        if (gap.rc < 0)
            return vd_err_set(err, VD_ENOMEM, "writer: out of memory");
        if (through == w->handed)
            break;
        w->handed = through < to ? through : to;
    }
    return 0;
}

/* Rows of a transaction of ours, behind those that others wrote meanwhile. Nothing here may
 * fail the batch: it is committed, and a subscriber sees the gap and asks for a replay. */
static void publish(struct vd_writer *w, struct vd_batch *batch, struct vd_pg_feed_row *rows,
                    int n)
{
    struct vd_err err;

    if (n == 0)
        return;
    if (rows[0].position != w->handed + 1)
        (void)writer_catch_up(w, batch, rows[0].position - 1, &err);
    for (int i = 0; i < n; i++)
        if (vd_batch_publish(batch, &rows[i]) < 0)
            break;
    w->handed = rows[n - 1].position;
}

/* ---- storing ---- */

/* What was set aside is for somebody to see to: the alert is not there. */
static void say_refused(struct vd_writer *w)
{
    for (const struct vd_refusal *r = vd_touched_refusals(w->touched); r != NULL; r = r->next) {
        vd_metric_add(&vd_writer_metrics[METRIC_REFUSED], 1);
        LOG_ERROR("rule.refused", "rule=\"%s\" alert=%s reason=\"%s\"", r->rule, r->alert,
                  r->reason);
    }
}

static void settle(struct vd_writer *w, struct vd_batch *batch, const struct vd_attempt *at,
                   const struct vd_attempt_result *done)
{
    publish(w, batch, done->rows, done->n_rows);
    say_refused(w);
    for (int i = at->from; i < at->to; i++) {
        const struct vd_item *item = &batch->items[i];

        batch->sources[item->source].last = item->sequence;
        vd_metric_add(&vd_writer_metrics[item->poison != NULL ? METRIC_POISON : METRIC_EVENTS],
                      1);
        vd_metric_observe_us(&vd_writer_metrics[METRIC_DELAY_SECONDS],
                             at->now_us - item->received_us);
    }
}

/* A clock that was set is no time that passed. */
static void heed_clock(struct vd_writer *w, int64_t mono_us)
{
    static const int64_t STEP_US = 2000000; /* less is slewed, or a busy machine */
    int64_t clock_us = writer_wall(w) - mono_us, by_us = clock_us - w->clock_us;

    if (w->clock_us != 0 && (by_us > STEP_US || by_us < -STEP_US)) {
        LOG_WARN("clock.step", "by_ms=%lld", (long long)(by_us / 1000));
        vd_rules_step(w->rules, by_us);
    }
    w->clock_us = clock_us;
}

/* One transaction. *ret_rules: it failed at what the rules want, not at a message. */
static int run(struct vd_writer *w, struct vd_batch *batch, struct vd_attempt *at,
               bool *ret_rules, struct vd_err *err)
{
    int64_t began_us = writer_mono(w);
    struct vd_attempt_result done = {0};
    int rc;

    *ret_rules = false;
    if (w->rules == NULL && (rc = writer_restore(w, err)) < 0)
        return rc;
    heed_clock(w, began_us);
    at->rules = w->rules;
    rc = vd_attempt_run(at, &done, err);
    if (rc < 0) {
        vd_rules_free(&w->rules); /* it holds what the database does not */
        *ret_rules = done.is_rules;
        return rc;
    }
    settle(w, batch, at, &done);
    if (rc > 0) {
        vd_metric_add(&vd_writer_metrics[METRIC_BATCHES], 1);
        vd_metric_add(&vd_writer_metrics[METRIC_ALERTS], vd_touched_count(w->touched));
        vd_metric_observe_us(&vd_writer_metrics[METRIC_BATCH_SECONDS],
                             writer_mono(w) - began_us);
    }
    return 0;
}

/* Once more, and warily, when the schema refused what a rule wants. *ret_message: it refused a
 * message. Everything else of the kind that no retry cures (privileges, schema) is ours, and
 * neither message nor rule may pay for it. */
static int attempt(struct vd_writer *w, struct vd_batch *batch, int from, int to,
                   bool *ret_message, struct vd_err *err)
{
    int64_t now_us = writer_wall(w);
    int64_t late_us = batch->due_us != 0 ? batch->due_us : vd_exchange_late(w->opts.exchange);
    struct vd_attempt at = {.pg = w->pg,
                            .touched = w->touched,
                            .batch = batch,
                            .from = from,
                            .to = to,
                            .has_tick = to == batch->n_items,
                            .tick_us = late_us != 0 && late_us < now_us ? late_us : now_us,
                            .now_us = now_us};
    bool is_rules;
    int rc = run(w, batch, &at, &is_rules, err);

    if (is_rules && vd_pg_is_data_refused(w->pg, rc)) {
        at.is_wary = true;
        rc = run(w, batch, &at, &is_rules, err);
    }
    *ret_message = !is_rules && vd_pg_is_data_refused(w->pg, rc);
    return rc;
}

static int quarantine(struct vd_writer *w, struct vd_batch *batch, int i, struct vd_err *err)
{
    struct vd_item *item = &batch->items[i];
    const char *name = batch->sources[item->source].name;
    bool is_message;

    LOG_WARN("event.refused", "source=\"%s\" sequence=%llu reason=\"%s\"", name,
             (unsigned long long)item->sequence, err->msg);
    item->poison = vd_pile_copy(&batch->pile, err->msg, strlen(err->msg));
    if (item->poison == NULL)
        return vd_err_set(err, VD_ENOMEM, "writer: out of memory");
    return attempt(w, batch, i, i + 1, &is_message, err);
}

/* Halves until the message at fault stands alone. */
static int store_range(struct vd_writer *w, struct vd_batch *batch, int from, int to,
                       struct vd_err *err)
{
    bool is_message;
    int rc = attempt(w, batch, from, to, &is_message, err), middle = from + (to - from) / 2;

    if (rc >= 0 || !is_message)
        return rc;
    if (to - from == 1)
        return batch->items[from].poison != NULL ? rc : quarantine(w, batch, from, err);
    rc = store_range(w, batch, from, middle, err);
    return rc < 0 ? rc : store_range(w, batch, middle, to, err);
}

/* ---- sources ---- */

static int look_up(struct vd_writer *w, struct vd_batch *batch, bool all, struct vd_err *err)
{
    for (int i = 0; i < batch->n_sources; i++) {
        struct vd_batch_source *s = &batch->sources[i];
        struct vd_pg_source found;
        int rc;

        if (s->id != 0 && !all)
            continue;
        rc = vd_pg_source_get(w->pg, s->name, &found, err);
        if (rc < 0)
            return rc;
        s->id = found.id;
        s->last = (uint64_t)found.last_sequence;
        s->is_looked_up = true;
    }
    return 0;
}

/* Takes out what is stored already, and what does not follow on it. */
static void keep_step(struct vd_batch *batch)
{
    uint64_t next[VD_BATCH_SOURCES_MAX];
    int kept = 0;

    for (int i = 0; i < batch->n_sources; i++)
        next[i] = batch->sources[i].last + 1;
    for (int i = 0; i < batch->n_items; i++) {
        const struct vd_item *item = &batch->items[i];
        struct vd_batch_source *s = &batch->sources[item->source];

        if (!s->is_looked_up) {
            batch->items[kept++] = *item;
        } else if (item->sequence == next[item->source]) {
            next[item->source]++;
            batch->items[kept++] = *item;
        } else if (item->sequence > next[item->source]) {
            s->is_out_of_step = true;
        }
    }
    batch->n_items = kept;
}

/* ---- the whole of it ---- */

static void store_cameras(struct vd_writer *w, struct vd_batch *batch)
{
    struct vd_err err;
    uint32_t repeats;

    /* A view of the present: the next change writes it again. */
    if (batch->n_cameras == 0 ||
        vd_pg_camera_store(w->pg, batch->cameras, batch->n_cameras, &err) >= 0)
        return;
    if (vd_log_gate(&w->gate, (uint32_t)err.code, writer_mono(w), &repeats))
        LOG_WARN("camera.status", "reason=\"%s\" repeats=%u", err.msg, repeats);
}

/* A commit whose outcome was unknown is seen here: in the sources, and in the feed. */
static int find_out(struct vd_writer *w, struct vd_batch *batch, bool is_again,
                    struct vd_err *err)
{
    int64_t last;
    int rc = look_up(w, batch, is_again, err);

    if (rc >= 0 && is_again)
        rc = vd_pg_feed_position(w->pg, &last, NULL, err);
    return rc >= 0 && is_again ? writer_catch_up(w, batch, last, err) : rc;
}

int writer_store(struct vd_writer *w, struct vd_batch *batch, bool is_again, struct vd_err *err)
{
    int rc = find_out(w, batch, is_again, err);
    bool is_first = true;

    if (rc < 0)
        return rc;
    keep_step(batch);
    rc = store_range(w, batch, 0, batch->n_items, err);
    while (rc == VD_EPROTO && is_first) {
        /* Another router wrote while we believed to be the active one. */
        is_first = false;
        rc = look_up(w, batch, true, err);
        if (rc < 0)
            return rc;
        keep_step(batch);
        rc = store_range(w, batch, 0, batch->n_items, err);
    }
    if (rc < 0)
        return rc;
    store_cameras(w, batch);
    batch->last_position = w->handed;
    return 0;
}
