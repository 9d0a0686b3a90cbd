/* ingest/evidence/live_viewer.h: one who watches one stream. For live only. */
#ifndef VD_INGEST_EVIDENCE_LIVE_VIEWER_H
#define VD_INGEST_EVIDENCE_LIVE_VIEWER_H

#include <stdatomic.h>

#include "ingest/evidence/fmp4.h"
#include "ingest/evidence/jpeg.h"
#include "ingest/evidence/live.h"

enum { VD_LIVE_PEER_MAX = 64 };

struct vd_live_viewer {
    uint8_t peer[VD_LIVE_PEER_MAX];
    size_t peer_len;
    struct vd_live_request asked;          /* credit: what is left of it */
    int64_t lease_us, beat_us, picture_us; /* when it ends; next beat; next picture */
    struct vd_live_port *port;             /* NULL: its camera has left */
    struct vd_live_port *decoded;          /* gives pictures in place of video; may be port */
    bool takes_sub;                        /* he asked for the main stream and can't play it */
    uint64_t cursor, seen;                 /* in packets; the picture */
    struct vd_fmp4 *fmp4;
    const struct vd_params *params; /* of fmp4, or that can't be played; held */
    bool is_unplayable;
    bool is_beginning; /* what waits begins with a key frame */
    int64_t first_us;  /* wall: of the first picture that waits */
    int64_t lost;
};

/* What viewers share while one of them is served. */
struct vd_live_out {
    atomic_llong *counts; /* by enum vd_live_count */
    struct vd_jpeg *jpeg;
    vd_live_send_fn *send;
    void *arg;
    int64_t now_us;
};

/* Sends what may flow to him. VD_EIO: he is gone. */
int vd_live_viewer_flow(struct vd_live_viewer *viewer, struct vd_live_out *out);

/* Watches port (NULL: none) from its last key frame on, in place of the one before; decoded is
 * the stream of the same camera that is decoded. Holds of its own. */
void vd_live_viewer_turn(struct vd_live_viewer *viewer, struct vd_live_port *port,
                         struct vd_live_port *decoded);

#endif
