#include "alerts/writer/attempt.h"

#include <string.h>

#include "storage/pg/events.h"
#include "storage/pg/feed.h"
#include "storage/pg/rules.h"

/* What one run gathers before it stores. */
struct work {
    const struct vd_attempt *at;
    struct vd_pg_event *events;
    int n_events;
    struct vd_pg_rule_state *states;
    int n_states, states_max;
    struct vd_pg_feed_row *rows;
    int n_rows, n_alerts;
    bool is_rules; /* the step that runs stores what the rules want */
};

static int no_memory(struct vd_err *err)
{
    return vd_err_set(err, VD_ENOMEM, "writer: out of memory");
}

static int apply(struct work *w, const struct vd_change *const *changes, int n,
                 struct vd_err *err)
{
    /* The list may be rewritten as we go: an alert that was closed by hand. */
    for (int i = 0; i < n; i++) {
        int rc = vd_touched_apply(w->at->touched, &(*changes)[i], err);

        if (rc < 0)
            return rc;
    }
    return n;
}

static int decide(struct work *w, struct vd_err *err)
{
    const struct vd_attempt *at = w->at;

    for (int i = at->from; i < at->to; i++) {
        const struct vd_item *item = &at->batch->items[i];
        const struct vd_change *changes = NULL;
        int n;

        if (item->poison != NULL)
            continue;
        n = vd_rules_event(at->rules, item->ev, item->is_suspect, item->received_us, &changes,
                           err);
        if (n > 0)
            n = apply(w, &changes, n, err);
        if (n < 0)
            return n;
    }
    return 0;
}

static struct vd_pg_event pg_event(const struct vd_attempt *at, const struct vd_item *item,
                                   int64_t position)
{
    const struct vd_event *ev = item->ev;

    return (struct vd_pg_event){.received_us = item->received_us,
                                .position = position,
                                .source = at->batch->sources[item->source].id,
                                .sequence = (int64_t)item->sequence,
                                .id = ev->id.bytes,
                                .event = ev->event.bytes,
                                .rev = (int)ev->rev,
                                .phase = vd_phase_name(ev->phase),
                                .kind = vd_kind_name(ev->kind),
                                .camera = ev->camera,
                                .area = ev->area,
                                .time_us = ev->time_us,
                                .start_us = ev->start_us,
                                .end_us = ev->end_us,
                                .score = ev->score,
                                .time_suspect = item->is_suspect,
                                .topic = item->topic,
                                .body = item->body,
                                .body_len = item->body_len};
}

static int take_positions(struct work *w, int64_t *ret_first, struct vd_err *err)
{
    const struct vd_attempt *at = w->at;
    struct vd_pile *pile = &at->batch->pile;
    int n_events = 0, n;

    for (int i = at->from; i < at->to; i++)
        n_events += at->batch->items[i].poison == NULL;
    w->n_alerts = vd_touched_count(at->touched);
    n = n_events + w->n_alerts;
    if (n == 0)
        return 0;
    w->rows = vd_pile_take(pile, (size_t)n * sizeof *w->rows);
    w->events = vd_pile_take(pile, (size_t)n * sizeof *w->events);
    if (w->rows == NULL || w->events == NULL)
        return no_memory(err);
    return vd_pg_feed_take(at->pg, n, ret_first, err);
}

static int store_events(struct work *w, int64_t first, struct vd_err *err)
{
    const struct vd_attempt *at = w->at;

    for (int i = at->from; i < at->to; i++) {
        const struct vd_item *item = &at->batch->items[i];
        int rc;

        if (item->poison == NULL) {
            int64_t position = first + w->n_events;

            w->events[w->n_events++] = pg_event(at, item, position);
            w->rows[w->n_rows++] = (struct vd_pg_feed_row){.position = position,
                                                           .received_us = item->received_us,
                                                           .topic = item->topic,
                                                           .body = item->body,
                                                           .body_len = item->body_len};
            continue;
        }
        rc = vd_pg_quarantine(at->pg, at->batch->sources[item->source].id,
                              (int64_t)item->sequence, item->received_us, item->poison,
                              item->body, item->body_len, err);
        if (rc < 0)
            return rc;
    }
    return w->n_events > 0 ? vd_pg_events_store(at->pg, w->events, w->n_events, err) : 0;
}

static int store_alerts(struct work *w, int64_t first, struct vd_err *err)
{
    struct vd_pg_feed_row *rows = w->rows + w->n_rows;
    int rc;

    rc = vd_touched_store(w->at->touched, first + w->n_rows, rows, err);
    if (rc < 0 || w->n_alerts == 0)
        return rc;
    w->n_rows += w->n_alerts;
    return vd_pg_feed_store(w->at->pg, rows, w->n_alerts, err);
}

static int advance(struct work *w, struct vd_err *err)
{
    const struct vd_attempt *at = w->at;
    struct vd_pg_advance moves[VD_BATCH_SOURCES_MAX];
    int where[VD_BATCH_SOURCES_MAX], n = 0;

    for (int i = 0; i < at->batch->n_sources; i++)
        where[i] = -1;
    for (int i = at->from; i < at->to; i++) {
        const struct vd_item *item = &at->batch->items[i];
        int *k = &where[item->source];

        if (*k < 0) {
            *k = n++;
            moves[*k] = (struct vd_pg_advance){.id = at->batch->sources[item->source].id,
                                               .from = (int64_t)item->sequence - 1};
        }
        moves[*k].to = (int64_t)item->sequence;
    }
    return n > 0 ? vd_pg_source_advance(at->pg, moves, n, at->now_us, err) : 0;
}

static int keep_state(void *arg, const char *rule, const char *key, const char *state)
{
    struct work *w = arg;
    struct vd_pile *pile = &w->at->batch->pile;

    if (w->n_states == w->states_max) {
        int max = w->states_max == 0 ? 64 : w->states_max * 2;
        struct vd_pg_rule_state *more = vd_pile_take(pile, (size_t)max * sizeof *more);

        if (more == NULL)
            return VD_ENOMEM;
        if (w->n_states > 0)
            memcpy(more, w->states, (size_t)w->n_states * sizeof *more);
        w->states = more;
        w->states_max = max;
    }
    w->states[w->n_states] = (struct vd_pg_rule_state){
        .rule = vd_pile_copy(pile, rule, strlen(rule)),
        .key = vd_pile_copy(pile, key, strlen(key)),
        .state = state != NULL ? vd_pile_copy(pile, state, strlen(state)) : NULL};
    if (w->states[w->n_states].rule == NULL || w->states[w->n_states].key == NULL ||
        (state != NULL && w->states[w->n_states].state == NULL))
        return VD_ENOMEM;
    w->n_states++;
    return 0;
}

static int gather_states(struct work *w, struct vd_err *err)
{
    return vd_rules_save(w->at->rules, keep_state, w) < 0 ? no_memory(err) : 0;
}

static int save_states(struct work *w, struct vd_err *err)
{
    enum { CHUNK = 10000 }; /* of one call */
    int rc = 0;

    for (int i = 0; i < w->n_states && rc >= 0; i += CHUNK)
        rc = vd_pg_rule_state_save(w->at->pg, w->states + i,
                                   w->n_states - i < CHUNK ? w->n_states - i : CHUNK,
                                   w->at->now_us, err);
    return rc;
}

/* Sets aside what the schema would refuse. */
static int be_wary(struct work *w, struct vd_err *err)
{
    int rc = vd_touched_try(w->at->touched, err);

    if (rc >= 0)
        rc = gather_states(w, err);
    if (rc >= 0)
        rc = w->n_states = vd_touched_try_states(w->at->touched, w->states, w->n_states, err);
    return rc;
}

static int store_rules(struct work *w, int64_t first, struct vd_err *err)
{
    int rc;

    w->is_rules = true;
    rc = store_alerts(w, first, err);
    if (rc >= 0)
        rc = gather_states(w, err);
    if (rc >= 0)
        rc = save_states(w, err);
    w->is_rules = rc < 0;
    return rc;
}

static int transact(struct work *w, const struct vd_change *ticked, int n_ticked,
                    struct vd_err *err)
{
    const struct vd_attempt *at = w->at;
    int64_t first = 0;
    int rc;

    w->is_rules = true;
    rc = decide(w, err);

    if (rc >= 0 && at->has_tick && at->from < at->to)
        n_ticked = rc = vd_rules_tick(at->rules, at->tick_us, &ticked, err);
    if (rc >= 0)
        rc = apply(w, &ticked, n_ticked, err);
    if (rc >= 0 && at->is_wary)
        rc = be_wary(w, err);
    if (rc >= 0)
        rc = vd_touched_log(at->touched, err);
    w->is_rules = rc < 0;
    if (rc >= 0)
        rc = take_positions(w, &first, err);
    if (rc >= 0)
        rc = store_events(w, first, err);
    if (rc >= 0)
        rc = store_rules(w, first, err);
    if (rc >= 0)
        rc = advance(w, err);
    return rc >= 0 ? vd_pg_commit(at->pg, err) : rc;
}

int vd_attempt_run(const struct vd_attempt *attempt, struct vd_attempt_result *ret,
                   struct vd_err *err)
{
    struct work w = {.at = attempt};
    const struct vd_change *ticked = NULL;
    int rc = 0, n_ticked = 0;

    vd_touched_reset(attempt->touched, attempt->pg, attempt->rules, &attempt->batch->pile,
                     attempt->now_us);
    *ret = (struct vd_attempt_result){0};
    if (attempt->from == attempt->to && attempt->has_tick)
        rc = n_ticked = vd_rules_tick(attempt->rules, attempt->tick_us, &ticked, err);
    if (attempt->from == attempt->to && rc <= 0)
        return rc;
    rc = vd_pg_begin(attempt->pg, err);
    if (rc >= 0)
        rc = transact(&w, ticked, n_ticked, err);
    if (rc < 0) {
        vd_pg_rollback(attempt->pg);
        ret->is_rules = w.is_rules;
        return rc;
    }
    ret->rows = w.rows;
    ret->n_rows = w.n_rows;
    return 1;
}
