/* ingest/worker/main_stream.h: the main stream of a camera that is watched on its sub stream:
 * thread "main-<id>" reads it for the clips and decodes nothing. That it is gone is no loss of
 * the camera: clips say so, and it is tried again at the same pace. */
#ifndef VD_INGEST_WORKER_MAIN_STREAM_H
#define VD_INGEST_WORKER_MAIN_STREAM_H

#include "base/err.h"
#include "ingest/worker/session.h"

struct vd_main_stream;

/* What it tells, on its own thread; all borrowed, with arg, until close. */
struct vd_main_stream_opts {
    struct vd_config *cfg; /* outlives it, with camera */
    const struct vd_camera_cfg *camera;
    const struct vd_clock *clock;
    struct vd_gate *gate;
    vd_packet_fn *on_packet;
    /* A session begins (why is NULL), or ended or could not begin: why, for people. */
    void (*on_session)(void *arg, const char *why);
    void *arg;
};

int vd_main_stream_open(struct vd_main_stream **ret_main,
                        const struct vd_main_stream_opts *opts, struct vd_err *err);

/* Asks the thread to end; returns at once. NULL is fine. */
void vd_main_stream_ask_stop(struct vd_main_stream *main);

/* Stops and joins. Sets NULL, accepts NULL. */
void vd_main_stream_close(struct vd_main_stream **main);

#endif
