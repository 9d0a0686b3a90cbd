/* ingest/worker/session.h: how a camera's settings become an open source. */
#ifndef VD_INGEST_WORKER_SESSION_H
#define VD_INGEST_WORKER_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/stop.h"
#include "config/config.h"
#include "ingest/source/source.h"
#include "ingest/worker/gate.h"
#include "ingest/worker/pace.h"

/* One of a camera's two streams. */
struct vd_session {
    const struct vd_config *cfg; /* of which camera is one */
    const struct vd_camera_cfg *camera;
    bool is_main; /* packets of the main stream, beside a detect_url; else what is watched */
    vd_packet_fn *on_packet;
    void *on_packet_arg;
    const struct vd_clock *clock;
    const struct vd_stop *stop;
    struct vd_gate *gate;
    struct vd_gate_ticket *ticket;
};

/* Waits at the gate, reads the password, connects. As vd_source_open. */
int vd_session_open(struct vd_source **ret_source, const struct vd_session *session,
                    bool is_doubtful, enum vd_fault *ret_fault, struct vd_err *err);

/* Whom the limit of connects per host counts. */
void vd_session_host(const struct vd_camera_cfg *camera, bool is_main, char *host, size_t size);

void vd_session_pace(const struct vd_config *cfg, struct vd_pace_settings *ret_settings);

#endif
