/* base/bus.h: ZeroMQ sockets with deadlines and limits, behind one door.
 * A context may be shared between threads; a socket belongs to one thread for its whole life.
 * Do not fork once a context exists. */
#ifndef VD_BASE_BUS_H
#define VD_BASE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { VD_BUS_PARTS_MAX = 8, VD_BUS_KEY_TEXT = 41 };

struct vd_bus;  /* a context */
struct vd_sock; /* a socket */
struct vd_zap;

/* CURVE, Z85 text of 40 characters each. The bound side needs its secret key alone, the other
 * all three. Whoever fills it wipes it. */
struct vd_bus_keys {
    char secret_key[VD_BUS_KEY_TEXT], public_key[VD_BUS_KEY_TEXT];
    char server_key[VD_BUS_KEY_TEXT]; /* the bound side's public key */
};

enum vd_sock_type { VD_SOCK_DEALER, VD_SOCK_ROUTER, VD_SOCK_XPUB, VD_SOCK_SUB, VD_SOCK_PAIR };

struct vd_sock_opts {
    enum vd_sock_type type;
    const char *endpoint; /* "ipc://…", "tcp://127.0.0.1:5555" ("tcp://…:*" picks a port) */
    bool is_bound;        /* bind, else connect */
    int send_hwm;         /* messages; 0 takes 1000 */
    int recv_hwm;
    int linger_ms;        /* how long close waits for what is unsent; 0: not at all */
    size_t message_bytes; /* larger ones drop their sender's connection; 0 takes 64 KiB */
    const struct vd_bus_keys *keys; /* over tcp://; NULL: plain. Read at the opening alone */
    const struct vd_zap *zap;       /* bound, with keys: who says which keys come in … */
    const char *realm;              /* … and where to: base/bus_zap.h */
    const uid_t *users;             /* of an ipc socket that is bound: who else is hung up on */
    size_t n_users;                 /* 0: whoever may open its file */
};

/* One frame of a message, borrowed. */
struct vd_part {
    const void *data;
    size_t len;
};

int vd_bus_open(struct vd_bus **ret_bus, struct vd_err *err);

/* All its sockets must be closed before. Sets NULL, accepts NULL. */
void vd_bus_close(struct vd_bus **bus);

/* A ROUTER is mandatory: sending to a peer that is gone gives VD_EIO, one that is full
 * VD_EAGAIN. An XPUB hands subscriptions up as messages and drops silently at its mark. */
int vd_sock_open(struct vd_sock **ret_sock, struct vd_bus *bus, const struct vd_sock_opts *opts,
                 struct vd_err *err);

/* Sets NULL, accepts NULL. An ipc file that was bound is removed. */
void vd_sock_close(struct vd_sock **sock);

/* The endpoint that was bound, with the port that was picked. Lives as long as the socket. */
const char *vd_sock_endpoint(const struct vd_sock *sock);

int vd_sock_subscribe(struct vd_sock *sock, const char *prefix, struct vd_err *err);
int vd_sock_unsubscribe(struct vd_sock *sock, const char *prefix, struct vd_err *err);

/* Sends all parts as one message or none of it, without waiting. VD_EAGAIN when it would block.
 */
int vd_sock_send(struct vd_sock *sock, const struct vd_part *parts, size_t n,
                 struct vd_err *err);

/* Takes one message without waiting. Returns the number of its parts, which are lent until the
 * next call on this socket. VD_EAGAIN when there is none; VD_EPROTO for one of more than
 * VD_BUS_PARTS_MAX parts, which is swallowed whole. */
int vd_sock_recv(struct vd_sock *sock, struct vd_part parts[VD_BUS_PARTS_MAX],
                 struct vd_err *err);

/* Whose key the sender of the message taken last has, by the name that base/bus_zap.h knows it
 * by; "" on a plain socket. Lives as long as the message. */
const char *vd_sock_user(const struct vd_sock *sock);

/* What vd_bus_poll waits for: a socket, or else a file descriptor. */
struct vd_poll {
    struct vd_sock *sock; /* NULL: fd */
    int fd;
    bool wants_send;               /* also wake when sending would not block */
    bool is_readable, is_sendable; /* the answer */
};

/* Waits until one is ready or timeout_us is over (rounded up to milliseconds; < 0: for ever).
 * Returns how many are ready; interrupted counts as none. At most 64 items. */
int vd_bus_poll(struct vd_poll *items, size_t n, int64_t timeout_us);

/* A fresh CURVE key pair as Z85 text. */
int vd_bus_keypair(char public_key[VD_BUS_KEY_TEXT], char secret_key[VD_BUS_KEY_TEXT],
                   struct vd_err *err);

/* The public key that goes with a secret one. VD_EINVAL: it is none. */
int vd_bus_public_key(const char *secret_key, char public_key[VD_BUS_KEY_TEXT],
                      struct vd_err *err);

/* Whether text can be a key: 40 characters of Z85. */
bool vd_bus_is_key(const char *text);

/* Eight bytes, most significant first, as sequence numbers and positions travel. */
void vd_be64_put(uint8_t bytes[8], uint64_t value);
bool vd_be64_take(const struct vd_part *part, uint64_t *ret_value);

#endif
