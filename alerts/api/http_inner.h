/* alerts/api/http_inner.h: what http.c, http_send.c and sse.c share. */
#ifndef VD_ALERTS_API_HTTP_INNER_H
#define VD_ALERTS_API_HTTP_INNER_H

#include <microhttpd.h>
#include <pthread.h>

#include "alerts/api/http.h"

enum { VD_STREAMS_MAX = 256 };

/* A page that listens. Lives as long as its response; in the list while it is open. */
struct stream {
    struct vd_http *http;
    struct vd_request *req; /* outlives the stream: MHD ends the request after the response */
    bool is_waiting;        /* suspended until the hub has more */
};

struct vd_http {
    struct vd_http_opts opts;
    struct MHD_Daemon *daemon;
    uint16_t port;
    bool is_local; /* plain HTTP on loopback: no certificate vouches for a name */

    pthread_mutex_t mutex; /* guards the rest; taken before MHD's own, never the other way */
    struct stream *streams[VD_STREAMS_MAX];
    int n_streams;
    bool is_ending;
};

/* Hands the reply, with all headers, to MHD. On its thread. */
enum MHD_Result vd_http_send_reply(struct vd_request *req);

/* Begins a stream, or answers that there are too many. On MHD's thread. */
enum MHD_Result vd_http_send_stream(struct vd_request *req);

/* Begins to send what the request's watcher has. On MHD's thread. */
enum MHD_Result vd_http_send_live(struct vd_request *req);

/* The headers that every answer bears. */
void vd_http_secure(struct MHD_Response *response, bool is_tls);

/* Every stream ends, and none begins any more. */
void vd_http_streams_end(struct vd_http *http);

#endif
