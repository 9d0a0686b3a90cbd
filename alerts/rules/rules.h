/* alerts/rules/rules.h: all rules together with what they remember. A message goes in, changes
 * of alerts come out. No clock, no database, no randomness of its own: times and ids are given.
 *
 * Memory is what was saved (alerts that stand, happenings that were counted, silences), which
 * happenings the alerts stand for, and happenings that a rule still waits for (worked out anew
 * from their last message). After a rollback throw it away and restore it; then it is what was
 * committed. */
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
    const char *id, *area;
    struct vd_names tags;
    bool is_off; /* no camera that could be lost, nor be silent */
};

/* All borrowed, and outliving the rules made from it. */
struct vd_rules_opts {
    const struct vd_rule *rules;
    int n_rules;
    const struct vd_rules_camera *cameras;
    int n_cameras;
    int64_t grace_us;  /* a tick trusts that a happening lasts only this long after the instant:
                        * its end may be on its way. 0: 1.2 s, the detector's quiet and a bit */
    int64_t settle_us; /* no silence is believed so soon after a start: what was said meanwhile
                        * is on its way. 0: 30 s; negative: none */
    struct vd_uuid (*make_id)(int64_t wall_us); /* of alerts; NULL: vd_uuid_make */
};

/* VD_EINVAL: more than VD_RULES_MAX. VD_ENOMEM. */
int vd_rules_new(struct vd_rules **ret_rules, const struct vd_rules_opts *opts,
                 struct vd_err *err);
void vd_rules_free(struct vd_rules **rules);

/* ---- deciding ---- */

enum vd_change_type {
    VD_CHANGE_OPEN,     /* a new alert */
    VD_CHANGE_JOIN,     /* one more happening of an alert that stands */
    VD_CHANGE_LESS,     /* one of its happenings ended, others go on */
    VD_CHANGE_QUIET,    /* the last of its happenings ended: no longer active */
    VD_CHANGE_RESOLVE,  /* the rule lets it end by itself, and its time has come */
    VD_CHANGE_MEDIA,    /* media of the happening it shows came later */
    VD_CHANGE_ATTACH,   /* it stands for this happening too, which is counted already */
    VD_CHANGE_OVER,     /* a cause of which little is left: stands for nothing any more */
    VD_CHANGE_SUPPRESS, /* lies beneath its parent from now on */
    VD_CHANGE_RELEASE,  /* does so no longer, and is news */
    VD_CHANGE_NONE,     /* taken back by vd_rules_split */
};

/* One change of one alert; valid until the next call. */
struct vd_change {
    enum vd_change_type type;
    struct vd_uuid alert;
    const struct vd_rule *rule; /* NULL: it is configured no more; never with OPEN and JOIN */
    const char *rule_id, *group;
    struct vd_uuid event;      /* the happening; nil: none */
    const struct vd_event *ev; /* its message; NULL: none (a silence, time alone) */
    const char *camera, *area; /* with OPEN, what it is about; camera "": the area */
    struct vd_uuid parent;     /* what it lies beneath, or with RELEASE lay; nil: nothing */
    int64_t first_us, last_us; /* of the alert's happenings */
    int64_t count;             /* of them, ever */
    int64_t start_us;          /* with OPEN and JOIN, of this happening */
    int n_taken;               /* with OPEN and JOIN, how many happenings it brings */
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

/* The alert that event joined by this call's changes is closed by hand: takes all newcomers out
 * again. Returns 1: they have an alert of their own, and this call's changes name it (the JOIN
 * of event is its opening); 0: the rule counts anew, and the changes are VD_CHANGE_NONE. */
int vd_rules_split(struct vd_rules *rules, const struct vd_uuid *alert,
                   const struct vd_uuid *event, int64_t now_us, struct vd_err *err);

/* The wall clock was set by so much (negative: back): what waits moves along. */
void vd_rules_step(struct vd_rules *rules, int64_t by_us);

/* The alert can't be stored: nothing more is asked of it, nothing folds into it. The happening
 * it shows stays with it, also over a restore, so that it is not fired a second time. */
void vd_rules_refuse(struct vd_rules *rules, const struct vd_uuid *alert);

/* ---- memory ---- */

enum { VD_RULES_KEY_MAX = 159 }; /* bytes of the key of a state */

/* Calls each for everything whose state changed since the last call: state is NULL when it may
 * be forgotten. Stops at the first answer < 0 and returns it, else how many. */
typedef int vd_rules_state_fn(void *arg, const char *rule, const char *key, const char *state);
int vd_rules_save(struct vd_rules *rules, vd_rules_state_fn *each, void *arg);

/* What was saved, into fresh rules: first all states, then which happenings they stand for,
 * then all open happenings. A state that makes no sense is VD_EPROTO and left out. */
int vd_rules_restore(struct vd_rules *rules, const char *rule, const char *key,
                     const char *state, struct vd_err *err);
int vd_rules_restore_event(struct vd_rules *rules, const char *alert, const char *event,
                           struct vd_err *err);
int vd_rules_restore_open(struct vd_rules *rules, const struct vd_event *ev,
                          struct vd_err *err);

struct vd_rules_stats {
    size_t live, stands, marks, tallies;
    uint64_t not_waited_for; /* happenings beyond VD_RULES_LIVE_MAX */
    uint64_t forgotten;      /* alerts and marks beyond what may be remembered */
};
void vd_rules_stats(const struct vd_rules *rules, struct vd_rules_stats *ret_stats);

/* From now on calls each, for every message and rule, with what the rule made of it (not of a
 * message that was seen before), and for what fires by time alone; ev is NULL with a silence.
 * each NULL: no longer. For "why not": it makes a message cost all rules. */
typedef void vd_rules_why_fn(void *arg, const struct vd_rule *rule, const struct vd_event *ev,
                             enum vd_verdict why);
void vd_rules_watch(struct vd_rules *rules, vd_rules_why_fn *each, void *arg);

#endif
