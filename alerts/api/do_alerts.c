/* Alerts: lists, and one with its history. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/api_inner.h"
#include "alerts/api/search.h"
#include "alerts/workflow/alert_json.h"
#include "base/log.h"
#include "base/str.h"
#include "base/uuid.h"
#include "storage/pg/log.h"

enum { HISTORY_MAX = 200 };

static enum vd_place give_text(struct vd_request *req, char *text, size_t len)
{
    if (text == NULL)
        return vd_api_refuse(req, VD_BUSY, NULL);
    vd_reply_text(&req->reply, 200, "application/json", text, len);
    return VD_DONE;
}

static struct vd_json *page_json(const struct vd_alert *alerts, int n, int limit)
{
    struct vd_json *doc = vd_json_object();
    struct vd_json *list = vd_json_array();
    char cursor[VD_CURSOR_TEXT];
    int rc = 0;

    for (int i = 0; rc == 0 && i < n; i++)
        rc = vd_json_append(list, vd_alert_json(&alerts[i]));
    if (n > 0)
        vd_cursor_encode(alerts[n - 1].opened_us, alerts[n - 1].id, cursor);
    if (vd_json_set(doc, "alerts", list) < 0 || rc < 0 ||
        vd_json_set(doc, "next", vd_json_text(n == limit ? cursor : NULL)) < 0)
        vd_json_free(&doc);
    return doc;
}

static enum vd_place list_from_pg(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                                  struct vd_search *search)
{
    const char *scopes[VD_SESSION_AREA_MAX];
    struct vd_alert *alerts;
    struct vd_err err = {0};
    int rc;

    for (int i = 0; i < req->who.n_areas; i++)
        scopes[i] = req->who.areas[i];
    search->filter.scopes = scopes;
    search->filter.n_scopes = req->who.n_areas;
    alerts = calloc((size_t)search->filter.limit, sizeof *alerts);
    if (alerts == NULL)
        return vd_api_refuse(req, VD_BUSY, NULL);
    rc = vd_pg_alert_list(pg, &search->filter, alerts, &err);
    if (rc >= 0)
        vd_reply_json(&req->reply, 200, page_json(alerts, rc, search->filter.limit));
    free(alerts);
    return rc >= 0 ? VD_DONE : vd_api_pg_failed(api, req, rc, &err);
}

enum vd_place vd_do_alert_list(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                               enum vd_place place)
{
    struct vd_search search;
    struct vd_err err = {0};
    size_t len = 0;
    char *text;

    if (vd_search_decode(&req->target.query, &search, &err) < 0)
        return vd_api_refuse(req, VD_BAD_REQUEST, err.msg);
    if (search.is_live && vd_hub_is_ready(api->hub)) {
        text = vd_hub_alerts_json(api->hub, &req->who, &len);
        return give_text(req, text, len);
    }
    if (place != VD_ON_PG)
        return VD_ON_PG;
    if (pg == NULL)
        return vd_api_refuse(req, VD_DATABASE_GONE, NULL);
    return list_from_pg(api, req, pg, &search);
}

/* ---- one alert ---- */

static void add_entry(void *arg, const struct vd_pg_log_row *row)
{
    struct vd_json *list = arg;
    struct vd_json *entry = vd_json_object();
    struct vd_json *detail = NULL;

    if (vd_json_parse(&detail, row->detail, strlen(row->detail), NULL) < 0)
        detail = vd_json_null();
    if (vd_json_set(entry, "detail", detail) < 0 ||
        vd_json_set(entry, "at", vd_json_time(row->at_us)) < 0 ||
        vd_json_set(entry, "actor", vd_json_text(row->actor)) < 0 ||
        vd_json_set(entry, "action", vd_json_text(row->action)) < 0)
        vd_json_free(&entry);
    vd_json_append(list, entry);
}

int vd_api_alert(struct vd_request *req, struct vd_pg *pg, struct vd_alert *ret_alert,
                 struct vd_err *err)
{
    int rc = vd_pg_alert_get(pg, req->target.id, VD_PG_READ, ret_alert, err);

    return rc == 1 && !vd_who_sees(&req->who, ret_alert->area) ? 0 : rc;
}

static enum vd_place show_from_memory(struct vd_api *api, struct vd_request *req)
{
    size_t len = 0;
    char *text = vd_hub_alert_json(api->hub, &req->who, req->target.id, &len);

    return text != NULL ? give_text(req, text, len)
                        : vd_api_refuse(req, VD_DATABASE_GONE, NULL);
}

void vd_api_etag(struct vd_request *req, int64_t version)
{
    snprintf(req->reply.etag, sizeof req->reply.etag, "\"%" PRId64 "\"", version);
}

enum vd_place vd_do_alert_show(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                               enum vd_place place)
{
    struct vd_alert *alert;
    struct vd_err err = {0};
    struct vd_uuid uuid;
    struct vd_json *doc, *history;
    int rc;

    if (!vd_uuid_parse(req->target.id, &uuid))
        return vd_api_refuse(req, VD_NOT_FOUND, NULL);
    vd_uuid_format(&uuid, req->target.id);
    if (place != VD_ON_PG)
        return VD_ON_PG;
    if (pg == NULL)
        return show_from_memory(api, req);
    alert = calloc(1, sizeof *alert);
    history = vd_json_array();
    rc = alert != NULL ? vd_api_alert(req, pg, alert, &err) : VD_ENOMEM;
    if (rc == 1)
        rc = vd_pg_log_read(pg, 0, alert->id, HISTORY_MAX, add_entry, history, &err) < 0
                 ? VD_EIO
                 : 1;
    if (rc == 1) {
        doc = vd_alert_json(alert);
        if (vd_json_set(doc, "history", vd_json_copy(history)) < 0)
            vd_json_free(&doc);
        vd_reply_json(&req->reply, 200, doc);
        vd_api_etag(req, alert->version);
    }
    vd_json_free(&history);
    free(alert);
    if (rc == 0)
        return vd_api_refuse(req, VD_NOT_FOUND, NULL);
    if (rc == VD_EIO || rc == VD_ETIMEOUT)
        return show_from_memory(api, req);
    return rc == 1 ? VD_DONE : vd_api_pg_failed(api, req, rc, &err);
}
