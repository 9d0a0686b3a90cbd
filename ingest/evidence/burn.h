/* ingest/evidence/burn.h: packets decoded, their private parts blackened, and encoded again:
 * what comes out shows nothing that may not be seen. For clips of cameras with a privacy mask,
 * and of those that send JPEG, which no player takes within an MP4. One thread. */
#ifndef VD_INGEST_EVIDENCE_BURN_H
#define VD_INGEST_EVIDENCE_BURN_H

#include "base/err.h"
#include "config/config.h"
#include "ingest/source/packet.h"

struct vd_burn;

struct vd_burn_opts {
    const struct vd_mask_cfg *masks; /* borrowed until close; the private ones count */
    int n_masks;
    const char *encoder; /* of H.264, by libav's name: "libx264" */
    int64_t max_pixels;  /* of one picture */
};

/* For packets of the parameters of first, a key frame that still has to be put. VD_EINVAL: no
 * such encoder; VD_EPROTO: no such decoder; VD_ENOMEM. */
int vd_burn_open(struct vd_burn **ret_burn, const struct vd_burn_opts *opts,
                 const struct vd_packet *first, struct vd_err *err);

/* Puts a packet in, or with NULL takes out what the decoder holds back; what is ready goes to
 * out, in the order it is shown, a key frame where the camera had one. VD_EPROTO: this packet
 * gave no picture; VD_EIO: the encoder failed. */
int vd_burn_put(struct vd_burn *burn, const struct vd_packet *packet, vd_packet_fn *out,
                void *arg, struct vd_err *err);

void vd_burn_close(struct vd_burn **burn); /* sets NULL, accepts NULL */

#endif
