/* storage/pg/rules.h: the memory of the rules, written in the transaction that it decided, so
 * that a restart makes no second alert. */
#ifndef VD_STORAGE_PG_RULES_H
#define VD_STORAGE_PG_RULES_H

#include "storage/pg/pg.h"

struct vd_pg_rule_state {
    const char *rule;
    const char *key;   /* what the state is kept by: a camera, an area, "" */
    const char *state; /* the router's own text; NULL: forget this row */
};

/* Stores (or forgets) n rows. Borrowed for the call. n <= 10 000. */
int vd_pg_rule_state_save(struct vd_pg *pg, const struct vd_pg_rule_state *rows, int n,
                          int64_t now_us, struct vd_err *err);

/* What a rule wanted of an alert and the schema would not take: kept with the reason, for
 * somebody to see to. Twice the same (rule, alert) keeps the newer. alert: UUID as text. */
struct vd_pg_refused_alert {
    const char *rule, *alert, *reason;
    const void *wanted; /* the alert's message, or the memory's text */
    size_t wanted_len;
};
int vd_pg_refused_alert_store(struct vd_pg *pg, const struct vd_pg_refused_alert *refused,
                              int64_t now_us, struct vd_err *err);

typedef void vd_pg_rule_state_fn(void *arg, const struct vd_pg_rule_state *row);

/* Calls each for all rows. Returns how many. */
int vd_pg_rule_state_load(struct vd_pg *pg, vd_pg_rule_state_fn *each, void *arg,
                          struct vd_err *err);

#endif
