#include "ingest/source/ffmpeg_hw.h"

#include <libavutil/hwcontext.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"

static void fall_back(struct av_source *s, const char *reason)
{
    s->hw_format = AV_PIX_FMT_NONE;
    (void)vd_str_copy(s->base.info.no_hardware, sizeof s->base.info.no_hardware, reason);
}

/* libav offers what the stream can be decoded to, the device's format only while it can. */
static enum AVPixelFormat pick_format(AVCodecContext *codec, const enum AVPixelFormat *offered)
{
    struct vd_av_ear *ear = codec->opaque;
    struct av_source *s = (struct av_source *)((char *)ear - offsetof(struct av_source, ear));

    for (int i = 0; offered[i] != AV_PIX_FMT_NONE; i++)
        if (offered[i] == s->hw_format)
            return offered[i];
    if (s->hw_format != AV_PIX_FMT_NONE)
        fall_back(s, "the device does not decode this stream");
    return avcodec_default_get_format(codec, offered);
}

static enum AVPixelFormat format_of(const AVCodec *decoder, enum AVHWDeviceType type)
{
    const AVCodecHWConfig *config;

    for (int i = 0; (config = avcodec_get_hw_config(decoder, i)) != NULL; i++)
        if ((config->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) != 0 &&
            config->device_type == type)
            return config->pix_fmt;
    return AV_PIX_FMT_NONE;
}

void vd_av_hw_prepare(struct av_source *s, enum vd_decode decode, const AVCodec *decoder)
{
    enum AVHWDeviceType type =
        decode == VD_DECODE_CUDA ? AV_HWDEVICE_TYPE_CUDA : AV_HWDEVICE_TYPE_VAAPI;
    char text[AV_ERROR_MAX_STRING_SIZE], reason[sizeof s->base.info.no_hardware];
    int rc;

    s->hw_format = AV_PIX_FMT_NONE;
    if (decode == VD_DECODE_SOFTWARE)
        return;
    s->hw_format = format_of(decoder, type);
    if (s->hw_format == AV_PIX_FMT_NONE) {
        fall_back(s, "this codec has no such decoder");
        return;
    }
    rc = av_hwdevice_ctx_create(&s->codec->hw_device_ctx, type, NULL, NULL, 0);
    if (rc < 0) {
        (void)av_strerror(rc, text, sizeof text);
        (void)snprintf(reason, sizeof reason, "no such device: %.40s", text);
        fall_back(s, reason);
        return;
    }
    s->codec->get_format = pick_format;
}

int vd_av_hw_fetch(struct av_source *s, struct vd_err *err)
{
    AVFrame *here;
    int rc;

    if (s->hw_format == AV_PIX_FMT_NONE || s->frame->format != s->hw_format)
        return 0;
    here = av_frame_alloc();
    if (here == NULL)
        return vd_err_set(err, VD_ENOMEM, "%s: out of memory", s->where);
    rc = av_hwframe_transfer_data(here, s->frame, 0);
    if (rc == 0)
        rc = av_frame_copy_props(here, s->frame);
    if (rc == 0) {
        av_frame_unref(s->frame);
        av_frame_move_ref(s->frame, here);
    }
    av_frame_free(&here);
    return rc < 0 ? vd_err_set(err, VD_EPROTO, "%s: the device does not give the picture back",
                               s->where)
                  : 0;
}
