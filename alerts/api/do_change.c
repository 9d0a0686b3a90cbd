/* What people do with an alert, and the units that can be sent. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/api_inner.h"
#include "alerts/workflow/alert_json.h"
#include "alerts/workflow/change.h"
#include "base/uuid.h"

/* What the request wants; false when it was refused. */
static bool decode_change(struct vd_request *req, struct vd_change_body *body)
{
    struct vd_err err = {0};
    int64_t version = 0;

    if (req->body_len > 0 && !req->is_json) {
        vd_api_refuse(req, VD_BAD_BODY, "Content-Type must be application/json.");
    } else if (vd_body_change(req->body != NULL ? req->body : "", req->body_len, body, &err) <
               0) {
        vd_api_refuse(req, VD_BAD_BODY, err.msg);
    } else if (vd_if_match(req->if_match, &version) < 0 ||
               (version != 0 && body->version != 0 && version != body->version)) {
        vd_api_refuse(req, VD_BAD_REQUEST, "If-Match is no version, or not that of the body.");
    } else if (version == 0 && body->version == 0) {
        vd_api_refuse(req, VD_VERSION_NEEDED, NULL);
    } else {
        body->version = version != 0 ? version : body->version;
        return true;
    }
    return false;
}

static enum vd_place verdict_reply(struct vd_api *api, struct vd_request *req,
                                   enum vd_work_verdict verdict, const struct vd_alert *alert,
                                   const struct vd_err *err)
{
    if (verdict == VD_WORK_DONE) {
        vd_metric_add(&api->metrics[VD_M_CHANGES], 1);
        vd_reply_json(&req->reply, 200, vd_alert_json(alert));
    } else if (verdict == VD_WORK_STALE) {
        char text[VD_ALERT_NAME_MAX + 64];

        vd_metric_add(&api->metrics[VD_M_STALE], 1);
        snprintf(text, sizeof text, "%s changed the alert meanwhile: it is %s.",
                 alert->changed_by, alert->state);
        vd_reply_problem(&req->reply, VD_STALE_VERSION, text, vd_alert_json(alert));
    } else if (verdict == VD_WORK_STATE) {
        vd_reply_problem(&req->reply, VD_NOT_ALLOWED_NOW, err->msg, vd_alert_json(alert));
    } else {
        vd_reply_problem(&req->reply, VD_BAD_BODY, err->msg, NULL);
    }
    vd_api_etag(req, alert->version);
    return VD_DONE;
}

/* A user who acts and sees the area. False when the request was answered. */
static bool is_user_known(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                          const char *name, const char *area)
{
    const struct vd_session nobody = {.created_us = 0};
    struct vd_user user;
    struct vd_who who;
    struct vd_err err = {0};
    int rc = vd_pg_user_get(pg, name, &user, &err);

    if (rc < 0) {
        (void)vd_api_pg_failed(api, req, rc, &err);
        return false;
    }
    if (rc > 0) {
        vd_who_of(&nobody, &user, &who);
        if (!user.disabled && vd_who_acts(&who) && vd_who_sees(&who, area))
            return true;
    }
    (void)vd_api_refuse(req, VD_BAD_BODY, "'to' is nobody who can work on this alert.");
    return false;
}

/* To whom it may go: a unit must be one that is configured. False when the request was
 * answered. */
static bool is_target_known(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                            const struct vd_work_change *change, const struct vd_alert *alert)
{
    struct vd_config *cfg;
    bool is_known;

    if (change->to == NULL)
        return true;
    if (change->action == VD_WORK_ASSIGN)
        return is_user_known(api, req, pg, change->to, alert->area);
    if (change->action != VD_WORK_DISPATCH)
        return true;
    cfg = vd_api_config(api);
    is_known = cfg->work.n_units == 0;
    for (int i = 0; i < cfg->work.n_units; i++)
        is_known = is_known || strcmp(cfg->work.units[i].id, change->to) == 0;
    vd_config_unref(&cfg);
    if (!is_known)
        (void)vd_api_refuse(req, VD_BAD_BODY, "'to' is no unit; GET /api/v1/units lists them.");
    return is_known;
}

static enum vd_place change_in_pg(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                                  const struct vd_work_change *change, struct vd_alert *alert)
{
    enum vd_work_verdict verdict = VD_WORK_DONE;
    struct vd_err err = {0};
    int rc = vd_api_alert(req, pg, alert, &err);

    if (rc == 1 && !is_target_known(api, req, pg, change, alert))
        return VD_DONE;
    if (rc == 1)
        rc = vd_alert_change(pg, req->target.id, change, &verdict, alert, &err);
    if (rc == 0)
        return vd_api_refuse(req, VD_NOT_FOUND, NULL);
    if (rc < 0)
        return vd_api_pg_failed(api, req, rc, &err);
    return verdict_reply(api, req, verdict, alert, &err);
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static int64_t shelve_max_us(struct vd_api *api)
{
    struct vd_config *cfg = vd_api_config(api);
    int64_t max_us = cfg->work.shelve_max_us;

    vd_config_unref(&cfg);
    return max_us;
}

enum vd_place vd_do_alert_change(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                                 enum vd_place place)
{
    struct vd_change_body body;
    struct vd_work_change change = {.actor = req->who.name, .now_us = vd_api_wall(api)};
    struct vd_alert *alert;
    struct vd_uuid uuid;
    enum vd_place next;

    (void)place;
    if (!vd_who_acts(&req->who))
        return vd_api_refuse(req, VD_FORBIDDEN, NULL);
    if (!vd_uuid_parse(req->target.id, &uuid) ||
        !vd_work_action_parse(req->target.word, &change.action))
        return vd_api_refuse(req, VD_NOT_FOUND, NULL);
    vd_uuid_format(&uuid, req->target.id);
    if (!decode_change(req, &body))
        return VD_DONE;
    change.seen_version = body.version;
    change.disposition = or_null(body.disposition);
    change.reason = or_null(body.note);
    change.to = or_null(body.to);
    change.until_us = body.until_us;
    change.shelve_max_us = shelve_max_us(api);
    alert = calloc(1, sizeof *alert);
    if (alert == NULL)
        return vd_api_refuse(req, VD_BUSY, NULL);
    next = change_in_pg(api, req, pg, &change, alert);
    free(alert);
    return next;
}

enum vd_place vd_do_unit_list(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                              enum vd_place place)
{
    struct vd_config *cfg = vd_api_config(api);
    struct vd_json *doc = vd_json_object(), *list = vd_json_array();

    (void)pg;
    (void)place;
    for (int i = 0; i < cfg->work.n_units; i++) {
        const struct vd_unit_cfg *unit = &cfg->work.units[i];
        struct vd_json *row = vd_json_object();

        if (vd_json_set(row, "id", vd_json_text(unit->id)) < 0 ||
            vd_json_set(row, "name", vd_json_text(unit->name != NULL ? unit->name : unit->id)) <
                0)
            vd_json_free(&row);
        if (vd_json_append(list, row) < 0)
            vd_json_free(&list);
    }
    if (vd_json_set(doc, "units", list) < 0 ||
        vd_json_set(doc, "shelve_max_ms", vd_json_int(cfg->work.shelve_max_us / 1000)) < 0)
        vd_json_free(&doc);
    vd_config_unref(&cfg);
    if (doc == NULL)
        return vd_api_refuse(req, VD_BUSY, NULL);
    vd_reply_json(&req->reply, 200, doc);
    return VD_DONE;
}
