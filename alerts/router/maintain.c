#include "alerts/router/maintain.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "storage/pg/events.h"

static const int64_t FIRST_US = 10000000; /* a start has better things to do */
static const int64_t AGAIN_US = 60000000; /* after a failure */

enum { ROWS_AT_ONCE = 500 }; /* a transaction of some milliseconds */

struct vd_maintain {
    struct vd_maintain_opts opts;
    pthread_t thread;
    pthread_mutex_t lock; /* guards keep */
    struct vd_retention_cfg keep;
};

typedef int forget_fn(struct vd_pg *pg, int64_t before_us, int limit, struct vd_err *err);

/* In small steps, each of its own, until nothing is left or we are to stop. */
static int64_t drop_rows(const struct vd_maintain *m, struct vd_pg *pg, forget_fn *forget,
                         int64_t before_us, struct vd_err *err)
{
    int64_t gone = 0;
    int rc;

    do {
        rc = forget(pg, before_us, ROWS_AT_ONCE, err);
        gone += rc > 0 ? rc : 0;
    } while (rc > 0 && !vd_stop_requested(m->opts.stop));
    return rc < 0 ? rc : gone;
}

static int drop_old(struct vd_maintain *m, const struct vd_retention_cfg *keep,
                    struct vd_err *err)
{
    int64_t now_us = vd_clock_system.wall_us(vd_clock_system.self), alerts = 0, poison = 0;
    struct vd_pg *pg = NULL;
    int rc = vd_pg_open(&pg, &m->opts.pg, err), days = 0;

    if (rc >= 0)
        rc = days = vd_pg_retention(pg, now_us - keep->events_us, err);
    if (rc >= 0)
        alerts = drop_rows(m, pg, vd_pg_retention_alerts, now_us - keep->alerts_us, err);
    if (rc >= 0 && alerts >= 0)
        poison =
            drop_rows(m, pg, vd_pg_retention_quarantine, now_us - keep->quarantine_us, err);
    vd_pg_close(&pg);
    if (rc < 0 || alerts < 0 || poison < 0)
        return err->code;
    if (days > 0 || alerts > 0 || poison > 0)
        LOG_INFO("retention", "partitions=%d alerts=%lld quarantine=%lld", days,
                 (long long)alerts, (long long)poison);
    return 0;
}

static struct vd_retention_cfg ages(struct vd_maintain *m)
{
    struct vd_retention_cfg keep;

    pthread_mutex_lock(&m->lock);
    keep = m->keep;
    pthread_mutex_unlock(&m->lock);
    return keep;
}

static void *run(void *arg)
{
    struct vd_maintain *m = arg;
    int64_t wait_us = FIRST_US;

    if (ages(m).every_us < FIRST_US)
        wait_us = ages(m).every_us;
    while (!vd_stop_wait(m->opts.stop, wait_us)) {
        struct vd_retention_cfg keep = ages(m);
        struct vd_err err = {0};

        wait_us = keep.every_us;
        if (m->opts.is_active(m->opts.arg) && drop_old(m, &keep, &err) < 0 &&
            err.code != VD_ESTOP) {
            LOG_WARN("retention", "reason=\"%s\"", err.msg);
            wait_us = keep.every_us < AGAIN_US ? keep.every_us : AGAIN_US;
        }
    }
    return NULL;
}

void vd_maintain_reload(struct vd_maintain *m, const struct vd_retention_cfg *keep)
{
    pthread_mutex_lock(&m->lock);
    m->keep = *keep;
    pthread_mutex_unlock(&m->lock);
}

int vd_maintain_start(struct vd_maintain **ret_maintain, const struct vd_maintain_opts *opts,
                      struct vd_err *err)
{
    struct vd_maintain *m = calloc(1, sizeof *m);
    int rc;

    if (m == NULL)
        return vd_err_set(err, VD_ENOMEM, "maintenance: out of memory");
    m->opts = *opts;
    m->keep = opts->keep;
    m->opts.pg.stop_fd = opts->stop->fd;
    pthread_mutex_init(&m->lock, NULL);
    rc = vd_thread_start(&m->thread, "maint", run, m, err);
    if (rc < 0) {
        pthread_mutex_destroy(&m->lock);
        free(m);
        return rc;
    }
    *ret_maintain = m;
    return 0;
}

void vd_maintain_join(struct vd_maintain **maintain)
{
    if (*maintain == NULL)
        return;
    pthread_join((*maintain)->thread, NULL);
    pthread_mutex_destroy(&(*maintain)->lock);
    free(*maintain);
    *maintain = NULL;
}
