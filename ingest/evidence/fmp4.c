#include "ingest/evidence/fmp4.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/evidence/fmp4_bytes.h"

enum { IO_BYTES = 32 * 1024, TICKS = 90000, PIXELS_MAX = 36 * 1000 * 1000 };

/* What the muxer wrote since it was last emptied. */
struct pile {
    uint8_t *data;
    size_t len, size;
    bool is_short; /* something did not fit */
};

struct vd_fmp4 {
    struct vd_params *params;
    AVFormatContext *format;
    AVPacket *packet;
    struct pile pile;
    uint8_t *init;
    size_t init_len;
    char codec_text[VD_FMP4_CODEC_TEXT];
    struct vd_fmp4_line line;
    int n_pending;
    size_t pending_bytes;
    int64_t first_pts, first_dts, end_dts; /* of what is pending */
};

static int mux_failed(int av_code, struct vd_err *err)
{
    char text[AV_ERROR_MAX_STRING_SIZE];

    (void)av_strerror(av_code, text, sizeof text);
    return vd_err_set(err, av_code == AVERROR(ENOMEM) ? VD_ENOMEM : VD_EPROTO, "mp4: %s", text);
}

static int take_bytes(void *arg, uint8_t *data, int n) /* called by libavformat */
{
    struct pile *pile = arg;
    size_t len = (size_t)n;

    if (pile->len + len > pile->size) {
        size_t size = (pile->len + len) * 2;
        uint8_t *more = size <= (size_t)VD_FMP4_CUT_MAX * 4 ? realloc(pile->data, size) : NULL;

        if (more == NULL) {
            pile->is_short = true;
            return AVERROR(ENOMEM);
        }
        pile->data = more;
        pile->size = size;
    }
    memcpy(pile->data + pile->len, data, len);
    pile->len += len;
    return n;
}

/* ---- what the stream is ---- */

static enum AVCodecID id_of(const struct vd_params *params)
{
    return params->codec == VD_CODEC_H265 ? AV_CODEC_ID_HEVC : AV_CODEC_ID_H264;
}

static int set_extradata(uint8_t **data, int *size, const struct vd_params *params)
{
    *data = av_mallocz(params->n_sets + AV_INPUT_BUFFER_PADDING_SIZE);
    if (*data == NULL)
        return VD_ENOMEM;
    memcpy(*data, params->sets, params->n_sets);
    *size = (int)params->n_sets;
    return 0;
}

/* Points our packet to a borrowed one's bytes: only read, owned by nobody. */
static void borrow(AVPacket *to, const struct vd_packet *packet)
{
    av_packet_unref(to);
    to->data = (uint8_t *)(uintptr_t)packet->data;
    to->size = (int)packet->size;
    to->flags = packet->is_key ? AV_PKT_FLAG_KEY : 0;
}

/* How far order of decoding and of showing differ: the decoder knows once it saw a picture. */
static int learn_order(struct vd_fmp4 *f, const struct vd_packet *first, struct vd_err *err)
{
    const AVCodec *decoder = avcodec_find_decoder(id_of(first->params));
    AVCodecContext *ctx = avcodec_alloc_context3(decoder);
    int rc = 0;

    if (ctx == NULL ||
        set_extradata(&ctx->extradata, &ctx->extradata_size, first->params) < 0) {
        rc = vd_err_set(err, VD_ENOMEM, "mp4: out of memory");
    } else {
        ctx->thread_count = 1;
        ctx->skip_loop_filter = AVDISCARD_ALL;
        ctx->max_pixels = PIXELS_MAX;
        borrow(f->packet, first);
        if (avcodec_open2(ctx, decoder, NULL) == 0)
            (void)avcodec_send_packet(ctx, f->packet);
        if (ctx->width < 1)
            rc = vd_err_set(err, VD_EPROTO, "mp4: parameter sets that nobody understands");
        vd_fmp4_line_init(&f->line, ctx->has_b_frames);
    }
    avcodec_free_context(&ctx);
    return rc;
}

/* ---- the muxer ---- */

static int open_muxer(struct vd_fmp4 *f, struct vd_err *err)
{
    enum AVCodecID id = id_of(f->params);
    AVDictionary *options = NULL;
    uint8_t *buffer = av_malloc(IO_BYTES);
    AVStream *st;
    int rc;

    if (buffer == NULL || avformat_alloc_output_context2(&f->format, NULL, "mp4", NULL) < 0 ||
        (f->format->pb = avio_alloc_context(buffer, IO_BYTES, 1, &f->pile, NULL, take_bytes,
                                            NULL)) == NULL) {
        av_free(buffer);
        return vd_err_set(err, VD_ENOMEM, "mp4: out of memory");
    }
    f->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    f->format->pb->seekable = 0;
    st = avformat_new_stream(f->format, NULL);
    if (st == NULL ||
        set_extradata(&st->codecpar->extradata, &st->codecpar->extradata_size, f->params) < 0)
        return vd_err_set(err, VD_ENOMEM, "mp4: out of memory");
    st->time_base = (AVRational){1, TICKS};
    st->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    st->codecpar->codec_id = id;
    st->codecpar->codec_tag =
        id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : MKTAG('a', 'v', 'c', '1');
    st->codecpar->width = f->params->w;
    st->codecpar->height = f->params->h;
    /* Times as given, from the first on (frag_discont); no index that grows (skip_trailer). */
    (void)av_dict_set(&options, "movflags",
                      "empty_moov+default_base_moof+frag_custom+frag_discont+skip_trailer", 0);
    (void)av_dict_set(&options, "use_editlist", "0", 0);
    (void)av_dict_set(&options, "avoid_negative_ts", "disabled", 0);
    rc = avformat_write_header(f->format, &options);
    av_dict_free(&options);
    if (rc < 0)
        return mux_failed(rc, err);
    avio_flush(f->format->pb);
    return f->pile.is_short ? vd_err_set(err, VD_ENOMEM, "mp4: out of memory") : 0;
}

/* Keeps what was written as the init segment, and reads the codec's name out of it. */
static int keep_init(struct vd_fmp4 *f, struct vd_err *err)
{
    f->init = malloc(f->pile.len);
    if (f->init == NULL)
        return vd_err_set(err, VD_ENOMEM, "mp4: out of memory");
    memcpy(f->init, f->pile.data, f->pile.len);
    f->init_len = f->pile.len;
    f->pile.len = 0;
    return vd_fmp4_codec_text(f->params->codec, f->init, f->init_len, f->codec_text, err);
}

static int check(const struct vd_packet *packet, struct vd_err *err)
{
    if (packet->size >= 5 && packet->size <= VD_FMP4_PACKET_MAX)
        return 0;
    return vd_err_set(err, VD_EINVAL, "mp4: a picture of %zu bytes", packet->size);
}

static int check_first(const struct vd_packet *first, struct vd_err *err)
{
    if (first->params->codec == VD_CODEC_JPEG)
        return vd_err_set(err, VD_EINVAL, "mp4: JPEG is not for MP4");
    if (!first->is_key)
        return vd_err_set(err, VD_EINVAL, "mp4: the first picture is no key frame");
    if (first->params->w < 1 || first->params->h < 1)
        return vd_err_set(err, VD_EPROTO, "mp4: the stream tells no size of its pictures");
    return check(first, err);
}

int vd_fmp4_open(struct vd_fmp4 **ret_fmp4, const struct vd_packet *first, struct vd_err *err)
{
    struct vd_fmp4 *f;
    int rc = check_first(first, err);

    if (rc < 0)
        return rc;
    f = calloc(1, sizeof *f);
    if (f == NULL)
        return vd_err_set(err, VD_ENOMEM, "mp4: out of memory");
    f->params = vd_params_ref(first->params);
    f->packet = av_packet_alloc();
    if (f->packet == NULL)
        rc = vd_err_set(err, VD_ENOMEM, "mp4: out of memory");
    if (rc < 0 || (rc = learn_order(f, first, err)) < 0 || (rc = open_muxer(f, err)) < 0 ||
        (rc = keep_init(f, err)) < 0) {
        vd_fmp4_close(&f);
        return rc;
    }
    *ret_fmp4 = f;
    return 0;
}

void vd_fmp4_close(struct vd_fmp4 **fmp4)
{
    struct vd_fmp4 *f = *fmp4;

    *fmp4 = NULL;
    if (f == NULL)
        return;
    if (f->format != NULL) {
        AVIOContext *pb = f->format->pb;

        /* Frees what the muxer has of its own; what is pending goes to a pile nobody reads. */
        if (f->init != NULL)
            (void)av_write_trailer(f->format);
        if (pb != NULL)
            av_freep(&pb->buffer);
        avio_context_free(&f->format->pb);
        avformat_free_context(f->format);
    }
    av_packet_free(&f->packet);
    free(f->pile.data);
    free(f->init);
    vd_params_unref(&f->params);
    free(f);
}

void vd_fmp4_init(const struct vd_fmp4 *f, const uint8_t **ret_data, size_t *ret_len)
{
    *ret_data = f->init;
    *ret_len = f->init_len;
}

const char *vd_fmp4_codec(const struct vd_fmp4 *f)
{
    return f->codec_text;
}

int vd_fmp4_add(struct vd_fmp4 *f, const struct vd_packet *packet, int64_t duration_us,
                struct vd_err *err)
{
    int64_t pts, dts, duration = duration_us * 9 / 100;
    int rc = check(packet, err);

    if (rc < 0)
        return rc;
    if (packet->params != f->params)
        return vd_err_set(err, VD_EINVAL, "mp4: the stream's parameters changed");
    if (f->pending_bytes + packet->size > VD_FMP4_CUT_MAX)
        return vd_err_set(err, VD_EAGAIN, "mp4: over %d bytes in one fragment",
                          VD_FMP4_CUT_MAX);
    vd_fmp4_place(&f->line, packet->pts_us, packet->mono_us, &pts, &dts);
    duration = duration > 0 ? duration : f->line.interval;
    borrow(f->packet, packet);
    f->packet->pts = pts;
    f->packet->dts = dts;
    f->packet->duration = duration;
    rc = av_write_frame(f->format, f->packet);
    if (rc < 0)
        return mux_failed(rc, err);
    if (f->n_pending++ == 0) {
        f->first_pts = pts;
        f->first_dts = dts;
    }
    f->end_dts = dts + duration;
    f->pending_bytes += packet->size;
    return 0;
}

int vd_fmp4_pending(const struct vd_fmp4 *f, int64_t *ret_us)
{
    *ret_us = f->n_pending > 0 ? (f->end_dts - f->first_dts) * 100 / 9 : 0;
    return f->n_pending;
}

int vd_fmp4_cut(struct vd_fmp4 *f, const uint8_t **ret_data, size_t *ret_len, int64_t *ret_us,
                struct vd_err *err)
{
    int n = f->n_pending, rc;

    if (n == 0)
        return 0;
    f->pile.len = 0;
    f->pile.is_short = false;
    f->n_pending = 0;
    f->pending_bytes = 0;
    rc = av_write_frame(f->format, NULL);
    avio_flush(f->format->pb);
    if (rc < 0)
        return mux_failed(rc, err);
    if (f->pile.is_short)
        return vd_err_set(err, VD_ENOMEM, "mp4: out of memory");
    *ret_data = f->pile.data;
    *ret_len = f->pile.len;
    if (ret_us != NULL)
        *ret_us = f->first_pts * 100 / 9;
    return n;
}
