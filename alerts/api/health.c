#include "alerts/api/health.h"

#include <string.h>

void vd_health_init(struct vd_health *health, int64_t wall_us)
{
    memset(health, 0, sizeof *health);
    pthread_mutex_init(&health->mutex, NULL);
    health->facts.started_wall_us = wall_us;
}

void vd_health_fini(struct vd_health *health)
{
    pthread_mutex_destroy(&health->mutex);
}

void vd_health_heartbeat(struct vd_health *health, bool is_committing, int64_t since_us,
                         int64_t waiting, int64_t mono_us, int64_t wall_us)
{
    pthread_mutex_lock(&health->mutex);
    health->facts.heard_mono_us = mono_us;
    health->facts.heard_wall_us = wall_us;
    health->facts.is_committing = is_committing;
    health->facts.not_since_us = is_committing ? 0 : since_us != 0 ? since_us : wall_us;
    health->facts.waiting = waiting;
    pthread_mutex_unlock(&health->mutex);
}

void vd_health_database(struct vd_health *health, bool is_there, int64_t mono_us,
                        int64_t wall_us)
{
    pthread_mutex_lock(&health->mutex);
    health->facts.has_database = is_there;
    if (is_there) {
        health->facts.lost_mono_us = health->facts.lost_wall_us = 0;
    } else if (health->facts.lost_mono_us == 0) {
        health->facts.lost_mono_us = mono_us;
        health->facts.lost_wall_us = wall_us;
    }
    pthread_mutex_unlock(&health->mutex);
}

struct vd_health_facts vd_health_get(struct vd_health *health)
{
    struct vd_health_facts facts;

    pthread_mutex_lock(&health->mutex);
    facts = health->facts;
    pthread_mutex_unlock(&health->mutex);
    return facts;
}

int64_t vd_health_gone_us(struct vd_health *health, int64_t mono_us)
{
    struct vd_health_facts facts = vd_health_get(health);

    return facts.lost_mono_us != 0 ? mono_us - facts.lost_mono_us + 1 : 0;
}

static void earlier(int64_t *ret_us, int64_t us)
{
    if (us != 0 && (*ret_us == 0 || us < *ret_us))
        *ret_us = us;
}

void vd_health_judge(const struct vd_health_facts *facts, int64_t mono_us,
                     struct vd_hub_status *ret_status)
{
    struct vd_hub_status status;

    memset(&status, 0, sizeof status); /* compared as bytes */
    status.has_database = facts->has_database;
    status.has_router =
        facts->heard_mono_us != 0 && mono_us - facts->heard_mono_us <= VD_HEALTH_SILENT_US;
    status.is_committing = status.has_router && facts->is_committing;
    status.waiting = status.has_router ? facts->waiting : 0;
    if (!status.has_database)
        earlier(&status.delayed_us, facts->lost_wall_us);
    if (!status.has_router)
        earlier(&status.delayed_us,
                facts->heard_wall_us != 0 ? facts->heard_wall_us : facts->started_wall_us);
    else if (!facts->is_committing)
        earlier(&status.delayed_us, facts->not_since_us);
    *ret_status = status;
}
