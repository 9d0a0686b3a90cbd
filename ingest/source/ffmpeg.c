/* Cameras over RTSP and recorded files, by libavformat and libavcodec. One thread, one decoder
 * without threads of its own: a worker runs as many cameras as it has cores' worth. */
#include <errno.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/str.h"
#include "ingest/source/av_fault.h"
#include "ingest/source/ffmpeg.h"

enum {
    FAREWELL_US = 500 * 1000,
    BEHIND_US = 100 * 1000, /* from here on packets may have waited for us */
    /* The least that Linux holds for a stream before it has seen how we read, and for
     * datagrams, whose headers take room too. */
    TCP_ROOM_BYTES = 128 * 1024,
    UDP_ROOM_BYTES = 32 * 1024,
    SMOOTH = 16,
};

static int64_t to_us(const struct av_source *s, int64_t stamp)
{
    if (stamp == AV_NOPTS_VALUE)
        return VD_TIMING_NONE;
    return av_rescale_q(stamp, s->format->streams[s->stream]->time_base, AV_TIME_BASE_Q);
}

/* How long packets may gather: no more of them than a socket surely holds. */
static int64_t bunch_us(const struct av_source *s)
{
    int64_t room_bytes = s->is_udp ? UDP_ROOM_BYTES : TCP_ROOM_BYTES;
    int64_t most_us = s->mean_bytes > 0 ? room_bytes / s->mean_bytes * s->timing.interval_us
                                        : s->base.gather_us;

    return s->base.gather_us < most_us ? s->base.gather_us : most_us;
}

/* Waits until a bunch of packets must have come; the socket holds them meanwhile. */
static void gather(struct av_source *s)
{
    int64_t next_us = vd_timing_next_us(&s->timing), now_us = vd_av_now(s);
    int64_t bunch = bunch_us(s), usual_us = bunch / 2 + s->timing.interval_us + BEHIND_US / 2;

    if (s->timing.behind_us > 2 * s->gathered_us)
        s->gathered_us = 0;
    if (next_us <= now_us || s->is_file)
        return; /* the rest of a bunch, or nothing is known yet */
    s->gathered_us = 0;
    /* Who is behind by more than gathering makes reads on: sleeping would keep the distance. */
    if (bunch <= 0 || s->timing.behind_us > usual_us)
        return;
    s->gathered_us = bunch + s->timing.interval_us;
    (void)vd_stop_wait(s->base.stop, next_us + bunch + s->timing.interval_us / 8 - now_us);
}

static int read_failed(struct av_source *s, int av_code, enum vd_fault *ret_fault,
                       struct vd_err *err)
{
    enum vd_fault fault = vd_av_fault(av_code, &s->ear);

    if (vd_stop_requested(s->base.stop))
        return vd_err_set(err, VD_ESTOP, "%s: stopping", s->where);
    /* libav's code is no help once we interrupted it: 5.1 reports INVALIDDATA or EOF. */
    if (vd_av_now(s) > s->deadline_us || fault == VD_FAULT_TIMEOUT)
        fault = s->base.info.packets > 0 ? VD_FAULT_STALLED : VD_FAULT_TIMEOUT;
    else if (fault == VD_FAULT_OTHER)
        fault = VD_FAULT_CLOSED;
    *ret_fault = fault;
    return vd_av_fail(fault, av_code, s->where, err);
}

static void note_skew(struct av_source *s, int64_t pts_us)
{
    int64_t start_us = s->format->start_time_realtime;

    if (s->is_file || pts_us == VD_TIMING_NONE || start_us == AV_NOPTS_VALUE || start_us == 0)
        return;
    s->base.info.has_skew = true;
    s->base.info.skew_us = start_us + pts_us - s->base.clock->wall_us(s->base.clock->self);
}

static enum vd_codec codec_of(const struct av_source *s)
{
    enum AVCodecID id = s->format->streams[s->stream]->codecpar->codec_id;

    return id == AV_CODEC_ID_H264   ? VD_CODEC_H264
           : id == AV_CODEC_ID_HEVC ? VD_CODEC_H265
                                    : VD_CODEC_JPEG;
}

void vd_av_begin_tap(struct av_source *s)
{
    const AVCodecParameters *par = s->format->streams[s->stream]->codecpar;

    s->base.info.has_packets = s->base.tap.fn != NULL;
    vd_tap_begin(&s->base.tap, codec_of(s), par->extradata, (size_t)par->extradata_size);
}

/* Hands the packet on, placed at mono_us, as who asked for packets wants it. */
static void give_packet(struct av_source *s, int64_t mono_us)
{
    const struct vd_clock *clock = s->base.clock;
    struct vd_packet packet = {
        .data = s->packet->data,
        .size = (size_t)s->packet->size,
        .pts_us = to_us(s, s->packet->pts),
        .dts_us = to_us(s, s->packet->dts),
        .mono_us = mono_us,
        .wall_us = clock->wall_us(clock->self) - (vd_av_now(s) - mono_us),
        .is_key = (s->packet->flags & AV_PKT_FLAG_KEY) != 0,
        .owner = s->packet->buf,
    };

    vd_tap_give(&s->base.tap, codec_of(s), &packet);
}

static void note_packet(struct av_source *s)
{
    struct vd_source_info *info = &s->base.info;
    bool is_key = (s->packet->flags & AV_PKT_FLAG_KEY) != 0;
    int64_t stamp = s->packet->dts != AV_NOPTS_VALUE ? s->packet->dts : s->packet->pts;
    int64_t pts_us = to_us(s, stamp), mono_us;

    info->packets++;
    info->bytes += (uint64_t)s->packet->size;
    s->mean_bytes += (s->packet->size - s->mean_bytes) / (info->packets == 1 ? 1 : SMOOTH);
    mono_us = vd_timing_feed(&s->timing, pts_us, vd_av_now(s), is_key);
    if (s->has_waited)
        vd_timing_fresh(&s->timing);
    note_skew(s, pts_us);
    info->key_us = vd_timing_key_us(&s->timing);
    info->lag_us = s->timing.lag_us;
    info->behind_us = !s->is_file && s->timing.behind_us > s->gathered_us
                          ? s->timing.behind_us - s->gathered_us
                          : 0;
    if (s->timing.interval_us > 0 && !s->is_file)
        info->fps = 1e6F / (float)s->timing.interval_us;
    if (s->base.tap.fn != NULL)
        give_packet(s, mono_us);
}

/* How often this thread has slept of its own accord. */
static long count_waits(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

/* av_read_frame, and whether packets were there already: a late one that had to be waited for
 * was late on its way. Not asked while all is prompt. */
static int read_frame(struct av_source *s)
{
    bool may_be_behind = s->timing.behind_us > BEHIND_US;
    long waits = may_be_behind ? count_waits() : 0;
    int rc = av_read_frame(s->format, s->packet);

    s->has_waited = may_be_behind && count_waits() != waits;
    return rc;
}

/* Reads the next packet of video into s->packet. 1, or 0 at the end of a file. */
static int read_packet(struct av_source *s, enum vd_fault *ret_fault, struct vd_err *err)
{
    int rc;

    for (;;) {
        gather(s);
        s->deadline_us = vd_av_now(s) + s->base.read_timeout_us;
        rc = read_frame(s);
        if (rc == AVERROR_EOF && s->is_file)
            return 0;
        if (rc < 0)
            return read_failed(s, rc, ret_fault, err);
        /* An empty packet would tell the decoder that the stream is over. */
        if (s->packet->stream_index == s->stream && s->packet->size > 0)
            break;
        s->base.info.broken += s->packet->stream_index == s->stream;
        av_packet_unref(s->packet);
    }
    note_packet(s);
    return 1;
}

static int refuse_size(struct av_source *s, const char *size, enum vd_fault *ret_fault,
                       struct vd_err *err)
{
    *ret_fault = VD_FAULT_UNSUPPORTED;
    return vd_err_set(err, VD_EPROTO,
                      "%s: pictures of %s are more than the %lld pixels of ingest.max_pixels",
                      s->where, size, (long long)s->base.max_pixels);
}

/* What was not decoded is missed by all up to the next key frame. */
static void set_effort(struct av_source *s)
{
    static const enum AVDiscard skips[] = {[VD_EFFORT_ALL] = AVDISCARD_DEFAULT,
                                           [VD_EFFORT_REFERENCES] = AVDISCARD_NONREF,
                                           [VD_EFFORT_KEYS] = AVDISCARD_NONKEY,
                                           [VD_EFFORT_NONE] = AVDISCARD_ALL};
    bool has_gap = s->effort >= VD_EFFORT_KEYS && s->base.effort < s->effort;

    if (has_gap && (s->packet->flags & AV_PKT_FLAG_KEY) == 0)
        return;
    s->effort = s->base.effort;
    s->codec->skip_frame = skips[s->effort];
}

/* Takes a finished picture from the decoder. 1; 0: none, or none to be shown. */
static int take_picture(struct av_source *s, struct vd_frame *ret_frame)
{
    struct vd_source_info *info = &s->base.info;
    int64_t pts_us, now_us;

    s->is_plain = false;
    if (avcodec_receive_frame(s->codec, s->frame) < 0)
        return 0;
    if ((s->frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || s->frame->decode_error_flags != 0 ||
        s->frame->width < VD_FRAME_SIDE_MIN || s->frame->height < VD_FRAME_SIDE_MIN ||
        s->frame->width > VD_FRAME_SIDE_MAX || s->frame->height > VD_FRAME_SIDE_MAX) {
        info->broken++;
        return 0;
    }
    if (info->w != s->frame->width || info->h != s->frame->height)
        (void)vd_str_copy(info->format, sizeof info->format,
                          av_get_pix_fmt_name(s->frame->format));
    info->w = s->frame->width;
    info->h = s->frame->height;
    info->frames++;
    pts_us = to_us(s, s->frame->best_effort_timestamp);
    now_us = vd_av_now(s);
    info->decoded_us = now_us;
    *ret_frame = (struct vd_frame){.w = info->w, .h = info->h};
    if (s->is_file) {
        int64_t step_us = info->fps > 0 ? (int64_t)(1e6F / info->fps) : 40000;

        if (pts_us == VD_TIMING_NONE)
            pts_us = s->placed_us + (info->frames > 1 ? step_us : 0);
        s->placed_us = pts_us;
        ret_frame->mono_us = pts_us;
        ret_frame->wall_us = pts_us;
    } else {
        ret_frame->mono_us = vd_timing_place(&s->timing, pts_us, now_us, &s->placed_us);
        ret_frame->wall_us =
            s->base.clock->wall_us(s->base.clock->self) - (now_us - ret_frame->mono_us);
    }
    ret_frame->pts_us = pts_us != VD_TIMING_NONE ? pts_us : ret_frame->mono_us;
    return 1;
}

static int next(struct vd_source *source, struct vd_frame *ret_frame, enum vd_fault *ret_fault,
                struct vd_err *err)
{
    struct av_source *s = (struct av_source *)source;
    int rc;

    if (s->codec == NULL) {
        rc = read_packet(s, ret_fault, err);
        av_packet_unref(s->packet);
        return rc < 0 ? rc : 0;
    }
    if (take_picture(s, ret_frame) == 1) /* more than one from the packet before */
        return 1;
    if (s->is_draining)
        return vd_err_set(err, VD_EEOF, "%s: end", s->where);
    rc = read_packet(s, ret_fault, err);
    if (rc < 0)
        return rc;
    set_effort(s);
    if (rc == 0) {
        s->is_draining = true;
        (void)avcodec_send_packet(s->codec, NULL);
        return take_picture(s, ret_frame);
    }
    if (s->effort == VD_EFFORT_NONE) {
        av_packet_unref(s->packet);
        return 0;
    }
    rc = avcodec_send_packet(s->codec, s->packet);
    av_packet_unref(s->packet);
    if (s->ear.oversize[0] != '\0')
        return refuse_size(s, s->ear.oversize, ret_fault, err);
    if (rc < 0) {
        source->info.broken++; /* the next key frame may heal it; if not, the watchdog sees */
        return 0;
    }
    return take_picture(s, ret_frame);
}

static int luma(struct vd_source *source, struct vd_frame *frame, struct vd_err *err)
{
    AVFrame *view = NULL;
    int rc = vd_av_view((struct av_source *)source, &view, err);

    if (rc < 0)
        return rc;
    frame->luma = view->data[0];
    frame->stride = view->linesize[0];
    return 0;
}

static void close_all(struct vd_source *source)
{
    struct av_source *s = (struct av_source *)source;

    /* TEARDOWN, so that the camera's session is free for the next connect. */
    s->is_closing = true;
    s->deadline_us = vd_av_now(s) + FAREWELL_US;
    vd_tap_fini(&s->base.tap);
    avcodec_free_context(&s->codec);
    avformat_close_input(&s->format);
    av_packet_free(&s->packet);
    av_frame_free(&s->frame);
    av_frame_free(&s->plain);
    sws_freeContext(s->scaler);
    free(s);
}

static const struct vd_source_ops ffmpeg_ops = {next, luma, vd_av_keep, close_all};

int vd_source_ffmpeg_open(struct vd_source **ret_source, const struct vd_source_opts *opts,
                          enum vd_fault *ret_fault, struct vd_err *err)
{
    struct av_source *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "source: out of memory");
    vd_av_log_install();
    vd_source_init(&s->base, &ffmpeg_ops, opts);
    s->is_file = opts->is_file;
    s->is_udp = opts->is_udp;
    s->packet = av_packet_alloc();
    s->frame = av_frame_alloc();
    if (s->packet == NULL || s->frame == NULL)
        rc = vd_err_set(err, VD_ENOMEM, "source: out of memory");
    else
        rc = vd_av_connect(s, opts, ret_fault, err);
    if (rc < 0) {
        close_all(&s->base);
        return rc;
    }
    *ret_source = &s->base;
    return 0;
}
