/* base/bus_zap.h: who comes in over TCP. Every CURVE handshake of a bus is asked about (ZAP,
 * ZeroMQ RFC 27) on a thread of its own ("zap"): a key that is not listed, or not for that
 * socket, hears nothing and may try again. */
#ifndef VD_BASE_BUS_ZAP_H
#define VD_BASE_BUS_ZAP_H

#include "base/bus.h"

enum { VD_ZAP_NAME = 64, VD_ZAP_CLIENTS_MAX = 1024 };

/* The sockets that keys may be good for. */
enum vd_zap_realm { VD_ZAP_EVENTS, VD_ZAP_FEED, VD_ZAP_REPLAY, VD_N_ZAP_REALMS };

/* What a socket's opts call it. */
const char *vd_zap_realm_name(enum vd_zap_realm realm);

struct vd_zap_client {
    char name[VD_ZAP_NAME]; /* what vd_sock_user says of its messages */
    char public_key[VD_BUS_KEY_TEXT];
    unsigned realms; /* bits by enum vd_zap_realm */
};

/* Who of clients that is, if he may come into realm, or NULL. key: 32 bytes. Pure. */
const struct vd_zap_client *vd_zap_find(const struct vd_zap_client *clients, size_t n,
                                        const char *realm, const uint8_t key[32]);

struct vd_zap;

/* One for a bus, before its first socket with keys is bound. Nobody is admitted yet. */
int vd_zap_open(struct vd_zap **ret_zap, struct vd_bus *bus, struct vd_err *err);

/* Those and no others from now on; copied. Connections that stand are not cut: close and bind
 * the sockets again. Any thread. VD_EINVAL: more than VD_ZAP_CLIENTS_MAX; VD_ENOMEM. */
int vd_zap_allow(struct vd_zap *zap, const struct vd_zap_client *clients, size_t n,
                 struct vd_err *err);

/* Handshakes that were refused. Any thread. */
uint64_t vd_zap_refused(struct vd_zap *zap);

/* Joins; before the bus is closed. Sets NULL, accepts NULL. */
void vd_zap_close(struct vd_zap **zap);

#endif
