/* ingest/source/tap.h: hands the packets of a source on, with what a decoder must know of them.
 * Shared by the backends; the source's thread owns it. */
#ifndef VD_INGEST_SOURCE_TAP_H
#define VD_INGEST_SOURCE_TAP_H

#include "ingest/source/packet.h"
#include "ingest/source/sets.h"

struct vd_tap {
    vd_packet_fn *fn; /* NULL: nobody wants them */
    void *arg;
    struct vd_sets sets;      /* as last seen */
    struct vd_params *params; /* what the packets of now need; NULL: not yet known */
};

/* What the session's description says of the parameter sets (any bytes; NULL: nothing). */
void vd_tap_begin(struct vd_tap *tap, enum vd_codec codec, const uint8_t *extra, size_t n);

/* Hands packet on once it or one before it was a key frame with all parameter sets known.
 * packet->params is filled here; all else, owner included, by the caller, who keeps his hold.
 * Costs nothing but the call when nobody wants packets. */
void vd_tap_give(struct vd_tap *tap, enum vd_codec codec, struct vd_packet *packet);

void vd_tap_fini(struct vd_tap *tap);

#endif
