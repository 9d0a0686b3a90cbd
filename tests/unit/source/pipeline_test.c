#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ingest/source/source.h"

/* GLib keeps a table of its own for good, x265 what it encoded last; neither has frame
 * pointers to tell it by. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libglib-2.0\nleak:libx265";
}

static struct vd_stop stop;
static struct vd_source_opts opts;

static void set_up(void)
{
    (void)vd_stop_init(&stop, NULL);
    opts = (struct vd_source_opts){.clock = &vd_clock_system, .stop = &stop};
}

static void tear_down(void)
{
    vd_stop_fini(&stop);
}

TestSuite(pipeline, .init = set_up, .fini = tear_down);

Test(pipeline, plays_whatever_it_is)
{
    struct vd_source *source = NULL;
    struct vd_source_info info;
    enum vd_fault fault;
    struct vd_err err = {0};
    int n = 0;

    opts.pipeline = "videotestsrc is-live=true pattern=snow ! "
                    "video/x-raw,width=320,height=240,framerate=25/1,format=NV12";
    opts.open_timeout_us = opts.read_timeout_us = 5000000;
    cr_assert_eq(vd_source_open(&source, &opts, &fault, &err), 0, "%s", err.msg);
    while (n < 10) {
        struct vd_frame frame;
        struct vd_picture *picture = NULL;

        cr_assert_eq(vd_source_next(source, &frame, &fault, &err), 1, "%s", err.msg);
        cr_assert_eq(vd_source_luma(source, &frame, &err), 0);
        cr_assert_eq(frame.w, 320);
        cr_assert_eq(vd_source_keep(source, &picture, &err), 0);
        cr_assert_eq(picture->plane[0][321], frame.luma[frame.stride + 1]);
        cr_assert_eq(picture->chroma, VD_CHROMA_420);
        vd_picture_unref(&picture);
        n++;
    }
    vd_source_info(source, &info);
    cr_assert_eq(info.frames, 10);
    vd_source_close(&source);
    cr_assert_null(source);
}

Test(pipeline, says_why_it_does_not_play)
{
    struct vd_source *source = NULL;
    enum vd_fault fault;
    struct vd_err err = {0};

    opts.pipeline = "nosuchelement ! fakesink";
    cr_assert_eq(vd_source_open(&source, &opts, &fault, &err), VD_EINVAL);
    cr_assert_eq(fault, VD_FAULT_UNSUPPORTED);
    cr_assert_not_null(strstr(err.msg, "nosuchelement"), "%s", err.msg);
    opts.pipeline = "videotestsrc ! video/x-raw,width=8192,height=8192";
    opts.max_pixels = 1000000;
    opts.open_timeout_us = opts.read_timeout_us = 5000000;
    if (vd_source_open(&source, &opts, &fault, &err) == 0) {
        struct vd_frame frame;

        cr_assert_eq(vd_source_next(source, &frame, &fault, &err), VD_EPROTO);
        vd_source_close(&source);
    }
    cr_assert_eq(fault, VD_FAULT_UNSUPPORTED, "%s", err.msg);
}

Test(pipeline, leaves_at_once_when_stop_is_wished)
{
    struct vd_source *source = NULL;
    enum vd_fault fault;

    vd_stop_request(&stop);
    opts.pipeline = "videotestsrc is-live=true";
    cr_assert_eq(vd_source_open(&source, &opts, &fault, NULL), VD_ESTOP);
}

/* Reads until n packets more have come by; returns how many pictures came with them. */
static int pictures_of(struct vd_source *source, uint64_t n)
{
    struct vd_source_info info;
    int pictures = 0;

    vd_source_info(source, &info);
    for (uint64_t until = info.packets + n; info.packets < until;) {
        struct vd_frame frame;
        enum vd_fault fault;
        struct vd_err err = {0};
        int rc = vd_source_next(source, &frame, &fault, &err);

        cr_assert_geq(rc, 0, "%s", err.msg);
        pictures += rc;
        vd_source_info(source, &info);
    }
    return pictures;
}

Test(pipeline, leaves_out_in_front_of_its_decoder_what_is_not_asked_for)
{
    static const char *const cases[] = {
        "x264enc key-int-max=10 bframes=0 tune=zerolatency speed-preset=ultrafast ! avdec_h264",
        "x264enc key-int-max=10 bframes=0 tune=zerolatency speed-preset=ultrafast ! decodebin",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_source *source = NULL;
        struct vd_err err = {0};
        enum vd_fault fault;
        char text[512];
        int n;

        (void)snprintf(text, sizeof text,
                       "videotestsrc is-live=true pattern=ball ! "
                       "video/x-raw,width=320,height=240,framerate=50/1,format=I420 ! %s",
                       cases[i]);
        opts.pipeline = text;
        opts.open_timeout_us = opts.read_timeout_us = 5000000;
        cr_assert_eq(vd_source_open(&source, &opts, &fault, &err), 0, "%s", err.msg);
        (void)pictures_of(source, 20);
        vd_source_effort(source, VD_EFFORT_KEYS);
        (void)pictures_of(source, 10); /* what was on its way */
        n = pictures_of(source, 40);
        cr_assert(n >= 3 && n <= 6, "%d of 40 with key frames alone", n);
        vd_source_effort(source, VD_EFFORT_NONE);
        (void)pictures_of(source, 10);
        cr_assert_eq(pictures_of(source, 20), 0);
        vd_source_effort(source, VD_EFFORT_ALL);
        (void)pictures_of(source, 20); /* up to the next key frame */
        n = pictures_of(source, 20);
        cr_assert_geq(n, 15, "%d of 20 once all is asked for again", n);
        vd_source_close(&source);
    }
}

Test(pipeline, that_decodes_nothing_is_thinned)
{
    struct vd_source *source = NULL;
    struct vd_err err = {0};
    enum vd_fault fault;

    opts.pipeline = "videotestsrc is-live=true ! "
                    "video/x-raw,width=320,height=240,framerate=50/1,format=BGR";
    opts.open_timeout_us = opts.read_timeout_us = 5000000;
    cr_assert_eq(vd_source_open(&source, &opts, &fault, &err), 0, "%s", err.msg);
    (void)pictures_of(source, 10);
    vd_source_effort(source, VD_EFFORT_NONE);
    (void)pictures_of(source, 10);
    cr_assert_eq(pictures_of(source, 20), 0);
    vd_source_effort(source, VD_EFFORT_KEYS);
    cr_assert_leq(pictures_of(source, 50), 2, "one in two seconds");
    vd_source_effort(source, VD_EFFORT_ALL);
    (void)pictures_of(source, 5);
    cr_assert_geq(pictures_of(source, 20), 15);
    vd_source_close(&source);
}

struct seen {
    int n, keys;
    int64_t first_us, last_us;
    struct vd_params *params;
    struct vd_packet kept;
};

static void see(void *arg, const struct vd_packet *packet)
{
    struct seen *seen = arg;

    if (seen->n++ == 0) {
        cr_assert(packet->is_key);
        cr_assert_eq(vd_packet_ref(&seen->kept, packet, NULL), 0);
        seen->params = vd_params_ref(packet->params);
        seen->first_us = packet->mono_us;
    } else {
        cr_assert_gt(packet->mono_us, seen->last_us);
    }
    cr_assert_eq(packet->params, seen->params, "the same sets have the same pointer");
    seen->keys += packet->is_key;
    seen->last_us = packet->mono_us;
}

Test(pipeline, gives_the_packets_in_front_of_its_decoder)
{
    static const struct {
        const char *encoder;
        enum vd_codec codec;
        int keys;
    } cases[] = {
        {"x264enc key-int-max=10 bframes=0 tune=zerolatency ! "
         "video/x-h264,stream-format=avc,alignment=au ! avdec_h264",
         VD_CODEC_H264, 3},
        {"x264enc key-int-max=10 bframes=0 tune=zerolatency ! "
         "video/x-h264,stream-format=byte-stream,alignment=au ! decodebin",
         VD_CODEC_H264, 3},
        {"x265enc key-int-max=10 tune=zerolatency speed-preset=ultrafast ! h265parse ! "
         "video/x-h265,stream-format=hvc1,alignment=au ! avdec_h265",
         VD_CODEC_H265, 3},
        {"jpegenc ! jpegdec", VD_CODEC_JPEG, 30},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_source *source = NULL;
        struct vd_source_info info;
        struct seen seen = {.n = 0};
        struct vd_err err = {0};
        enum vd_fault fault;
        struct vd_frame frame;
        char text[512];

        (void)snprintf(text, sizeof text,
                       "videotestsrc num-buffers=30 is-live=true pattern=ball ! "
                       "video/x-raw,width=320,height=240,framerate=50/1,format=I420 ! %s",
                       cases[i].encoder);
        opts.pipeline = text;
        opts.on_packet = see;
        opts.on_packet_arg = &seen;
        cr_assert_eq(vd_source_open(&source, &opts, &fault, &err), 0, "case %zu: %s", i,
                     err.msg);
        while (vd_source_next(source, &frame, &fault, &err) >= 0)
            ;
        cr_assert_eq(fault, VD_FAULT_CLOSED, "case %zu: %s", i, err.msg);
        vd_source_info(source, &info);
        cr_assert_eq(seen.n, 30, "case %zu: %d packets", i, seen.n);
        cr_assert_geq(seen.keys, cases[i].keys, "case %zu: %d keys", i, seen.keys);
        cr_assert(info.has_packets);
        cr_assert_eq(info.packets_lost, 0);
        cr_assert_eq(seen.params->codec, cases[i].codec, "case %zu", i);
        cr_assert_eq(seen.params->w, 320, "case %zu: %d", i, seen.params->w);
        cr_assert_eq(seen.params->h, 240, "case %zu: %d", i, seen.params->h);
        vd_source_close(&source);
        cr_assert_gt(seen.kept.size, 100, "what was kept outlives its source");
        if (cases[i].codec != VD_CODEC_JPEG)
            cr_assert_eq(memcmp(seen.kept.data, "\0\0\0\1", 4), 0, "case %zu", i);
        vd_packet_unref(&seen.kept);
        vd_params_unref(&seen.params);
    }
}

Test(pipeline, without_a_decoder_has_no_packets)
{
    struct vd_source *source = NULL;
    struct vd_source_info info;
    struct seen seen = {.n = 0};
    struct vd_frame frame;
    enum vd_fault fault;

    opts.pipeline = "videotestsrc is-live=true ! video/x-raw,width=320,height=240";
    opts.on_packet = see;
    opts.on_packet_arg = &seen;
    cr_assert_eq(vd_source_open(&source, &opts, &fault, NULL), 0);
    cr_assert_eq(vd_source_next(source, &frame, &fault, NULL), 1);
    vd_source_info(source, &info);
    cr_assert_not(info.has_packets);
    cr_assert_eq(seen.n, 0);
    vd_source_close(&source);
}
