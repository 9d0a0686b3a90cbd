/* alerts/api/health.h: is what people see late, since when, and why? Reports come from the feed
 * (the router's heartbeat) and from our own database connections. A value behind a mutex of its
 * own; the decision itself is pure. */
#ifndef VD_ALERTS_API_HEALTH_H
#define VD_ALERTS_API_HEALTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "alerts/api/hub.h"

/* A router whose heartbeat (one a second) is missing for this long is called silent. */
#define VD_HEALTH_SILENT_US INT64_C(3500000)

struct vd_health_facts {
    int64_t started_wall_us;
    int64_t heard_mono_us, heard_wall_us; /* the last heartbeat; 0: none yet */
    bool is_committing;
    int64_t not_since_us; /* wall: since when the router does not commit; 0: it does */
    int64_t waiting;
    bool has_database;
    int64_t lost_mono_us, lost_wall_us; /* since when our own connections fail; 0: they don't */
};

struct vd_health {
    pthread_mutex_t mutex; /* guards facts */
    struct vd_health_facts facts;
};

void vd_health_init(struct vd_health *health, int64_t wall_us);
void vd_health_fini(struct vd_health *health);

/* Any thread. */
void vd_health_heartbeat(struct vd_health *health, bool is_committing, int64_t since_us,
                         int64_t waiting, int64_t mono_us, int64_t wall_us);
void vd_health_database(struct vd_health *health, bool is_there, int64_t mono_us,
                        int64_t wall_us);

/* For how long our database has been gone; 0: it is there. */
int64_t vd_health_gone_us(struct vd_health *health, int64_t mono_us);

struct vd_health_facts vd_health_get(struct vd_health *health);

/* What to tell people; revision is left empty. Pure. */
void vd_health_judge(const struct vd_health_facts *facts, int64_t mono_us,
                     struct vd_hub_status *ret_status);

#endif
