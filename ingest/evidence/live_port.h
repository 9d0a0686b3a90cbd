/* ingest/evidence/live_port.h: one stream of a camera, open to those who watch it live: the
 * packets since its last key frame, so that whoever comes sees a picture at once, and a decoded
 * picture on request.
 *
 * The camera's thread puts in, the media thread takes out; neither waits for the other. A
 * camera with privacy masks keeps no packet here: nothing unmasked can leave. */
#ifndef VD_INGEST_EVIDENCE_LIVE_PORT_H
#define VD_INGEST_EVIDENCE_LIVE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "ingest/source/packet.h"
#include "ingest/source/picture.h"

enum {
    VD_LIVE_BYTES_MAX = 4 * 1024 * 1024, /* of packets held; beyond, the oldest go */
    VD_LIVE_PACKETS_MAX = 1024,
};

/* Where a reader begins: at the last key frame. */
#define VD_LIVE_BEGIN UINT64_MAX

struct vd_live_port;

/* cfg, of which camera is one, is held. wake, an eventfd that must outlive the port, is written
 * to when there is something to read and somebody watches. VD_ENOMEM. */
int vd_live_port_new(struct vd_live_port **ret_port, struct vd_config *cfg,
                     const struct vd_camera_cfg *camera, bool is_main, int wake,
                     struct vd_err *err);
struct vd_live_port *vd_live_port_ref(struct vd_live_port *port);
void vd_live_port_unref(struct vd_live_port **port); /* sets NULL, accepts NULL */

const struct vd_camera_cfg *vd_live_port_camera(const struct vd_live_port *port);
bool vd_live_port_is_main(const struct vd_live_port *port);
bool vd_live_port_is_decoded(
    const struct vd_live_port *port); /* it gives pictures on request */
bool vd_live_port_is_masked(const struct vd_live_port *port);

/* ---- the camera's thread ---- */

void vd_live_port_put(struct vd_live_port *port, const struct vd_packet *packet);

/* Somebody watches: what comes is wanted at once. */
bool vd_live_port_is_watched(const struct vd_live_port *port);

/* True once after a picture was asked for; then vd_live_port_show it. */
bool vd_live_port_wants(struct vd_live_port *port);
void vd_live_port_show(struct vd_live_port *port, struct vd_picture **picture); /* taken */

/* A session began or ended: what was held is no longer what is to be seen. */
void vd_live_port_break(struct vd_live_port *port, bool is_connected);

/* ---- the media thread ---- */

void vd_live_port_watch(struct vd_live_port *port,
                        int by); /* one viewer more, +1, or less, -1 */
bool vd_live_port_is_connected(const struct vd_live_port *port);

/* Takes the packet at *cursor and moves it on. Returns 1; 0: there is none, or none that a
 * decoder could begin with. *ret_has_lost: the reader was too slow, or came first; what is
 * returned, now or later, is a key frame. */
int vd_live_port_take(struct vd_live_port *port, uint64_t *cursor, struct vd_packet *ret_packet,
                      bool *ret_has_lost);

void vd_live_port_ask(struct vd_live_port *port);

/* The picture shown last, with its number, if that is not *seen: a hold of its own. */
bool vd_live_port_picture(struct vd_live_port *port, uint64_t *seen,
                          struct vd_picture **ret_picture);

#endif
