/* ingest/source/picture.h: one decoded picture that outlives the read that gave it, for whoever
 * makes evidence of it. Its pixels are the decoder's own (also its reference): never write. */
#ifndef VD_INGEST_SOURCE_PICTURE_H
#define VD_INGEST_SOURCE_PICTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vd_chroma { VD_CHROMA_GREY, VD_CHROMA_420, VD_CHROMA_422, VD_CHROMA_444 };

struct vd_picture {
    const uint8_t *plane[3]; /* luma, Cb, Cr; grey: luma alone */
    int stride[3];           /* bytes from a row to the next, positive */
    int w, h;                /* of luma, pixels */
    enum vd_chroma chroma;
    bool is_full_range; /* luma 0..255, else 16..235 */
    int64_t wall_us;    /* when it was received */
    size_t bytes;       /* what it holds on to */
    atomic_int refs;
    void (*release)(struct vd_picture *picture); /* frees pixels and picture */
    void *owner;
};

/* One more holder; any thread. Returns picture. */
struct vd_picture *vd_picture_ref(struct vd_picture *picture);

/* Gives the caller's hold back and sets *picture to NULL; NULL is fine; any thread. */
void vd_picture_unref(struct vd_picture **picture);

/* Width and height of a chroma plane; 0 for grey. */
void vd_picture_chroma_size(const struct vd_picture *picture, int *ret_w, int *ret_h);

#endif
