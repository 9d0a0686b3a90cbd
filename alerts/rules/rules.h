/* alerts/rules/rules.h: all rules together with what they remember. A message goes in, changes
 * of alerts come out. No clock, no database, no randomness of its own: times and ids are given.
 *
 * Memory is three things: alerts that stand (restored from rule_state), which happenings they
 * stand for, and happenings that a rule still waits for (worked out anew from their last
 * message). After a rollback throw it away and restore it; then it is what was committed. */
#ifndef VD_ALERTS_RULES_RULES_H
#define VD_ALERTS_RULES_RULES_H

#include "alerts/rules/rule.h"
#include "base/err.h"
#include "base/uuid.h"

enum {
    VD_RULES_MAX = 1024,
    VD_RULES_LIVE_MAX = 32768, /* happenings waited for or stood for; more are not waited for */
    VD_RULES_STANDS_MAX = 65536, /* beyond, the oldest without a happening is forgotten */
    VD_RULES_STATE_MAX = 1023,   /* bytes of one state text */
};

struct vd_rules; /* one thread */

struct vd_rules_camera {
    const char *id;
    struct vd_names tags;
};

/* All borrowed, and outliving the rules made from it. */
struct vd_rules_opts {
    const struct vd_rule *rules;
    int n_rules;
    const struct vd_rules_camera *cameras;
    int n_cameras;
    int64_t grace_us; /* a tick trusts that a happening lasts only this long after the instant:
                       * its end may be on its way. 0: 1.2 s, the detector's quiet and a bit */
    struct vd_uuid (*make_id)(int64_t wall_us); /* of alerts; NULL: vd_uuid_make */
};

/* VD_EINVAL: more than VD_RULES_MAX. VD_ENOMEM. */
int vd_rules_new(struct vd_rules **ret_rules, const struct vd_rules_opts *opts,
                 struct vd_err *err);
void vd_rules_free(struct vd_rules **rules);

/* ---- deciding ---- */

enum vd_change_type {
    VD_CHANGE_OPEN,    /* a new alert */
    VD_CHANGE_JOIN,    /* one more happening of an alert that stands */
    VD_CHANGE_LESS,    /* one of its happenings ended, others go on */
    VD_CHANGE_QUIET,   /* the last of its happenings ended: no longer active */
    VD_CHANGE_RESOLVE, /* the rule lets it end by itself, and its time has come */
    VD_CHANGE_MEDIA,   /* media of the happening it shows came later */
};

/* One change of one alert; valid until the next call. */
struct vd_change {
    enum vd_change_type type;
    struct vd_uuid alert;
    const struct vd_rule *rule; /* NULL: it is configured no more; never with OPEN and JOIN */
    const char *rule_id, *group;
    struct vd_uuid event;      /* the happening; nil with RESOLVE */
    const struct vd_event *ev; /* its message; NULL with RESOLVE */
    int64_t first_us, last_us; /* of the alert's happenings */
    int64_t count;
};

/* Holds a message against the rules; *ret_changes gets what it changes, in order. received_us
 * replaces a suspect time (is_suspect). Returns how many, VD_ENOMEM (restore then). */
int vd_rules_event(struct vd_rules *rules, const struct vd_event *ev, bool is_suspect,
                   int64_t received_us, const struct vd_change **ret_changes,
                   struct vd_err *err);

/* Time passes: what waited for a duration or a schedule fires, quiet alerts resolve. now_us
 * must not run ahead of messages that are still on their way. */
int vd_rules_tick(struct vd_rules *rules, int64_t now_us, const struct vd_change **ret_changes,
                  struct vd_err *err);

/* When a tick may next have something to do; INT64_MAX: not before another message. */
int64_t vd_rules_next_us(const struct vd_rules *rules);

/* The alert that happening joined is closed by hand: takes it out again into an alert of its
 * own. *ret_alert is the new one. */
int vd_rules_split(struct vd_rules *rules, const struct vd_uuid *alert,
                   const struct vd_uuid *event, int64_t now_us, struct vd_uuid *ret_alert,
                   struct vd_err *err);

/* The alert can't be stored: nothing more is asked of it, nothing folds into it. The happening
 * it shows stays with it, also over a restore, so that it is not fired a second time. */
void vd_rules_refuse(struct vd_rules *rules, const struct vd_uuid *alert);

/* ---- memory ---- */

/* Calls each for every alert whose state changed since the last call: state is NULL when it may
 * be forgotten. Stops at the first answer < 0 and returns it, else how many. */
typedef int vd_rules_state_fn(void *arg, const char *rule, const struct vd_uuid *alert,
                              const char *state);
int vd_rules_save(struct vd_rules *rules, vd_rules_state_fn *each, void *arg);

/* What was saved, into fresh rules: first all states, then which happenings they stand for,
 * then all open happenings. A state that makes no sense is VD_EPROTO and left out. */
int vd_rules_restore(struct vd_rules *rules, const char *rule, const char *alert,
                     const char *state, struct vd_err *err);
int vd_rules_restore_event(struct vd_rules *rules, const char *alert, const char *event,
                           struct vd_err *err);
int vd_rules_restore_open(struct vd_rules *rules, const struct vd_event *ev,
                          struct vd_err *err);

struct vd_rules_stats {
    size_t live, stands;
    uint64_t not_waited_for; /* happenings beyond VD_RULES_LIVE_MAX */
    uint64_t forgotten;      /* stands beyond VD_RULES_STANDS_MAX */
};
void vd_rules_stats(const struct vd_rules *rules, struct vd_rules_stats *ret_stats);

/* Calls each for every rule with what it makes of a message by itself, for "why not". */
typedef void vd_rules_why_fn(void *arg, const struct vd_rule *rule, enum vd_verdict why,
                             int64_t due_us);
void vd_rules_explain(const struct vd_rules *rules, const struct vd_event *ev,
                      vd_rules_why_fn *each, void *arg);

#endif
