/* The table of states and actions. A row that is not there can't be done. */
#include "alerts/workflow/workflow.h"

#include <stddef.h>
#include <string.h>

#include "alerts/workflow/due.h"
#include "base/str.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

enum owner { OWNER_KEEP, OWNER_ACTOR, OWNER_NAMED, OWNER_NONE };

enum {
    NEEDS_DISPOSITION = 1 << 0,
    NEEDS_REASON = 1 << 1,
    NEEDS_OWNER = 1 << 2,
    NEEDS_TARGET = 1 << 3,
    NEEDS_UNTIL = 1 << 4,
    NEEDS_SHELVED = 1 << 5,
};

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
    {VD_WORK_ASSIGN, "open", "open", OWNER_NAMED, NEEDS_TARGET},
    {VD_WORK_ASSIGN, "acknowledged", "acknowledged", OWNER_NAMED, NEEDS_TARGET},
    {VD_WORK_ASSIGN, "dispatched", "dispatched", OWNER_NAMED, NEEDS_TARGET},
    {VD_WORK_DISPATCH, "acknowledged", "dispatched", OWNER_KEEP, 0},
    {VD_WORK_DISPATCH, "dispatched", "dispatched", OWNER_KEEP, NEEDS_TARGET},
    {VD_WORK_NOTE, "open", "open", OWNER_KEEP, NEEDS_REASON},
    {VD_WORK_NOTE, "acknowledged", "acknowledged", OWNER_KEEP, NEEDS_REASON},
    {VD_WORK_NOTE, "dispatched", "dispatched", OWNER_KEEP, NEEDS_REASON},
    {VD_WORK_NOTE, "resolved", "resolved", OWNER_KEEP, NEEDS_REASON},
    {VD_WORK_SHELVE, "open", "open", OWNER_KEEP, NEEDS_REASON | NEEDS_UNTIL},
    {VD_WORK_SHELVE, "acknowledged", "acknowledged", OWNER_KEEP, NEEDS_REASON | NEEDS_UNTIL},
    {VD_WORK_SHELVE, "dispatched", "dispatched", OWNER_KEEP, NEEDS_REASON | NEEDS_UNTIL},
    {VD_WORK_UNSHELVE, "open", "open", OWNER_KEEP, NEEDS_SHELVED},
    {VD_WORK_UNSHELVE, "acknowledged", "acknowledged", OWNER_KEEP, NEEDS_SHELVED},
    {VD_WORK_UNSHELVE, "dispatched", "dispatched", OWNER_KEEP, NEEDS_SHELVED},
    {VD_WORK_RESOLVE, "open", "resolved", OWNER_KEEP, NEEDS_DISPOSITION},
    {VD_WORK_RESOLVE, "acknowledged", "resolved", OWNER_KEEP, NEEDS_DISPOSITION},
    {VD_WORK_RESOLVE, "dispatched", "resolved", OWNER_KEEP, NEEDS_DISPOSITION},
    {VD_WORK_REOPEN, "resolved", "open", OWNER_NONE, NEEDS_REASON},
};

static const char *const actions[VD_N_WORK_ACTIONS] = {
    [VD_WORK_ACKNOWLEDGE] = "acknowledge", [VD_WORK_TAKE] = "take",
    [VD_WORK_RELEASE] = "release",         [VD_WORK_ASSIGN] = "assign",
    [VD_WORK_DISPATCH] = "dispatch",       [VD_WORK_NOTE] = "note",
    [VD_WORK_SHELVE] = "shelve",           [VD_WORK_UNSHELVE] = "unshelve",
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
        [VD_WORK_NO_TARGET] = "no-target", [VD_WORK_BAD_UNTIL] = "bad-until",
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

/* What the row asks of the change itself. */
static enum vd_work_verdict examine_needs(const struct vd_alert *alert, unsigned needs,
                                          const struct vd_work_change *change,
                                          struct vd_err *err)
{
    if ((needs & NEEDS_DISPOSITION) != 0 &&
        !vd_work_disposition_is_valid(change->disposition)) {
        vd_err_set(err, VD_EINVAL,
                   "alert %s: say what it was: real, nuisance, false, test or maintenance",
                   alert->id);
        return VD_WORK_NO_DISPOSITION;
    }
    if ((needs & NEEDS_REASON) != 0 && is_blank(change->reason)) {
        vd_err_set(err, VD_EINVAL, "alert %s: '%s' asks for a reason", alert->id,
                   vd_work_action_name(change->action));
        return VD_WORK_NO_REASON;
    }
    if (((needs & NEEDS_TARGET) != 0 && is_blank(change->to)) ||
        (change->to != NULL && strlen(change->to) > VD_ALERT_NAME_MAX)) {
        vd_err_set(err, VD_EINVAL, "alert %s: say to whom, in at most %d bytes", alert->id,
                   VD_ALERT_NAME_MAX);
        return VD_WORK_NO_TARGET;
    }
    if ((needs & NEEDS_UNTIL) != 0 &&
        (change->until_us <= change->now_us ||
         change->until_us - change->now_us > change->shelve_max_us)) {
        vd_err_set(
            err, VD_EINVAL,
            "alert %s: it may be shelved for at most %lld minutes, and not into the past",
            alert->id, (long long)(change->shelve_max_us / 60000000));
        return VD_WORK_BAD_UNTIL;
    }
    return VD_WORK_DONE;
}

static enum vd_work_verdict examine(const struct vd_alert *alert, const struct row *row,
                                    const struct vd_work_change *change, struct vd_err *err)
{
    const char *but = "";

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
    if (row != NULL && (row->needs & NEEDS_OWNER) != 0 && alert->owner[0] == '\0')
        but = " and nobody's";
    else if (row != NULL && (row->needs & NEEDS_SHELVED) != 0 && alert->shelved_until_us == 0)
        but = " and not shelved";
    if (row == NULL || but[0] != '\0') {
        vd_err_set(err, VD_EINVAL, "alert %s is %s%s: no '%s' from there", alert->id,
                   alert->state, but, vd_work_action_name(change->action));
        return VD_WORK_STATE;
    }
    return examine_needs(alert, row->needs, change, err);
}

static void set_owner(struct vd_alert *alert, enum owner owner,
                      const struct vd_work_change *change)
{
    if (owner == OWNER_ACTOR)
        (void)vd_str_copy(alert->owner, sizeof alert->owner, change->actor);
    else if (owner == OWNER_NAMED)
        (void)vd_str_copy(alert->owner, sizeof alert->owner, change->to);
    else if (owner == OWNER_NONE)
        alert->owner[0] = '\0';
}

static void set_shelf(struct vd_alert *alert, int64_t until_us, const char *reason)
{
    alert->shelved_until_us = until_us;
    vd_copy_utf8(alert->shelved_reason, sizeof alert->shelved_reason, reason);
}

/* What belongs to one action alone. */
static void set_own(struct vd_alert *alert, const struct vd_work_change *change)
{
    if (change->action == VD_WORK_SHELVE)
        set_shelf(alert, change->until_us, change->reason);
    else if (change->action == VD_WORK_UNSHELVE || change->action == VD_WORK_RESOLVE)
        set_shelf(alert, 0, "");
    if (change->action == VD_WORK_DISPATCH)
        (void)vd_str_copy(alert->unit, sizeof alert->unit,
                          change->to != NULL ? change->to : "");
    else if (change->action == VD_WORK_REOPEN)
        alert->unit[0] = '\0';
}

/* A change of state has its time; a note on a closed alert leaves its times alone. */
static void set_times(struct vd_alert *alert, const char *from, int64_t now_us)
{
    alert->changed_us = now_us;
    if (strcmp(from, alert->state) == 0)
        return;
    if (strcmp(alert->state, "open") == 0) {
        alert->acknowledged_us = alert->resolved_us = 0;
        alert->disposition[0] = '\0';
    } else if (strcmp(alert->state, "resolved") == 0) {
        alert->resolved_us = now_us;
    } else if (alert->acknowledged_us == 0) {
        alert->acknowledged_us = now_us;
    }
}

enum vd_work_verdict vd_work_apply(struct vd_alert *alert, const struct vd_work_change *change,
                                   struct vd_err *err)
{
    const struct row *row = find(change->action, alert->state);
    enum vd_work_verdict verdict = examine(alert, row, change, err);

    if (verdict != VD_WORK_DONE)
        return verdict;
    set_owner(alert, row->owner, change);
    set_own(alert, change);
    if ((row->needs & NEEDS_DISPOSITION) != 0)
        (void)vd_str_copy(alert->disposition, sizeof alert->disposition, change->disposition);
    (void)vd_str_copy(alert->state, sizeof alert->state, row->to);
    (void)vd_str_copy(alert->changed_by, sizeof alert->changed_by, change->actor);
    alert->seen_events = alert->events;
    set_times(alert, row->from, change->now_us);
    if (change->action == VD_WORK_REOPEN)
        vd_work_count_from(alert, change->now_us);
    else
        vd_work_arm(alert);
    return VD_WORK_DONE;
}
