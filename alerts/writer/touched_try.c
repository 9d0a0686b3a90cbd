/* Finds what a rule wants and the schema refuses, so that neither a message nor another rule
 * pays for it. Each change is tried behind a mark and taken back: what passes is stored
 * afterwards like any other. */
#include <string.h>

#include "alerts/writer/shows.h"
#include "alerts/writer/touched_priv.h"
#include "base/str.h"

static int refuse(struct vd_touched *t, const struct vd_pg_refused_alert *what,
                  struct vd_err *err)
{
    struct vd_refusal *r = vd_pile_take(t->pile, sizeof *r);
    struct vd_pg_refused_alert kept = *what;
    struct vd_uuid id;

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "writer: out of memory");
    memset(r, 0, sizeof *r);
    (void)vd_str_copy(r->alert, sizeof r->alert, what->alert);
    (void)vd_str_copy(r->rule, sizeof r->rule, what->rule);
    vd_copy_utf8(r->reason, sizeof r->reason, what->reason);
    r->next = t->refusals;
    t->refusals = r;
    if (vd_uuid_parse(r->alert, &id))
        vd_rules_refuse(t->rules, &id);
    kept.reason = r->reason;
    return vd_pg_refused_alert_store(t->pg, &kept, t->now_us, err);
}

/* All that storing this alert would do. Returns 0, or what failed. */
static int rehearse(struct vd_touched *t, struct entry *e, struct vd_pg_feed_row *row,
                    struct vd_err *err)
{
    int rc = e->is_changed ? touched_log(t, e, err) : 0;

    if (rc >= 0 && e->is_changed)
        rc = touched_row(t, e, err);
    if (rc >= 0 && e->is_changed)
        rc = touched_message(t, e, row, err);
    if (rc >= 0 && e->is_changed)
        rc = vd_pg_feed_store(t->pg, row, 1, err);
    for (const struct tie_op *op = t->ops; op != NULL && rc >= 0; op = op->next)
        if (vd_uuid_equal(&op->alert, &e->id))
            rc = touched_tie(t, op, err);
    return rc < 0 ? rc : 0;
}

/* Behind a mark. *ret_refused: the schema will not have it, *why says so. Any other failure is
 * returned. */
static int try_one(struct vd_touched *t, struct entry *e, bool *ret_refused, struct vd_err *why,
                   struct vd_err *err)
{
    struct vd_pg_feed_row row = {0};
    int rc = vd_pg_mark(t->pg, err);

    if (rc < 0)
        return rc;
    rc = rehearse(t, e, &row, why);
    *ret_refused = vd_pg_is_data_refused(t->pg, rc);
    if (rc < 0 && !*ret_refused) {
        if (err != NULL)
            *err = *why;
        return rc;
    }
    return vd_pg_take_back(t->pg, err);
}

static int keep(struct vd_touched *t, struct entry *e, const struct vd_err *why,
                struct vd_err *err)
{
    struct vd_pg_refused_alert what = {
        .rule = e->alert.rule, .alert = e->alert.id, .reason = why->msg, .wanted = "{}"};
    struct vd_pg_feed_row row = {0};
    struct vd_err no_text;

    e->is_refused = true;
    what.wanted_len = strlen(what.wanted);
    if (touched_message(t, e, &row, &no_text) >= 0) {
        what.wanted = row.body;
        what.wanted_len = row.body_len;
    }
    return refuse(t, &what, err);
}

int vd_touched_try(struct vd_touched *t, struct vd_err *err)
{
    for (struct entry *e = t->first; e != NULL; e = e->next) {
        struct vd_err why = {0};
        bool is_refused;
        int rc = try_one(t, e, &is_refused, &why, err);

        if (rc >= 0 && is_refused)
            rc = keep(t, e, &why, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int vd_touched_try_states(struct vd_touched *t, struct vd_pg_rule_state *states, int n,
                          struct vd_err *err)
{
    int kept = 0;

    for (int i = 0; i < n; i++) {
        struct vd_pg_refused_alert what = {.rule = states[i].rule, .alert = states[i].key};
        struct vd_err why = {0};
        struct vd_uuid id;
        bool is_refused;
        int rc = vd_pg_mark(t->pg, err), tried;

        if (!vd_uuid_parse(what.alert, &id)) /* of a count or a silence: of no alert */
            what.alert = "00000000-0000-0000-0000-000000000000";
        if (rc < 0)
            return rc;
        tried = vd_pg_rule_state_save(t->pg, &states[i], 1, t->now_us, &why);
        is_refused = vd_pg_is_data_refused(t->pg, tried);
        if (tried < 0 && !is_refused) {
            if (err != NULL)
                *err = why;
            return tried;
        }
        rc = vd_pg_take_back(t->pg, err);
        if (rc < 0)
            return rc;
        if (!is_refused) {
            states[kept++] = states[i];
            continue;
        }
        what.reason = why.msg;
        what.wanted = states[i].state != NULL ? states[i].state : "";
        what.wanted_len = strlen(what.wanted);
        rc = refuse(t, &what, err);
        if (rc < 0)
            return rc;
    }
    return kept;
}

const struct vd_refusal *vd_touched_refusals(const struct vd_touched *t)
{
    return t->refusals;
}
