/* The way from an address to an open decoder. The stream is not analysed beforehand
 * (avformat_find_stream_info): what RTSP describes is enough to decode, the rest is learnt from
 * the first picture, and a camera is watched a second or five sooner. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "ingest/source/av_fault.h"
#include "ingest/source/ffmpeg.h"
#include "ingest/source/ffmpeg_hw.h"
#include "ingest/source/url.h"

enum { SNIFF_US = 1000 * 1000 };

static int interrupted(void *arg) /* called by libavformat while it blocks */
{
    const struct av_source *s = arg;

    if (vd_stop_requested(s->base.stop) && !s->is_closing)
        return 1;
    return vd_av_now(s) > s->deadline_us;
}

static int new_format(struct av_source *s, struct vd_err *err)
{
    s->format = avformat_alloc_context();
    if (s->format == NULL)
        return vd_err_set(err, VD_ENOMEM, "%s: out of memory", s->where);
    s->format->interrupt_callback = (AVIOInterruptCB){.callback = interrupted, .opaque = s};
    s->format->opaque = &s->ear;
    return 0;
}

static int set_options(AVDictionary **options, const struct av_source *s, bool is_udp)
{
    int rc = 0;

    rc |= av_dict_set(options, "rtsp_transport", is_udp ? "udp" : "tcp", 0);
    rc |= av_dict_set(options, "allowed_media_types", "video", 0);
    rc |= av_dict_set(options, "protocol_whitelist", "rtsp,rtsps,rtp,udp,tcp,tls,crypto", 0);
    rc |= av_dict_set(options, "user_agent", "Vedette", 0);
    /* Ours end first: libav's would be reported as invalid data. */
    rc |= av_dict_set_int(options, "timeout",
                          2 * (s->base.open_timeout_us + s->base.read_timeout_us), 0);
    return rc < 0 ? VD_ENOMEM : 0;
}

/* What libav's code leaves open: asks the port what it speaks. */
static enum vd_fault ask_port(const struct av_source *s, const struct vd_url *url,
                              const char *address, const char **ret_what)
{
    bool is_late = vd_av_now(s) > s->deadline_us;
    enum vd_speaks speaks = VD_SPEAKS_NOTHING;

    (void)vd_reach_sniff(address, url, vd_av_now(s) + SNIFF_US, s->base.stop, &speaks, NULL);
    *ret_what = "answers with something else than RTSP";
    if (speaks == VD_SPEAKS_OTHER)
        return VD_FAULT_PROTO;
    *ret_what = "answers with a web page, not RTSP";
    if (speaks == VD_SPEAKS_HTTP)
        return VD_FAULT_PROTO;
    *ret_what = "no answer in time";
    if (is_late)
        return VD_FAULT_TIMEOUT;
    *ret_what = "its description of the stream can't be used";
    if (s->ear.has_sdp)
        return VD_FAULT_PROTO;
    *ret_what = "hangs up before it describes a stream";
    return VD_FAULT_CLOSED;
}

/* Gives a failure its name where libav's code does not. */
static int name_failure(struct av_source *s, const struct vd_url *url, const char *address,
                        int av_code, enum vd_fault *ret_fault, struct vd_err *err)
{
    enum vd_fault fault = vd_av_fault(av_code, &s->ear);
    const char *what;

    if (vd_stop_requested(s->base.stop))
        return vd_err_set(err, VD_ESTOP, "%s: stopping", s->where);
    if (s->ear.has_sdp && !s->ear.has_video) {
        *ret_fault = VD_FAULT_UNSUPPORTED;
        return vd_err_set(err, VD_EPROTO, "%s: no video in this stream%s", s->where,
                          s->ear.has_audio ? ", only audio" : "");
    }
    *ret_fault = fault;
    if (s->ear.status != 0)
        return vd_err_set(err, VD_EIO, "%s: refused with RTSP status %d", s->where,
                          s->ear.status);
    if (fault != VD_FAULT_OTHER && fault != VD_FAULT_CLOSED && fault != VD_FAULT_TIMEOUT &&
        fault != VD_FAULT_PROTO)
        return vd_av_fail(fault, av_code, s->where, err);
    *ret_fault = ask_port(s, url, address, &what);
    return vd_err_set(err, *ret_fault == VD_FAULT_TIMEOUT ? VD_ETIMEOUT : VD_EPROTO, "%s: %s",
                      s->where, what);
}

static int open_rtsp(struct av_source *s, const struct vd_source_opts *opts,
                     enum vd_fault *ret_fault, struct vd_err *err)
{
    char address[VD_REACH_ADDRESS_MAX], *full;
    AVDictionary *options = NULL;
    struct vd_url url;
    int rc = vd_url_parse(opts->url, &url, err);

    if (rc < 0) {
        *ret_fault = VD_FAULT_UNSUPPORTED;
        return rc;
    }
    (void)snprintf(s->where, sizeof s->where, "%s:%d", url.host, url.port);
    rc = vd_reach_resolve(url.host, s->deadline_us, s->base.stop, address, err);
    if (rc < 0) {
        *ret_fault = rc == VD_ESTOP ? VD_FAULT_NONE : VD_FAULT_DNS;
        return rc;
    }
    full = vd_secret_alloc(VD_URL_MAX);
    if (full == NULL)
        return vd_err_set(err, VD_ENOMEM, "%s: out of memory", s->where);
    rc = vd_url_build(&url, address, opts->user, opts->password, full, VD_URL_MAX, err);
    if (rc == 0)
        rc = new_format(s, err);
    if (rc == 0 && set_options(&options, s, opts->is_udp) < 0)
        rc = vd_err_set(err, VD_ENOMEM, "%s: out of memory", s->where);
    if (rc == 0) {
        /* Frees the context when it fails. */
        int av = avformat_open_input(&s->format, full, av_find_input_format("rtsp"), &options);

        if (av < 0)
            rc = name_failure(s, &url, address, av, ret_fault, err);
    }
    av_dict_free(&options);
    vd_secret_free(full);
    return rc;
}

static int open_file(struct av_source *s, const struct vd_source_opts *opts,
                     enum vd_fault *ret_fault, struct vd_err *err)
{
    AVDictionary *options = NULL;
    char path[VD_URL_MAX];
    int rc = new_format(s, err);

    if (rc < 0)
        return rc;
    (void)vd_str_copy(s->where, sizeof s->where, opts->url);
    if (snprintf(path, sizeof path, "file:%s", opts->url) >= (int)sizeof path)
        return vd_err_set(err, VD_EINVAL, "file name too long");
    (void)av_dict_set(&options, "protocol_whitelist", "file", 0);
    rc = avformat_open_input(&s->format, path, NULL, &options);
    av_dict_free(&options);
    if (rc == 0)
        rc = avformat_find_stream_info(s->format, NULL);
    if (rc >= 0)
        return 0;
    *ret_fault = VD_FAULT_OTHER;
    return vd_av_fail(VD_FAULT_OTHER, rc, s->where, err);
}

static int pick_stream(struct av_source *s, enum vd_fault *ret_fault, struct vd_err *err)
{
    s->stream = -1;
    for (unsigned i = 0; i < s->format->nb_streams; i++) {
        AVStream *st = s->format->streams[i];

        if (st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && s->stream < 0 &&
            (st->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0)
            s->stream = (int)i;
        else
            st->discard = AVDISCARD_ALL;
        s->base.info.has_audio |= st->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    }
    s->base.info.has_audio |= s->ear.has_audio;
    if (s->stream >= 0) {
        if (s->is_file)
            s->base.info.fps = (float)av_q2d(s->format->streams[s->stream]->avg_frame_rate);
        return 0;
    }
    *ret_fault = VD_FAULT_UNSUPPORTED;
    return vd_err_set(err, VD_EPROTO, "%s: no video in this stream%s", s->where,
                      s->base.info.has_audio ? ", only audio" : "");
}

static int check_codec(const struct av_source *s, const AVCodecParameters *par,
                       enum vd_fault *ret_fault, struct vd_err *err)
{
    bool is_known = par->codec_id == AV_CODEC_ID_H264 || par->codec_id == AV_CODEC_ID_HEVC ||
                    par->codec_id == AV_CODEC_ID_MJPEG;

    /* A recording may be of any codec: nobody but its owner chose it. */
    if (is_known || s->is_file)
        return 0;
    *ret_fault = VD_FAULT_UNSUPPORTED;
    return vd_err_set(err, VD_EPROTO, "%s: codec '%s' is not H.264, H.265 or MJPEG", s->where,
                      avcodec_get_name(par->codec_id));
}

static int open_codec(struct av_source *s, const struct vd_source_opts *opts,
                      enum vd_fault *ret_fault, struct vd_err *err)
{
    const AVCodecParameters *par = s->format->streams[s->stream]->codecpar;
    const AVCodec *decoder = avcodec_find_decoder(par->codec_id);
    int rc = check_codec(s, par, ret_fault, err);

    if (rc < 0)
        return rc;
    (void)vd_str_copy(s->base.info.codec, sizeof s->base.info.codec,
                      avcodec_get_name(par->codec_id));
    vd_av_begin_tap(s);
    if (opts->is_read_only)
        return 0;
    s->codec = decoder != NULL ? avcodec_alloc_context3(decoder) : NULL;
    if (s->codec == NULL || avcodec_parameters_to_context(s->codec, par) < 0) {
        *ret_fault = VD_FAULT_UNSUPPORTED;
        return vd_err_set(err, VD_EPROTO, "%s: no decoder for '%s'", s->where,
                          avcodec_get_name(par->codec_id));
    }
    s->codec->opaque = &s->ear;
    s->codec->thread_count = 1;
    s->codec->max_pixels = s->base.max_pixels;
    s->codec->pkt_timebase = s->format->streams[s->stream]->time_base;
    if (!s->is_file)
        s->codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
    if (!opts->wants_exact)
        s->codec->skip_loop_filter = AVDISCARD_ALL;
    vd_av_hw_prepare(s, opts->decode, decoder);
    rc = avcodec_open2(s->codec, decoder, NULL);
    if (rc < 0) {
        *ret_fault = s->ear.oversize[0] != '\0' ? VD_FAULT_UNSUPPORTED : VD_FAULT_DECODE;
        return vd_av_fail(*ret_fault, rc, s->where, err);
    }
    return 0;
}

int vd_av_connect(struct av_source *s, const struct vd_source_opts *opts,
                  enum vd_fault *ret_fault, struct vd_err *err)
{
    int rc;

    s->deadline_us = vd_av_now(s) + s->base.open_timeout_us;
    rc = s->is_file ? open_file(s, opts, ret_fault, err) : open_rtsp(s, opts, ret_fault, err);
    if (rc == 0)
        rc = pick_stream(s, ret_fault, err);
    if (rc == 0)
        rc = open_codec(s, opts, ret_fault, err);
    return rc;
}
