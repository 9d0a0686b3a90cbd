/* What a router must do before it may write, and what it must remember. */
#include <string.h>

#include "alerts/writer/writer_priv.h"
#include "storage/pg/alerts.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"
#include "storage/pg/migrate.h"
#include "storage/pg/rules.h"

struct memory {
    struct vd_writer *w;
    struct vd_err *err;
    int rc; /* the first failure that is not the text's own */
    bool wants_leftovers;
};

/* A text that makes no sense is left out and said once; memory is another matter. */
static void judge(struct memory *m, int rc, const struct vd_err *why, const char *what)
{
    if (rc == VD_ENOMEM) {
        m->rc = vd_err_set(m->err, VD_ENOMEM, "rules: out of memory");
    } else if (rc < 0) {
        LOG_WARN("rules.restore", "what=%s reason=\"%s\"", what, why->msg);
    }
}

static void take_state(void *arg, const struct vd_pg_rule_state *row)
{
    struct memory *m = arg;
    struct vd_err why = {0};

    judge(m, vd_rules_restore(m->w->rules, row->rule, row->key, row->state, &why), &why,
          "state");
}

static void take_tie(void *arg, const char *alert, const char *event)
{
    struct memory *m = arg;
    struct vd_err why = {0};

    judge(m, vd_rules_restore_event(m->w->rules, alert, event, &why), &why, "happening");
}

static void take_leftover(struct vd_writer *w, const struct vd_event *ev)
{
    struct vd_writer_state *state = &w->state;

    if (ev->kind == VD_KIND_NODE && strcmp(ev->camera, w->opts.node) == 0 &&
        state->n_leftovers < VD_LEFTOVERS_MAX)
        state->leftovers[state->n_leftovers++] =
            (struct vd_leftover){ev->event, ev->rev, ev->start_us};
}

static void take_open(void *arg, const struct vd_pg_open_event *row)
{
    struct memory *m = arg;
    struct vd_err why = {0};
    struct vd_event ev;
    int rc = vd_event_decode(row->body, row->body_len, &ev, &why);

    if (rc == 0 && m->wants_leftovers)
        take_leftover(m->w, &ev);
    if (rc == 0)
        rc = vd_rules_restore_open(m->w->rules, &ev, &why);
    judge(m, rc, &why, "open happening");
}

static int restore(struct vd_writer *w, bool wants_leftovers, struct vd_err *err)
{
    struct memory m = {.w = w, .err = err, .wants_leftovers = wants_leftovers};
    int rc;

    vd_rules_free(&w->rules);
    rc = vd_book_rules(w->book, &w->rules, err);
    if (rc < 0)
        return rc;
    rc = vd_pg_rule_state_load(w->pg, take_state, &m, err);
    if (rc >= 0)
        rc = vd_pg_alert_events_open(w->pg, take_tie, &m, err);
    if (rc >= 0)
        rc = vd_pg_events_open(w->pg, take_open, &m, err);
    if (rc >= 0)
        rc = m.rc;
    if (rc < 0)
        vd_rules_free(&w->rules);
    return rc < 0 ? rc : 0;
}

int writer_restore(struct vd_writer *w, struct vd_err *err)
{
    return restore(w, false, err);
}

/* The server may hold our old connection, and with it the lock, for a while after it broke. */
static int take_lock(struct vd_writer *w, struct vd_err *err)
{
    int rc = vd_pg_lock_try(w->pg, VD_PG_LOCK_ROUTER, err);

    if (rc == 0)
        return vd_err_set(err, VD_EAGAIN, "another router is active on this database");
    return rc < 0 ? rc : 0;
}

int writer_activate(struct vd_writer *w, struct vd_err *err)
{
    bool is_fresh = !w->state.is_active;
    int64_t last;
    int rc;

    vd_pg_close(&w->pg);
    w->state.n_leftovers = 0;
    rc = vd_pg_open(&w->pg, &w->link.opts, err);
    if (rc >= 0)
        rc = vd_pg_schema_check(w->pg, err);
    if (rc == VD_EAGAIN) /* the migration is on its way */
        rc = vd_err_set(err, VD_EIO, "%s", err->msg);
    if (rc >= 0)
        rc = take_lock(w, err);
    if (rc >= 0)
        rc = vd_pg_partitions_ahead(w->pg, writer_wall(w), 1, err);
    if (rc >= 0)
        rc = vd_pg_listen(w->pg, VD_PG_FEED_CHANNEL, err);
    if (rc >= 0)
        rc = restore(w, is_fresh, err);
    if (rc >= 0)
        rc = vd_pg_feed_position(w->pg, &last, NULL, err);
    if (rc < 0) {
        vd_pg_close(&w->pg);
        return rc;
    }
    /* A database that was put back under us is another one: producers and readers are to ask
     * anew, for numbers they were told of are no longer true. */
    if (!is_fresh && last < w->handed) {
        LOG_WARN("db.went-back", "position=%lld was=%lld", (long long)last,
                 (long long)w->handed);
        is_fresh = true;
    }
    if (is_fresh) {
        w->handed = last; /* what came before is for a replay */
        w->state.activations++;
    }
    return 0;
}
