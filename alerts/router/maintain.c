#include "alerts/router/maintain.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "storage/pg/events.h"

static const int64_t FIRST_US = 10000000; /* a start has better things to do */
static const int64_t AGAIN_US = 60000000; /* after a failure */

struct vd_maintain {
    struct vd_maintain_opts opts;
    pthread_t thread;
};

static int drop_old(const struct vd_maintain *m, struct vd_err *err)
{
    int64_t now_us = vd_clock_system.wall_us(vd_clock_system.self);
    struct vd_pg *pg = NULL;
    int rc = vd_pg_open(&pg, &m->opts.pg, err);

    if (rc >= 0)
        rc = vd_pg_retention(pg, now_us - m->opts.events_us, err);
    if (rc > 0)
        LOG_INFO("retention", "partitions=%d", rc);
    vd_pg_close(&pg);
    return rc;
}

static void *run(void *arg)
{
    const struct vd_maintain *m = arg;
    int64_t wait_us = FIRST_US;

    while (!vd_stop_wait(m->opts.stop, wait_us)) {
        struct vd_err err = {0};

        wait_us = m->opts.every_us;
        if (m->opts.is_active(m->opts.arg) && drop_old(m, &err) < 0 && err.code != VD_ESTOP) {
            LOG_WARN("retention", "reason=\"%s\"", err.msg);
            wait_us = m->opts.every_us < AGAIN_US ? m->opts.every_us : AGAIN_US;
        }
    }
    return NULL;
}

int vd_maintain_start(struct vd_maintain **ret_maintain, const struct vd_maintain_opts *opts,
                      struct vd_err *err)
{
    struct vd_maintain *m = calloc(1, sizeof *m);
    int rc;

    if (m == NULL)
        return vd_err_set(err, VD_ENOMEM, "maintenance: out of memory");
    m->opts = *opts;
    m->opts.pg.stop_fd = opts->stop->fd;
    rc = vd_thread_start(&m->thread, "maint", run, m, err);
    if (rc < 0) {
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
    free(*maintain);
    *maintain = NULL;
}
