/* ingest/source/ffmpeg_hw.h: decoding by a graphics processor, where there is one. Included by
 * the libav backend only. */
#ifndef VD_INGEST_SOURCE_FFMPEG_HW_H
#define VD_INGEST_SOURCE_FFMPEG_HW_H

#include "ingest/source/ffmpeg.h"

/* Before s->codec is opened: has it decode by the device that decode names. Where that can't
 * be, now or with what the stream turns out to be, software decodes and info says so. */
void vd_av_hw_prepare(struct av_source *s, enum vd_decode decode, const AVCodec *decoder);

/* Brings s->frame into memory that we can read, if it lies on a device. VD_EPROTO, VD_ENOMEM.
 */
int vd_av_hw_fetch(struct av_source *s, struct vd_err *err);

#endif
