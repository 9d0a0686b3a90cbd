#include "alerts/api/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alerts/api/body.h"
#include "alerts/api/http_inner.h"
#include "base/log.h"
#include "base/str.h"
#include "config/config.h"

static int64_t mono_us(const struct vd_http *http)
{
    return http->opts.clock->mono_us(http->opts.clock->self);
}

/* MHD calls this first, with the target as it came: decoding is route.c's work alone. */
static void *begin(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct vd_http *http = arg;
    struct vd_request *req = calloc(1, sizeof *req);

    if (req == NULL)
        return NULL;
    req->http = http;
    req->connection = connection;
    req->begun_us = mono_us(http);
    req->raw_target = strndup(target, VD_TARGET_MAX + 1);
    return req;
}

static void end(void *arg, struct MHD_Connection *connection, void **state,
                enum MHD_RequestTerminationCode code)
{
    struct vd_request *req = *state;

    (void)arg;
    (void)connection;
    (void)code;
    *state = NULL;
    if (req == NULL)
        return;
    if (req->free_work != NULL)
        req->free_work(req->work);
    vd_reply_fini(&req->reply);
    vd_hub_cursor_fini(&req->cursor);
    if (req->body != NULL)
        vd_secret_wipe(req->body, req->body_room);
    free(req->body);
    free(req->raw_target);
    free(req);
}

static enum MHD_Result add_size(void *arg, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    size_t *sum = arg;

    (void)kind;
    *sum += strlen(name) + 4 + (value != NULL ? strlen(value) : 0);
    return MHD_YES;
}

static const char *header_of(struct vd_request *req, const char *name)
{
    return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

static void copy_header(struct vd_request *req, const char *name, char *dst, size_t size)
{
    const char *value = header_of(req, name);

    if (value == NULL || !vd_str_copy(dst, size, value))
        dst[0] = '\0';
}

static bool is_address(const char *text)
{
    struct in6_addr addr;

    return inet_pton(AF_INET, text, &addr) == 1 || inet_pton(AF_INET6, text, &addr) == 1;
}

static void take_address(struct vd_request *req)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;
    const char *forwarded = header_of(req, "X-Forwarded-For");

    vd_str_copy(req->address, sizeof req->address, "unknown");
    if (peer != NULL && peer->sa_family == AF_INET) {
        struct sockaddr_in in4;

        memcpy(&in4, peer, sizeof in4);
        inet_ntop(AF_INET, &in4.sin_addr, req->address, sizeof req->address);
        req->is_loopback = (ntohl(in4.sin_addr.s_addr) >> 24) == 127;
    } else if (peer != NULL && peer->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, peer, sizeof in6);
        inet_ntop(AF_INET6, &in6.sin6_addr, req->address, sizeof req->address);
        req->is_loopback = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    if (forwarded == NULL)
        return;
    req->is_loopback = false; /* whoever it is, he came from elsewhere */
    if (req->http->opts.is_behind_proxy) {
        const char *comma = strrchr(forwarded, ',');
        const char *last = comma != NULL ? comma + 1 : forwarded;

        last += strspn(last, " \t");
        if (is_address(last))
            vd_str_copy(req->address, sizeof req->address, last);
    }
}

static void take_headers(struct vd_request *req)
{
    const char *cookie = header_of(req, MHD_HTTP_HEADER_COOKIE);
    const char *type = header_of(req, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *site = header_of(req, "Sec-Fetch-Site");
    const char *accept = header_of(req, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    const char *bearer = header_of(req, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *scheme = header_of(req, "X-Forwarded-Proto");
    const char *host = header_of(req, MHD_HTTP_HEADER_HOST);
    size_t sum = strlen(req->raw_target);

    MHD_get_connection_values(req->connection, MHD_HEADER_KIND, add_size, &sum);
    req->is_header_too_large = sum > VD_HTTP_HEADER_MAX;
    req->is_wrong_host = req->http->is_local && host != NULL && !vd_host_is_local(host);
    req->is_tls =
        req->http->opts.cert_pem != NULL ||
        (req->http->opts.is_behind_proxy && scheme != NULL && strcmp(scheme, "https") == 0);
    req->has_token = vd_cookie_token(cookie, req->is_tls, req->token);
    req->is_json = type != NULL && strncasecmp(type, "application/json", 16) == 0;
    req->is_same_site =
        site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    req->wants_gzip = accept != NULL && strstr(accept, "gzip") != NULL;
    if (bearer != NULL && strncmp(bearer, "Bearer ", 7) == 0 &&
        !vd_str_copy(req->bearer, sizeof req->bearer, bearer + 7))
        req->bearer[0] = '\0';
    copy_header(req, "X-CSRF-Token", req->csrf, sizeof req->csrf);
    copy_header(req, MHD_HTTP_HEADER_IF_MATCH, req->if_match, sizeof req->if_match);
    copy_header(req, MHD_HTTP_HEADER_IF_NONE_MATCH, req->etag_known, sizeof req->etag_known);
    copy_header(req, MHD_HTTP_HEADER_RANGE, req->range, sizeof req->range);
    copy_header(req, "Last-Event-ID", req->last_event_id, sizeof req->last_event_id);
    vd_str_copy(req->agent, sizeof req->agent,
                header_of(req, MHD_HTTP_HEADER_USER_AGENT) != NULL
                    ? header_of(req, MHD_HTTP_HEADER_USER_AGENT)
                    : "");
    take_address(req);
}

static void take_start(struct vd_request *req, const char *method)
{
    req->method = strcmp(method, "HEAD") == 0     ? VD_HEAD
                  : strcmp(method, "POST") == 0   ? VD_POST
                  : strcmp(method, "DELETE") == 0 ? VD_DELETE
                                                  : VD_GET;
    req->fault = vd_route_decode(method, req->raw_target, &req->target, &req->allow);
    take_headers(req);
}

/* Keeps the body; what is over the limit is read and forgotten, so that the answer arrives. */
static bool take_body(struct vd_request *req, const char *data, size_t len)
{
    if (len > VD_BODY_MAX - req->body_len)
        req->is_body_too_large = true;
    if (req->is_body_too_large || req->is_header_too_large)
        return true;
    if (req->body_len + len + 1 > req->body_room) {
        size_t room = req->body_len + len + 1 + 1024;
        char *more = malloc(room);

        if (more == NULL)
            return false;
        if (req->body != NULL) {
            memcpy(more, req->body, req->body_len);
            vd_secret_wipe(req->body, req->body_room);
            free(req->body);
        }
        req->body = more;
        req->body_room = room;
    }
    memcpy(req->body + req->body_len, data, len);
    req->body_len += len;
    req->body[req->body_len] = '\0';
    return true;
}

/* Faults that need no look at who asks. True when there is one. */
static bool refuse(struct vd_request *req)
{
    if (req->is_header_too_large)
        vd_reply_problem(&req->reply, VD_HEADER_TOO_LARGE, NULL, NULL);
    else if (req->is_body_too_large)
        vd_reply_problem(&req->reply, VD_BODY_TOO_LARGE, NULL, NULL);
    else if (req->is_wrong_host)
        vd_reply_problem(&req->reply, VD_WRONG_HOST, NULL, NULL);
    else if (req->fault == VD_ROUTE_BAD)
        vd_reply_problem(&req->reply, VD_BAD_REQUEST, NULL, NULL);
    else if (req->fault == VD_ROUTE_NONE)
        vd_reply_problem(&req->reply, VD_NOT_FOUND, NULL, NULL);
    else if (req->fault == VD_ROUTE_TOO_LONG)
        vd_reply_problem(&req->reply, VD_TARGET_TOO_LONG, NULL, NULL);
    else if (req->fault == VD_ROUTE_NO_METHOD)
        vd_reply_problem(&req->reply, VD_NOT_IMPLEMENTED, NULL, NULL);
    else if (req->fault == VD_ROUTE_METHOD)
        vd_reply_problem(&req->reply, VD_METHOD_NOT_ALLOWED, NULL, NULL);
    if (req->fault == VD_ROUTE_METHOD)
        req->reply.allow = req->allow;
    return req->reply.status != 0;
}

static enum MHD_Result answer(struct vd_request *req)
{
    req->is_answered = true;
    if (req->watcher != NULL)
        return vd_http_send_live(req);
    return req->is_stream ? vd_http_send_stream(req) : vd_http_send_reply(req);
}

/* MHD's access handler: called at the header, for each piece of the body, at its end, and after
 * each resume. */
static enum MHD_Result serve(void *arg, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data,
                             size_t *data_len, void **state)
{
    struct vd_http *http = arg;
    struct vd_request *req = *state;

    (void)url;
    (void)version;
    if (req == NULL || req->raw_target == NULL)
        return MHD_NO;
    if (!req->is_begun) {
        req->is_begun = true;
        take_start(req, method);
        return MHD_YES;
    }
    if (mono_us(http) - req->begun_us > VD_HTTP_REQUEST_S * INT64_C(1000000) &&
        !req->is_suspended)
        return MHD_NO;
    if (*data_len > 0) {
        bool is_kept = take_body(req, data, *data_len);

        *data_len = 0;
        return is_kept ? MHD_YES : MHD_NO;
    }
    if (!req->is_suspended && !refuse(req) &&
        !http->opts.app.decide(http->opts.app.self, req)) {
        req->is_suspended = true;
        MHD_suspend_connection(connection);
        http->opts.app.submit(http->opts.app.self, req);
        return MHD_YES;
    }
    if (req->is_answered)
        return MHD_YES;
    return answer(req);
}

void vd_http_done(struct vd_request *req)
{
    MHD_resume_connection(req->connection);
}

/* ---- the daemon ---- */

static int bind_to(struct vd_http *http, const char *host, uint16_t port, struct vd_err *err)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, host, &in4.sin_addr) == 1;
    const struct sockaddr *addr = is_v4 ? (const void *)&in4 : (const void *)&in6;
    socklen_t len = is_v4 ? sizeof in4 : sizeof in6;
    int on = 1, off = 0;
    int fd;

    if (!is_v4 && host[0] != '\0' && inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
        return vd_err_set(err, VD_EINVAL, "console.listen: '%s' is no address", host);
    http->is_local = !http->opts.is_behind_proxy && http->opts.cert_pem == NULL &&
                     (is_v4 ? ntohl(in4.sin_addr.s_addr) >> 24 == 127
                            : IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr));
    fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return vd_err_set(err, VD_EIO, "socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!is_v4 && host[0] == '\0')
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, addr, len) < 0 || listen(fd, 128) < 0) {
        int rc =
            vd_err_set(err, VD_EIO, "listen on %s: %s%s", http->opts.listen, strerror(errno),
                       errno == EADDRINUSE ? "; set console.listen to another port" : "");
        close(fd);
        return rc;
    }
    if (getsockname(fd, (struct sockaddr *)&in6, &(socklen_t){sizeof in6}) == 0)
        http->port = ntohs(in6.sin6_port); /* at the same place in both families */
    return fd;
}

static void log_mhd(void *arg, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
static void log_mhd(void *arg, const char *fmt, va_list args)
{
    char text[200];

    (void)arg;
    vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\n")] = '\0';
    LOG_DEBUG("http.library", "text=\"%s\"", text);
}

static int start(struct vd_http *http, int fd, struct vd_err *err)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (http->opts.cert_pem != NULL ? MHD_USE_TLS : 0u);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)http->opts.cert_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)http->opts.key_pem},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         (void *)(uintptr_t) "SECURE128:-VERS-TLS1.0:-VERS-TLS1.1"},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, serve, http, MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, MHD_OPTION_URI_LOG_CALLBACK, begin, http,
        MHD_OPTION_NOTIFY_COMPLETED, end, http, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)VD_HTTP_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        http->is_local || http->opts.is_behind_proxy ? 0u : (unsigned)VD_HTTP_PER_ADDRESS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)VD_HTTP_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(2 * VD_HTTP_HEADER_MAX), MHD_OPTION_ARRAY,
        http->opts.cert_pem != NULL ? tls : none, MHD_OPTION_END);
    if (http->daemon == NULL) {
        close(fd);
        return vd_err_set(err, VD_EIO, "http: can't start on %s%s", http->opts.listen,
                          http->opts.cert_pem != NULL ? "; are certificate and key a pair?"
                                                      : "");
    }
    return 0;
}

int vd_http_open(struct vd_http **ret_http, const struct vd_http_opts *opts, struct vd_err *err)
{
    struct vd_http *http = calloc(1, sizeof *http);
    char host[256];
    uint16_t port;
    int rc;

    if (http == NULL)
        return vd_err_set(err, VD_ENOMEM, "http: out of memory");
    http->opts = *opts;
    pthread_mutex_init(&http->mutex, NULL);
    rc = vd_config_listen(opts->listen, host, sizeof host, &port, err);
    if (rc == 0)
        rc = bind_to(http, host, port, err);
    if (rc >= 0)
        rc = start(http, rc, err);
    if (rc < 0) {
        pthread_mutex_destroy(&http->mutex);
        free(http);
        return rc;
    }
    *ret_http = http;
    return 0;
}

uint16_t vd_http_port(const struct vd_http *http)
{
    return http->port;
}

void vd_http_quiesce(struct vd_http *http)
{
    MHD_socket fd = MHD_quiesce_daemon(http->daemon);

    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    vd_http_streams_end(http);
}

void vd_http_close(struct vd_http **http)
{
    struct vd_http *h = *http;

    if (h == NULL)
        return;
    vd_http_streams_end(h); /* a suspended connection would make MHD_stop_daemon abort */
    MHD_stop_daemon(h->daemon);
    pthread_mutex_destroy(&h->mutex);
    free(h);
    *http = NULL;
}
