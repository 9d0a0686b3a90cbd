/* alerts/workflow/workflow.h: what people may do with an alert, and what becomes of it: one
 * table, no clock, no database. Who wants a change says which version he saw; a change from
 * another version is refused, so that two never handle the same alert unknowingly. */
#ifndef VD_ALERTS_WORKFLOW_WORKFLOW_H
#define VD_ALERTS_WORKFLOW_WORKFLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "storage/pg/alerts.h"

enum vd_work_action {
    VD_WORK_ACKNOWLEDGE, /* I saw it */
    VD_WORK_TAKE,        /* I saw it, and it is mine; also takes over from another owner */
    VD_WORK_RELEASE,     /* it is nobody's now; the state stays */
    VD_WORK_ASSIGN,      /* it is another's; he has not seen it by that, so the state stays */
    VD_WORK_DISPATCH,    /* somebody is on the way: a unit, with a message; again for another */
    VD_WORK_NOTE,        /* a line in its history */
    VD_WORK_SHELVE,      /* out of sight until a time, with a reason; comes back by itself */
    VD_WORK_UNSHELVE,    /* back before that time */
    VD_WORK_RESOLVE,     /* handled; asks for a disposition */
    VD_WORK_REOPEN,      /* it was not; asks for a reason */
    VD_N_WORK_ACTIONS
};

enum vd_work_verdict {
    VD_WORK_DONE,
    VD_WORK_STALE,          /* seen from another version */
    VD_WORK_STATE,          /* not from the state that it is in */
    VD_WORK_NO_DISPOSITION, /* missing or unknown */
    VD_WORK_NO_REASON,
    VD_WORK_NO_ACTOR,
    VD_WORK_NO_TARGET, /* to whom it is assigned */
    VD_WORK_BAD_UNTIL, /* not after now, or beyond what may be shelved */
};

/* What is wanted. Borrowed texts; NULL where none is given. */
struct vd_work_change {
    enum vd_work_action action;
    const char *actor;       /* a user's name; never empty */
    int64_t seen_version;    /* the version that the actor looked at */
    const char *disposition; /* real, nuisance, false, test, maintenance */
    const char *reason;      /* free text; goes into the log: note, message to a unit, why */
    const char *to;          /* ASSIGN: a user; DISPATCH: a unit, NULL: nobody named */
    int64_t until_us;        /* SHELVE */
    int64_t shelve_max_us;   /* SHELVE: until_us is at most this long after now_us */
    int64_t now_us;
};

/* Applies change to *alert, or leaves it as it is and says why in *err (may be NULL). Does not
 * touch version and position: storing does. What is due next (due.h) follows the change. Pure;
 * any thread. */
enum vd_work_verdict vd_work_apply(struct vd_alert *alert, const struct vd_work_change *change,
                                   struct vd_err *err);

/* Whether action is possible from state, for buttons and help. */
bool vd_work_is_possible(enum vd_work_action action, const char *state);

const char *vd_work_action_name(enum vd_work_action action); /* "acknowledge" … */
bool vd_work_action_parse(const char *text, enum vd_work_action *ret_action);

/* Stable codes for machines: "done", "stale-version", "wrong-state", "no-disposition",
 * "no-reason", "no-actor", "no-target", "bad-until". */
const char *vd_work_verdict_name(enum vd_work_verdict verdict);

bool vd_work_disposition_is_valid(const char *text);

#endif
