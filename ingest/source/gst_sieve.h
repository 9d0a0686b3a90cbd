/* ingest/source/gst_sieve.h: what of a GStreamer pipeline is left out when less than all is
 * asked for: encoded pictures in front of the decoder, raw ones in front of the conversion.
 * Included by the GStreamer backend only. */
#ifndef VD_INGEST_SOURCE_GST_SIEVE_H
#define VD_INGEST_SOURCE_GST_SIEVE_H

#include <gst/gst.h>

#include "ingest/source/source.h"

struct vd_gst_sieve;

/* pipeline has not begun to play; converter is its last element but the sink. Both are
 * borrowed; set the pipeline to NULL state before close. VD_ENOMEM. */
int vd_gst_sieve_open(struct vd_gst_sieve **ret_sieve, GstElement *pipeline,
                      GstElement *converter, const struct vd_clock *clock, struct vd_err *err);

/* Less takes effect at once, more with the next key frame where it needs one. Raw pictures have
 * no key frames: they are thinned to as few. */
void vd_gst_sieve_effort(struct vd_gst_sieve *sieve, enum vd_effort effort);

/* How many pictures have come by, left out or not. */
uint64_t vd_gst_sieve_seen(struct vd_gst_sieve *sieve);

void vd_gst_sieve_close(struct vd_gst_sieve **sieve); /* sets NULL, accepts NULL */

#endif
