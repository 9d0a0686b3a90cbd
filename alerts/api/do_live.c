/* Live pictures: who may see them, and who saw them. */
#include <stdio.h>

#include "alerts/api/api_inner.h"
#include "base/log.h"
#include "storage/pg/log.h"

/* One entry for each camera, in one transaction. */
static int record(struct vd_pg *pg, const struct vd_request *req, const struct vd_live_ask *ask,
                  struct vd_err *err)
{
    char object[VD_ID_MAX + 16], detail[128];
    struct vd_pg_log_entry entry = {req->who.name, "live.view", object, detail};
    int rc = vd_pg_begin(pg, err);

    if (rc < 0)
        return rc;
    (void)snprintf(detail, sizeof detail, "{\"stream\":\"%s\",\"address\":\"%s\"}",
                   ask->wants_main ? "main" : "sub", req->address);
    for (int i = 0; rc == 0 && i < ask->n; i++) {
        (void)snprintf(object, sizeof object, "camera/%s", ask->cameras[i]);
        rc = vd_pg_log_append(pg, &entry, NULL, err);
    }
    if (rc < 0 || (rc = vd_pg_commit(pg, err)) < 0)
        vd_pg_rollback(pg);
    return rc;
}

static void close_watcher(void *work)
{
    struct vd_watcher *watcher = work;

    vd_watcher_close(&watcher);
}

static enum vd_place begin(struct vd_api *api, struct vd_request *req,
                           const struct vd_live_ask *ask)
{
    struct vd_err err = {0};

    if (vd_watcher_open(&req->watcher, api->live, ask, &err) < 0) {
        vd_metric_add(&api->metrics[VD_M_REFUSED], 1);
        return vd_api_refuse(req, VD_STREAMS_FULL, NULL);
    }
    req->work = req->watcher;
    req->free_work = close_watcher;
    vd_live_link_hurry(api->live_link);
    return VD_DONE;
}

enum vd_place vd_do_live(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                         enum vd_place place)
{
    struct vd_live_ask ask;
    struct vd_err err = {0};

    if (vd_live_ask_decode(&req->target.query, &ask, &err) < 0)
        return vd_api_refuse(req, VD_BAD_REQUEST, err.msg);
    for (int i = 0; i < ask.n; i++)
        if (!vd_hub_sees_camera(api->hub, &req->who, ask.cameras[i]))
            return vd_api_refuse(req, VD_NOT_FOUND, NULL);
    if (req->method == VD_HEAD) {
        vd_reply_empty(&req->reply, 200);
        return VD_DONE;
    }
    if (place == VD_ON_HTTP)
        return VD_ON_PG;
    /* While the database is gone the view of a place matters more than its entry. */
    if (pg == NULL || record(pg, req, &ask, &err) < 0)
        LOG_WARN("console.live",
                 "user=%s cameras=%d first=%s address=%s reason=\"no entry in "
                 "the log: %s\"",
                 req->who.name, ask.n, ask.cameras[0], req->address,
                 pg == NULL ? "the database is gone" : err.msg);
    return begin(api, req, &ask);
}
