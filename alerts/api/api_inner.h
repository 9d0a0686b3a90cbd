/* alerts/api/api_inner.h: what the handlers share. */
#ifndef VD_ALERTS_API_API_INNER_H
#define VD_ALERTS_API_API_INNER_H

#include <pthread.h>

#include "alerts/api/api.h"
#include "alerts/api/body.h"
#include "alerts/api/http.h"
#include "alerts/api/limit.h"
#include "alerts/api/live_link.h"
#include "alerts/api/media.h"
#include "alerts/api/pool.h"
#include "base/crypto.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "config/secret.h"
#include "storage/pg/alerts.h"
#include "storage/pg/users.h"

enum {
    VD_PG_THREADS = 2,
    VD_PG_QUEUE = 256,
    VD_PASS_QUEUE = 16, /* at 50 ms each, the last one waits under a second */
    VD_MEDIA_QUEUE = 128,
};

/* Where a request goes on, or that it is done. */
enum vd_place { VD_ON_HTTP, VD_ON_PG, VD_ON_PASS, VD_ON_MEDIA, VD_DONE };

/* A thread's connection: opened when needed, not tried again sooner than retry says. */
struct vd_api_link {
    struct vd_pg *pg;
    int64_t next_try_us;
};

enum vd_api_metric {
    VD_M_REQUESTS,
    VD_M_REFUSED,
    VD_M_FAILED,
    VD_M_SIGN_INS,
    VD_M_SIGN_INS_REFUSED,
    VD_M_CHANGES,
    VD_M_STALE,
    VD_M_STREAMS,
    VD_M_LIVE_PAGES,
    VD_M_LIVE_FEEDS,
    VD_M_LIVE_BYTES,
    VD_M_LIVE_LOST,
    VD_M_OPEN_ALERTS,
    VD_M_POSITION,
    VD_M_DATABASE,
    VD_M_ROUTER,
    VD_M_WAITING,
    VD_M_SECONDS,
    VD_N_API_METRICS
};

struct vd_api {
    struct vd_api_opts opts;
    struct vd_hub *hub;
    struct vd_health health;
    struct vd_sessions *sessions;
    struct vd_http *http;
    struct vd_pool *pg_pool, *pass_pool, *media_pool;
    struct vd_api_link links[VD_PG_THREADS];
    struct vd_media *media; /* of the media pool's one thread */
    struct vd_live_hub *live;
    struct vd_live_link *live_link;
    char *cert_pem, *key_pem;
    struct vd_secret metrics_token;    /* {0}: loopback only */
    char nobody[VD_PASSWORD_HASH_MAX]; /* hash for names that do not exist: same time for all */
    struct vd_metric metrics[VD_N_API_METRICS];

    struct vd_stop stop;
    pthread_t keeper; /* asks the database for cameras and sessions, and whether it is there */
    bool has_keeper;

    pthread_mutex_t cfg_mutex; /* guards cfg */
    struct vd_config *cfg;

    pthread_mutex_t door_mutex; /* guards door */
    struct vd_door door;

    int64_t next_beat_us; /* of the ticking thread */
};

typedef enum vd_place vd_handler_fn(struct vd_api *api, struct vd_request *req,
                                    struct vd_pg *pg, enum vd_place place);

vd_handler_fn vd_do_asset, vd_do_health, vd_do_metrics, vd_do_session_open, vd_do_session_show,
    vd_do_session_close, vd_do_alert_list, vd_do_alert_show, vd_do_alert_change,
    vd_do_unit_list, vd_do_camera_list, vd_do_media, vd_do_status, vd_do_stream, vd_do_live;

int64_t vd_api_mono(const struct vd_api *api);
int64_t vd_api_wall(const struct vd_api *api);

/* The alert of req's path: 1, 0: none that he may see; < 0 as in storage/pg. */
int vd_api_alert(struct vd_request *req, struct vd_pg *pg, struct vd_alert *ret_alert,
                 struct vd_err *err);
void vd_api_etag(struct vd_request *req, int64_t version);

/* A reference to the configuration of now, the caller's to give back. */
struct vd_config *vd_api_config(struct vd_api *api);

/* console.offline as it now is. */
int64_t vd_api_offline_us(struct vd_api *api);

/* Answers with a problem; always VD_DONE. */
enum vd_place vd_api_refuse(struct vd_request *req, enum vd_problem_code code,
                            const char *detail);

/* Answers for a database call that failed: gone (and noted), or our own fault (logged). */
enum vd_place vd_api_pg_failed(struct vd_api *api, struct vd_request *req, int rc,
                               const struct vd_err *err);

/* Is req from somebody signed in, who may ask this? Returns VD_DONE when answered with a
 * refusal, VD_ON_PG when only the database can tell, else place. */
enum vd_place vd_api_admit(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                           enum vd_place place);

/* The link's connection, opened if need be; NULL: the database is gone. */
struct vd_pg *vd_api_link(struct vd_api *api, struct vd_api_link *link);

/* Starts and ends the keeper. */
int vd_keeper_start(struct vd_api *api, struct vd_err *err);
void vd_keeper_stop(struct vd_api *api);

/* That name is at home at that address: a sign-in, or a session that began there. Any thread.
 */
void vd_api_know(struct vd_api *api, const char *name, const char *address);

/* Makes "admin" when there is no user at all; the password goes into or comes from
 * secrets/first-password. */
int vd_api_first_user(struct vd_api *api, struct vd_pg *pg, struct vd_err *err);

#endif
