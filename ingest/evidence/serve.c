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
    const char *root;
    pthread_t thread;
    uint8_t chunk[VD_SERVE_CHUNK];
};

int vd_serve_parse(const char *json, size_t len, struct vd_serve_request *ret_request,
                   struct vd_err *err)
{
    struct vd_serve_request request = {.credit = 0};
    struct vd_json *doc = NULL;
    const char *op, *id;
    int64_t credit;
    int rc;

    if (len > REQUEST_MAX)
        return vd_err_set(err, VD_EPROTO, "request: over %d bytes", REQUEST_MAX);
    rc = vd_json_parse(&doc, json, len, err);
    if (rc < 0)
        return rc;
    op = vd_json_get_text(doc, "op");
    id = vd_json_get_text(doc, "media");
    request.offset = vd_json_get_int(doc, "offset", 0);
    credit = vd_json_get_int(doc, "credit", VD_SERVE_CREDIT_MAX);
    request.credit = (int)(credit > VD_SERVE_CREDIT_MAX ? VD_SERVE_CREDIT_MAX : credit);
    if (op == NULL || strcmp(op, "get") != 0)
        rc = vd_err_set(err, VD_EINVAL, "request: unknown op; there is 'get'");
    else if (id == NULL || !vd_str_copy(request.id, sizeof request.id, id))
        rc = vd_err_set(err, VD_EINVAL, "request: no media id");
    else if (request.offset < 0 || credit < 1)
        rc = vd_err_set(err, VD_EINVAL, "request: offset or credit out of range");
    else
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

static void refuse(struct vd_serve *s, const struct vd_part *peer, const char *code,
                   const char *message)
{
    struct vd_json *doc = vd_json_object();
    char json[JSON_MAX];

    if (doc != NULL && vd_json_set(doc, "code", vd_json_text(code)) == 0 &&
        vd_json_set(doc, "message", vd_json_text(message)) == 0 &&
        vd_json_print(doc, json, sizeof json, NULL) >= 0)
        answer(s, peer, "error", json, NULL, 0);
    vd_json_free(&doc);
}

static void send_chunks(struct vd_serve *s, const struct vd_part *peer,
                        const struct vd_serve_request *request, int fd, const char *type)
{
    int64_t offset = request->offset, total;
    struct stat st;

    if (fstat(fd, &st) < 0) {
        refuse(s, peer, "unreadable", strerror(errno));
        return;
    }
    total = st.st_size; /* a clip may still grow */
    for (int i = 0; i < request->credit; i++) {
        char json[JSON_MAX];
        ssize_t n = pread(fd, s->chunk, sizeof s->chunk, offset);

        if (n < 0) {
            refuse(s, peer, "unreadable", strerror(errno));
            return;
        }
        (void)snprintf(json, sizeof json,
                       "{\"offset\":%" PRId64 ",\"total\":%" PRId64 ",\"type\":\"%s\"}", offset,
                       total, type);
        answer(s, peer, "chunk", json, s->chunk, (size_t)n);
        offset += n;
        if (n == 0 || offset >= total)
            return;
    }
}

static void handle(struct vd_serve *s, const struct vd_part *parts, int n)
{
    struct vd_serve_request request;
    struct vd_err err = {0};
    enum vd_media_kind kind;
    int fd;

    if (n != 2) {
        if (n > 0)
            refuse(s, &parts[0], "bad-request", "one part of JSON is expected");
        return;
    }
    if (vd_serve_parse(parts[1].data, parts[1].len, &request, &err) < 0) {
        refuse(s, &parts[0], "bad-request", err.msg);
        return;
    }
    fd = vd_media_open(s->root, request.id, &kind, &err);
    if (fd < 0) {
        refuse(s, &parts[0], fd == VD_EINVAL ? "bad-request" : "not-found", err.msg);
        return;
    }
    send_chunks(s, &parts[0], &request, fd, vd_media_type(kind));
    close(fd);
}

static void *run(void *arg)
{
    struct vd_serve *s = arg;

    while (!vd_stop_requested(&s->stop)) {
        struct vd_poll items[2] = {{.sock = s->sock}, {.fd = s->stop.fd}};
        struct vd_part parts[VD_BUS_PARTS_MAX];
        int n;

        (void)vd_bus_poll(items, 2, -1);
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

int vd_serve_open(struct vd_serve **ret_serve, struct vd_bus *bus, const char *endpoint,
                  const char *root, struct vd_err *err)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_ROUTER,
                                .endpoint = endpoint,
                                .is_bound = true,
                                .send_hwm = HWM,
                                .recv_hwm = HWM,
                                .message_bytes = REQUEST_MAX * 2};
    struct vd_serve *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "media: out of memory");
    s->root = root;
    s->stop.fd = -1;
    if ((rc = vd_stop_init(&s->stop, err)) == 0 &&
        (rc = vd_sock_open(&s->sock, bus, &opts, err)) == 0 &&
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
