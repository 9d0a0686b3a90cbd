#include "tests/support/film.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/source/tap.h"

enum { INTERVAL_US = 40000 };

/* x265 forgets a little each time it opens; what is ours is still told. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265";
}

static void need(bool is_so, const char *what)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "film: %s\n", what);
    abort();
}

static AVCodecContext *open_encoder(bool is_h265, int w, int h, int gop, int b_frames)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(is_h265 ? "libx265" : "libx264");
    AVCodecContext *enc = avcodec_alloc_context3(codec);
    char params[160];

    need(codec != NULL && enc != NULL, "no encoder");
    enc->width = w;
    enc->height = h;
    enc->pix_fmt = AV_PIX_FMT_YUV420P;
    enc->time_base = (AVRational){INTERVAL_US, 1000000};
    enc->gop_size = gop;
    enc->max_b_frames = b_frames;
    enc->thread_count = 1;
    enc->log_level_offset = AV_LOG_DEBUG; /* what x264 has to tell of each film */
    (void)snprintf(params, sizeof params,
                   "keyint=%d:min-keyint=%d:scenecut=0:bframes=%d:b-adapt=0:open-gop=0%s", gop,
                   gop, b_frames, is_h265 ? ":repeat-headers=1:log-level=none:pools=none" : "");
    (void)av_opt_set(enc->priv_data, is_h265 ? "x265-params" : "x264-params", params, 0);
    (void)av_opt_set(enc->priv_data, "preset", "ultrafast", 0);
    if (!is_h265)
        (void)av_opt_set(enc->priv_data, "profile", "main", 0);
    need(avcodec_open2(enc, codec, NULL) == 0, "the encoder does not open");
    return enc;
}

/* A block that moves over a slope: every picture differs. */
static void draw(AVFrame *frame, int i)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            frame->data[0][y * frame->linesize[0] + x] =
                (uint8_t)(x - i * 3 >= 0 && x - i * 3 < 24 && y > 20 ? 220 : x / 2 + y / 2);
    for (int p = 1; p < 3; p++)
        memset(frame->data[p], 128, (size_t)frame->linesize[p] * (size_t)(frame->height / 2));
}

static void put(void *arg, const struct vd_packet *packet)
{
    struct film *film = arg;

    need(vd_packet_ref(&film->packets[film->n++], packet, NULL) == 0, "out of memory");
}

static void take(struct film *film, AVCodecContext *enc, AVPacket *packet, struct vd_tap *tap)
{
    enum vd_codec codec = enc->codec_id == AV_CODEC_ID_HEVC ? VD_CODEC_H265 : VD_CODEC_H264;

    while (avcodec_receive_packet(enc, packet) == 0) {
        struct vd_packet p = {.data = packet->data,
                              .size = (size_t)packet->size,
                              .pts_us = packet->pts * INTERVAL_US,
                              .dts_us = VD_PACKET_NO_TIME,
                              .mono_us = (int64_t)film->n * INTERVAL_US,
                              .is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0,
                              .owner = packet->buf};

        vd_tap_give(tap, codec, &p);
        av_packet_unref(packet);
    }
}

struct film film_make(bool is_h265, int w, int h, int n, int gop, int b_frames)
{
    struct film film = {.n = 0};
    struct vd_tap tap = {.fn = put, .arg = &film};
    AVCodecContext *enc = open_encoder(is_h265, w, h, gop, b_frames);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();

    film.packets = calloc((size_t)n, sizeof film.packets[0]);
    need(packet != NULL && frame != NULL && film.packets != NULL, "out of memory");
    frame->width = w;
    frame->height = h;
    frame->format = AV_PIX_FMT_YUV420P;
    need(av_frame_get_buffer(frame, 0) == 0, "out of memory");
    for (int i = 0; i < n; i++) {
        need(av_frame_make_writable(frame) == 0, "out of memory");
        draw(frame, i);
        frame->pts = i;
        need(avcodec_send_frame(enc, frame) == 0, "the encoder refuses a picture");
        take(&film, enc, packet, &tap);
    }
    (void)avcodec_send_frame(enc, NULL);
    take(&film, enc, packet, &tap);
    need(film.n == n, "the encoder lost a picture");
    vd_tap_fini(&tap);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&enc);
    return film;
}

void film_free(struct film *film)
{
    for (int i = 0; i < film->n; i++)
        vd_packet_unref(&film->packets[i]);
    free(film->packets);
    *film = (struct film){.n = 0};
}
