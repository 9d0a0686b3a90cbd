/* The table of states and actions. A row that is not there can't be done. */
#include "alerts/workflow/workflow.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

enum owner { OWNER_KEEP, OWNER_ACTOR, OWNER_NONE };

enum { NEEDS_DISPOSITION = 1, NEEDS_REASON = 2, NEEDS_OWNER = 4 };

static const struct row {
    enum vd_work_action action;
    const char *from, *to;
    enum owner owner;
    unsigned needs;
} rows[] = {
    {VD_WORK_ACKNOWLEDGE, "open", "acknowledged", OWNER_KEEP, 0},
    {VD_WORK_TAKE, "open", "acknowledged", OWNER_ACTOR, 0},
    {VD_WORK_TAKE, "acknowledged", "acknowledged", OWNER_ACTOR, 0},
    {VD_WORK_TAKE, "dispatched", "dispatched", OWNER_ACTOR, 0},
    {VD_WORK_RELEASE, "acknowledged", "acknowledged", OWNER_NONE, NEEDS_OWNER},
    {VD_WORK_RELEASE, "dispatched", "dispatched", OWNER_NONE, NEEDS_OWNER},
    {VD_WORK_DISPATCH, "acknowledged", "dispatched", OWNER_KEEP, 0},
    {VD_WORK_RESOLVE, "open", "resolved", OWNER_KEEP, NEEDS_DISPOSITION},
    {VD_WORK_RESOLVE, "acknowledged", "resolved", OWNER_KEEP, NEEDS_DISPOSITION},
    {VD_WORK_RESOLVE, "dispatched", "resolved", OWNER_KEEP, NEEDS_DISPOSITION},
    {VD_WORK_REOPEN, "resolved", "open", OWNER_NONE, NEEDS_REASON},
};

static const char *const actions[VD_N_WORK_ACTIONS] = {
    [VD_WORK_ACKNOWLEDGE] = "acknowledge", [VD_WORK_TAKE] = "take",
    [VD_WORK_RELEASE] = "release",         [VD_WORK_DISPATCH] = "dispatch",
    [VD_WORK_RESOLVE] = "resolve",         [VD_WORK_REOPEN] = "reopen",
};

static const char *const dispositions[] = {"real", "nuisance", "false", "test", "maintenance"};

const char *vd_work_action_name(enum vd_work_action action)
{
    return actions[action];
}

bool vd_work_action_parse(const char *text, enum vd_work_action *ret_action)
{
    for (size_t i = 0; i < N(actions); i++)
        if (strcmp(text, actions[i]) == 0) {
            *ret_action = (enum vd_work_action)i;
            return true;
        }
    return false;
}

const char *vd_work_verdict_name(enum vd_work_verdict verdict)
{
    static const char *const names[] = {
        [VD_WORK_DONE] = "done",           [VD_WORK_STALE] = "stale-version",
        [VD_WORK_STATE] = "wrong-state",   [VD_WORK_NO_DISPOSITION] = "no-disposition",
        [VD_WORK_NO_REASON] = "no-reason", [VD_WORK_NO_ACTOR] = "no-actor",
    };

    return names[verdict];
}

bool vd_work_disposition_is_valid(const char *text)
{
    for (size_t i = 0; text != NULL && i < N(dispositions); i++)
        if (strcmp(text, dispositions[i]) == 0)
            return true;
    return false;
}

static const struct row *find(enum vd_work_action action, const char *state)
{
    for (size_t i = 0; i < N(rows); i++)
        if (rows[i].action == action && strcmp(rows[i].from, state) == 0)
            return &rows[i];
    return NULL;
}

bool vd_work_is_possible(enum vd_work_action action, const char *state)
{
    return find(action, state) != NULL;
}

static bool is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " ")] == '\0';
}

static enum vd_work_verdict examine(const struct vd_alert *alert, const struct row *row,
                                    const struct vd_work_change *change, struct vd_err *err)
{
    if (is_blank(change->actor)) {
        vd_err_set(err, VD_EINVAL, "alert %s: a change needs the name of who makes it",
                   alert->id);
        return VD_WORK_NO_ACTOR;
    }
    if (change->seen_version != alert->version) {
        vd_err_set(err, VD_EINVAL,
                   "alert %s is at version %lld, changed by '%s'; what you saw was %lld",
                   alert->id, (long long)alert->version, alert->changed_by,
                   (long long)change->seen_version);
        return VD_WORK_STALE;
    }
    if (row == NULL || ((row->needs & NEEDS_OWNER) != 0 && alert->owner[0] == '\0')) {
        vd_err_set(err, VD_EINVAL, "alert %s is %s%s: no '%s' from there", alert->id,
                   alert->state, row == NULL ? "" : " and nobody's",
                   vd_work_action_name(change->action));
        return VD_WORK_STATE;
    }
    if ((row->needs & NEEDS_DISPOSITION) != 0 &&
        !vd_work_disposition_is_valid(change->disposition)) {
        vd_err_set(err, VD_EINVAL,
                   "alert %s: say what it was: real, nuisance, false, test or maintenance",
                   alert->id);
        return VD_WORK_NO_DISPOSITION;
    }
    if ((row->needs & NEEDS_REASON) != 0 && is_blank(change->reason)) {
        vd_err_set(err, VD_EINVAL, "alert %s: '%s' asks for a reason", alert->id,
                   vd_work_action_name(change->action));
        return VD_WORK_NO_REASON;
    }
    return VD_WORK_DONE;
}

static void set_times(struct vd_alert *alert, const char *to, int64_t now_us)
{
    if (strcmp(to, "open") == 0) {
        alert->acknowledged_us = alert->resolved_us = 0;
        alert->disposition[0] = '\0';
    } else if (strcmp(to, "resolved") == 0) {
        alert->resolved_us = now_us;
    } else if (alert->acknowledged_us == 0) {
        alert->acknowledged_us = now_us;
    }
    alert->changed_us = now_us;
}

enum vd_work_verdict vd_work_apply(struct vd_alert *alert, const struct vd_work_change *change,
                                   struct vd_err *err)
{
    const struct row *row = find(change->action, alert->state);
    enum vd_work_verdict verdict = examine(alert, row, change, err);

    if (verdict != VD_WORK_DONE)
        return verdict;
    if (row->owner == OWNER_ACTOR)
        (void)vd_str_copy(alert->owner, sizeof alert->owner, change->actor);
    else if (row->owner == OWNER_NONE)
        alert->owner[0] = '\0';
    if ((row->needs & NEEDS_DISPOSITION) != 0)
        (void)vd_str_copy(alert->disposition, sizeof alert->disposition, change->disposition);
    (void)vd_str_copy(alert->state, sizeof alert->state, row->to);
    (void)vd_str_copy(alert->changed_by, sizeof alert->changed_by, change->actor);
    alert->seen_events = alert->events;
    set_times(alert, row->to, change->now_us);
    return VD_WORK_DONE;
}
