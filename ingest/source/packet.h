/* ingest/source/packet.h: one encoded picture as the camera sent it, for whoever records it or
 * shows it live. A value that holds a share of the bytes: copied by vd_packet_ref, given back
 * by vd_packet_unref, never written to.
 *
 * H.264 and H.265 are whole access units with start codes (Annex B), whoever read them. */
#ifndef VD_INGEST_SOURCE_PACKET_H
#define VD_INGEST_SOURCE_PACKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* No stream time came with this packet. */
#define VD_PACKET_NO_TIME INT64_MIN

enum vd_codec { VD_CODEC_H264, VD_CODEC_H265, VD_CODEC_JPEG };

/* What a decoder must know beforehand. Constant once made; a stream that changes it (another
 * size, another profile) gets a new one, so that who compares pointers sees the change. */
struct vd_params {
    enum vd_codec codec;
    int w, h; /* pixels, as shown */
    int profile,
        level; /* as the codec numbers them (H.264: profile_idc, level_idc); < 0: unknown */
    const uint8_t *sets; /* parameter sets with start codes; none for JPEG */
    size_t n_sets;
    atomic_int refs;
};

struct vd_packet {
    const uint8_t *data; /* followed by 64 zero bytes that belong to nobody */
    size_t size;
    int64_t pts_us;  /* when it is shown, on the stream's line, which may jump; or NO_TIME */
    int64_t dts_us;  /* likewise when it is decoded; often NO_TIME, with B-frames often wrong */
    int64_t mono_us; /* when it was received, freed of network jitter; rises strictly */
    int64_t wall_us; /* the same for people; steps when the wall clock does */
    bool is_key;     /* decoding can begin here */
    struct vd_params *params; /* shared; never NULL */
    void *owner;              /* keeps data */
};

/* Sees one packet after the other, in the order of decoding, on the thread that reads the
 * source, from within vd_source_next; the packet is borrowed. The first one is a key frame.
 * Must not block. */
typedef void vd_packet_fn(void *arg, const struct vd_packet *packet);

/* Makes *ret_packet (taken as empty) a second holder of packet's bytes. Copies none of them.
 * Any thread. VD_ENOMEM: *ret_packet is left alone. */
int vd_packet_ref(struct vd_packet *ret_packet, const struct vd_packet *packet,
                  struct vd_err *err);

/* Gives the hold back and empties the packet; an empty one is fine. Any thread. */
void vd_packet_unref(struct vd_packet *packet);

struct vd_params *vd_params_ref(struct vd_params *params);
void vd_params_unref(struct vd_params **params); /* sets NULL, accepts NULL */

#endif
