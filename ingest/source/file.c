/* ingest/source/file.c: libav reads and decodes a file; one thread, borrowed luma. */
#include "ingest/source/file.h"

#include <stdbool.h>
#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

enum { PIXELS_MAX = VD_FRAME_SIDE_MAX * VD_FRAME_SIDE_MAX };

struct vd_file {
    AVFormatContext *format;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame, *grey;
    struct SwsContext *convert;
    int stream;
    float fps;
    int64_t last_us, first_us;
    uint64_t frames, damaged;
    bool is_drained;
};

static int fail(struct vd_err *err, enum vd_code code, const char *path, int rc)
{
    char text[AV_ERROR_MAX_STRING_SIZE];

    av_strerror(rc, text, sizeof text);
    return vd_err_set(err, code, "file '%.120s': %s", path, text);
}

static int open_codec(struct vd_file *file, const char *path, struct vd_err *err)
{
    const AVCodec *codec = NULL;
    AVRational rate;
    int rc = av_find_best_stream(file->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);

    if (rc < 0 || codec == NULL)
        return vd_err_set(err, VD_EPROTO, "file '%.120s': no video in it that can be decoded",
                          path);
    file->stream = rc;
    for (unsigned i = 0; i < file->format->nb_streams; i++)
        if ((int)i != rc)
            file->format->streams[i]->discard = AVDISCARD_ALL;
    rate = av_guess_frame_rate(file->format, file->format->streams[rc], NULL);
    file->fps = rate.num > 0 && rate.den > 0 ? (float)av_q2d(rate) : 25;
    file->fps = file->fps >= 1 && file->fps <= 240 ? file->fps : 25;
    file->codec = avcodec_alloc_context3(codec);
    if (file->codec == NULL)
        return vd_err_set(err, VD_ENOMEM, "file '%.120s': out of memory", path);
    rc = avcodec_parameters_to_context(file->codec, file->format->streams[rc]->codecpar);
    if (rc < 0)
        return fail(err, VD_EPROTO, path, rc);
    file->codec->thread_count = 1;
    file->codec->max_pixels = PIXELS_MAX;
    rc = avcodec_open2(file->codec, codec, NULL);
    return rc < 0 ? fail(err, VD_EPROTO, path, rc) : 0;
}

int vd_file_open(struct vd_file **ret_file, const char *path, struct vd_err *err)
{
    struct vd_file *file = calloc(1, sizeof *file);
    int rc;

    if (file == NULL)
        return vd_err_set(err, VD_ENOMEM, "file '%.120s': out of memory", path);
    av_log_set_level(AV_LOG_QUIET);
    rc = avformat_open_input(&file->format, path, NULL, NULL);
    if (rc < 0) {
        rc = fail(err, rc == AVERROR_INVALIDDATA ? VD_EPROTO : VD_EIO, path, rc);
        goto out;
    }
    rc = avformat_find_stream_info(file->format, NULL);
    if (rc < 0) {
        rc = fail(err, VD_EPROTO, path, rc);
        goto out;
    }
    rc = open_codec(file, path, err);
    if (rc < 0)
        goto out;
    file->packet = av_packet_alloc();
    file->frame = av_frame_alloc();
    file->grey = av_frame_alloc();
    if (file->packet == NULL || file->frame == NULL || file->grey == NULL) {
        rc = vd_err_set(err, VD_ENOMEM, "file '%.120s': out of memory", path);
        goto out;
    }
    *ret_file = file;
    return 0;
out:
    vd_file_close(&file);
    return rc;
}

/* Hands the decoder packets until it has a frame; AVERROR_EOF at the end. */
static int decode(struct vd_file *file)
{
    for (;;) {
        int rc = avcodec_receive_frame(file->codec, file->frame);

        if (rc >= 0 || rc == AVERROR_EOF)
            return rc;
        if (rc != AVERROR(EAGAIN)) {
            file->damaged++;
            if (file->is_drained)
                return AVERROR_EOF;
        }
        if (file->is_drained)
            return AVERROR_EOF;
        rc = av_read_frame(file->format, file->packet);
        if (rc < 0) {
            file->is_drained = true;
            (void)avcodec_send_packet(file->codec, NULL);
            continue;
        }
        if (file->packet->stream_index == file->stream &&
            avcodec_send_packet(file->codec, file->packet) < 0)
            file->damaged++;
        av_packet_unref(file->packet);
    }
}

/* True when plane 0 is 8-bit luma as it stands. */
static bool has_plain_luma(const AVFrame *frame)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);

    return d != NULL &&
           !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                         AV_PIX_FMT_FLAG_HWACCEL)) &&
           d->comp[0].depth == 8 && d->comp[0].step == 1 && d->comp[0].plane == 0;
}

static int to_grey(struct vd_file *file, struct vd_err *err)
{
    AVFrame *grey = file->grey;
    const AVFrame *f = file->frame;

    if (grey->width != f->width || grey->height != f->height) {
        av_frame_unref(grey);
        grey->format = AV_PIX_FMT_GRAY8;
        grey->width = f->width;
        grey->height = f->height;
        if (av_frame_get_buffer(grey, 0) < 0)
            return vd_err_set(err, VD_ENOMEM, "frame: out of memory");
    }
    file->convert = sws_getCachedContext(file->convert, f->width, f->height,
                                         (enum AVPixelFormat)f->format, f->width, f->height,
                                         AV_PIX_FMT_GRAY8, SWS_POINT, NULL, NULL, NULL);
    if (file->convert == NULL)
        return vd_err_set(err, VD_EPROTO, "frame: pixel format %d", f->format);
    sws_scale(file->convert, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
              grey->data, grey->linesize);
    return 0;
}

/* Time from the stream where it rises, else by the frame rate. */
static int64_t time_of(struct vd_file *file)
{
    int64_t step_us = (int64_t)(1e6F / file->fps), at = file->frame->best_effort_timestamp;
    AVRational base = file->format->streams[file->stream]->time_base;
    int64_t us = file->last_us + step_us;

    if (file->frames == 0)
        us = 0;
    if (at != AV_NOPTS_VALUE) {
        int64_t stamped = av_rescale_q(at, base, AV_TIME_BASE_Q);

        if (file->frames == 0)
            file->first_us = stamped;
        stamped -= file->first_us;
        if (file->frames > 0 && stamped > file->last_us &&
            stamped - file->last_us < INT64_C(3600000000))
            us = stamped;
    }
    file->last_us = us;
    file->frames++;
    return us;
}

int vd_file_next(struct vd_file *file, struct vd_frame *ret_frame, struct vd_err *err)
{
    for (;;) {
        const AVFrame *from = file->frame;
        int rc = decode(file);

        if (rc < 0)
            return vd_err_set(err, VD_EEOF, "end of file");
        if (from->width < VD_FRAME_SIDE_MIN || from->height < VD_FRAME_SIDE_MIN ||
            from->width > VD_FRAME_SIDE_MAX || from->height > VD_FRAME_SIDE_MAX) {
            file->damaged++;
            continue;
        }
        if (!has_plain_luma(from)) {
            rc = to_grey(file, err);
            if (rc < 0)
                return rc;
            from = file->grey;
        }
        ret_frame->luma = from->data[0];
        ret_frame->stride = from->linesize[0];
        ret_frame->w = from->width;
        ret_frame->h = from->height;
        ret_frame->pts_us = ret_frame->mono_us = ret_frame->wall_us = time_of(file);
        return 0;
    }
}

float vd_file_fps(const struct vd_file *file)
{
    return file->fps;
}

uint64_t vd_file_damaged(const struct vd_file *file)
{
    return file->damaged;
}

void vd_file_close(struct vd_file **file)
{
    struct vd_file *f;

    if (file == NULL || *file == NULL)
        return;
    f = *file;
    sws_freeContext(f->convert);
    av_frame_free(&f->grey);
    av_frame_free(&f->frame);
    av_packet_free(&f->packet);
    avcodec_free_context(&f->codec);
    avformat_close_input(&f->format);
    free(f);
    *file = NULL;
}
