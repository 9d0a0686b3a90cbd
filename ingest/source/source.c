/* What all backends share: the words for what went wrong, and the choice of a backend. */
#include "ingest/source/source.h"

enum { DEFAULT_TIMEOUT_US = 10 * 1000 * 1000 };

static const int64_t DEFAULT_PIXELS = INT64_C(3840) * 2160 * 5 / 4;

static const struct {
    const char *name, *advice;
} faults[VD_N_FAULTS] = {
    [VD_FAULT_NONE] = {"none", ""},
    [VD_FAULT_DNS] = {"dns", "Check the host in the camera's url and the name server."},
    [VD_FAULT_REFUSED] = {"refused",
                          "The host is up but nothing listens there: check the port and that "
                          "the camera's RTSP service is on."},
    [VD_FAULT_TIMEOUT] = {"timeout",
                          "Check power and network of the camera, and firewalls between."},
    [VD_FAULT_AUTH] = {"401", "Check user and password_file. Tries are kept rare, for cameras "
                              "lock accounts."},
    [VD_FAULT_NOT_FOUND] = {"404", "The camera has no such stream: check the path in its url."},
    [VD_FAULT_BUSY] = {"453/503", "The camera serves no more sessions: close other viewers, or "
                                  "use its sub stream."},
    [VD_FAULT_DECODE] = {"decode",
                         "Packets arrive but make no picture: check codec settings and the "
                         "network's losses; restart the camera."},
    [VD_FAULT_STALLED] = {"stalled", "The camera stopped sending without hanging up: check its "
                                     "network and load."},
    [VD_FAULT_CLOSED] = {"closed", "The camera ended the stream; it may be restarting."},
    [VD_FAULT_PROTO] = {"proto", "What answers there is no RTSP server: check host and port (a "
                                 "web page usually means port 80)."},
    [VD_FAULT_UNSUPPORTED] = {"unsupported",
                              "Set the camera to H.264, H.265 or MJPEG of a size within "
                              "ingest.max_pixels, or use its sub stream."},
    [VD_FAULT_OTHER] = {"other", "See the message; run vedette camera probe for details."},
};

const char *vd_fault_name(enum vd_fault fault)
{
    return faults[fault].name;
}

const char *vd_fault_advice(enum vd_fault fault)
{
    return faults[fault].advice;
}

void vd_source_init(struct vd_source *source, const struct vd_source_ops *ops,
                    const struct vd_source_opts *opts)
{
    source->ops = ops;
    source->clock = opts->clock;
    source->stop = opts->stop;
    source->tap = (struct vd_tap){.fn = opts->on_packet, .arg = opts->on_packet_arg};
    source->open_timeout_us =
        opts->open_timeout_us > 0 ? opts->open_timeout_us : DEFAULT_TIMEOUT_US;
    source->read_timeout_us =
        opts->read_timeout_us > 0 ? opts->read_timeout_us : DEFAULT_TIMEOUT_US;
    source->max_pixels = opts->max_pixels > 0 ? opts->max_pixels : DEFAULT_PIXELS;
}

int vd_source_open(struct vd_source **ret_source, const struct vd_source_opts *opts,
                   enum vd_fault *ret_fault, struct vd_err *err)
{
    *ret_fault = VD_FAULT_NONE;
    if ((opts->url == NULL) == (opts->pipeline == NULL))
        return vd_err_set(err, VD_EINVAL, "source: exactly one of url and pipeline is needed");
    if (opts->is_file && (opts->on_packet != NULL || opts->is_read_only))
        return vd_err_set(err, VD_EINVAL, "source: packets come from cameras, not from files");
    if (opts->pipeline != NULL && opts->is_read_only)
        return vd_err_set(err, VD_EINVAL, "source: a pipeline can't be read without decoding");
    if (opts->pipeline != NULL)
        return vd_source_gst_open(ret_source, opts, ret_fault, err);
    return vd_source_ffmpeg_open(ret_source, opts, ret_fault, err);
}

int vd_source_next(struct vd_source *source, struct vd_frame *ret_frame,
                   enum vd_fault *ret_fault, struct vd_err *err)
{
    *ret_fault = VD_FAULT_NONE;
    return source->ops->next(source, ret_frame, ret_fault, err);
}

int vd_source_luma(struct vd_source *source, struct vd_frame *frame, struct vd_err *err)
{
    return source->ops->luma(source, frame, err);
}

int vd_source_keep(struct vd_source *source, struct vd_picture **ret_picture,
                   struct vd_err *err)
{
    return source->ops->keep(source, ret_picture, err);
}

void vd_source_gather(struct vd_source *source, int64_t us)
{
    source->gather_us = us;
}

void vd_source_effort(struct vd_source *source, enum vd_effort effort)
{
    source->effort = effort;
}

void vd_source_info(const struct vd_source *source, struct vd_source_info *ret_info)
{
    *ret_info = source->info;
}

void vd_source_close(struct vd_source **source)
{
    if (*source != NULL)
        (*source)->ops->close(*source);
    *source = NULL;
}
