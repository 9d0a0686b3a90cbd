#include "ingest/evidence/burn.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/evidence/mask.h"
#include "ingest/source/tap.h"

enum { GROUP = 250, BLACK = 16, GREY = 128 };

static const AVRational microseconds = {1, 1000000};

struct vd_burn {
    struct vd_burn_opts opts;
    AVCodecContext *decoder, *encoder; /* the encoder is opened by the first picture */
    AVFrame *decoded, *plain;          /* plain is ours to write to */
    AVPacket *in, *coded;
    struct SwsContext *scaler;
    struct vd_tap tap;      /* finds the encoder's parameter sets */
    struct vd_packet shown; /* times of the picture that is being encoded */
    int64_t wall_us;        /* wall minus mono clock of the last packet */
};

static int no_memory(struct vd_err *err)
{
    return vd_err_set(err, VD_ENOMEM, "masking: out of memory");
}

static int open_decoder(struct vd_burn *b, const struct vd_params *params, struct vd_err *err)
{
    static const enum AVCodecID ids[] = {[VD_CODEC_H264] = AV_CODEC_ID_H264,
                                         [VD_CODEC_H265] = AV_CODEC_ID_HEVC,
                                         [VD_CODEC_JPEG] = AV_CODEC_ID_MJPEG};
    const AVCodec *codec = avcodec_find_decoder(ids[params->codec]);

    if (codec == NULL)
        return vd_err_set(err, VD_EPROTO, "masking: no decoder for the camera's codec");
    b->decoder = avcodec_alloc_context3(codec);
    if (b->decoder == NULL)
        return no_memory(err);
    if (params->n_sets > 0) {
        b->decoder->extradata = av_mallocz(params->n_sets + AV_INPUT_BUFFER_PADDING_SIZE);
        if (b->decoder->extradata == NULL)
            return no_memory(err);
        memcpy(b->decoder->extradata, params->sets, params->n_sets);
        b->decoder->extradata_size = (int)params->n_sets;
    }
    b->decoder->thread_count = 1;
    b->decoder->max_pixels = b->opts.max_pixels;
    b->decoder->pkt_timebase = microseconds;
    if (avcodec_open2(b->decoder, codec, NULL) < 0)
        return vd_err_set(err, VD_EPROTO, "masking: the camera's stream can't be decoded");
    return 0;
}

int vd_burn_open(struct vd_burn **ret_burn, const struct vd_burn_opts *opts,
                 const struct vd_packet *first, struct vd_err *err)
{
    struct vd_burn *b = calloc(1, sizeof *b);
    int rc;

    if (b == NULL)
        return no_memory(err);
    b->opts = *opts;
    b->decoded = av_frame_alloc();
    b->plain = av_frame_alloc();
    b->in = av_packet_alloc();
    b->coded = av_packet_alloc();
    if (b->decoded == NULL || b->plain == NULL || b->in == NULL || b->coded == NULL)
        rc = no_memory(err);
    else if (avcodec_find_encoder_by_name(opts->encoder) == NULL)
        rc = vd_err_set(err, VD_EINVAL, "masking: there is no encoder '%.60s' here",
                        opts->encoder);
    else
        rc = open_decoder(b, first->params, err);
    if (rc < 0)
        vd_burn_close(&b);
    else
        *ret_burn = b;
    return rc;
}

void vd_burn_close(struct vd_burn **burn)
{
    struct vd_burn *b = *burn;

    *burn = NULL;
    if (b == NULL)
        return;
    vd_tap_fini(&b->tap);
    avcodec_free_context(&b->decoder);
    avcodec_free_context(&b->encoder);
    av_frame_free(&b->decoded);
    av_frame_free(&b->plain);
    av_packet_free(&b->in);
    av_packet_free(&b->coded);
    sws_freeContext(b->scaler);
    free(b);
}

/* Without look-ahead and without B-frames: each picture comes out as it goes in, and no other
 * thread is kept busy. */
static int open_encoder(struct vd_burn *b, struct vd_err *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(b->opts.encoder);
    AVCodecContext *c = avcodec_alloc_context3(codec);
    int rc;

    if (c == NULL)
        return no_memory(err);
    avcodec_free_context(&b->encoder);
    b->encoder = c;
    c->width = b->plain->width;
    c->height = b->plain->height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->color_range = AVCOL_RANGE_MPEG;
    c->time_base = microseconds;
    c->gop_size = GROUP;
    c->max_b_frames = 0;
    c->thread_count = 1;
    (void)av_opt_set(c->priv_data, "preset", "superfast", 0); /* those it has take them */
    (void)av_opt_set(c->priv_data, "tune", "zerolatency", 0);
    (void)av_opt_set(c->priv_data, "crf", "23", 0);
    (void)av_opt_set(c->priv_data, "forced-idr", "1", 0);
    rc = avcodec_open2(c, codec, NULL);
    if (rc < 0)
        return vd_err_set(err, VD_EIO, "masking: '%.60s' does not take %dx%d pictures",
                          b->opts.encoder, b->plain->width, b->plain->height);
    return 0;
}

/* A picture of our own: the decoder's is its reference for others. */
static int copy_plain(struct vd_burn *b, struct vd_err *err)
{
    const AVFrame *f = b->decoded;
    AVFrame *p = b->plain;
    int w = f->width & ~1, h = f->height & ~1;
    bool is_full = f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P ||
                   f->format == AV_PIX_FMT_YUVJ422P || f->format == AV_PIX_FMT_YUVJ444P;

    if (p->width != w || p->height != h || av_frame_is_writable(p) <= 0) {
        av_frame_unref(p);
        p->format = AV_PIX_FMT_YUV420P;
        p->width = w;
        p->height = h;
        if (av_frame_get_buffer(p, 0) < 0)
            return no_memory(err);
    }
    b->scaler = sws_getCachedContext(b->scaler, f->width, f->height, f->format, w, h,
                                     AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (b->scaler == NULL)
        return vd_err_set(err, VD_EPROTO, "masking: this pixel format can't be read");
    (void)sws_setColorspaceDetails(b->scaler, sws_getCoefficients(SWS_CS_DEFAULT), is_full,
                                   sws_getCoefficients(SWS_CS_DEFAULT), 0, 0, 1 << 16, 1 << 16);
    (void)sws_scale(b->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
                    p->data, p->linesize);
    for (int i = 0; i < 3; i++)
        vd_mask_burn(b->opts.masks, b->opts.n_masks, p->data[i], p->linesize[i],
                     i == 0 ? w : w / 2, i == 0 ? h : h / 2, i == 0 ? BLACK : GREY);
    return 0;
}

static void place(struct vd_burn *b)
{
    const AVFrame *f = b->decoded;
    int64_t mono_us = f->reordered_opaque;

    if (mono_us <= b->shown.mono_us)
        mono_us = b->shown.mono_us + 1;
    b->shown.mono_us = mono_us;
    b->shown.wall_us = mono_us + b->wall_us;
    b->shown.pts_us = f->best_effort_timestamp != AV_NOPTS_VALUE ? f->best_effort_timestamp
                                                                 : VD_PACKET_NO_TIME;
    b->shown.dts_us = VD_PACKET_NO_TIME;
}

static int encode(struct vd_burn *b, struct vd_err *err)
{
    b->plain->pts = b->shown.mono_us;
    b->plain->pict_type = b->decoded->key_frame ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    if (avcodec_send_frame(b->encoder, b->plain) < 0)
        return vd_err_set(err, VD_EIO, "masking: '%.60s' failed", b->opts.encoder);
    while (avcodec_receive_packet(b->encoder, b->coded) == 0) {
        b->shown.data = b->coded->data;
        b->shown.size = (size_t)b->coded->size;
        b->shown.is_key = (b->coded->flags & AV_PKT_FLAG_KEY) != 0;
        b->shown.owner = b->coded->buf;
        vd_tap_give(&b->tap, VD_CODEC_H264, &b->shown);
        av_packet_unref(b->coded);
    }
    return 0;
}

static int take_pictures(struct vd_burn *b, struct vd_err *err)
{
    int rc = 0;

    while (rc == 0 && avcodec_receive_frame(b->decoder, b->decoded) == 0) {
        rc = copy_plain(b, err);
        if (rc == 0 && (b->encoder == NULL || b->encoder->width != b->plain->width ||
                        b->encoder->height != b->plain->height))
            rc = open_encoder(b, err);
        place(b);
        if (rc == 0)
            rc = encode(b, err);
    }
    return rc;
}

int vd_burn_put(struct vd_burn *b, const struct vd_packet *packet, vd_packet_fn *out, void *arg,
                struct vd_err *err)
{
    int rc;

    b->tap.fn = out;
    b->tap.arg = arg;
    if (packet == NULL) {
        (void)avcodec_send_packet(b->decoder, NULL);
        rc = take_pictures(b, err);
        avcodec_flush_buffers(b->decoder);
        return rc;
    }
    b->in->data = (uint8_t *)(uintptr_t)packet->data;
    b->in->size = (int)packet->size;
    b->in->pts = packet->pts_us != VD_PACKET_NO_TIME ? packet->pts_us : AV_NOPTS_VALUE;
    b->in->dts = AV_NOPTS_VALUE;
    b->in->flags = packet->is_key ? AV_PKT_FLAG_KEY : 0;
    b->decoder->reordered_opaque = packet->mono_us;
    b->wall_us = packet->wall_us - packet->mono_us;
    rc = avcodec_send_packet(b->decoder, b->in);
    if (rc < 0)
        return vd_err_set(err, VD_EPROTO, "masking: a packet gives no picture");
    return take_pictures(b, err);
}
