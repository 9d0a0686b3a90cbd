/* config/wire.h: the keys that the bus asks for over tcp://, from the files that the
 * configuration names. On ipc:// there are none. */
#ifndef VD_CONFIG_WIRE_H
#define VD_CONFIG_WIRE_H

#include <stdbool.h>

#include "base/bus_zap.h"
#include "base/err.h"
#include "config/config.h"

/* Whether it goes over the network. */
bool vd_wire_is_open(const char *endpoint);

/* What a client shows: its own key from key_file (bus.key_file, console.bus_key_file or what a
 * command was told), and the router's public one. Returns 1: *ret_keys is filled, wipe it when
 * done; 0: endpoint is ipc://. VD_EINVAL says what is missing. Blocks on the disk. */
int vd_wire_client(const struct vd_config *cfg, const char *endpoint, const char *key_file,
                   struct vd_bus_keys *ret_keys, struct vd_err *err);

/* The router's own, from bus.server_key_file; the same answers. */
int vd_wire_server(const struct vd_config *cfg, const char *endpoint,
                   struct vd_bus_keys *ret_keys, struct vd_err *err);

/* Whom cfg lists. VD_EINVAL: more than there may be; VD_ENOMEM. */
int vd_wire_allow(struct vd_zap *zap, const struct vd_config *cfg, struct vd_err *err);

/* Whether both list the same keys for the same. */
bool vd_wire_same(const struct vd_config *a, const struct vd_config *b);

/* Whether the client of that name gets the feed. */
bool vd_wire_listens(const struct vd_config *cfg, const char *client);

/* Whether the client of that name may hand in events of source: one of its nodes is what the
 * second part of source is, or begins with, a '-' behind it: "/ingest/<node>-w1/…". */
bool vd_wire_owns(const struct vd_config *cfg, const char *client, const char *source);

#endif
