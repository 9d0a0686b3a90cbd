#include "base/bus_zap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/stop.h"
#include "base/str.h"
#include "base/thread.h"

enum { FRAMES = 7, FRAME_MAX = 256 };

struct vd_zap {
    void *sock; /* the thread's own */
    struct vd_stop stop;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    struct vd_zap_client *clients;
    size_t n_clients;
    uint64_t refused;
};

static const char *const names[VD_N_ZAP_REALMS] = {
    [VD_ZAP_EVENTS] = "events", [VD_ZAP_FEED] = "feed", [VD_ZAP_REPLAY] = "replay"};

const char *vd_zap_realm_name(enum vd_zap_realm realm)
{
    return names[realm];
}

const struct vd_zap_client *vd_zap_find(const struct vd_zap_client *clients, size_t n,
                                        const char *realm, const uint8_t key[32])
{
    char text[VD_BUS_KEY_TEXT];
    unsigned bit = 0;

    for (unsigned i = 0; i < VD_N_ZAP_REALMS; i++)
        if (strcmp(realm, names[i]) == 0)
            bit = 1u << i;
    if (zmq_z85_encode(text, key, 32) == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (strcmp(clients[i].public_key, text) == 0)
            return (clients[i].realms & bit) != 0 ? &clients[i] : NULL;
    return NULL;
}

/* One request: [version][id][realm][address][identity][mechanism][key]. */
struct request {
    uint8_t bytes[FRAMES][FRAME_MAX];
    size_t len[FRAMES];
};

static bool take(struct vd_zap *z, struct request *q)
{
    int more = 1, n = 0;
    bool fits = true;

    while (more != 0) {
        size_t size = sizeof more;
        uint8_t rest[FRAME_MAX];
        uint8_t *into = n < FRAMES ? q->bytes[n] : rest;
        int len = zmq_recv(z->sock, into, FRAME_MAX, ZMQ_DONTWAIT);

        if (len < 0 && zmq_errno() == EINTR)
            continue;
        if (len < 0)
            return false;
        fits = fits && n < FRAMES && len < FRAME_MAX;
        if (n < FRAMES) {
            q->len[n] = (size_t)len < FRAME_MAX ? (size_t)len : FRAME_MAX - 1;
            q->bytes[n][q->len[n]] = '\0';
        }
        n++;
        if (zmq_getsockopt(z->sock, ZMQ_RCVMORE, &more, &size) != 0)
            return false;
    }
    if (!fits || n != FRAMES)
        q->len[FRAMES - 1] = 0; /* refused: no key has no bytes */
    return true;
}

static void send_text(struct vd_zap *z, const char *text, int flags)
{
    (void)zmq_send(z->sock, text, strlen(text), flags | ZMQ_DONTWAIT);
}

/* 300 rather than 400: then the client's handshake runs out, it goes on trying, and gets in
 * once it is listed. */
static void answer(struct vd_zap *z, const struct request *q)
{
    char user[VD_ZAP_NAME] = "";

    pthread_mutex_lock(&z->lock);
    if (strcmp((const char *)q->bytes[5], "CURVE") == 0 && q->len[6] == 32) {
        const struct vd_zap_client *client =
            vd_zap_find(z->clients, z->n_clients, (const char *)q->bytes[2], q->bytes[6]);

        if (client != NULL)
            (void)vd_str_copy(user, sizeof user, client->name);
    }
    z->refused += user[0] == '\0';
    pthread_mutex_unlock(&z->lock);
    send_text(z, "1.0", ZMQ_SNDMORE);
    (void)zmq_send(z->sock, q->bytes[1], q->len[1], ZMQ_SNDMORE | ZMQ_DONTWAIT);
    send_text(z, user[0] != '\0' ? "200" : "300", ZMQ_SNDMORE);
    send_text(z, user[0] != '\0' ? "OK" : "not listed", ZMQ_SNDMORE);
    send_text(z, user, ZMQ_SNDMORE);
    send_text(z, "", 0);
}

static void *run(void *arg)
{
    struct vd_zap *z = arg;

    while (!vd_stop_requested(&z->stop)) {
        zmq_pollitem_t items[2] = {{.socket = z->sock, .events = ZMQ_POLLIN},
                                   {.fd = z->stop.fd, .events = ZMQ_POLLIN}};
        struct request q;

        (void)zmq_poll(items, 2, -1);
        while (take(z, &q))
            answer(z, &q);
    }
    zmq_close(z->sock);
    return NULL;
}

int vd_zap_open(struct vd_zap **ret_zap, struct vd_bus *bus, struct vd_err *err)
{
    struct vd_zap *z = calloc(1, sizeof *z);
    int rc;

    if (z == NULL)
        return vd_err_set(err, VD_ENOMEM, "zap: out of memory");
    rc = vd_stop_init(&z->stop, err);
    if (rc < 0) {
        free(z);
        return rc;
    }
    pthread_mutex_init(&z->lock, NULL);
    z->sock = zmq_socket(bus, ZMQ_REP);
    if (z->sock == NULL || zmq_bind(z->sock, "inproc://zeromq.zap.01") != 0)
        rc = vd_err_set(err, VD_EIO, "zap: %s", zmq_strerror(zmq_errno()));
    if (rc == 0)
        rc = vd_thread_start(&z->thread, "zap", run, z, err);
    if (rc < 0) {
        if (z->sock != NULL)
            zmq_close(z->sock);
        pthread_mutex_destroy(&z->lock);
        vd_stop_fini(&z->stop);
        free(z);
        return rc;
    }
    *ret_zap = z;
    return 0;
}

int vd_zap_allow(struct vd_zap *z, const struct vd_zap_client *clients, size_t n,
                 struct vd_err *err)
{
    struct vd_zap_client *copy, *old;

    if (n > VD_ZAP_CLIENTS_MAX)
        return vd_err_set(err, VD_EINVAL, "zap: %zu keys, %d at most", n, VD_ZAP_CLIENTS_MAX);
    copy = calloc(n + 1, sizeof *copy);
    if (copy == NULL)
        return vd_err_set(err, VD_ENOMEM, "zap: out of memory");
    if (n > 0)
        memcpy(copy, clients, n * sizeof *copy);
    pthread_mutex_lock(&z->lock);
    old = z->clients;
    z->clients = copy;
    z->n_clients = n;
    pthread_mutex_unlock(&z->lock);
    free(old);
    return 0;
}

uint64_t vd_zap_refused(struct vd_zap *z)
{
    uint64_t refused;

    pthread_mutex_lock(&z->lock);
    refused = z->refused;
    pthread_mutex_unlock(&z->lock);
    return refused;
}

void vd_zap_close(struct vd_zap **zap)
{
    struct vd_zap *z = *zap;

    if (z == NULL)
        return;
    vd_stop_request(&z->stop);
    pthread_join(z->thread, NULL);
    pthread_mutex_destroy(&z->lock);
    vd_stop_fini(&z->stop);
    free(z->clients);
    free(z);
    *zap = NULL;
}
