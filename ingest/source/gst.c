/* Any GStreamer pipeline as a source: what it gives is converted to planar 8-bit where it
 * isn't, and pulled from an appsink that drops the oldest when we are slow. GStreamer runs
 * threads of its own; its objects are used from the camera's thread only, buffers are freed
 * anywhere. */
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ingest/source/gst_sieve.h"
#include "ingest/source/gst_tap.h"
#include "ingest/source/source.h"
#include "ingest/source/timing.h"
#include "ingest/source/url.h"

enum { SLICE_US = 100 * 1000, REASON_US = 500 * 1000, TEXT_MAX = 512 };

struct gst_source {
    struct vd_source base;
    GstElement *pipeline;
    GstElement *sink;
    GstBus *bus;
    GstSample *sample; /* the last picture */
    GstVideoInfo video;
    GstVideoFrame mapped;
    bool is_mapped;
    struct vd_timing timing;
    struct vd_gst_sieve *sieve;
    struct vd_gst_tap *packets; /* NULL: nobody wants them */
    struct vd_timing packets_timing;
    int64_t placed_us; /* mono of the last picture */
};

static void init_library(void)
{
    gst_init(NULL, NULL);
}

static int64_t now_us(const struct gst_source *s)
{
    return s->base.clock->mono_us(s->base.clock->self);
}

static enum vd_fault resource_fault(int code, const char *text)
{
    if (code == GST_RESOURCE_ERROR_NOT_AUTHORIZED || strstr(text, "Unauthorized") != NULL)
        return VD_FAULT_AUTH;
    if (strstr(text, "resolv") != NULL)
        return VD_FAULT_DNS;
    if (strstr(text, "refused") != NULL)
        return VD_FAULT_REFUSED;
    if (strstr(text, "imeout") != NULL || strstr(text, "timed out") != NULL)
        return VD_FAULT_TIMEOUT;
    if (strstr(text, "Not Enough Bandwidth") != NULL ||
        strstr(text, "Service Unavailable") != NULL || code == GST_RESOURCE_ERROR_BUSY)
        return VD_FAULT_BUSY;
    if (code == GST_RESOURCE_ERROR_NOT_FOUND)
        return VD_FAULT_NOT_FOUND;
    if (strstr(text, "HTTP") != NULL || strstr(text, "parse") != NULL)
        return VD_FAULT_PROTO;
    return VD_FAULT_OTHER;
}

/* GStreamer's errors in our words, in one place. text holds message and debug. */
static enum vd_fault fault_of(const GError *error, const char *text)
{
    if (error->domain == GST_RESOURCE_ERROR)
        return resource_fault(error->code, text);
    if (error->domain == GST_STREAM_ERROR)
        switch (error->code) {
        case GST_STREAM_ERROR_DECODE:
            return VD_FAULT_DECODE;
        case GST_STREAM_ERROR_CODEC_NOT_FOUND:
        case GST_STREAM_ERROR_TYPE_NOT_FOUND:
        case GST_STREAM_ERROR_WRONG_TYPE:
            return VD_FAULT_UNSUPPORTED;
        default:
            return VD_FAULT_OTHER;
        }
    if (error->domain == GST_CORE_ERROR)
        return VD_FAULT_UNSUPPORTED;
    return VD_FAULT_OTHER;
}

static int code_of(enum vd_fault fault)
{
    return fault == VD_FAULT_UNSUPPORTED || fault == VD_FAULT_PROTO ? VD_EPROTO : VD_EIO;
}

/* Takes what the pipeline said on its bus, waiting for it at most wait_us: 0, or the error. */
static int ask_bus(struct gst_source *s, int64_t wait_us, enum vd_fault *ret_fault,
                   struct vd_err *err)
{
    GstMessage *message = gst_bus_timed_pop_filtered(
        s->bus, (GstClockTime)wait_us * GST_USECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    GError *error = NULL;
    gchar *debug = NULL;
    char text[TEXT_MAX];
    int rc;

    if (message == NULL)
        return 0;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        gst_message_unref(message);
        *ret_fault = VD_FAULT_CLOSED;
        return vd_err_set(err, VD_EIO, "pipeline: it ended");
    }
    gst_message_parse_error(message, &error, &debug);
    (void)snprintf(text, sizeof text, "%s; %s", error->message, debug != NULL ? debug : "");
    *ret_fault = fault_of(error, text);
    (void)vd_str_copy(text, sizeof text, error->message);
    vd_url_redact(text);
    rc = vd_err_set(err, (enum vd_code)code_of(*ret_fault), "pipeline: %.150s: %s",
                    GST_OBJECT_NAME(GST_MESSAGE_SRC(message)), text);
    g_error_free(error);
    g_free(debug);
    gst_message_unref(message);
    return rc;
}

static void let_go(struct gst_source *s)
{
    if (s->is_mapped)
        gst_video_frame_unmap(&s->mapped);
    s->is_mapped = false;
    if (s->sample != NULL)
        gst_sample_unref(s->sample);
    s->sample = NULL;
}

/* Hands on what came by in front of the decoder. */
static void give_packets(struct gst_source *s)
{
    const struct vd_clock *clock = s->base.clock;
    struct vd_gst_packet p;

    if (s->packets == NULL)
        return;
    while (vd_gst_tap_take(s->packets, &p)) {
        int64_t mono_us = now_us(s), at_us;

        at_us = vd_timing_feed(&s->packets_timing, p.packet.pts_us, mono_us, p.packet.is_key);
        p.packet.mono_us = at_us;
        p.packet.wall_us = clock->wall_us(clock->self) - (mono_us - at_us);
        s->base.info.has_packets = true;
        s->base.info.key_us = vd_timing_key_us(&s->packets_timing);
        vd_tap_give(&s->base.tap, p.codec, &p.packet);
        p.packet.params = NULL; /* was lent */
        vd_packet_unref(&p.packet);
    }
    s->base.info.packets_lost = vd_gst_tap_dropped(s->packets);
}

/* Counts what came by. True: something did. */
static bool note_seen(struct gst_source *s)
{
    uint64_t seen = vd_gst_sieve_seen(s->sieve), before = s->base.info.packets;

    s->base.info.packets = seen;
    return seen != before;
}

enum { PULL_NONE, PULL_PICTURE, PULL_SPARED /* something came, and was left out */ };

/* Waits for a picture in slices, for an appsink can't be woken by our stop. PULL_PICTURE with
 * s->sample, PULL_NONE at the deadline. */
static int pull(struct gst_source *s, int64_t deadline_us, enum vd_fault *ret_fault,
                struct vd_err *err)
{
    while (now_us(s) < deadline_us) {
        int rc;

        if (vd_stop_requested(s->base.stop))
            return vd_err_set(err, VD_ESTOP, "pipeline: stopping");
        s->sample = gst_app_sink_try_pull_sample(GST_APP_SINK(s->sink), SLICE_US * GST_USECOND);
        give_packets(s);
        if (s->sample != NULL)
            return PULL_PICTURE;
        if (s->base.effort >= VD_EFFORT_KEYS && note_seen(s))
            return PULL_SPARED;
        rc = ask_bus(s, 0, ret_fault, err);
        if (rc < 0)
            return rc;
        if (gst_app_sink_is_eos(GST_APP_SINK(s->sink))) {
            *ret_fault = VD_FAULT_CLOSED;
            return vd_err_set(err, VD_EIO, "pipeline: it ended");
        }
    }
    return PULL_NONE;
}

static int check_size(struct gst_source *s, enum vd_fault *ret_fault, struct vd_err *err)
{
    int w = GST_VIDEO_INFO_WIDTH(&s->video), h = GST_VIDEO_INFO_HEIGHT(&s->video);

    if ((int64_t)w * h <= s->base.max_pixels && w >= VD_FRAME_SIDE_MIN &&
        h >= VD_FRAME_SIDE_MIN && w <= VD_FRAME_SIDE_MAX && h <= VD_FRAME_SIDE_MAX)
        return 0;
    *ret_fault = VD_FAULT_UNSUPPORTED;
    return vd_err_set(err, VD_EPROTO,
                      "pipeline: pictures of %dx%d are not within 16x16 and the %lld pixels of "
                      "ingest.max_pixels",
                      w, h, (long long)s->base.max_pixels);
}

static void describe(struct gst_source *s, GstBuffer *buffer, struct vd_frame *ret_frame)
{
    struct vd_source_info *info = &s->base.info;
    bool has_pts = GST_BUFFER_PTS_IS_VALID(buffer);
    int64_t pts_us = has_pts ? (int64_t)(GST_BUFFER_PTS(buffer) / 1000) : VD_TIMING_NONE;
    int64_t mono_us = now_us(s);

    (void)note_seen(s);
    info->frames++;
    info->decoded_us = mono_us;
    info->bytes += gst_buffer_get_size((GstBuffer *)(uintptr_t)buffer);
    ret_frame->mono_us = vd_timing_feed(&s->timing, pts_us, mono_us, false);
    if (info->has_packets) /* a decoder may hold pictures back: they are as old as their packets
                            */
        ret_frame->mono_us =
            vd_timing_place(&s->packets_timing, pts_us, mono_us, &s->placed_us);
    /* Whether it waited for us, for its decoder or on its way nobody can tell. */
    info->lag_us = info->behind_us = s->timing.lag_us;
    if (s->timing.interval_us > 0)
        info->fps = 1e6F / (float)s->timing.interval_us;
    info->w = ret_frame->w = GST_VIDEO_INFO_WIDTH(&s->video);
    info->h = ret_frame->h = GST_VIDEO_INFO_HEIGHT(&s->video);
    ret_frame->pts_us = has_pts ? pts_us : ret_frame->mono_us;
    ret_frame->wall_us =
        s->base.clock->wall_us(s->base.clock->self) - (mono_us - ret_frame->mono_us);
}

static int next(struct vd_source *source, struct vd_frame *ret_frame, enum vd_fault *ret_fault,
                struct vd_err *err)
{
    struct gst_source *s = (struct gst_source *)source;
    const GstCaps *caps;
    int rc;

    let_go(s);
    vd_gst_sieve_effort(s->sieve, source->effort);
    rc = pull(s, now_us(s) + source->read_timeout_us, ret_fault, err);
    if (rc == PULL_SPARED) {
        source->info.behind_us = 0;
        return 0;
    }
    if (rc == PULL_NONE) {
        *ret_fault = source->info.packets > 0 ? VD_FAULT_STALLED : VD_FAULT_TIMEOUT;
        return vd_err_set(err, VD_ETIMEOUT, "pipeline: no picture in time");
    }
    if (rc < 0)
        return rc;
    caps = gst_sample_get_caps(s->sample);
    if (caps == NULL || !gst_video_info_from_caps(&s->video, caps)) {
        source->info.broken++;
        return 0;
    }
    rc = check_size(s, ret_fault, err);
    if (rc < 0)
        return rc;
    (void)vd_str_copy(source->info.format, sizeof source->info.format,
                      gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&s->video)));
    *ret_frame = (struct vd_frame){.w = 0};
    describe(s, gst_sample_get_buffer(s->sample), ret_frame);
    return 1;
}

static int map(struct gst_source *s, struct vd_err *err)
{
    if (s->is_mapped)
        return 0;
    if (!gst_video_frame_map(&s->mapped, &s->video, gst_sample_get_buffer(s->sample),
                             GST_MAP_READ))
        return vd_err_set(err, VD_EIO, "pipeline: its picture can't be mapped");
    s->is_mapped = true;
    return 0;
}

static int luma(struct vd_source *source, struct vd_frame *frame, struct vd_err *err)
{
    struct gst_source *s = (struct gst_source *)source;
    int rc = map(s, err);

    if (rc < 0)
        return rc;
    frame->luma = GST_VIDEO_FRAME_PLANE_DATA(&s->mapped, 0);
    frame->stride = GST_VIDEO_FRAME_PLANE_STRIDE(&s->mapped, 0);
    return 0;
}

static void free_copy(struct vd_picture *picture)
{
    free(picture->owner);
    free(picture);
}

/* Copied, for a mapping belongs to this thread, and NV12's chroma has to come apart anyway. */
static int keep(struct vd_source *source, struct vd_picture **ret_picture, struct vd_err *err)
{
    struct gst_source *s = (struct gst_source *)source;
    struct vd_picture *p;
    size_t offset = 0;
    int rc = map(s, err);

    if (rc < 0)
        return rc;
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return vd_err_set(err, VD_ENOMEM, "pipeline: out of memory");
    p->w = GST_VIDEO_INFO_WIDTH(&s->video);
    p->h = GST_VIDEO_INFO_HEIGHT(&s->video);
    p->chroma = GST_VIDEO_INFO_N_COMPONENTS(&s->video) == 3 ? VD_CHROMA_420 : VD_CHROMA_GREY;
    p->is_full_range = s->video.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
    p->bytes =
        (size_t)p->w * (size_t)p->h + 2 * (size_t)((p->w + 1) / 2) * (size_t)((p->h + 1) / 2);
    p->owner = malloc(p->bytes);
    if (p->owner == NULL) {
        free(p);
        return vd_err_set(err, VD_ENOMEM, "pipeline: out of memory");
    }
    for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS(&s->video); c++) {
        const uint8_t *from = GST_VIDEO_FRAME_COMP_DATA(&s->mapped, c);
        int stride = GST_VIDEO_FRAME_COMP_STRIDE(&s->mapped, c);
        int step = GST_VIDEO_FRAME_COMP_PSTRIDE(&s->mapped, c);
        int w = c == 0 ? p->w : (p->w + 1) / 2, h = c == 0 ? p->h : (p->h + 1) / 2;
        uint8_t *to = (uint8_t *)p->owner + offset;

        p->plane[c] = to;
        p->stride[c] = w;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                to[(size_t)y * (size_t)w + (size_t)x] =
                    from[(ptrdiff_t)y * stride + (ptrdiff_t)x * step];
        offset += (size_t)w * (size_t)h;
    }
    p->wall_us = source->clock->wall_us(source->clock->self);
    p->release = free_copy;
    atomic_init(&p->refs, 1);
    *ret_picture = p;
    return 0;
}

static void close_all(struct vd_source *source)
{
    struct gst_source *s = (struct gst_source *)source;

    let_go(s);
    if (s->pipeline != NULL)
        (void)gst_element_set_state(s->pipeline, GST_STATE_NULL);
    if (s->bus != NULL)
        gst_object_unref(s->bus);
    if (s->sink != NULL)
        gst_object_unref(s->sink);
    if (s->pipeline != NULL)
        gst_object_unref(s->pipeline);
    vd_gst_tap_close(&s->packets);
    vd_gst_sieve_close(&s->sieve);
    vd_tap_fini(&s->base.tap);
    free(s);
}

/* Hands user and password to whichever element takes them, so that they need not be written
 * into the pipeline. */
static void give_credentials(GstElement *pipeline, const struct vd_source_opts *opts)
{
    GstIterator *elements = gst_bin_iterate_recurse(GST_BIN(pipeline));
    GValue item = G_VALUE_INIT;

    while (gst_iterator_next(elements, &item) == GST_ITERATOR_OK) {
        GObject *element = g_value_get_object(&item);
        GObjectClass *class = G_OBJECT_GET_CLASS(element);

        if (g_object_class_find_property(class, "user-id") != NULL &&
            g_object_class_find_property(class, "user-pw") != NULL)
            g_object_set(element, "user-id", opts->user, "user-pw",
                         opts->password != NULL ? opts->password : "", NULL);
        g_value_reset(&item);
    }
    g_value_unset(&item);
    gst_iterator_free(elements);
}

static int open_sieve(struct gst_source *s, struct vd_err *err)
{
    GstElement *converter = gst_bin_get_by_name(GST_BIN(s->pipeline), "vedette-in");
    int rc = vd_gst_sieve_open(&s->sieve, s->pipeline, converter, s->base.clock, err);

    gst_object_unref(converter);
    return rc;
}

static int build(struct gst_source *s, const struct vd_source_opts *opts,
                 enum vd_fault *ret_fault, struct vd_err *err)
{
    static const char tail[] =
        " ! videoconvert name=vedette-in ! appsink name=vedette sync=false max-buffers=4 "
        "drop=true "
        "enable-last-sample=false caps=video/x-raw,format=(string){I420,NV12,GRAY8}";
    char text[4096];
    GError *error = NULL;

    if (snprintf(text, sizeof text, "%s%s", opts->pipeline, tail) >= (int)sizeof text)
        return vd_err_set(err, VD_EINVAL, "pipeline: too long");
    s->pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (s->pipeline == NULL || error != NULL) {
        (void)vd_str_copy(text, sizeof text, error != NULL ? error->message : "unknown reason");
        g_clear_error(&error);
        vd_url_redact(text);
        *ret_fault = VD_FAULT_UNSUPPORTED;
        return vd_err_set(err, VD_EINVAL, "pipeline: %.160s", text);
    }
    s->sink = gst_bin_get_by_name(GST_BIN(s->pipeline), "vedette");
    s->bus = gst_element_get_bus(s->pipeline);
    if (opts->user != NULL)
        give_credentials(s->pipeline, opts);
    /* The tap first: it sees what the sieve leaves out. */
    if (opts->on_packet != NULL && vd_gst_tap_open(&s->packets, s->pipeline, err) < 0)
        return VD_ENOMEM;
    if (open_sieve(s, err) < 0)
        return VD_ENOMEM;
    (void)vd_str_copy(s->base.info.codec, sizeof s->base.info.codec, "pipeline");
    return 0;
}

/* Plays, and waits until the state change is under way for good or an error is on the bus. */
static int play(struct gst_source *s, enum vd_fault *ret_fault, struct vd_err *err)
{
    int64_t deadline_us = now_us(s) + s->base.open_timeout_us;
    GstStateChangeReturn change = gst_element_set_state(s->pipeline, GST_STATE_PLAYING);

    while (change != GST_STATE_CHANGE_FAILURE) {
        int rc = ask_bus(s, 0, ret_fault, err);

        if (rc < 0)
            return rc;
        if (vd_stop_requested(s->base.stop))
            return vd_err_set(err, VD_ESTOP, "pipeline: stopping");
        change = gst_element_get_state(s->pipeline, NULL, NULL, SLICE_US * GST_USECOND);
        if (change == GST_STATE_CHANGE_SUCCESS || change == GST_STATE_CHANGE_NO_PREROLL)
            return 0;
        if (change == GST_STATE_CHANGE_ASYNC && now_us(s) >= deadline_us) {
            *ret_fault = VD_FAULT_TIMEOUT;
            return vd_err_set(err, VD_ETIMEOUT, "pipeline: did not start in time");
        }
    }
    /* The state fails at once, the reason comes from another thread. */
    if (ask_bus(s, REASON_US, ret_fault, err) < 0)
        return err != NULL ? (int)err->code : VD_EIO;
    *ret_fault = VD_FAULT_OTHER;
    return vd_err_set(err, VD_EIO, "pipeline: does not play");
}

static const struct vd_source_ops gst_ops = {next, luma, keep, close_all};

int vd_source_gst_open(struct vd_source **ret_source, const struct vd_source_opts *opts,
                       enum vd_fault *ret_fault, struct vd_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct gst_source *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "source: out of memory");
    (void)pthread_once(&once, init_library);
    vd_source_init(&s->base, &gst_ops, opts);
    rc = build(s, opts, ret_fault, err);
    if (rc == 0)
        rc = play(s, ret_fault, err);
    if (rc < 0) {
        close_all(&s->base);
        return rc;
    }
    *ret_source = &s->base;
    return 0;
}
