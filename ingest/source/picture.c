#include "ingest/source/picture.h"

struct vd_picture *vd_picture_ref(struct vd_picture *picture)
{
    atomic_fetch_add_explicit(&picture->refs, 1, memory_order_relaxed);
    return picture;
}

void vd_picture_unref(struct vd_picture **picture)
{
    struct vd_picture *p = *picture;

    *picture = NULL;
    if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        p->release(p);
}

void vd_picture_chroma_size(const struct vd_picture *picture, int *ret_w, int *ret_h)
{
    int half_w = (picture->w + 1) / 2, half_h = (picture->h + 1) / 2;

    switch (picture->chroma) {
    case VD_CHROMA_GREY:
        *ret_w = *ret_h = 0;
        return;
    case VD_CHROMA_420:
        *ret_w = half_w;
        *ret_h = half_h;
        return;
    case VD_CHROMA_422:
        *ret_w = half_w;
        *ret_h = picture->h;
        return;
    case VD_CHROMA_444:
        *ret_w = picture->w;
        *ret_h = picture->h;
        return;
    }
}
