/* clip-read FILE: decodes a clip as a player does and says of each picture, a line each: when
 * it is shown (microseconds), the number that the simulated scene burned into it (-1: none),
 * its size, and the mean luma of the parts named by -p x,y,w,h (0..1). Exits 1 when a picture
 * can't be decoded. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/camsim/scene.h"

enum { PARTS_MAX = 8 };

static struct part {
    double x, y, w, h;
} parts[PARTS_MAX];
static int n_parts;

static double mean(const AVFrame *f, const struct part *p)
{
    int x0 = (int)(p->x * f->width), x1 = (int)((p->x + p->w) * f->width);
    int y0 = (int)(p->y * f->height), y1 = (int)((p->y + p->h) * f->height);
    double sum = 0;

    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            sum += f->data[0][(ptrdiff_t)y * f->linesize[0] + x];
    return sum / ((double)(x1 - x0) * (y1 - y0));
}

static void show(const AVFrame *f, AVRational base)
{
    printf("%lld %d %dx%d",
           (long long)av_rescale_q(f->best_effort_timestamp, base, AV_TIME_BASE_Q),
           vd_scene_read_number(f->data[0], f->linesize[0], f->width, f->height), f->width,
           f->height);
    for (int i = 0; i < n_parts; i++)
        printf(" %.2f", mean(f, &parts[i]));
    putchar('\n');
}

static int fail(const char *what, int rc)
{
    fprintf(stderr, "%s: %s\n", what, av_err2str(rc));
    return 1;
}

static int play(AVFormatContext *format, int stream, AVCodecContext *codec)
{
    AVRational base = format->streams[stream]->time_base;
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    bool is_over = false;
    int rc, bad = 0;

    while (!is_over) {
        rc = av_read_frame(format, packet);
        is_over = rc == AVERROR_EOF;
        if (rc < 0 && !is_over)
            return fail("read", rc);
        rc = avcodec_send_packet(codec, is_over ? NULL : packet);
        av_packet_unref(packet);
        if (rc < 0)
            return fail("decode", rc);
        while (avcodec_receive_frame(codec, frame) == 0) {
            bad |=
                frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0;
            show(frame, base);
        }
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    return bad;
}

int main(int argc, char **argv)
{
    AVFormatContext *format = NULL;
    const AVCodec *decoder = NULL;
    AVCodecContext *codec;
    int rc, stream;

    for (; argc > 3 && strcmp(argv[1], "-p") == 0 && n_parts < PARTS_MAX;
         argc -= 2, argv += 2) {
        struct part *p = &parts[n_parts++];

        if (sscanf(argv[2], "%lf,%lf,%lf,%lf", &p->x, &p->y, &p->w, &p->h) != 4)
            return 2;
    }
    if (argc != 2)
        return 2;
    av_log_set_level(AV_LOG_ERROR);
    rc = avformat_open_input(&format, argv[1], NULL, NULL);
    if (rc < 0)
        return fail(argv[1], rc);
    rc = avformat_find_stream_info(format, NULL);
    if (rc < 0)
        return fail(argv[1], rc);
    stream = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
    if (stream < 0)
        return fail("no video", stream);
    codec = avcodec_alloc_context3(decoder);
    (void)avcodec_parameters_to_context(codec, format->streams[stream]->codecpar);
    rc = avcodec_open2(codec, decoder, NULL);
    if (rc < 0)
        return fail("decoder", rc);
    rc = play(format, stream, codec);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
    return rc;
}
