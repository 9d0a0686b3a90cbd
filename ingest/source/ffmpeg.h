/* ingest/source/ffmpeg.h: what the parts of the libav backend share. Included by them only. */
#ifndef VD_INGEST_SOURCE_FFMPEG_H
#define VD_INGEST_SOURCE_FFMPEG_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

#include "ingest/source/av_log.h"
#include "ingest/source/reach.h"
#include "ingest/source/source.h"
#include "ingest/source/timing.h"

struct av_source {
    struct vd_source base;
    AVFormatContext *format;
    AVCodecContext *codec; /* NULL: packets are read, and nothing decoded */
    AVPacket *packet;
    AVFrame *frame;            /* the last picture, as the decoder made it */
    AVFrame *plain;            /* the same in 8-bit 4:2:0, where the decoder's is not usable */
    bool is_plain;             /* plain shows what frame does */
    struct SwsContext *scaler; /* frame to plain */
    int stream;
    enum AVPixelFormat hw_format; /* of pictures that lie on a device; NONE: none does */
    bool is_file, is_udp, is_draining;
    bool is_closing; /* stop no longer interrupts: a farewell is sent */
    int64_t deadline_us;
    struct vd_av_ear ear;
    struct vd_timing timing;
    enum vd_effort effort; /* in use; base.effort is asked for */
    bool has_waited;       /* for the last packet, though the one before came late */
    int64_t placed_us;     /* mono of the last picture */
    int64_t mean_bytes;    /* of a packet, lately */
    int64_t gathered_us;   /* how late packets of this bunch may be by our own choice */
    char where[300];       /* "host:port" or the file, for messages */
};

/* Opens s->format and s->codec as opts ask. On failure whatever is open is left to the caller
 * to close. */
int vd_av_connect(struct av_source *s, const struct vd_source_opts *opts,
                  enum vd_fault *ret_fault, struct vd_err *err);

/* What the description of the picked stream says to those who want packets. */
void vd_av_begin_tap(struct av_source *s);

/* Gives the present picture in a layout of struct vd_picture: frame itself, or plain. */
int vd_av_view(struct av_source *s, AVFrame **ret_view, struct vd_err *err);

int vd_av_keep(struct vd_source *source, struct vd_picture **ret_picture, struct vd_err *err);

static inline int64_t vd_av_now(const struct av_source *s)
{
    return s->base.clock->mono_us(s->base.clock->self);
}

#endif
