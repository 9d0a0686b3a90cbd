/* ingest/evidence/ring.h: the latest packets of one camera, from the key frame before the
 * pre-roll on. Bounded in bytes. Pure: time is what packets carry; whoever shares a ring guards
 * it.
 *
 * Packets are numbered 1, 2, … for good, so that several readers hold their place by a number
 * and see by it what they missed. It always begins with a key frame. */
#ifndef VD_INGEST_EVIDENCE_RING_H
#define VD_INGEST_EVIDENCE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ingest/source/packet.h"

enum {
    VD_RING_OVERHEAD = 256, /* bytes that a packet counts beside its own */
    VD_RING_PACKETS_MAX = 16384,
};

struct vd_ring;

/* At most bytes of packets (each with VD_RING_OVERHEAD), of which all that are older than the
 * key frame before the last keep_us go. Grows with what it holds. VD_ENOMEM. */
int vd_ring_open(struct vd_ring **ret_ring, size_t bytes, int64_t keep_us, struct vd_err *err);

void vd_ring_close(struct vd_ring **ring); /* sets NULL, accepts NULL */

/* Takes a share of packet. What must go for lack of room goes by whole groups of pictures, the
 * oldest first; if not even the present group has room, all is dropped, and what comes is not
 * taken until the next key frame. Returns how many packets went, or were not taken, for lack of
 * room (or memory) though they were young or pinned: they are lost. */
int vd_ring_put(struct vd_ring *ring, const struct vd_packet *packet);

/* The stream broke: with the next packet all that was before it goes, but for what is pinned.
 */
void vd_ring_break(struct vd_ring *ring);

/* From number on nothing goes because of its age; 0: nothing is held. */
void vd_ring_pin(struct vd_ring *ring, uint64_t number);

/* The number of the latest key frame of this session not after mono_us, or of the session's
 * first packet when all are after it. While nothing has come since the stream broke, of the
 * session before. 0 when the ring is empty. */
uint64_t vd_ring_seek(const struct vd_ring *ring, int64_t mono_us);

/* Shares the packet of *number, or if that is gone the first that is held, a key frame, and
 * moves *number behind it. *ret_lost says how many were jumped over. 1, or 0 when there is none
 * yet. VD_ENOMEM. The caller unrefs. */
int vd_ring_take(struct vd_ring *ring, uint64_t *number, struct vd_packet *ret_packet,
                 uint64_t *ret_lost, struct vd_err *err);

struct vd_ring_facts {
    size_t bytes;
    uint64_t first, next;   /* numbers held: first <= n < next */
    int64_t from_us, to_us; /* mono of the first and last; 0: empty */
};

void vd_ring_facts(const struct vd_ring *ring, struct vd_ring_facts *ret_facts);

#endif
