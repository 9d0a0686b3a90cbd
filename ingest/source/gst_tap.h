/* ingest/source/gst_tap.h: the encoded packets of a GStreamer pipeline, taken in front of its
 * video decoder, wherever that comes to stand. A pipeline that decodes nothing (a raw camera)
 * has none. Included by the GStreamer backend only. */
#ifndef VD_INGEST_SOURCE_GST_TAP_H
#define VD_INGEST_SOURCE_GST_TAP_H

#include <gst/gst.h>

#include "ingest/source/tap.h"

struct vd_gst_tap;

/* Listens in on pipeline (borrowed; set to NULL state before close), which has not begun to
 * play. VD_ENOMEM. */
int vd_gst_tap_open(struct vd_gst_tap **ret_tap, GstElement *pipeline, struct vd_err *err);

/* A packet as it was taken: copied out of GStreamer's buffers, for the pools of devices are
 * small and clips look back far. */
struct vd_gst_packet {
    struct vd_packet packet; /* pts_us, data, is_key, owner; the rest is the caller's to fill */
    enum vd_codec codec;
};

/* Takes the oldest packet; the caller unrefs it. False: there is none. */
bool vd_gst_tap_take(struct vd_gst_tap *tap, struct vd_gst_packet *ret_packet);

/* True once packets of a codec that we know have come by. */
bool vd_gst_tap_has_packets(struct vd_gst_tap *tap);

/* How many packets were dropped because nobody took them in time. */
uint64_t vd_gst_tap_dropped(struct vd_gst_tap *tap);

void vd_gst_tap_close(struct vd_gst_tap **tap); /* sets NULL, accepts NULL */

#endif
