/* ingest/source/gst_decoder.h: where in a GStreamer pipeline video is decoded. Included by the
 * GStreamer backend only. */
#ifndef VD_INGEST_SOURCE_GST_DECODER_H
#define VD_INGEST_SOURCE_GST_DECODER_H

#include <gst/gst.h>

#include "base/err.h"

/* From now on probe(pad, buffer or list, arg) is asked for all that reaches a video decoder of
 * pipeline, on the thread that brings it, whenever the decoder is added; in the order of these
 * calls. arg must live until the pipeline is in state NULL. VD_ENOMEM. */
int vd_gst_on_decoder(GstElement *pipeline, GstPadProbeCallback probe, void *arg,
                      struct vd_err *err);

#endif
