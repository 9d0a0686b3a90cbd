/* Decoded pictures as others may see them: as they are where they are planar 8-bit, converted
 * where not. */
#include <libavutil/pixdesc.h>
#include <stdlib.h>

#include "ingest/source/ffmpeg.h"
#include "ingest/source/ffmpeg_hw.h"

static bool layout(int format, enum vd_chroma *ret_chroma, bool *ret_is_full)
{
    *ret_is_full = false;
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
        *ret_is_full = true;
        /* fallthrough */
    case AV_PIX_FMT_YUV420P:
        *ret_chroma = VD_CHROMA_420;
        return true;
    case AV_PIX_FMT_YUVJ422P:
        *ret_is_full = true;
        /* fallthrough */
    case AV_PIX_FMT_YUV422P:
        *ret_chroma = VD_CHROMA_422;
        return true;
    case AV_PIX_FMT_YUVJ444P:
        *ret_is_full = true;
        /* fallthrough */
    case AV_PIX_FMT_YUV444P:
        *ret_chroma = VD_CHROMA_444;
        return true;
    case AV_PIX_FMT_GRAY8:
        *ret_chroma = VD_CHROMA_GREY;
        *ret_is_full = true;
        return true;
    default:
        return false;
    }
}

static int ready_plain(struct av_source *s, struct vd_err *err)
{
    if (s->plain == NULL)
        s->plain = av_frame_alloc();
    if (s->plain == NULL)
        return vd_err_set(err, VD_ENOMEM, "%s: out of memory", s->where);
    /* Somebody keeps the one before, or it has another size: take a fresh one. */
    if (s->plain->width != s->frame->width || s->plain->height != s->frame->height ||
        av_frame_is_writable(s->plain) <= 0) {
        av_frame_unref(s->plain);
        s->plain->format = AV_PIX_FMT_YUV420P;
        s->plain->width = s->frame->width;
        s->plain->height = s->frame->height;
        if (av_frame_get_buffer(s->plain, 0) < 0)
            return vd_err_set(err, VD_ENOMEM, "%s: out of memory", s->where);
    }
    s->scaler = sws_getCachedContext(s->scaler, s->frame->width, s->frame->height,
                                     s->frame->format, s->plain->width, s->plain->height,
                                     AV_PIX_FMT_YUV420P, SWS_POINT, NULL, NULL, NULL);
    if (s->scaler == NULL)
        return vd_err_set(err, VD_EPROTO, "%s: pixel format '%s' can't be read", s->where,
                          av_get_pix_fmt_name(s->frame->format));
    return 0;
}

int vd_av_view(struct av_source *s, AVFrame **ret_view, struct vd_err *err)
{
    enum vd_chroma chroma;
    bool is_full;
    int rc;

    rc = vd_av_hw_fetch(s, err);
    if (rc < 0)
        return rc;
    if (layout(s->frame->format, &chroma, &is_full)) {
        *ret_view = s->frame;
        return 0;
    }
    if (!s->is_plain) {
        rc = ready_plain(s, err);
        if (rc < 0)
            return rc;
        (void)sws_scale(s->scaler, (const uint8_t *const *)s->frame->data, s->frame->linesize,
                        0, s->frame->height, s->plain->data, s->plain->linesize);
        s->is_plain = true;
    }
    *ret_view = s->plain;
    return 0;
}

static void release(struct vd_picture *picture)
{
    AVFrame *frame = picture->owner;

    av_frame_free(&frame);
    free(picture);
}

int vd_av_keep(struct vd_source *source, struct vd_picture **ret_picture, struct vd_err *err)
{
    struct av_source *s = (struct av_source *)source;
    struct vd_picture *picture = NULL;
    AVFrame *view = NULL, *held = NULL;
    int rc = vd_av_view(s, &view, err);

    if (rc < 0)
        return rc;
    picture = calloc(1, sizeof *picture);
    held = av_frame_clone(view); /* another reference, no copy */
    if (picture == NULL || held == NULL) {
        free(picture);
        av_frame_free(&held);
        return vd_err_set(err, VD_ENOMEM, "%s: out of memory", s->where);
    }
    (void)layout(held->format, &picture->chroma, &picture->is_full_range);
    picture->is_full_range |= held->color_range == AVCOL_RANGE_JPEG;
    for (int i = 0; i < 3; i++) {
        picture->plane[i] = held->data[i];
        picture->stride[i] = held->linesize[i];
    }
    for (int i = 0; i < AV_NUM_DATA_POINTERS && held->buf[i] != NULL; i++)
        picture->bytes += (size_t)held->buf[i]->size;
    picture->w = held->width;
    picture->h = held->height;
    picture->wall_us = s->base.clock->wall_us(s->base.clock->self);
    picture->owner = held;
    picture->release = release;
    atomic_init(&picture->refs, 1);
    *ret_picture = picture;
    return 0;
}
