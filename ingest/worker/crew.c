#include "ingest/worker/crew.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ingest/worker/watchdog.h"

struct member {
    struct vd_camera *camera;
    struct vd_watchdog dog;
    bool is_leaving;
};

struct vd_crew {
    struct vd_camera_tools tools;
    int share, shares;
    unsigned started; /* in all, spreads cameras over the outbox */
    struct member *members;
    int n, room;
    struct vd_config *coming; /* while vd_crew_change runs */
    int touched;
};

int vd_crew_open(struct vd_crew **ret_crew, const struct vd_camera_tools *tools, int share,
                 int shares, struct vd_err *err)
{
    struct vd_crew *c = calloc(1, sizeof *c);

    if (c == NULL)
        return vd_err_set(err, VD_ENOMEM, "crew: out of memory");
    c->tools = *tools;
    c->share = share;
    c->shares = shares;
    *ret_crew = c;
    return 0;
}

bool vd_crew_is_mine(const char *id, int share, int shares)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (; *id != '\0'; id++)
        hash = (hash ^ (uint8_t)*id) * UINT64_C(1099511628211);
    return (hash ^ hash >> 32) % (uint64_t)shares == (uint64_t)share;
}

static struct member *find(struct vd_crew *c, const char *id)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(vd_camera_settings(c->members[i].camera)->id, id) == 0)
            return &c->members[i];
    return NULL;
}

static bool make_room(struct vd_crew *c)
{
    int room = c->room > 0 ? c->room * 2 : 16;
    struct member *fresh;

    if (c->n < c->room)
        return true;
    fresh = realloc(c->members, (size_t)room * sizeof *fresh);
    if (fresh == NULL)
        return false;
    c->members = fresh;
    c->room = room;
    return true;
}

static void start(struct vd_crew *c, struct vd_config *cfg,
                  const struct vd_camera_cfg *settings)
{
    struct member m = {.camera = NULL};
    struct vd_err err = {0};

    if (!settings->is_enabled || !vd_crew_is_mine(settings->id, c->share, c->shares))
        return;
    if (!make_room(c)) {
        LOG_ERROR("cam.start", "cam=%s reason=\"out of memory\"", settings->id);
        return;
    }
    if (vd_camera_start(&m.camera, cfg, settings, &c->tools, c->started++, &err) < 0) {
        LOG_ERROR("cam.start", "cam=%s reason=\"%s\"", settings->id, err.msg);
        return;
    }
    c->members[c->n++] = m;
    c->touched++;
}

static void ask_leave(void *self, const struct vd_camera_cfg *was,
                      const struct vd_camera_cfg *now)
{
    struct vd_crew *c = self;
    struct member *m = was != NULL ? find(c, was->id) : NULL;

    (void)now;
    if (m == NULL)
        return;
    vd_camera_ask_stop(m->camera, VD_END_CHANGED);
    m->is_leaving = true;
}

static void let_in(void *self, const struct vd_camera_cfg *was, const struct vd_camera_cfg *now)
{
    struct vd_crew *c = self;

    (void)was;
    if (now != NULL)
        start(c, c->coming, now);
}

/* Joins those who leave; all of them were asked before, so they end side by side. */
static void let_out(struct vd_crew *c, enum vd_end_reason reason)
{
    int kept = 0;

    for (int i = 0; i < c->n; i++) {
        struct member *m = &c->members[i];

        if (!m->is_leaving) {
            c->members[kept++] = *m;
            continue;
        }
        vd_watchdog_end(&m->dog, m->camera, c->tools.outbox, c->tools.clock, reason);
        vd_camera_close(&m->camera);
        c->touched++;
    }
    c->n = kept;
}

int vd_crew_change(struct vd_crew *c, const struct vd_config *was, struct vd_config *now)
{
    c->coming = now;
    c->touched = 0;
    if (was == NULL) {
        for (int i = 0; i < now->n_cameras; i++)
            start(c, now, &now->cameras[i]);
    } else {
        (void)vd_config_diff(was, now, ask_leave, c);
        let_out(c, VD_END_CHANGED);
        (void)vd_config_diff(was, now, let_in, c);
    }
    c->coming = NULL;
    return c->touched;
}

bool vd_crew_tick(struct vd_crew *c, const struct vd_config *cfg)
{
    struct vd_health_settings settings = {.degraded_us = cfg->ingest.degraded_after_us,
                                          .lost_us = cfg->ingest.lost_after_us,
                                          .back_us = cfg->ingest.back_after_us};
    bool has_changed = false;

    for (int i = 0; i < c->n; i++) {
        struct member *m = &c->members[i];
        enum vd_camera_state before = m->dog.health.state;
        struct vd_camera_facts facts;

        vd_camera_facts(m->camera, &facts);
        vd_watchdog_tick(&m->dog, m->camera, &facts, c->tools.outbox, &settings,
                         c->tools.clock);
        has_changed |= m->dog.health.state != before;
    }
    return has_changed;
}

void vd_crew_report(struct vd_crew *c, struct vd_report *report)
{
    vd_report_begin(report);
    for (int i = 0; i < c->n; i++) {
        struct vd_camera_facts facts;

        vd_camera_facts(c->members[i].camera, &facts);
        (void)vd_report_camera(report, c->members[i].camera, &facts, &c->members[i].dog);
    }
    vd_report_end(report);
}

int vd_crew_size(const struct vd_crew *c)
{
    return c->n;
}

void vd_crew_rungs(const struct vd_crew *c, struct vd_rung *ret_rungs)
{
    for (int i = 0; i < c->n; i++) {
        struct vd_camera_facts facts;

        vd_camera_facts(c->members[i].camera, &facts);
        ret_rungs[i] =
            (struct vd_rung){.priority = vd_camera_settings(c->members[i].camera)->priority,
                             .lag_us = facts.is_connected ? facts.info.behind_us : 0,
                             .level = facts.level};
    }
}

void vd_crew_level(struct vd_crew *c, int i, enum vd_level level)
{
    vd_camera_level(c->members[i].camera, level);
}

const char *vd_crew_id(const struct vd_crew *c, int i)
{
    return vd_camera_settings(c->members[i].camera)->id;
}

void vd_crew_close(struct vd_crew **crew)
{
    struct vd_crew *c = *crew;

    *crew = NULL;
    if (c == NULL)
        return;
    for (int i = 0; i < c->n; i++) {
        vd_camera_ask_stop(c->members[i].camera, VD_END_RESTART);
        c->members[i].is_leaving = true;
    }
    let_out(c, VD_END_RESTART);
    free(c->members);
    free(c);
}
