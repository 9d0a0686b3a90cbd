/* The page's files, cameras, pictures, status and the stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/api_inner.h"
#include "alerts/api/assets.h"
#include "base/event.h"
#include "base/str.h"
#include "storage/pg/feed.h"

enum { REPLAY_ROWS = 1000, REPLAY_ROUNDS = 20 };

enum vd_place vd_do_asset(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                          enum vd_place place)
{
    const char *name = req->target.id[0] != '\0' ? req->target.id : "index.html";
    const struct vd_asset *asset = vd_asset_find(name);

    (void)api;
    (void)pg;
    (void)place;
    if (asset == NULL)
        return vd_api_refuse(req, VD_NOT_FOUND, NULL);
    req->reply.status = 200;
    req->reply.type = asset->type;
    req->reply.is_immutable = asset->is_immutable;
    req->reply.is_gzip = req->wants_gzip && asset->gzip_len > 0;
    req->reply.lent = req->reply.is_gzip ? asset->gzip : asset->plain;
    req->reply.len = req->reply.is_gzip ? asset->gzip_len : asset->plain_len;
    return VD_DONE;
}

enum vd_place vd_do_health(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                           enum vd_place place)
{
    struct vd_hub_status status = vd_hub_get_status(api->hub);
    struct vd_json *doc = vd_json_object();

    (void)pg;
    (void)place;
    if (vd_json_set(doc, "console", vd_json_bool(true)) < 0 ||
        vd_json_set(doc, "database", vd_json_bool(status.has_database)) < 0 ||
        vd_json_set(doc, "router", vd_json_bool(status.has_router)) < 0)
        vd_json_free(&doc);
    vd_reply_json(&req->reply, 200, doc);
    return VD_DONE;
}

/* Areas that he may see, and those above them, whose names lead there. */
static struct vd_json *areas_json(struct vd_api *api, const struct vd_who *who)
{
    struct vd_config *cfg = vd_api_config(api);
    struct vd_json *list = vd_json_array();
    int rc = 0;

    for (int i = 0; rc == 0 && i < cfg->n_areas; i++) {
        const struct vd_area_cfg *area = &cfg->areas[i];
        bool sees = vd_who_sees(who, area->code);
        struct vd_json *row;

        for (int j = 0; !sees && j < who->n_areas; j++)
            sees = vd_area_within(who->areas[j], area->code);
        if (!sees)
            continue;
        row = vd_json_object();
        if (vd_json_set(row, "code", vd_json_text(area->code)) < 0 ||
            vd_json_set(row, "name",
                        vd_json_text(area->name != NULL ? area->name : area->code)) < 0)
            vd_json_free(&row);
        rc = vd_json_append(list, row);
    }
    vd_config_unref(&cfg);
    if (rc < 0)
        vd_json_free(&list);
    return list;
}

enum vd_place vd_do_camera_list(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                                enum vd_place place)
{
    struct vd_json *doc = vd_json_object();

    (void)pg;
    (void)place;
    if (vd_json_set(doc, "cameras", vd_hub_cameras_json(api->hub, &req->who)) < 0 ||
        vd_json_set(doc, "areas", areas_json(api, &req->who)) < 0)
        vd_json_free(&doc);
    if (doc == NULL)
        return vd_api_refuse(req, VD_BUSY, NULL);
    vd_reply_json(&req->reply, 200, doc);
    return VD_DONE;
}

enum vd_place vd_do_status(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                           enum vd_place place)
{
    struct vd_hub_status status = vd_hub_get_status(api->hub);
    struct vd_json *doc = vd_json_object();

    (void)pg;
    (void)place;
    if (vd_json_set(doc, "now", vd_json_time(vd_api_wall(api))) < 0 ||
        vd_json_set(doc, "router", vd_json_bool(status.has_router)) < 0 ||
        vd_json_set(doc, "database", vd_json_bool(status.has_database)) < 0 ||
        vd_json_set(doc, "committing", vd_json_bool(status.is_committing)) < 0 ||
        vd_json_set(doc, "delayed_since", vd_json_time(status.delayed_us)) < 0 ||
        vd_json_set(doc, "waiting", vd_json_int(status.waiting)) < 0 ||
        vd_json_set(doc, "revision", vd_json_text(status.revision)) < 0 ||
        vd_json_set(doc, "position", vd_json_int(vd_hub_position(api->hub))) < 0 ||
        vd_json_set(doc, "open_alerts", vd_json_int(vd_hub_alert_count(api->hub, &req->who))) <
            0 ||
        vd_json_set(doc, "streams", vd_json_int(vd_http_streams(api->http))) < 0)
        vd_json_free(&doc);
    vd_reply_json(&req->reply, 200, doc);
    return VD_DONE;
}

/* ---- pictures ---- */

/* "<camera>.<uuid>": the camera, if the rest is one too. */
static bool camera_of(const char *media, char *camera, size_t size)
{
    const char *dot = strchr(media, '.');
    struct vd_uuid uuid;

    if (dot == NULL || (size_t)(dot - media) >= size || !vd_uuid_parse(dot + 1, &uuid))
        return false;
    memcpy(camera, media, (size_t)(dot - media));
    camera[dot - media] = '\0';
    return vd_id_is_valid(camera);
}

enum vd_place vd_do_media(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                          enum vd_place place)
{
    char camera[VD_ID_MAX + 1];
    struct vd_media_piece piece = {.most = SIZE_MAX};
    bool is_range = vd_media_range(req->range, &piece);
    struct vd_err err = {0};
    int rc;

    (void)pg;
    if (!camera_of(req->target.id, camera, sizeof camera) ||
        !vd_hub_sees_camera(api->hub, &req->who, camera))
        return vd_api_refuse(req, VD_NOT_FOUND, NULL);
    if (place != VD_ON_MEDIA)
        return VD_ON_MEDIA;
    rc = vd_media_get(api->media, req->target.id, &piece, &err);
    if (rc == VD_EEOF)
        return vd_api_refuse(req, VD_MEDIA_GONE, NULL);
    if (rc == VD_EINVAL) {
        (void)snprintf(req->reply.content_range, sizeof req->reply.content_range, "bytes */%zu",
                       piece.total);
        return vd_api_refuse(req, VD_RANGE_BEYOND, err.msg);
    }
    if (rc < 0)
        return vd_api_refuse(req, VD_MEDIA_UNREACHABLE, err.msg);
    vd_reply_text(&req->reply, is_range ? 206 : 200,
                  piece.is_video ? "video/mp4" : "image/jpeg", piece.bytes, piece.len);
    if (is_range)
        (void)snprintf(req->reply.content_range, sizeof req->reply.content_range,
                       "bytes %zu-%zu/%zu", piece.offset, piece.offset + piece.len - 1,
                       piece.total);
    req->reply.has_ranges = true;
    req->reply.is_immutable = !piece.grows;
    return VD_DONE;
}

/* ---- the stream ---- */

struct replay {
    struct vd_request *req;
    int64_t last; /* what lies beyond comes through the ring */
    int rc;
};

static void add_row(void *arg, const struct vd_pg_feed_row *row)
{
    struct replay *replay = arg;

    if (replay->rc == 0 && row->position <= replay->last)
        replay->rc = vd_hub_backlog_add(&replay->req->cursor, &replay->req->who, row->position,
                                        row->body, row->body_len);
}

/* Reads what was missed from the feed's table until the ring has the rest. Returns 0, or < 0
 * when that can't be done: the page then loads its lists anew. */
static int catch_up(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                    int64_t position)
{
    struct replay replay = {.req = req, .last = vd_hub_position(api->hub)};

    for (int i = 0; i < REPLAY_ROUNDS; i++) {
        struct vd_pg_feed_query query = {
            .after = position, .prefix = "alert/", .limit = REPLAY_ROWS};
        int64_t through = position;
        int rc = vd_pg_feed_read(pg, &query, add_row, &replay, &through, NULL);

        if (rc < 0 || replay.rc < 0)
            return rc < 0 ? rc : replay.rc;
        if (vd_hub_join(api->hub, through < replay.last ? through : replay.last,
                        &req->cursor) == VD_HUB_JOINED)
            return 0;
        if (through == position)
            return VD_EIO; /* the table ends before the ring begins */
        position = through;
    }
    return VD_ETIMEOUT;
}

/* Where the page is: after=… at first, Last-Event-ID when it comes back; -1: nowhere. */
static int64_t position_of(const struct vd_request *req)
{
    const char *after = vd_query_get(&req->target.query, "after");
    int64_t position = -1;

    if (req->last_event_id[0] != '\0' && vd_str_int64(req->last_event_id, &position))
        return position < 0 ? -1 : position;
    if (after != NULL && vd_str_int64(after, &position))
        return position < 0 ? -1 : position;
    return -1;
}

enum vd_place vd_do_stream(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                           enum vd_place place)
{
    int64_t position = position_of(req);

    if (req->method == VD_HEAD) {
        vd_reply_empty(&req->reply, 200);
        return VD_DONE;
    }
    if (place == VD_ON_HTTP && vd_hub_join(api->hub, position, &req->cursor) == VD_HUB_OLD)
        return VD_ON_PG;
    if (place == VD_ON_PG && (pg == NULL || catch_up(api, req, pg, position) < 0))
        vd_hub_join_reset(api->hub, &req->cursor);
    req->is_stream = true;
    return VD_DONE;
}
