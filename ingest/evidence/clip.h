/* ingest/evidence/clip.h: one clip in its file, which can be played as far as it goes at any
 * time: what is written are whole fragments, one write each. One thread; blocks on the disk. */
#ifndef VD_INGEST_EVIDENCE_CLIP_H
#define VD_INGEST_EVIDENCE_CLIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "ingest/source/packet.h"

struct vd_clip;

struct vd_clip_opts {
    const char *root, *area;
    const char *id; /* by storage/media, made of the present time */
};

/* Makes the file and writes the head of it. first is a key frame and still has to be added.
 * Borrows nothing. VD_EIO: the disk; VD_EINVAL, VD_EPROTO: packets that go into no clip;
 * VD_ENOMEM. */
int vd_clip_open(struct vd_clip **ret_clip, const struct vd_clip_opts *opts,
                 const struct vd_packet *first, struct vd_err *err);

const char *vd_clip_id(const struct vd_clip *clip);

/* Adds a packet of the same parameters as the first. VD_EINVAL, VD_EPROTO: it is left out. */
int vd_clip_add(struct vd_clip *clip, const struct vd_packet *packet, struct vd_err *err);

/* Writes what was added, if it lasts least_us at least. VD_EIO: the file ends with what was
 * written before, nothing more can be added; finish it. */
int vd_clip_write(struct vd_clip *clip, int64_t least_us, struct vd_err *err);

struct vd_clip_facts {
    int64_t frames, bytes;  /* written */
    int64_t from_us, to_us; /* mono of its first packet and its last, written or not */
    int64_t written_us;     /* mono of the last that was written; 0: none */
};

void vd_clip_facts(const struct vd_clip *clip, struct vd_clip_facts *ret_facts);

/* Writes what is left, brings it to the disk and gives it its name. One without a picture is
 * removed: 0, else 1. VD_EIO: it keeps the name of an unfinished one. Sets NULL, accepts NULL.
 */
int vd_clip_finish(struct vd_clip **clip, struct vd_err *err);

/* ---- after a crash ---- */

/* An unfinished clip that nobody writes any more: cut behind its last whole fragment and given
 * its name, or removed if there is none. Returns 1 when it can be played, 0 when it
 * was removed or was never there. One that has its name already is left as it is. VD_EIO.
 */
int vd_clip_repair(const char *root, const char *area, const char *id, struct vd_err *err);

/* How many bytes of an MP4 are whole: up to the end of the last mdat, or else moov, that lies
 * wholly within size; 0: not even that. *ret_fragments counts the former. Pure but for read,
 * which gives 16 bytes at offset. */
typedef bool vd_clip_read_fn(void *arg, int64_t offset, uint8_t head[16]);
int64_t vd_clip_whole(vd_clip_read_fn *read, void *arg, int64_t size, int *ret_fragments);

#endif
