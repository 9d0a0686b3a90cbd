/* ingest/source/av_log.h: what libav says, heard: a few facts that it tells nobody but its log,
 * and the rest redacted, thinned out and at debug level. */
#ifndef VD_INGEST_SOURCE_AV_LOG_H
#define VD_INGEST_SOURCE_AV_LOG_H

#include <stdbool.h>

/* What one stream's log told. A context's opaque member points at one; written by the thread
 * that calls libav. */
struct vd_av_ear {
    int status;     /* last RTSP status that was a refusal; 0: none */
    bool has_sdp;   /* the stream was described */
    bool has_video; /* in that description */
    bool has_audio;
    char oversize[24]; /* "7680x4320" when a picture was over max_pixels; else "" */
};

/* Installs the callback, once a process; any thread. */
void vd_av_log_install(void);

#endif
