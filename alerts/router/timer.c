/* Each second asks an index which alerts are due, and changes each in a transaction of its own:
 * the row's lock and its due column make it once, whoever else is at work, and a router that
 * dies in between finds what is left in the same column. */
#include "alerts/router/timer.h"

#include <pthread.h>
#include <stdlib.h>

#include "alerts/router/sealer.h"
#include "alerts/workflow/change.h"
#include "base/log.h"
#include "base/thread.h"

static const int64_t EVERY_US = 1000000;

enum { AT_ONCE = 100 };

struct vd_timer {
    struct vd_timer_opts opts;
    pthread_t thread;
    struct vd_pg *pg;         /* NULL: to be opened */
    struct vd_sealer *sealer; /* NULL: its key can't be read */
    bool is_failing;          /* said once */
    bool is_unsealed;         /* likewise */
};

static int64_t wall_us(const struct vd_timer *t)
{
    return t->opts.clock->wall_us(t->opts.clock->self);
}

static int change(struct vd_timer *t, const char *id, struct vd_err *err)
{
    enum vd_due due = VD_DUE_NOTHING;
    struct vd_alert alert;
    int rc = vd_alert_due(t->pg, id, wall_us(t), &due, &alert, err);

    if (rc > 0 && due != VD_DUE_NOTHING)
        LOG_INFO("alert.due", "alert=%s what=%s level=%lld", id, vd_due_name(due),
                 (long long)alert.escalation);
    return rc;
}

/* All that is due now. */
static int look(struct vd_timer *t, struct vd_err *err)
{
    char ids[AT_ONCE][37];
    int n = AT_ONCE, rc = 0;

    if (t->pg == NULL)
        rc = vd_pg_open(&t->pg, &t->opts.pg, err);
    while (rc >= 0 && n == AT_ONCE && !vd_stop_requested(t->opts.stop)) {
        rc = n = vd_pg_alert_due(t->pg, wall_us(t), AT_ONCE, ids, err);
        for (int i = 0; i < n && rc >= 0; i++)
            rc = change(t, ids[i], err);
    }
    return rc;
}

/* The key is asked for again and again: somebody may mend it meanwhile. */
static void seal(struct vd_timer *t)
{
    struct vd_err err = {0};
    int rc = 0;

    if (t->sealer == NULL)
        rc = vd_sealer_open(&t->sealer, t->opts.state, &err);
    if (rc >= 0)
        rc = vd_sealer_look(t->sealer, t->pg, t->opts.seal_us, wall_us(t), &err);
    if (rc < 0 && !t->is_unsealed)
        LOG_WARN("log.seal", "reason=\"%s\" advice=\"the log goes on, its head unsigned\"",
                 err.msg);
    t->is_unsealed = rc < 0;
}

static void *run(void *arg)
{
    struct vd_timer *t = arg;

    while (!vd_stop_wait(t->opts.stop, EVERY_US)) {
        struct vd_err err = {0};

        if (!t->opts.is_active(t->opts.arg)) {
            vd_pg_close(&t->pg);
            continue;
        }
        if (look(t, &err) >= 0) {
            t->is_failing = false;
            seal(t);
            continue;
        }
        vd_pg_close(&t->pg);
        if (err.code != VD_ESTOP && !t->is_failing)
            LOG_WARN("alert.due",
                     "reason=\"%s\" advice=\"what is due is done once the database "
                     "answers\"",
                     err.msg);
        t->is_failing = true;
    }
    vd_pg_close(&t->pg);
    vd_sealer_close(&t->sealer);
    return NULL;
}

int vd_timer_start(struct vd_timer **ret_timer, const struct vd_timer_opts *opts,
                   struct vd_err *err)
{
    struct vd_timer *t = calloc(1, sizeof *t);
    int rc;

    if (t == NULL)
        return vd_err_set(err, VD_ENOMEM, "timer: out of memory");
    t->opts = *opts;
    t->opts.pg.stop_fd = opts->stop->fd;
    rc = vd_thread_start(&t->thread, "timer", run, t, err);
    if (rc < 0) {
        free(t);
        return rc;
    }
    *ret_timer = t;
    return 0;
}

void vd_timer_join(struct vd_timer **timer)
{
    if (*timer == NULL)
        return;
    pthread_join((*timer)->thread, NULL);
    free(*timer);
    *timer = NULL;
}
