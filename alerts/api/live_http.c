/* A page that watches live, as MHD reads it: like a stream of events (sse.c), it is suspended
 * while its queue is empty. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "alerts/api/http_inner.h"
#include "alerts/api/live_hub.h"

enum { BLOCK = 64 * 1024, UNSENT_BYTES = 256 * 1024 };

static void pause_connection(void *arg)
{
    const struct vd_request *req = arg;

    MHD_suspend_connection(req->connection);
}

static void wake_connection(void *arg)
{
    const struct vd_request *req = arg;

    MHD_resume_connection(req->connection);
}

static ssize_t give(void *arg, uint64_t pos, char *buf, size_t max)
{
    struct vd_request *req = arg;
    struct vd_http *http = req->http;
    int n;

    (void)pos;
    if (!http->opts.app.may_stream(http->opts.app.self, req))
        return MHD_CONTENT_READER_END_OF_STREAM;
    n = vd_watcher_read(req->watcher, (uint8_t *)buf, max);
    return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

/* What waits in the kernel can be neither dropped nor overtaken: megabytes of it would be shown
 * seconds late. */
static void keep_short(struct vd_request *req)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int bytes = UNSENT_BYTES;

    if (info != NULL)
        (void)setsockopt(info->connect_fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes,
                         sizeof bytes);
}

enum MHD_Result vd_http_send_live(struct vd_request *req)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, give, req, NULL);
    enum MHD_Result rc;

    if (response == NULL)
        return MHD_NO;
    keep_short(req);
    vd_watcher_on_wake(req->watcher, pause_connection, wake_connection, req);
    vd_http_secure(response, req->is_tls);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "application/vnd.vedette.live");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    rc = MHD_queue_response(req->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return rc;
}
