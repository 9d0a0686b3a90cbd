#include "ingest/evidence/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/stop.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/media/media.h"

enum { REQUEST_MAX = 1024, HWM = 256, JSON_MAX = 512 };

struct vd_serve {
    struct vd_stop stop;
    struct vd_sock *sock; /* owned by the thread once it runs */
    struct vd_serve_opts opts;
    pthread_t thread;
    uint8_t chunk[VD_SERVE_CHUNK];
};

static int read_get(const struct vd_json *doc, struct vd_serve_request *request,
                    struct vd_err *err)
{
    const char *op = vd_json_get_text(doc, "op"), *id = vd_json_get_text(doc, "media");
    int64_t credit = vd_json_get_int(doc, "credit", VD_SERVE_CREDIT_MAX);

    request->offset = vd_json_get_int(doc, "offset", 0);
    request->credit = (int)(credit > VD_SERVE_CREDIT_MAX ? VD_SERVE_CREDIT_MAX : credit);
    if (op == NULL || strcmp(op, "get") != 0)
        return vd_err_set(err, VD_EINVAL,
                          "request: unknown op; there are 'get', 'live', 'live-end'");
    if (id == NULL || !vd_str_copy(request->id, sizeof request->id, id))
        return vd_err_set(err, VD_EINVAL, "request: no media id");
    if (request->offset < 0 || credit < 1)
        return vd_err_set(err, VD_EINVAL, "request: offset or credit out of range");
    return 0;
}

int vd_serve_parse(const char *json, size_t len, struct vd_serve_request *ret_request,
                   struct vd_err *err)
{
    struct vd_serve_request request = {.credit = 0};
    struct vd_json *doc = NULL;
    int rc;

    if (len > REQUEST_MAX)
        return vd_err_set(err, VD_EPROTO, "request: over %d bytes", REQUEST_MAX);
    rc = vd_json_parse(&doc, json, len, err);
    if (rc < 0)
        return rc;
    request.is_live = vd_live_is_request(vd_json_get_text(doc, "op"));
    rc = request.is_live ? vd_live_read(doc, &request.live, err) : read_get(doc, &request, err);
    if (rc == 0)
        *ret_request = request;
    vd_json_free(&doc);
    return rc;
}

static void answer(struct vd_serve *s, const struct vd_part *peer, const char *kind,
                   const char *json, const void *data, size_t len)
{
    struct vd_part parts[4] = {*peer, {kind, strlen(kind)}, {json, strlen(json)}, {data, len}};

    /* A peer that is gone or full gets nothing: it asks again, from where it is. */
    (void)vd_sock_send(s->sock, parts, data != NULL ? 4 : 3, NULL);
}

/* viewer: who it is for, < 0: nobody in particular. */
static void refuse(struct vd_serve *s, const struct vd_part *peer, const char *code,
                   const char *message, int64_t viewer)
{
    struct vd_json *doc = vd_json_object();
    char json[JSON_MAX];

    if (doc != NULL && vd_json_set(doc, "code", vd_json_text(code)) == 0 &&
        (viewer < 0 || vd_json_set(doc, "viewer", vd_json_int(viewer)) == 0) &&
        vd_json_set(doc, "message", vd_json_text(message)) == 0 &&
        vd_json_print(doc, json, sizeof json, NULL) >= 0)
        answer(s, peer, "error", json, NULL, 0);
    vd_json_free(&doc);
}

static void send_chunks(struct vd_serve *s, const struct vd_part *peer,
                        const struct vd_serve_request *request, int fd, enum vd_media_kind kind)
{
    int64_t offset = request->offset, total;
    struct stat st;

    if (fstat(fd, &st) < 0) {
        refuse(s, peer, "unreadable", strerror(errno), -1);
        return;
    }
    total = st.st_size; /* a clip may still grow */
    for (int i = 0; i < request->credit; i++) {
        char json[JSON_MAX];
        /* Beyond the end there is nothing; far beyond, pread calls it an error. */
        ssize_t n = offset < total ? pread(fd, s->chunk, sizeof s->chunk, offset) : 0;

        if (n < 0) {
            refuse(s, peer, "unreadable", strerror(errno), -1);
            return;
        }
        (void)snprintf(
            json, sizeof json,
            "{\"offset\":%" PRId64 ",\"total\":%" PRId64 ",\"type\":\"%s\",\"grows\":%s}",
            offset, total, vd_media_type(kind), kind == VD_MEDIA_PART ? "true" : "false");
        answer(s, peer, "chunk", json, s->chunk, (size_t)n);
        offset += n;
        if (n == 0 || offset >= total)
            return;
    }
}

static int64_t mono(const struct vd_serve *s)
{
    return s->opts.clock->mono_us(s->opts.clock->self);
}

static void take_viewer(struct vd_serve *s, const struct vd_part *peer,
                        const struct vd_live_request *request)
{
    struct vd_err err = {0};
    int rc = VD_EEOF;

    if (s->opts.live != NULL)
        rc = vd_live_ask(s->opts.live, peer, request, mono(s), &err);
    else
        (void)vd_err_set(&err, VD_EEOF, "there are no live pictures here");
    if (rc < 0)
        refuse(s, peer, rc == VD_EEOF ? "not-here" : "busy", err.msg, request->viewer);
}

static void handle(struct vd_serve *s, const struct vd_part *parts, int n)
{
    struct vd_serve_request request;
    struct vd_err err = {0};
    enum vd_media_kind kind;
    int fd;

    if (n != 2) {
        if (n > 0)
            refuse(s, &parts[0], "bad-request", "one part of JSON is expected", -1);
        return;
    }
    if (vd_serve_parse(parts[1].data, parts[1].len, &request, &err) < 0) {
        refuse(s, &parts[0], "bad-request", err.msg, -1);
        return;
    }
    if (request.is_live) {
        take_viewer(s, &parts[0], &request.live);
        return;
    }
    fd = vd_media_open(s->opts.root, request.id, &kind, &err);
    if (fd < 0) {
        refuse(s, &parts[0], fd == VD_EINVAL ? "bad-request" : "not-found", err.msg, -1);
        return;
    }
    send_chunks(s, &parts[0], &request, fd, kind);
    close(fd);
}

static int send_live(void *arg, const struct vd_part *peer, const char *head, const void *data,
                     size_t len)
{
    struct vd_serve *s = arg;
    struct vd_part parts[4] = {*peer, {"live", 4}, {head, strlen(head)}, {data, len}};

    return vd_sock_send(s->sock, parts, len > 0 ? 4 : 3, NULL);
}

/* Sends what live pictures may flow; returns how long that may wait. */
static int64_t flow(struct vd_serve *s)
{
    uint64_t n;

    if (s->opts.live == NULL)
        return -1;
    while (read(vd_live_fd(s->opts.live), &n, sizeof n) > 0)
        continue;
    return vd_live_flow(s->opts.live, mono(s), send_live, s);
}

static void *run(void *arg)
{
    struct vd_serve *s = arg;

    while (!vd_stop_requested(&s->stop)) {
        struct vd_poll items[3] = {{.sock = s->sock}, {.fd = s->stop.fd}};
        struct vd_part parts[VD_BUS_PARTS_MAX];
        size_t n_items = 2;
        int n;

        if (s->opts.live != NULL)
            items[n_items++].fd = vd_live_fd(s->opts.live);
        (void)vd_bus_poll(items, n_items, flow(s));
        while (!vd_stop_requested(&s->stop) &&
               (n = vd_sock_recv(s->sock, parts, NULL)) != VD_EAGAIN) {
            if (n < 0 && n != VD_EPROTO)
                break;
            if (n > 0)
                handle(s, parts, n);
        }
    }
    vd_sock_close(&s->sock);
    return NULL;
}

int vd_serve_open(struct vd_serve **ret_serve, const struct vd_serve_opts *opts,
                  struct vd_err *err)
{
    struct vd_sock_opts sock = {.type = VD_SOCK_ROUTER,
                                .endpoint = opts->endpoint,
                                .is_bound = true,
                                .send_hwm = HWM,
                                .recv_hwm = HWM,
                                .message_bytes = REQUEST_MAX * 2};
    struct vd_serve *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "media: out of memory");
    s->opts = *opts;
    s->stop.fd = -1;
    if ((rc = vd_stop_init(&s->stop, err)) == 0 &&
        (rc = vd_sock_open(&s->sock, opts->bus, &sock, err)) == 0 &&
        (rc = vd_thread_start(&s->thread, "media", run, s, err)) == 0) {
        *ret_serve = s;
        return 0;
    }
    vd_sock_close(&s->sock);
    vd_stop_fini(&s->stop);
    free(s);
    return rc;
}

void vd_serve_close(struct vd_serve **serve)
{
    struct vd_serve *s = *serve;

    *serve = NULL;
    if (s == NULL)
        return;
    vd_stop_request(&s->stop);
    (void)pthread_join(s->thread, NULL);
    vd_stop_fini(&s->stop);
    free(s);
}
