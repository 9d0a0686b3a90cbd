/* alerts/api/http.h: libmicrohttpd turned into requests as values. One thread (MHD's own) takes
 * bytes in and gives bytes out; it never waits: a request that needs more is suspended until
 * another thread says vd_http_done. */
#ifndef VD_ALERTS_API_HTTP_H
#define VD_ALERTS_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/api/cookie.h"
#include "alerts/api/hub.h"
#include "alerts/api/reply.h"
#include "alerts/api/route.h"
#include "alerts/api/session.h"
#include "base/clock.h"
#include "base/err.h"

enum {
    VD_HTTP_HEADER_MAX = 16 * 1024,
    VD_HTTP_CONNECTIONS = 768, /* at once; 256 of them may be streams */
    VD_HTTP_PER_ADDRESS = 256, /* of one machine, where machines can be told apart */
    VD_HTTP_IDLE_S = 30,       /* a connection that says nothing */
    VD_HTTP_REQUEST_S = 30,    /* from its first byte to its last */
};

struct vd_http;
struct MHD_Connection;
struct vd_watcher;

/* One request, from its first byte until its answer has left. Owned by http; while it is
 * suspended, by the thread that works on it. */
struct vd_request {
    struct vd_target target;
    enum vd_method method;
    int fault; /* enum vd_route_fault, or 0 */
    unsigned allow;
    bool is_tls, is_loopback, is_same_site, is_json, wants_gzip;
    bool has_token;
    char token[VD_TOKEN_TEXT + 1];
    char csrf[65];
    char if_match[40];
    char etag_known[48];
    char range[64];
    char bearer[129];
    char last_event_id[24];
    char address[64];
    char agent[200];
    char *body;
    size_t body_len;

    /* For those who answer. */
    struct vd_who who;
    bool is_admitted; /* who may do what he asks for */
    int place;        /* enum vd_place: where it goes on */
    int stage;        /* how far a handler of several steps has come */
    void *work;       /* its own memory between the steps, freed by free_work */
    void (*free_work)(void *work);
    struct vd_reply reply;
    bool is_stream; /* instead of a reply: the hub, from cursor on, after backlog */
    struct vd_hub_cursor cursor;
    struct vd_watcher *watcher; /* instead of a reply: live pictures; belongs to work */
    int64_t begun_us;           /* mono */
    struct vd_request *next;    /* in the queue it waits in */

    /* http's own. */
    struct vd_http *http;
    struct MHD_Connection *connection;
    char *raw_target;
    size_t body_room;
    bool is_begun, is_suspended, is_body_too_large, is_header_too_large, is_answered;
    bool is_wrong_host;
};

struct vd_http_app {
    /* A request is complete. Returns true when req->reply (or is_stream) is filled in, false
     * when submit should be called once it is suspended. On the http thread: never waits. */
    bool (*decide)(void *self, struct vd_request *req);
    /* Takes the request until it calls vd_http_done. On the http thread: never waits. */
    void (*submit)(void *self, struct vd_request *req);
    /* A stream asks whether its session is still good and sees what it shows. On the http
     * thread. */
    bool (*may_stream)(void *self, const struct vd_request *req);
    void *self;
};

struct vd_http_opts {
    const char *listen;             /* "127.0.0.1:8080"; port 0 picks one */
    const char *cert_pem, *key_pem; /* both or none: TLS */
    bool is_behind_proxy;           /* the last X-Forwarded-For is who asks */
    const struct vd_clock *clock;
    struct vd_hub *hub;
    struct vd_http_app app;
};

/* Listens and serves until closed. VD_EIO: the address is in use or not ours, with which. */
int vd_http_open(struct vd_http **ret_http, const struct vd_http_opts *opts,
                 struct vd_err *err);

/* The port that it listens on. */
uint16_t vd_http_port(const struct vd_http *http);

/* The request is answered: reply is filled in, or is_stream set. Any thread; the caller must
 * not touch req afterwards. */
void vd_http_done(struct vd_request *req);

/* Wakes every stream that waits for the hub. Any thread. */
void vd_http_wake(struct vd_http *http);

/* How many streams are open. */
int vd_http_streams(struct vd_http *http);

/* No new connection is taken, streams end. The app must answer all that it still holds before
 * vd_http_close. */
void vd_http_quiesce(struct vd_http *http);

/* Sets NULL, accepts NULL. */
void vd_http_close(struct vd_http **http);

#endif
