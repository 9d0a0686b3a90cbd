/* Who asks, and may he? Sessions are confirmed by the database; while it is gone those that it
 * confirmed before stay good, for reading, as long as console.offline says. */
#include <string.h>

#include "alerts/api/api_inner.h"
#include "base/log.h"

/* A change must carry the session's own token, which no other site can read. */
static bool has_csrf(const struct vd_request *req)
{
    return req->is_same_site && strlen(req->csrf) == strlen(req->who.csrf) &&
           vd_secret_equal(req->csrf, req->who.csrf, strlen(req->who.csrf));
}

static enum vd_place admitted(struct vd_request *req, enum vd_place place)
{
    if ((req->target.needs & VD_NEEDS_CSRF) != 0 && !has_csrf(req))
        return vd_api_refuse(req, VD_BAD_CSRF, NULL);
    return place;
}

/* Asks the database. Returns 1: good, 0: not, < 0: it can't be asked. */
static int confirm(struct vd_api *api, struct vd_request *req, const uint8_t *token,
                   struct vd_pg *pg, bool wants_touch)
{
    struct vd_session session;
    struct vd_user user;
    int64_t now_us = vd_api_wall(api);
    int rc;

    if (pg == NULL)
        return VD_EIO;
    rc = vd_pg_session_get(pg, token, now_us, &session, &user, NULL);
    if (rc == 1 && now_us - session.last_seen_us > VD_SESSION_IDLE_US)
        rc = 0;
    if (rc == 0)
        vd_sessions_drop(api->sessions, token);
    if (rc != 1)
        return rc;
    vd_api_know(api, session.name, session.address); /* after a restart, too */
    vd_who_of(&session, &user, &req->who);
    vd_sessions_put(api->sessions, &req->who, vd_api_mono(api));
    if (wants_touch || now_us - session.last_seen_us > VD_SESSION_TOUCH_US)
        vd_pg_session_touch(pg, token, now_us, session.expires_us, NULL);
    return 1;
}

enum vd_place vd_api_admit(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                           enum vd_place place)
{
    uint8_t token[VD_HASH_BYTES];
    int64_t confirmed_us = 0, now_us = vd_api_mono(api);
    enum vd_session_state state;
    bool wants_touch, is_in_grace;
    int rc;

    if (!req->has_token)
        return vd_api_refuse(req, VD_NOT_SIGNED_IN, NULL);
    vd_token_hash(req->token, token);
    state = vd_sessions_get(api->sessions, token, now_us, vd_api_wall(api), &req->who,
                            &confirmed_us, &wants_touch);
    is_in_grace = state == VD_SESSION_STALE && now_us - confirmed_us <= vd_api_offline_us(api);
    if (state == VD_SESSION_OVER)
        return vd_api_refuse(req, VD_NOT_SIGNED_IN, "The session is over.");
    if (state == VD_SESSION_GOOD ||
        (is_in_grace && vd_health_gone_us(&api->health, now_us) > 0 && place == VD_ON_HTTP))
        return admitted(req, place);
    if (place != VD_ON_PG)
        return VD_ON_PG;
    rc = confirm(api, req, token, pg, wants_touch);
    if (rc == 0)
        return vd_api_refuse(req, VD_NOT_SIGNED_IN, "The session is over.");
    if (rc < 0 && !is_in_grace)
        return vd_api_refuse(req, VD_DATABASE_GONE, NULL);
    return admitted(req, place);
}
