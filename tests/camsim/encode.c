/* tests/camsim/encode.c: raw frames in at one end of a pipeline, packets out at the other. */
#include "tests/camsim/encode.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WAIT_NS (60 * GST_SECOND) /* no encoder and no demuxer may take longer for a frame */

static const char *const codec_names[VD_CODEC_N] = {"h264", "h265", "mjpeg"};

struct job {
    GstElement *pipeline;
    GstAppSink *sink;
    struct vd_asset_writer *writer;
    struct vd_asset head;
    char *caps;
    int64_t period_us; /* between frames; 0 takes the times of the packets */
    int64_t first_us, last_us;
    int n;
};

const char *vd_codec_name(int codec)
{
    return codec >= 0 && codec < VD_CODEC_N ? codec_names[codec] : NULL;
}

static void encoder_text(const struct vd_encoding *enc, int fps, char *text, size_t size)
{
    switch (enc->codec) {
    case VD_CODEC_H264:
        snprintf(
            text, size,
            "x264enc aud=false tune=zerolatency speed-preset=superfast pass=quant quantizer=%d "
            "threads=1 "
            "key-int-max=%d option-string=scenecut=0:keyint=%d:min-keyint=%d ! h264parse ! "
            "video/x-h264,stream-format=avc,alignment=au",
            enc->qp, enc->gop, enc->gop, enc->gop);
        break;
    case VD_CODEC_H265:
        snprintf(
            text, size,
            "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=%d log-level=none "
            "option-string=scenecut=0:qp=%d:keyint=%d:min-keyint=%d:pools=none:frame-threads=1 "
            "! "
            "h265parse ! video/x-h265,stream-format=hvc1,alignment=au",
            enc->gop, enc->qp, enc->gop, enc->gop);
        break;
    default:
        snprintf(text, size, "jpegenc quality=%d ! image/jpeg,framerate=%d/1", 108 - enc->qp,
                 fps);
        break;
    }
}

static int gst_fail(struct job *j, struct vd_err *err, const char *what)
{
    GstBus *bus = j->pipeline != NULL ? gst_element_get_bus(j->pipeline) : NULL;
    GstMessage *msg = bus != NULL ? gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) : NULL;
    GError *reason = NULL;
    int rc;

    if (msg != NULL)
        gst_message_parse_error(msg, &reason, NULL);
    rc = vd_err_set(err, VD_EIO, "%s: %s", what,
                    reason != NULL ? reason->message : "no packets");
    g_clear_error(&reason);
    if (msg != NULL)
        gst_message_unref(msg);
    if (bus != NULL)
        gst_object_unref(bus);
    return rc;
}

static void take_caps(struct job *j, GstSample *sample)
{
    GstCaps *caps = gst_sample_get_caps(sample);
    const GstStructure *s = gst_caps_get_structure(caps, 0);

    j->caps = gst_caps_to_string(caps);
    gst_structure_get_int(s, "width", &j->head.width);
    gst_structure_get_int(s, "height", &j->head.height);
}

static int take_packet(struct job *j, GstSample *sample, struct vd_err *err)
{
    GstBuffer *buf = gst_sample_get_buffer(sample);
    struct vd_packet p = {.dts_us = j->n * j->period_us};
    GstClockTime dts = GST_BUFFER_DTS_OR_PTS(buf);
    GstMapInfo map;
    int rc;

    if (j->caps == NULL)
        take_caps(j, sample);
    if (j->period_us == 0) {
        int64_t at_us = GST_CLOCK_TIME_IS_VALID(dts) ? (int64_t)(dts / 1000) : j->last_us;

        if (j->n == 0)
            j->first_us = at_us;
        p.dts_us = at_us - j->first_us;
        if (j->n > 0 && p.dts_us <= j->last_us)
            p.dts_us = j->last_us + 1000;
        p.pts_us = GST_BUFFER_PTS_IS_VALID(buf)
                       ? (int64_t)(GST_BUFFER_PTS(buf) / 1000) - j->first_us
                       : p.dts_us;
    } else {
        p.pts_us = p.dts_us;
    }
    p.is_key = !GST_BUFFER_FLAG_IS_SET(buf, GST_BUFFER_FLAG_DELTA_UNIT);
    if (j->n == 0 && !p.is_key)
        return 0; /* nobody could begin there */
    if (!gst_buffer_map(buf, &map, GST_MAP_READ))
        return vd_err_set(err, VD_ENOMEM, "asset: packet cannot be mapped");
    p.size = (uint32_t)map.size;
    rc = vd_asset_add(j->writer, &p, map.data, err);
    gst_buffer_unmap(buf, &map);
    j->last_us = p.dts_us;
    j->n++;
    return rc;
}

/* Takes what has come out; with wait, all until the end of the stream. */
static int drain(struct job *j, bool wait, struct vd_err *err)
{
    GstSample *sample;
    int rc = 0;

    while (rc >= 0 &&
           (sample = gst_app_sink_try_pull_sample(j->sink, wait ? WAIT_NS : 0)) != NULL) {
        rc = take_packet(j, sample, err);
        gst_sample_unref(sample);
    }
    if (rc >= 0 && wait && !gst_app_sink_is_eos(j->sink))
        return gst_fail(j, err, "encode");
    return rc;
}

static int job_open(struct job *j, const char *text, struct vd_err *err)
{
    GError *reason = NULL;
    GstElement *sink;

    j->pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &reason);
    if (j->pipeline == NULL) {
        vd_err_set(err, VD_EIO, "encode: %s", reason->message);
        g_clear_error(&reason);
        return VD_EIO;
    }
    sink = gst_bin_get_by_name(GST_BIN(j->pipeline), "out");
    g_object_set(sink, "sync", FALSE, NULL);
    j->sink = GST_APP_SINK(sink);
    return 0;
}

static void job_close(struct job *j)
{
    if (j->pipeline != NULL) {
        gst_element_set_state(j->pipeline, GST_STATE_NULL);
        gst_object_unref(j->pipeline);
    }
    if (j->sink != NULL)
        gst_object_unref(j->sink);
    vd_asset_abandon(&j->writer);
    g_free(j->caps);
}

static int job_finish(struct job *j, struct vd_asset **ret_asset, struct vd_err *err)
{
    if (j->n == 0)
        return gst_fail(j, err, "encode");
    j->head.caps = j->caps;
    j->head.loop_us = j->period_us > 0
                          ? j->n * j->period_us
                          : j->last_us + (j->n > 1 ? j->last_us / (j->n - 1) : 40000);
    return vd_asset_finish(ret_asset, &j->writer, &j->head, err);
}

/* One I420 buffer, as GStreamer lays it out (strides of 4 bytes). */
static GstBuffer *raw_buffer(const struct vd_scene_spec *spec, const struct vd_scene_picture *p)
{
    gsize ys = (gsize)(spec->width + 3) & ~(gsize)3,
          cs = ((gsize)spec->width / 2 + 3) & ~(gsize)3;
    gsize h = (gsize)spec->height;
    GstBuffer *buf = gst_buffer_new_allocate(NULL, ys * h + cs * h, NULL);
    GstMapInfo map;

    if (buf == NULL || !gst_buffer_map(buf, &map, GST_MAP_WRITE))
        return NULL;
    for (gsize i = 0; i < h; i++)
        memcpy(map.data + i * ys, p->y + i * (gsize)p->y_stride, (gsize)spec->width);
    for (gsize i = 0; i < h / 2; i++) {
        memcpy(map.data + ys * h + i * cs, p->u + i * (gsize)p->c_stride,
               (gsize)spec->width / 2);
        memcpy(map.data + ys * h + cs * (h / 2) + i * cs, p->v + i * (gsize)p->c_stride,
               (gsize)spec->width / 2);
    }
    gst_buffer_unmap(buf, &map);
    return buf;
}

static int push_frames(struct job *j, struct vd_scene *scene, const struct vd_scene_spec *spec,
                       struct vd_err *err)
{
    GstElement *in = gst_bin_get_by_name(GST_BIN(j->pipeline), "in");
    int rc = 0;

    gst_element_set_state(j->pipeline, GST_STATE_PLAYING);
    for (int i = 0; i < vd_scene_frames(scene) && rc >= 0; i++) {
        struct vd_scene_picture pic;
        GstBuffer *buf;

        vd_scene_render(scene, i, &pic);
        buf = raw_buffer(spec, &pic);
        if (buf == NULL) {
            rc = vd_err_set(err, VD_ENOMEM, "encode: no memory");
            break;
        }
        GST_BUFFER_PTS(buf) = (GstClockTime)i * GST_SECOND / (GstClockTime)spec->fps;
        GST_BUFFER_DURATION(buf) = GST_SECOND / (GstClockTime)spec->fps;
        if (gst_app_src_push_buffer(GST_APP_SRC(in), buf) != GST_FLOW_OK)
            rc = gst_fail(j, err, "encode");
        else
            rc = drain(j, false, err);
    }
    if (rc >= 0) {
        gst_app_src_end_of_stream(GST_APP_SRC(in));
        rc = drain(j, true, err);
    }
    gst_object_unref(in);
    return rc;
}

int vd_encode_scene(struct vd_asset **ret_asset, const struct vd_scene_spec *spec,
                    const struct vd_encoding *enc, const char *cache, struct vd_err *err)
{
    char text[800], encoder[500], scene_text[VD_SCENE_TEXT_MAX], name[300];
    struct job j = {.period_us = 1000000 / spec->fps};
    struct vd_scene *scene = NULL;
    int rc;

    vd_scene_format(spec, scene_text);
    snprintf(name, sizeof name, "%d-%s-%s-gop%d-qp%d.vdcam", VD_SCENE_LOOK, scene_text,
             codec_names[enc->codec], enc->gop, enc->qp);
    rc = vd_asset_open(ret_asset, &j.writer, cache, name, err);
    if (rc != VD_EAGAIN)
        return rc;
    encoder_text(enc, spec->fps, encoder, sizeof encoder);
    snprintf(text, sizeof text,
             "appsrc name=in format=time block=true max-bytes=8000000 "
             "caps=video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1,colorimetry=bt601 "
             "! %s ! "
             "appsink name=out",
             spec->width, spec->height, spec->fps, encoder);
    rc = vd_scene_open(&scene, spec, err);
    if (rc >= 0)
        rc = job_open(&j, text, err);
    if (rc >= 0)
        rc = push_frames(&j, scene, spec, err);
    if (rc >= 0) {
        j.head.n_crossings = vd_scene_crossings(scene, &j.head.crossings);
        rc = job_finish(&j, ret_asset, err);
    }
    job_close(&j);
    vd_scene_close(&scene);
    return rc;
}

/* The first pad of a kind we can pass on is linked; any other makes *ret_encode true. */
struct choice {
    GstElement *pipeline;
    bool is_linked, must_encode;
};

static void on_pad(GstElement *bin, GstPad *pad, gpointer arg)
{
    static const struct {
        const char *media, *parse;
    } kinds[] = {
        {"video/x-h264", "h264parse ! video/x-h264,stream-format=avc,alignment=au"},
        {"video/x-h265", "h265parse ! video/x-h265,stream-format=hvc1,alignment=au"},
        {"image/jpeg", "identity"},
    };
    struct choice *c = arg;
    GstCaps *caps = gst_pad_query_caps(pad, NULL);
    const char *media = gst_structure_get_name(gst_caps_get_structure(caps, 0));
    GstElement *tail = gst_bin_get_by_name(GST_BIN(c->pipeline), "out"), *parse = NULL;

    (void)bin;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !c->is_linked; i++)
        if (strcmp(media, kinds[i].media) == 0)
            parse = gst_parse_bin_from_description(kinds[i].parse, TRUE, NULL);
    if (parse != NULL) {
        GstPad *in = gst_element_get_static_pad(parse, "sink");

        gst_bin_add(GST_BIN(c->pipeline), parse);
        gst_element_link(parse, tail);
        gst_element_sync_state_with_parent(parse);
        c->is_linked = gst_pad_link(pad, in) == GST_PAD_LINK_OK;
        gst_object_unref(in);
    } else if (g_str_has_prefix(media, "video/") && !c->is_linked) {
        c->must_encode = true;
    }
    gst_object_unref(tail);
    gst_caps_unref(caps);
}

static void on_no_more_pads(GstElement *bin, gpointer arg)
{
    struct choice *c = arg;

    (void)bin;
    if (!c->is_linked) /* ends the wait of drain() */
        gst_element_post_message(c->pipeline,
                                 gst_message_new_application(GST_OBJECT(c->pipeline),
                                                             gst_structure_new_empty("none")));
}

/* Copies the packets of a file; VD_EAGAIN if they are of a kind that has to be encoded. */
static int copy_file(struct job *j, const char *path, struct vd_err *err)
{
    struct choice c = {0};
    GstElement *src, *bin;
    GstBus *bus;
    GstMessage *msg;
    int rc = job_open(j, "filesrc name=in ! parsebin name=bin  appsink name=out", err);

    if (rc < 0)
        return rc;
    c.pipeline = j->pipeline;
    src = gst_bin_get_by_name(GST_BIN(j->pipeline), "in");
    bin = gst_bin_get_by_name(GST_BIN(j->pipeline), "bin");
    g_object_set(src, "location", path, NULL);
    g_signal_connect(bin, "pad-added", G_CALLBACK(on_pad), &c);
    g_signal_connect(bin, "no-more-pads", G_CALLBACK(on_no_more_pads), &c);
    gst_element_set_state(j->pipeline, GST_STATE_PAUSED);
    bus = gst_element_get_bus(j->pipeline);
    msg = gst_bus_timed_pop_filtered(
        bus, WAIT_NS, GST_MESSAGE_ERROR | GST_MESSAGE_ASYNC_DONE | GST_MESSAGE_APPLICATION);
    if (msg != NULL && GST_MESSAGE_TYPE(msg) == GST_MESSAGE_ASYNC_DONE && c.is_linked) {
        gst_element_set_state(j->pipeline, GST_STATE_PLAYING);
        rc = drain(j, true, err);
    } else {
        rc = VD_EAGAIN; /* let decodebin say what is wrong, or right, with it */
    }
    if (msg != NULL)
        gst_message_unref(msg);
    gst_object_unref(bus);
    gst_object_unref(src);
    gst_object_unref(bin);
    return rc;
}

static int transcode_file(struct job *j, const char *path, const struct vd_encoding *enc,
                          struct vd_err *err)
{
    char text[900], encoder[500];
    GstElement *src;
    int rc;

    encoder_text(enc, 10, encoder, sizeof encoder);
    snprintf(text, sizeof text,
             "filesrc name=in ! decodebin ! videoconvert ! video/x-raw,format=I420 ! %s ! "
             "appsink name=out",
             encoder);
    rc = job_open(j, text, err);
    if (rc < 0)
        return rc;
    src = gst_bin_get_by_name(GST_BIN(j->pipeline), "in");
    g_object_set(src, "location", path, NULL);
    gst_object_unref(src);
    gst_element_set_state(j->pipeline, GST_STATE_PLAYING);
    return drain(j, true, err);
}

int vd_encode_file(struct vd_asset **ret_asset, const char *path, const struct vd_encoding *enc,
                   const char *cache, struct vd_err *err)
{
    struct job j = {0};
    char name[300], *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA1, path, -1);
    int rc;

    snprintf(name, sizeof name, "file-%s-%s-gop%d-qp%d.vdcam", sum, codec_names[enc->codec],
             enc->gop, enc->qp);
    g_free(sum);
    rc = vd_asset_open(ret_asset, &j.writer, cache, name, err);
    if (rc != VD_EAGAIN)
        return rc;
    rc = copy_file(&j, path, err);
    if (rc == VD_EAGAIN) {
        struct vd_asset_writer *keep = j.writer;

        j.writer = NULL;
        job_close(&j);
        j = (struct job){.writer = keep};
        rc = transcode_file(&j, path, enc, err);
    }
    if (rc >= 0)
        rc = job_finish(&j, ret_asset, err);
    job_close(&j);
    return rc;
}

static uint8_t mulaw(int v)
{
    int sign = v < 0 ? 0x80 : 0, mag = (v < 0 ? -v : v) + 132, seg = 7;

    if (mag > 32767)
        mag = 32767;
    for (int mask = 0x4000; seg > 0 && !(mag & mask); mask >>= 1)
        seg--;
    return (uint8_t) ~(sign | seg << 4 | (mag >> (seg + 3) & 15));
}

int vd_encode_hum(struct vd_asset **ret_asset, struct vd_err *err)
{
    enum { RATE = 8000, PACKET = 400, PACKETS = 200 };
    struct job j = {.period_us = 50000, .n = PACKETS};
    int rc = vd_asset_open(ret_asset, &j.writer, NULL, "hum", err);

    if (rc != VD_EAGAIN)
        return rc;
    rc = 0;
    for (int i = 0; i < PACKETS && rc >= 0; i++) {
        uint8_t bytes[PACKET];
        struct vd_packet p = {
            .dts_us = i * 50000, .pts_us = i * 50000, .size = PACKET, .is_key = 1};

        for (int k = 0; k < PACKET; k++) {
            double t = (double)(i * PACKET + k) / RATE;

            bytes[k] =
                mulaw((int)(900.0 * sin(6.283185 * 100.0 * t) +
                            (i % 20 == 0 && k < 40 ? 4000.0 * sin(6.283185 * 1000.0 * t) : 0)));
        }
        rc = vd_asset_add(j.writer, &p, bytes, err);
    }
    j.caps = g_strdup("audio/x-mulaw, rate=(int)8000, channels=(int)1");
    if (rc >= 0)
        rc = job_finish(&j, ret_asset, err);
    job_close(&j);
    return rc;
}
