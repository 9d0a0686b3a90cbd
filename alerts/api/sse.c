/* Streams of server-sent events: each one a cursor into the hub's ring. A stream that has
 * nothing to send is suspended, and resumed by vd_http_wake; so that a client who has gone is
 * noticed, the hub beats at least every ten seconds. */
#include <stdlib.h>
#include <string.h>

#include "alerts/api/http_inner.h"

/* MHD asks for bytes. The mutex keeps "nothing to send, so suspend" and "something came, so
 * resume" from passing each other. */
static ssize_t give(void *arg, uint64_t pos, char *buf, size_t max)
{
    struct stream *stream = arg;
    struct vd_http *http = stream->http;
    struct vd_request *req = stream->req;
    ssize_t rc = MHD_CONTENT_READER_END_OF_STREAM;
    int n;

    (void)pos;
    pthread_mutex_lock(&http->mutex);
    stream->is_waiting = false;
    if (!http->is_ending && http->opts.app.may_stream(http->opts.app.self, req)) {
        n = vd_hub_read(http->opts.hub, &req->cursor, &req->who, buf, max);
        if (n == 0) {
            stream->is_waiting = true;
            MHD_suspend_connection(req->connection);
        }
        if (n >= 0)
            rc = n;
    }
    pthread_mutex_unlock(&http->mutex);
    return rc;
}

static void forget(void *arg)
{
    struct stream *stream = arg;
    struct vd_http *http = stream->http;

    pthread_mutex_lock(&http->mutex);
    for (int i = 0; i < http->n_streams; i++) {
        if (http->streams[i] != stream)
            continue;
        http->streams[i] = http->streams[--http->n_streams];
        break;
    }
    pthread_mutex_unlock(&http->mutex);
    free(stream);
}

/* Puts a stream in the list; NULL: no room, or we are ending. */
static struct stream *enlist(struct vd_request *req)
{
    struct vd_http *http = req->http;
    struct stream *stream = NULL;

    pthread_mutex_lock(&http->mutex);
    if (http->n_streams < VD_STREAMS_MAX && !http->is_ending)
        stream = calloc(1, sizeof *stream);
    if (stream != NULL) {
        *stream = (struct stream){.http = http, .req = req};
        http->streams[http->n_streams++] = stream;
    }
    pthread_mutex_unlock(&http->mutex);
    return stream;
}

enum MHD_Result vd_http_send_stream(struct vd_request *req)
{
    struct stream *stream = enlist(req);
    struct MHD_Response *response;
    enum MHD_Result rc;

    if (stream == NULL) {
        vd_reply_problem(&req->reply, VD_STREAMS_FULL, NULL, NULL);
        req->reply.retry_after_s = 10;
        return vd_http_send_reply(req);
    }
    response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * 1024, give, stream, forget);
    if (response == NULL) {
        forget(stream);
        return MHD_NO;
    }
    vd_http_secure(response, req->is_tls);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    rc = MHD_queue_response(req->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return rc;
}

void vd_http_wake(struct vd_http *http)
{
    pthread_mutex_lock(&http->mutex);
    for (int i = 0; i < http->n_streams; i++) {
        if (!http->streams[i]->is_waiting)
            continue;
        http->streams[i]->is_waiting = false;
        MHD_resume_connection(http->streams[i]->req->connection);
    }
    pthread_mutex_unlock(&http->mutex);
}

int vd_http_streams(struct vd_http *http)
{
    int n;

    pthread_mutex_lock(&http->mutex);
    n = http->n_streams;
    pthread_mutex_unlock(&http->mutex);
    return n;
}

void vd_http_streams_end(struct vd_http *http)
{
    pthread_mutex_lock(&http->mutex);
    http->is_ending = true;
    pthread_mutex_unlock(&http->mutex);
    vd_http_wake(http);
}
