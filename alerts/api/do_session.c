/* Signing in and out. The password is checked on a thread of its own; the same work is done for
 * names that do not exist, so that the time of an answer tells nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/api_inner.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "storage/pg/log.h"

/* What a sign-in carries from one thread to the next. */
struct work {
    struct vd_sign_in body;
    struct vd_user user;
    bool is_known, is_right;
    bool is_at_home; /* he signed in from this address before */
};

static void free_work(void *arg)
{
    vd_secret_wipe(arg, sizeof(struct work));
    free(arg);
}

static struct vd_json *session_json(const struct vd_who *who)
{
    struct vd_json *doc = vd_json_object();
    struct vd_json *areas = vd_json_array();
    int rc = 0;

    for (int i = 0; i < who->n_areas; i++)
        rc = rc < 0 ? rc : vd_json_append(areas, vd_json_text(who->areas[i]));
    if (vd_json_set(doc, "areas", areas) < 0 || rc < 0 ||
        vd_json_set(doc, "name", vd_json_text(who->name)) < 0 ||
        vd_json_set(doc, "role", vd_json_text(who->role)) < 0 ||
        vd_json_set(doc, "csrf", vd_json_text(who->csrf)) < 0 ||
        vd_json_set(doc, "expires", vd_json_time(who->expires_us)) < 0)
        vd_json_free(&doc);
    return doc;
}

enum vd_place vd_do_session_show(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                                 enum vd_place place)
{
    (void)api;
    (void)pg;
    (void)place;
    vd_reply_json(&req->reply, 200, session_json(&req->who));
    return VD_DONE;
}

/* Returns 0, or the seconds to wait. */
static int take_attempt(struct vd_api *api, const struct vd_request *req, struct work *work)
{
    int wait_s;

    pthread_mutex_lock(&api->door_mutex);
    wait_s = vd_door_take(&api->door, work->body.name, req->address, vd_api_mono(api),
                          &work->is_at_home);
    pthread_mutex_unlock(&api->door_mutex);
    return wait_s;
}

static void give_attempt(struct vd_api *api, const struct vd_request *req,
                         const struct work *work)
{
    pthread_mutex_lock(&api->door_mutex);
    vd_door_give(&api->door, work->body.name, req->address, vd_api_mono(api), work->is_at_home);
    pthread_mutex_unlock(&api->door_mutex);
}

void vd_api_know(struct vd_api *api, const char *name, const char *address)
{
    pthread_mutex_lock(&api->door_mutex);
    vd_door_know(&api->door, name, address, vd_api_mono(api));
    pthread_mutex_unlock(&api->door_mutex);
}

static enum vd_place begin(struct vd_api *api, struct vd_request *req)
{
    struct work *work = calloc(1, sizeof *work);
    struct vd_err err = {0};
    int wait_s;

    if (work == NULL)
        return vd_api_refuse(req, VD_BUSY, NULL);
    req->work = work;
    req->free_work = free_work;
    if (!req->is_json || !req->is_same_site)
        return vd_api_refuse(req, VD_BAD_BODY, "Content-Type must be application/json.");
    if (vd_body_sign_in(req->body != NULL ? req->body : "", req->body_len, &work->body, &err) <
        0)
        return vd_api_refuse(req, VD_BAD_BODY, err.msg);
    wait_s = take_attempt(api, req, work);
    if (wait_s > 0) {
        vd_metric_add(&api->metrics[VD_M_SIGN_INS_REFUSED], 1);
        LOG_WARN("console.sign-in", "result=limited address=%s wait_s=%d", req->address,
                 wait_s);
        vd_api_refuse(req, VD_TOO_MANY_ATTEMPTS, NULL);
        req->reply.retry_after_s = wait_s;
        return VD_DONE;
    }
    return VD_ON_PG;
}

static enum vd_place look_up(struct vd_api *api, struct vd_request *req, struct vd_pg *pg)
{
    struct work *work = req->work;
    struct vd_err err = {0};
    int rc = vd_pg_user_get(pg, work->body.name, &work->user, &err);

    if (rc < 0) {
        give_attempt(api, req, work);
        return vd_api_pg_failed(api, req, rc, &err);
    }
    work->is_known = rc == 1 && !work->user.disabled;
    req->stage = 1;
    return VD_ON_PASS;
}

static enum vd_place check(struct vd_api *api, struct vd_request *req)
{
    struct work *work = req->work;
    bool is_right =
        vd_password_verify(work->body.password, work->is_known ? work->user.hash : api->nobody);

    work->is_right = is_right && work->is_known;
    req->stage = 2;
    if (work->is_right)
        return VD_ON_PG;
    vd_metric_add(&api->metrics[VD_M_SIGN_INS_REFUSED], 1);
    LOG_WARN("console.sign-in", "result=refused address=%s", req->address);
    return vd_api_refuse(req, VD_WRONG_PASSWORD, NULL);
}

static int store_session(struct vd_pg *pg, const struct vd_session *session, struct vd_err *err)
{
    struct vd_pg_log_entry entry = {session->name, "session.open", session->address, ""};
    int rc = vd_pg_begin(pg, err);

    if (rc < 0)
        return rc;
    if ((rc = vd_pg_session_insert(pg, session, err)) < 0 ||
        (rc = vd_pg_log_append(pg, &entry, NULL, err)) < 0 || (rc = vd_pg_commit(pg, err)) < 0)
        vd_pg_rollback(pg);
    return rc;
}

static enum vd_place finish(struct vd_api *api, struct vd_request *req, struct vd_pg *pg)
{
    struct work *work = req->work;
    struct vd_session session = {0};
    struct vd_config *cfg = vd_api_config(api);
    struct vd_err err = {0};
    char token[VD_TOKEN_TEXT + 1];
    int rc;

    vd_random_text(token, VD_TOKEN_TEXT);
    vd_token_hash(token, session.token);
    vd_random_text(session.csrf, VD_TOKEN_TEXT);
    vd_str_copy(session.name, sizeof session.name, work->user.name);
    vd_str_copy(session.address, sizeof session.address, req->address);
    vd_str_copy(session.agent, sizeof session.agent, req->agent);
    if (!vd_str_is_utf8(session.agent, strlen(session.agent)))
        session.agent[0] = '\0';
    session.created_us = session.last_seen_us = vd_api_wall(api);
    session.expires_us = session.created_us + cfg->console.session_us;
    vd_config_unref(&cfg);
    rc = store_session(pg, &session, &err);
    give_attempt(api, req, work);
    if (rc < 0)
        return vd_api_pg_failed(api, req, rc, &err);
    vd_api_know(api, work->user.name, req->address);
    vd_who_of(&session, &work->user, &req->who);
    vd_sessions_put(api->sessions, &req->who, vd_api_mono(api));
    vd_reply_json(&req->reply, 200, session_json(&req->who));
    vd_cookie_set(req->reply.set_cookie, sizeof req->reply.set_cookie, token, req->is_tls);
    vd_secret_wipe(token, sizeof token);
    vd_metric_add(&api->metrics[VD_M_SIGN_INS], 1);
    LOG_INFO("console.sign-in", "result=done user=\"%s\" address=%s", work->user.name,
             req->address);
    return VD_DONE;
}

enum vd_place vd_do_session_open(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                                 enum vd_place place)
{
    if (place == VD_ON_HTTP)
        return begin(api, req);
    if (place == VD_ON_PASS)
        return check(api, req);
    if (pg == NULL) {
        give_attempt(api, req, req->work);
        return vd_api_refuse(req, VD_DATABASE_GONE,
                             "Nobody can sign in while the database is gone.");
    }
    return req->stage == 0 ? look_up(api, req, pg) : finish(api, req, pg);
}

enum vd_place vd_do_session_close(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                                  enum vd_place place)
{
    struct vd_err err = {0};
    int rc = vd_pg_session_remove(pg, req->who.token, &err);

    (void)place;
    if (rc < 0)
        return vd_api_pg_failed(api, req, rc, &err);
    vd_sessions_drop(api->sessions, req->who.token);
    vd_reply_empty(&req->reply, 204);
    vd_cookie_set(req->reply.set_cookie, sizeof req->reply.set_cookie, NULL, req->is_tls);
    LOG_INFO("console.sign-out", "user=\"%s\"", req->who.name);
    return VD_DONE;
}

/* ---- the first user ---- */

/* The password that `vedette up` left for us, or a new one, left there. */
static int first_password(const char *state, char *password, size_t size, struct vd_err *err)
{
    char path[VD_PATH_MAX];
    char *text = NULL;
    size_t len = 0;
    int rc = vd_fs_join(path, sizeof path, state, "secrets/first-password", err);

    if (rc < 0)
        return rc;
    if (vd_fs_read(path, VD_PASSWORD_MAX, &text, &len, NULL) == 0) {
        text[strcspn(text, "\r\n")] = '\0';
        if (text[0] != '\0' && vd_str_copy(password, size, text)) {
            vd_secret_wipe(text, len);
            free(text);
            return 0;
        }
        free(text);
    }
    vd_random_text(password, 16);
    password[16] = '\n';
    rc = vd_fs_write(path, password, 17, 0600, err);
    password[16] = '\0';
    return rc;
}

int vd_api_first_user(struct vd_api *api, struct vd_pg *pg, struct vd_err *err)
{
    char password[VD_PASSWORD_MAX + 1] = "";
    struct vd_user user = {.name = "admin", .role = "administrator"};
    int rc = vd_pg_user_count(pg, err);

    if (rc != 0)
        return rc;
    if ((rc = first_password(api->opts.state, password, sizeof password, err)) == 0 &&
        (rc = vd_password_hash(password, 0, 0, user.hash, err)) == 0 &&
        (rc = vd_pg_user_store(pg, &user, vd_api_wall(api), err)) >= 0)
        LOG_INFO("console.first-user", "name=admin password_file=secrets/first-password");
    vd_secret_wipe(password, sizeof password);
    return rc;
}
