/* ingest/source/sets.h: what a packet of H.264, H.265 or JPEG says of its stream before the
 * picture begins: parameter sets, size. Pure; any bytes are safe. */
#ifndef VD_INGEST_SOURCE_SETS_H
#define VD_INGEST_SOURCE_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/source/packet.h"

enum { VD_SETS_MAX = 4096 }; /* bytes of all parameter sets of a stream, start codes included */

/* Collected parameter sets, each behind a start code of four bytes, in the order of their kinds
 * (VPS, SPS, PPS), each once. */
struct vd_sets {
    uint8_t bytes[VD_SETS_MAX];
    size_t n;
};

/* Finds the next NAL unit of data at or after *at, without its start code and trailing zeros,
 * and moves *at behind it. False at the end. */
bool vd_sets_next_nal(const uint8_t *data, size_t n, size_t *at, const uint8_t **ret_nal,
                      size_t *ret_len);

/* Collects the parameter sets in front of the first slice. What lies beyond VD_SETS_MAX is left
 * out. */
void vd_sets_find(enum vd_codec codec, const uint8_t *data, size_t n, struct vd_sets *ret_sets);

/* *fresh takes the kinds that it has not from old. */
void vd_sets_complete(enum vd_codec codec, struct vd_sets *fresh, const struct vd_sets *old);

/* True when there is all that a decoder needs: SPS and PPS, and VPS for H.265. */
bool vd_sets_are_whole(enum vd_codec codec, const struct vd_sets *sets);

/* The size in a JPEG's frame header. False: there is none. */
bool vd_sets_jpeg_size(const uint8_t *data, size_t n, int *ret_w, int *ret_h);

#endif
