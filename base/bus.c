#include "base/bus.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { HWM = 1000, MESSAGE_BYTES = 64 * 1024, RECONNECT_MS = 100, RECONNECT_MAX_MS = 2000 };

struct vd_sock {
    void *zmq;
    zmq_msg_t lent[VD_BUS_PARTS_MAX];
    int n_lent;
    char endpoint[256];
};

static int bus_code(int error)
{
    switch (error) {
    case EAGAIN:
        return VD_EAGAIN;
    case ENOMEM:
        return VD_ENOMEM;
    case EINVAL:
    case EPROTONOSUPPORT:
    case ENOCOMPATPROTO:
    case ENODEV:
        return VD_EINVAL;
    case ETERM:
        return VD_ESTOP;
    default:
        return VD_EIO;
    }
}

static int fail(struct vd_err *err, const char *what, const char *endpoint)
{
    int error = zmq_errno();

    return vd_err_set(err, (enum vd_code)bus_code(error), "%s '%s': %s", what, endpoint,
                      zmq_strerror(error));
}

int vd_bus_open(struct vd_bus **ret_bus, struct vd_err *err)
{
    void *ctx = zmq_ctx_new();

    if (ctx == NULL)
        return fail(err, "bus", "context");
    *ret_bus = ctx;
    return 0;
}

void vd_bus_close(struct vd_bus **bus)
{
    if (*bus == NULL)
        return;
    while (zmq_ctx_term(*bus) != 0 && zmq_errno() == EINTR)
        continue;
    *bus = NULL;
}

static bool set_int(void *zmq, int option, int value)
{
    return zmq_setsockopt(zmq, option, &value, sizeof value) == 0;
}

static bool set_text(void *zmq, int option, const char *value)
{
    return zmq_setsockopt(zmq, option, value, strlen(value)) == 0;
}

static bool set_curve(void *zmq, const struct vd_sock_opts *opts)
{
    const struct vd_bus_keys *keys = opts->keys;

    if (keys == NULL || strncmp(opts->endpoint, "tcp://", 6) != 0)
        return true;
    /* libzmq lets every key in where nobody answers for the realm. */
    assert(!opts->is_bound || (opts->zap != NULL && opts->realm != NULL));
    if (opts->is_bound)
        return set_int(zmq, ZMQ_CURVE_SERVER, 1) &&
               set_text(zmq, ZMQ_ZAP_DOMAIN, opts->realm) &&
               set_text(zmq, ZMQ_CURVE_SECRETKEY, keys->secret_key);
    return set_text(zmq, ZMQ_CURVE_SERVERKEY, keys->server_key) &&
           set_text(zmq, ZMQ_CURVE_PUBLICKEY, keys->public_key) &&
           set_text(zmq, ZMQ_CURVE_SECRETKEY, keys->secret_key);
}

/* The kernel says who connects. */
static bool set_users(void *zmq, const struct vd_sock_opts *opts)
{
    for (size_t i = 0; i < opts->n_users; i++)
        if (zmq_setsockopt(zmq, ZMQ_IPC_FILTER_UID, &opts->users[i], sizeof opts->users[i]) !=
            0)
            return false;
    return true;
}

static bool set_all(void *zmq, const struct vd_sock_opts *opts)
{
    int64_t max = (int64_t)(opts->message_bytes > 0 ? opts->message_bytes : MESSAGE_BYTES);

    if (!set_int(zmq, ZMQ_SNDHWM, opts->send_hwm > 0 ? opts->send_hwm : HWM) ||
        !set_int(zmq, ZMQ_RCVHWM, opts->recv_hwm > 0 ? opts->recv_hwm : HWM) ||
        !set_int(zmq, ZMQ_LINGER, opts->linger_ms) ||
        !set_int(zmq, ZMQ_RECONNECT_IVL, RECONNECT_MS) ||
        !set_int(zmq, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) ||
        !set_int(zmq, ZMQ_HANDSHAKE_IVL, 5000) || !set_int(zmq, ZMQ_TCP_KEEPALIVE, 1) ||
        zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0)
        return false;
    if (opts->type == VD_SOCK_ROUTER && !set_int(zmq, ZMQ_ROUTER_MANDATORY, 1))
        return false;
    return set_users(zmq, opts) && set_curve(zmq, opts);
}

int vd_sock_open(struct vd_sock **ret_sock, struct vd_bus *bus, const struct vd_sock_opts *opts,
                 struct vd_err *err)
{
    static const int types[] = {[VD_SOCK_DEALER] = ZMQ_DEALER,
                                [VD_SOCK_ROUTER] = ZMQ_ROUTER,
                                [VD_SOCK_XPUB] = ZMQ_XPUB,
                                [VD_SOCK_SUB] = ZMQ_SUB,
                                [VD_SOCK_PAIR] = ZMQ_PAIR};
    struct vd_sock *sock = calloc(1, sizeof *sock);
    size_t len = sizeof sock->endpoint;
    int rc = 0;

    if (sock == NULL)
        return vd_err_set(err, VD_ENOMEM, "socket '%s': out of memory", opts->endpoint);
    sock->zmq = zmq_socket(bus, types[opts->type]);
    if (sock->zmq == NULL) {
        rc = fail(err, "socket", opts->endpoint);
        free(sock);
        return rc;
    }
    if (!set_all(sock->zmq, opts))
        rc = fail(err, "socket options of", opts->endpoint);
    else if (opts->is_bound && zmq_bind(sock->zmq, opts->endpoint) != 0)
        rc = fail(err, "bind", opts->endpoint);
    else if (!opts->is_bound && zmq_connect(sock->zmq, opts->endpoint) != 0)
        rc = fail(err, "connect", opts->endpoint);
    if (rc < 0) {
        zmq_close(sock->zmq);
        free(sock);
        return rc;
    }
    if (zmq_getsockopt(sock->zmq, ZMQ_LAST_ENDPOINT, sock->endpoint, &len) != 0)
        sock->endpoint[0] = '\0';
    *ret_sock = sock;
    return 0;
}

static void give_back(struct vd_sock *sock)
{
    for (int i = 0; i < sock->n_lent; i++)
        zmq_msg_close(&sock->lent[i]);
    sock->n_lent = 0;
}

void vd_sock_close(struct vd_sock **sock)
{
    if (*sock == NULL)
        return;
    give_back(*sock);
    zmq_close((*sock)->zmq);
    free(*sock);
    *sock = NULL;
}

const char *vd_sock_endpoint(const struct vd_sock *sock)
{
    return sock->endpoint;
}

int vd_sock_subscribe(struct vd_sock *sock, const char *prefix, struct vd_err *err)
{
    return set_text(sock->zmq, ZMQ_SUBSCRIBE, prefix) ? 0 : fail(err, "subscribe to", prefix);
}

int vd_sock_unsubscribe(struct vd_sock *sock, const char *prefix, struct vd_err *err)
{
    return set_text(sock->zmq, ZMQ_UNSUBSCRIBE, prefix) ? 0
                                                        : fail(err, "unsubscribe from", prefix);
}

int vd_sock_send(struct vd_sock *sock, const struct vd_part *parts, size_t n,
                 struct vd_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0);

        /* libzmq asks for room on the first part only: the rest can't block. */
        while (zmq_send(sock->zmq, parts[i].data, parts[i].len, flags) < 0) {
            if (zmq_errno() == EINTR)
                continue;
            return fail(err, "send to", sock->endpoint);
        }
    }
    return 0;
}

static int recv_part(struct vd_sock *sock, zmq_msg_t *msg)
{
    int rc;

    zmq_msg_init(msg);
    do {
        rc = zmq_msg_recv(msg, sock->zmq, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    if (rc < 0)
        zmq_msg_close(msg);
    return rc;
}

/* The rest of a message too long for us. */
static void swallow(struct vd_sock *sock)
{
    bool more = true;

    while (more) {
        zmq_msg_t msg;

        if (recv_part(sock, &msg) < 0)
            return;
        more = zmq_msg_more(&msg) != 0;
        zmq_msg_close(&msg);
    }
}

int vd_sock_recv(struct vd_sock *sock, struct vd_part parts[VD_BUS_PARTS_MAX],
                 struct vd_err *err)
{
    bool more = true;

    give_back(sock);
    while (more) {
        zmq_msg_t *msg = &sock->lent[sock->n_lent];

        if (sock->n_lent == VD_BUS_PARTS_MAX) {
            swallow(sock);
            give_back(sock);
            return vd_err_set(err, VD_EPROTO, "message on '%s' has more than %d parts",
                              sock->endpoint, VD_BUS_PARTS_MAX);
        }
        if (recv_part(sock, msg) < 0)
            return fail(err, "receive from", sock->endpoint);
        parts[sock->n_lent++] = (struct vd_part){zmq_msg_data(msg), zmq_msg_size(msg)};
        more = zmq_msg_more(msg) != 0;
    }
    return sock->n_lent;
}

const char *vd_sock_user(const struct vd_sock *sock)
{
    const char *user = NULL;

    if (sock->n_lent > 0) /* the property is asked for, not changed: older headers lack const */
        user = zmq_msg_gets(&sock->lent[sock->n_lent - 1], "User-Id");
    return user != NULL ? user : "";
}

int vd_bus_poll(struct vd_poll *items, size_t n, int64_t timeout_us)
{
    enum { ITEMS_MAX = 64 };
    zmq_pollitem_t polled[ITEMS_MAX];
    long ms = timeout_us < 0 ? -1 : (long)((timeout_us + 999) / 1000);
    int rc;

    assert(n <= ITEMS_MAX);
    for (size_t i = 0; i < n; i++)
        polled[i] = (zmq_pollitem_t){
            .socket = items[i].sock != NULL ? items[i].sock->zmq : NULL,
            .fd = items[i].fd,
            .events = (short)(ZMQ_POLLIN | (items[i].wants_send ? ZMQ_POLLOUT : 0)),
        };
    rc = zmq_poll(polled, (int)n, ms);
    for (size_t i = 0; i < n; i++) {
        items[i].is_readable = rc > 0 && (polled[i].revents & (ZMQ_POLLIN | ZMQ_POLLERR)) != 0;
        items[i].is_sendable = rc > 0 && (polled[i].revents & ZMQ_POLLOUT) != 0;
    }
    return rc < 0 ? 0 : rc;
}

int vd_bus_keypair(char public_key[VD_BUS_KEY_TEXT], char secret_key[VD_BUS_KEY_TEXT],
                   struct vd_err *err)
{
    if (zmq_curve_keypair(public_key, secret_key) != 0)
        return fail(err, "key pair", "CURVE");
    return 0;
}

bool vd_bus_is_key(const char *text)
{
    uint8_t bytes[32];

    return strlen(text) == VD_BUS_KEY_TEXT - 1 && zmq_z85_decode(bytes, text) != NULL;
}

int vd_bus_public_key(const char *secret_key, char public_key[VD_BUS_KEY_TEXT],
                      struct vd_err *err)
{
    if (!vd_bus_is_key(secret_key) || zmq_curve_public(public_key, secret_key) != 0)
        return vd_err_set(err, VD_EINVAL, "a secret key has 40 characters of Z85");
    return 0;
}

void vd_be64_put(uint8_t bytes[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

bool vd_be64_take(const struct vd_part *part, uint64_t *ret_value)
{
    const uint8_t *bytes = part->data;
    uint64_t value = 0;

    if (part->len != 8)
        return false;
    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    *ret_value = value;
    return true;
}
