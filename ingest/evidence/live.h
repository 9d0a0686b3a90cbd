/* ingest/evidence/live.h: live pictures to whoever asks for them on the media socket, for as
 * long as he goes on asking.
 *
 * A viewer is a peer and a number that the peer chose. Each request of his grants bytes and
 * renews a lease; without, nothing flows. Packets are copied into fragments of MP4 and never
 * decoded here; where a browser could not play them, or a privacy mask forbids them, one JPEG a
 * second goes out, masked. A viewer who is slower than the camera loses whole groups of
 * pictures, counted, and goes on with a key frame.
 *
 * Cameras enter and leave on their own threads; all else belongs to the media thread. */
#ifndef VD_INGEST_EVIDENCE_LIVE_H
#define VD_INGEST_EVIDENCE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bus.h"
#include "base/err.h"
#include "base/json.h"
#include "ingest/evidence/live_port.h"

enum {
    VD_LIVE_VIEWERS_MAX = 256,
    VD_LIVE_CREDIT_MAX = 8 * 1024 * 1024, /* bytes that may be on their way to a viewer */
    VD_LIVE_MESSAGE_MAX = VD_LIVE_BYTES_MAX + 1024 * 1024,
    VD_LIVE_LEASE_US = 5 * 1000 * 1000,
};

/* One request: {"op":"live","viewer":7,"camera":"gate-3","stream":"main","h265":1,
 * "credit":65536}, or {"op":"live-end","viewer":7}. */
struct vd_live_request {
    bool is_end;
    uint32_t viewer;
    char camera[VD_CONFIG_ID_MAX + 1];
    bool wants_main, takes_h265;
    int64_t credit; /* bytes more that may flow */
};

bool vd_live_is_request(const char *op);

/* Reads a request whose op is one of ours. VD_EINVAL. */
int vd_live_read(const struct vd_json *doc, struct vd_live_request *ret_request,
                 struct vd_err *err);

/* Counted since the start, but for viewers: of now. */
enum vd_live_count {
    VD_LIVE_VIEWERS,
    VD_LIVE_FRAGMENTS,
    VD_LIVE_PICTURES, /* JPEG */
    VD_LIVE_SENT_BYTES,
    VD_LIVE_LOST, /* groups of pictures that a viewer was too slow for */
    VD_LIVE_N_COUNTS
};

/* Sends one message to a peer: ["live"][head][data]. VD_EIO: he is gone; VD_EAGAIN: full. */
typedef int vd_live_send_fn(void *arg, const struct vd_part *peer, const char *head,
                            const void *data, size_t len);

struct vd_live;

int vd_live_open(struct vd_live **ret_live, struct vd_err *err);
void vd_live_close(struct vd_live **live); /* sets NULL, accepts NULL; all ports have left */

/* A camera's stream can be watched from now on, and no longer. Any thread. */
int vd_live_enter(struct vd_live *live, struct vd_config *cfg,
                  const struct vd_camera_cfg *camera, bool is_main,
                  struct vd_live_port **ret_port, struct vd_err *err);
void vd_live_leave(struct vd_live *live, struct vd_live_port **port); /* sets NULL */

int64_t vd_live_count(const struct vd_live *live, enum vd_live_count count); /* any thread */

/* ---- the media thread ---- */

/* Readable when there is something to send; read it empty before vd_live_flow. */
int vd_live_fd(const struct vd_live *live);

/* Takes a request of peer. VD_EEOF: the camera is not of this worker; VD_EAGAIN: too many
 * viewers. */
int vd_live_ask(struct vd_live *live, const struct vd_part *peer,
                const struct vd_live_request *request, int64_t now_us, struct vd_err *err);

/* Sends what may flow. Returns for how long, at most, it need not be called; < 0: for ever. */
int64_t vd_live_flow(struct vd_live *live, int64_t now_us, vd_live_send_fn *send, void *arg);

#endif
