/* The keeper: a thread with a connection of its own that looks after what nobody asks for.
 * Every second it reads the cameras' states (and so learns whether the database is there);
 * every ten it has the sessions in use confirmed, so that one that was ended elsewhere ends
 * here, also where a page only listens. */
#include <stdlib.h>
#include <string.h>

#include "alerts/api/api_inner.h"
#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/pg/cameras.h"
#include "storage/pg/migrate.h"

enum { ROUND_US = 1000 * 1000, SESSIONS_EVERY = 10, EXPIRE_EVERY = 3600 };

/* Of this thread alone. */
struct round {
    struct vd_hub_camera *cameras;
    int n;
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct vd_hub_camera *)a)->id, ((const struct vd_hub_camera *)b)->id);
}

static void add_status(void *arg, const struct vd_pg_camera *row)
{
    struct round *round = arg;
    struct vd_hub_camera key, *camera;

    vd_str_copy(key.id, sizeof key.id, row->camera);
    camera = bsearch(&key, round->cameras, (size_t)round->n, sizeof key, by_id);
    if (camera == NULL || !camera->is_enabled)
        return; /* configured no more, or switched off: what the worker said last is history */
    memset(camera->state, 0, sizeof camera->state);
    vd_str_copy(camera->state, sizeof camera->state, row->state);
    vd_str_copy(camera->reason, sizeof camera->reason, row->reason);
    if (!vd_str_copy(camera->detail, sizeof camera->detail, row->detail))
        camera->detail[0] = '\0';
    camera->since_us = row->since_us;
}

static struct vd_hub_camera *cameras_of(const struct vd_config *cfg)
{
    struct vd_hub_camera *cameras =
        calloc((size_t)(cfg->n_cameras > 0 ? cfg->n_cameras : 1), sizeof *cameras);

    for (int i = 0; cameras != NULL && i < cfg->n_cameras; i++) {
        const struct vd_camera_cfg *from = &cfg->cameras[i];
        const struct vd_area_cfg *area = vd_config_area(cfg, from->area);

        vd_str_copy(cameras[i].id, sizeof cameras[i].id, from->id);
        vd_str_copy(cameras[i].name, sizeof cameras[i].name, from->name);
        vd_str_copy(cameras[i].area, sizeof cameras[i].area, from->area);
        vd_str_copy(cameras[i].area_name, sizeof cameras[i].area_name,
                    area != NULL && area->name != NULL ? area->name : from->area);
        vd_str_copy(cameras[i].state, sizeof cameras[i].state,
                    from->is_enabled ? "unknown" : "disabled");
        cameras[i].is_enabled = from->is_enabled;
    }
    return cameras;
}

/* Returns 0, or < 0 when the database can't be asked: then the list of before stands. */
static int look_at_cameras(struct vd_api *api, struct vd_pg *pg, bool is_first)
{
    struct vd_config *cfg;
    struct round round;
    int rc = 0;

    if (pg == NULL && !is_first)
        return 0;
    cfg = vd_api_config(api);
    round = (struct round){.cameras = cameras_of(cfg), .n = cfg->n_cameras};
    vd_config_unref(&cfg);
    if (round.cameras == NULL)
        return 0;
    if (pg != NULL)
        rc = vd_pg_camera_list(pg, NULL, 0, add_status, &round, NULL);
    if (rc >= 0)
        vd_hub_set_cameras(api->hub, round.cameras, round.n);
    free(round.cameras);
    return rc;
}

struct confirm {
    struct vd_api *api;
    struct vd_pg *pg;
};

static bool confirm_one(void *arg, const uint8_t token[VD_HASH_BYTES])
{
    struct confirm *confirm = arg;
    struct vd_session session;
    struct vd_user user;
    struct vd_who who;
    int rc =
        vd_pg_session_get(confirm->pg, token, vd_api_wall(confirm->api), &session, &user, NULL);

    if (rc == 0)
        vd_sessions_drop(confirm->api->sessions, token);
    if (rc != 1)
        return rc == 0;
    vd_who_of(&session, &user, &who);
    vd_sessions_confirm(confirm->api->sessions, &who, vd_api_mono(confirm->api));
    if (vd_api_wall(confirm->api) - session.last_seen_us > VD_SESSION_TOUCH_US)
        vd_pg_session_touch(confirm->pg, token, vd_api_wall(confirm->api), session.expires_us,
                            NULL);
    return true;
}

/* A fresh link: is the schema ours, and is there anybody who may sign in? */
static bool greet(struct vd_api *api, struct vd_pg *pg, struct vd_log_gate *gate)
{
    struct vd_err err = {0};
    uint32_t repeats;
    int rc = vd_pg_schema_check(pg, &err);

    if (rc >= 0)
        rc = vd_api_first_user(api, pg, &err);
    if (rc >= 0)
        return true;
    if (vd_log_gate(gate, (uint32_t)-rc, vd_api_mono(api), &repeats))
        LOG_WARN("console.database", "reason=\"%s\" repeats=%u", err.msg, repeats);
    return false;
}

static void note(struct vd_api *api, bool is_there, bool *was_there)
{
    vd_health_database(&api->health, is_there, vd_api_mono(api), vd_api_wall(api));
    if (is_there != *was_there)
        LOG_INFO("console.database", "state=%s", is_there ? "there" : "gone");
    *was_there = is_there;
}

static void *keep(void *arg)
{
    struct vd_api *api = arg;
    struct vd_api_link link = {0};
    struct vd_log_gate gate = {0};
    bool is_greeted = false, was_there = false;

    for (unsigned round = 0; !vd_stop_requested(&api->stop); round++) {
        struct vd_pg *pg = vd_api_link(api, &link);
        struct confirm confirm = {api, pg};
        bool is_there;

        is_greeted = pg != NULL && (is_greeted || greet(api, pg, &gate));
        is_there = look_at_cameras(api, is_greeted ? pg : NULL, round == 0) >= 0 && is_greeted;
        note(api, is_there, &was_there);
        if (is_there && round % SESSIONS_EVERY == 0)
            vd_sessions_each(api->sessions, vd_api_mono(api), confirm_one, &confirm);
        if (is_there && round % EXPIRE_EVERY == 0)
            vd_pg_session_expire(pg, vd_api_wall(api), NULL);
        vd_stop_wait(&api->stop, ROUND_US);
    }
    vd_pg_close(&link.pg);
    return NULL;
}

int vd_keeper_start(struct vd_api *api, struct vd_err *err)
{
    int rc = vd_thread_start(&api->keeper, "keep", keep, api, err);

    api->has_keeper = rc == 0;
    return rc;
}

void vd_keeper_stop(struct vd_api *api)
{
    if (!api->has_keeper)
        return;
    pthread_join(api->keeper, NULL);
    api->has_keeper = false;
}
