#include <criterion/criterion.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/evidence/fmp4.h"
#include "tests/support/film.h"

static struct vd_fmp4 *open_on(const struct film *film)
{
    struct vd_fmp4 *f = NULL;
    struct vd_err err = {0};

    cr_assert_eq(vd_fmp4_open(&f, &film->packets[0], &err), 0, "%s", err.msg);
    return f;
}

struct bytes {
    uint8_t *data;
    size_t len, at;
};

static void append(struct bytes *b, const uint8_t *data, size_t len)
{
    b->data = realloc(b->data, b->len + len);
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

/* The whole film as one file, cut before every every-th picture. */
static struct bytes mux(struct vd_fmp4 *f, const struct film *film, int every)
{
    struct bytes b = {0};
    const uint8_t *data;
    size_t len;
    int n = 0;

    vd_fmp4_init(f, &data, &len);
    append(&b, data, len);
    for (int i = 0; i < film->n; i++) {
        cr_assert_eq(vd_fmp4_add(f, &film->packets[i], 0, NULL), 0);
        if ((i + 1) % every != 0 && i + 1 < film->n)
            continue;
        n += vd_fmp4_cut(f, &data, &len, NULL, NULL);
        append(&b, data, len);
    }
    cr_assert_eq(n, film->n);
    cr_assert_eq(vd_fmp4_cut(f, &data, &len, NULL, NULL), 0);
    return b;
}

static int read_bytes(void *arg, uint8_t *to, int n)
{
    struct bytes *b = arg;
    size_t left = b->len - b->at, take = left < (size_t)n ? left : (size_t)n;

    memcpy(to, b->data + b->at, take);
    b->at += take;
    return take > 0 ? (int)take : AVERROR_EOF;
}

static AVFormatContext *demux(struct bytes *b)
{
    AVFormatContext *in = avformat_alloc_context();

    b->at = 0;
    in->pb = avio_alloc_context(av_malloc(4096), 4096, 0, b, read_bytes, NULL, NULL);
    cr_assert_eq(avformat_open_input(&in, NULL, av_find_input_format("mp4"), NULL), 0);
    cr_assert_geq(avformat_find_stream_info(in, NULL), 0);
    cr_assert_eq(in->nb_streams, 1);
    return in;
}

static void demux_end(AVFormatContext *in)
{
    AVIOContext *pb = in->pb;

    avformat_close_input(&in);
    av_freep(&pb->buffer);
    avio_context_free(&pb);
}

/* Reads every packet; times in ticks from the first picture's. Returns how many. */
static int read_all(struct bytes *b, int64_t *pts, int64_t *dts, int max, int *ret_pictures)
{
    AVFormatContext *in = demux(b);
    AVCodecContext *dec =
        avcodec_alloc_context3(avcodec_find_decoder(in->streams[0]->codecpar->codec_id));
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int n = 0;

    avcodec_parameters_to_context(dec, in->streams[0]->codecpar);
    cr_assert_eq(avcodec_open2(dec, NULL, NULL), 0);
    cr_assert_eq(in->streams[0]->time_base.den, 90000);
    *ret_pictures = 0;
    while (av_read_frame(in, packet) >= 0) {
        cr_assert_lt(n, max);
        pts[n] = packet->pts;
        dts[n++] = packet->dts;
        (void)avcodec_send_packet(dec, packet);
        while (avcodec_receive_frame(dec, frame) == 0)
            *ret_pictures += frame->decode_error_flags == 0;
        av_packet_unref(packet);
    }
    avcodec_send_packet(dec, NULL);
    while (avcodec_receive_frame(dec, frame) == 0)
        *ret_pictures += frame->decode_error_flags == 0;
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&dec);
    demux_end(in);
    return n;
}

Test(fmp4, gives_back_every_picture_at_its_time)
{
    static const struct {
        bool is_h265;
        int b_frames, every;
        const char *codec;
    } rows[] = {
        {false, 0, 5, "avc1.42c00b"},     {false, 2, 1, "avc1.4d400b"},
        {false, 3, 7, "avc1.4d400b"},     {true, 0, 4, "hvc1.1.6.L30.90"},
        {true, 3, 60, "hvc1.1.6.L30.90"},
    };

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct film film = film_make(rows[r].is_h265, 160, 96, 60, 20, rows[r].b_frames);
        struct vd_fmp4 *f = open_on(&film);
        struct bytes b = mux(f, &film, rows[r].every);
        int64_t pts[64], dts[64];
        int pictures;

        cr_expect_str_eq(vd_fmp4_codec(f), rows[r].codec);
        cr_assert_eq(read_all(&b, pts, dts, 64, &pictures), 60);
        cr_expect_eq(pictures, 60, "row %zu: %d pictures", r, pictures);
        for (int i = 0; i < 60; i++) {
            cr_expect_eq(pts[i] - pts[0], film.packets[i].pts_us * 9 / 100, "row %zu, %d", r,
                         i);
            cr_expect_leq(dts[i], pts[i], "row %zu, %d", r, i);
            cr_expect(i == 0 || dts[i] - dts[i - 1] == 3600, "row %zu, %d", r, i);
        }
        free(b.data);
        vd_fmp4_close(&f);
        film_free(&film);
    }
}

Test(fmp4, a_fragment_that_was_cut_is_whole_whatever_follows)
{
    struct film film = film_make(false, 160, 96, 30, 10, 0);
    struct vd_fmp4 *f = open_on(&film);
    struct bytes b = {0};
    const uint8_t *data;
    int64_t pts[64], dts[64], us;
    int pictures;
    size_t len;

    vd_fmp4_init(f, &data, &len);
    append(&b, data, len);
    for (int i = 0; i < 30; i++) {
        cr_assert_eq(vd_fmp4_add(f, &film.packets[i], 0, NULL), 0);
        if (i != 9 && i != 19)
            continue;
        cr_assert_eq(vd_fmp4_pending(f, &us), 10);
        cr_expect_eq(us, 400000);
        cr_assert_eq(vd_fmp4_cut(f, &data, &len, &us, NULL), 10);
        cr_expect_eq(us, i == 9 ? 0 : 400000);
        append(&b, data, len);
        cr_assert_eq(memcmp(data + 4, "moof", 4), 0);
    }
    vd_fmp4_close(&f); /* ten pictures wait, and are lost, as in a crash */
    cr_assert_eq(read_all(&b, pts, dts, 64, &pictures), 20);
    cr_expect_eq(pictures, 20);
    b.len -= 100; /* a tail half written costs the last fragment's end, nothing before it */
    cr_assert_geq(read_all(&b, pts, dts, 64, &pictures), 10);
    free(b.data);
    film_free(&film);
}

Test(fmp4, a_stream_that_changes_needs_another)
{
    struct film film = film_make(false, 160, 96, 10, 5, 0);
    struct film other = film_make(false, 320, 192, 10, 5, 0);
    struct vd_fmp4 *f = open_on(&film);
    const uint8_t *data;
    size_t len;

    cr_assert_eq(vd_fmp4_add(f, &film.packets[0], 0, NULL), 0);
    cr_expect_eq(vd_fmp4_add(f, &other.packets[5], 0, NULL), VD_EINVAL);
    cr_assert_eq(vd_fmp4_cut(f, &data, &len, NULL, NULL), 1);
    vd_fmp4_close(&f);
    film_free(&film);
    film_free(&other);
}

Test(fmp4, refuses_what_can_not_begin_a_stream)
{
    struct film film = film_make(false, 160, 96, 10, 5, 0);
    struct vd_packet first = film.packets[0];
    static const uint8_t junk[] = {0, 0, 0, 1, 0x67, 0xff, 0, 0, 0, 1, 0x68, 0x88};
    static const uint8_t slice[80] = {0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21};
    struct vd_params params = {.codec = VD_CODEC_H264, .sets = junk, .n_sets = sizeof junk};
    struct vd_fmp4 *f = NULL;
    struct vd_err err = {0};

    cr_expect_eq(vd_fmp4_open(&f, &film.packets[1], &err), VD_EINVAL);
    cr_expect_str_eq(err.msg, "mp4: the first picture is no key frame");
    first.size = (size_t)VD_FMP4_PACKET_MAX + 1;
    cr_expect_eq(vd_fmp4_open(&f, &first, &err), VD_EINVAL);
    first.size = 4;
    cr_expect_eq(vd_fmp4_open(&f, &first, &err), VD_EINVAL);
    first = film.packets[0];
    atomic_init(&params.refs, 1);
    first.params = &params;
    cr_expect_eq(vd_fmp4_open(&f, &first, &err), VD_EPROTO);
    cr_expect_str_eq(err.msg, "mp4: the stream tells no size of its pictures");
    params.w = params.h = 96;
    first.data = slice;
    first.size = 16;
    cr_expect_eq(vd_fmp4_open(&f, &first, &err), VD_EPROTO, "%s", err.msg);
    params.n_sets = 0;
    cr_expect_eq(vd_fmp4_open(&f, &first, &err), VD_EPROTO, "%s", err.msg);
    params.codec = VD_CODEC_JPEG;
    cr_expect_eq(vd_fmp4_open(&f, &first, &err), VD_EINVAL);
    cr_expect_null(f);
    film_free(&film);
}

/* ---- the line of time ---- */

Test(fmp4_line, follows_the_stream_and_where_it_jumps_the_arrival)
{
    static const struct {
        const char *what;
        int64_t pts_us, mono_us; /* from the picture before */
        int64_t us;              /* how much later it is shown */
    } rows[] = {
        {"as sent", 40000, 40000, 40000},
        {"late on its way", 40000, 3000000, 40000},
        {"and the next ones at once", 40000, 0, 40000},
        {"a gap of both", 20000000, 20000000, 20000000},
        {"packets lost, a little", 1900000, 0, 1900000},
        {"the camera's clock is set ahead", 3600000000, 40000, 40000},
        {"and back", -3600000000, 40000, 40000},
        {"back while nothing came", -3600000000, 5000000, 5000000},
        {"the clock stands", 0, 40000, 40000},
        {"it stands, and all comes at once", 0, 0, 40000},
        {"arrival goes back, which it can't", 40000, -1000000, 40000},
    };
    struct vd_fmp4_line line;
    int64_t pts_us = 1234567890, mono_us = 99000000, last_pts, last_dts, pts, dts;

    vd_fmp4_line_init(&line, 0);
    vd_fmp4_place(&line, pts_us, mono_us, &last_pts, &last_dts);
    cr_assert_eq(last_dts, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pts_us += rows[i].pts_us;
        mono_us += rows[i].mono_us;
        vd_fmp4_place(&line, pts_us, mono_us, &pts, &dts);
        cr_expect_leq(llabs((pts - last_pts) * 100 / 9 - rows[i].us), 12, "%s: %lld us",
                      rows[i].what, (long long)(pts - last_pts) * 100 / 9);
        cr_expect_gt(dts, last_dts, "%s", rows[i].what);
        last_pts = pts;
        last_dts = dts;
        line.interval = 3600; /* as between usual pictures */
    }
    pts_us = VD_PACKET_NO_TIME;
    mono_us += 80000;
    vd_fmp4_place(&line, pts_us, mono_us, &pts, &dts);
    cr_expect_eq(pts - last_pts, 7200, "without a time: as much later as it came");
}

Test(fmp4_line, learns_how_deep_order_runs)
{
    static const int shown[] = {0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11, 16, 14, 13, 15};

    for (int known = 0; known <= 2; known += 2) {
        struct vd_fmp4_line line;
        int64_t pts, dts, last = -1;

        vd_fmp4_line_init(&line, known);
        for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
            vd_fmp4_place(&line, shown[i] * 40000, (int64_t)i * 40000, &pts, &dts);
            cr_expect_gt(dts, last);
            cr_expect_leq(dts, pts, "known %d, picture %zu", known, i);
            if (known == 2 || i >= 9) {
                cr_expect_eq(pts, (shown[i] + known) * 3600, "known %d, picture %zu", known, i);
                cr_expect(i == 0 || dts - last == 3600 || i == 9, "known %d, picture %zu",
                          known, i);
            }
            last = dts;
        }
        cr_expect_eq(line.depth, 2);
    }
}

Test(fmp4_line, never_overflows_whatever_times_come)
{
    struct vd_fmp4_line line;
    uint64_t x = 88172645463325252u;
    int64_t pts, dts, last = -1;

    vd_fmp4_line_init(&line, 99);
    cr_expect_eq(line.depth, VD_FMP4_REORDER_MAX);
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        vd_fmp4_place(&line, (int64_t)(x % 2 ? x % 1000000 : x), i, &pts, &dts);
        cr_assert_gt(dts, last);
        last = dts;
    }
}
