#include "ingest/worker/session.h"

#include <stdio.h>

#include "base/str.h"
#include "config/secret.h"
#include "ingest/source/url.h"
#include "ingest/worker/numbers.h"

static const char *url_of(const struct vd_camera_cfg *camera, bool is_main)
{
    return !is_main && camera->detect_url != NULL ? camera->detect_url : camera->url;
}

static int open_source(struct vd_source **ret_source, const struct vd_session *session,
                       enum vd_fault *ret_fault, struct vd_err *err)
{
    static const enum vd_decode decoders[] = {
        [VD_CONFIG_DECODE_SOFTWARE] = VD_DECODE_SOFTWARE,
        [VD_CONFIG_DECODE_VAAPI] = VD_DECODE_VAAPI,
        [VD_CONFIG_DECODE_CUDA] = VD_DECODE_CUDA,
    };
    const struct vd_camera_cfg *c = session->camera;
    const struct vd_ingest_cfg *ingest = &session->cfg->ingest;
    struct vd_secret secret = {0};
    struct vd_source_opts opts = {
        .url = c->pipeline != NULL ? NULL : url_of(c, session->is_main),
        .pipeline = c->pipeline,
        .user = c->user,
        .is_udp = c->transport == VD_CONFIG_TRANSPORT_UDP,
        .open_timeout_us = ingest->open_timeout_us,
        .read_timeout_us = ingest->read_timeout_us,
        .max_pixels = ingest->max_pixels,
        .decode = decoders[c->decode],
        .is_read_only = session->is_main,
        .on_packet = session->on_packet,
        .on_packet_arg = session->on_packet_arg,
        .clock = session->clock,
        .stop = session->stop,
    };
    int rc = 0;

    if (c->password_file != NULL) {
        rc = vd_config_secret(session->cfg, c->password_file, &secret, err);
        *ret_fault = rc < 0 ? VD_FAULT_AUTH : VD_FAULT_NONE;
    }
    opts.password = secret.text;
    vd_number_add(VD_NUMBER_CONNECTS, 1);
    if (rc == 0)
        rc = vd_source_open(ret_source, &opts, ret_fault, err);
    vd_secret_fini(&secret);
    return rc;
}

int vd_session_open(struct vd_source **ret_source, const struct vd_session *session,
                    bool is_doubtful, enum vd_fault *ret_fault, struct vd_err *err)
{
    int rc = vd_gate_enter(session->gate, session->ticket, is_doubtful, session->stop);

    if (rc < 0)
        return rc;
    rc = open_source(ret_source, session, ret_fault, err);
    vd_gate_leave(session->gate, session->ticket);
    return rc;
}

void vd_session_host(const struct vd_camera_cfg *camera, bool is_main, char *host, size_t size)
{
    const char *text = url_of(camera, is_main);
    struct vd_url url;

    (void)snprintf(host, size, "pipeline-%s", camera->id);
    if (text != NULL && vd_url_parse(text, &url, NULL) == 0)
        (void)vd_str_copy(host, size, url.host);
}

void vd_session_pace(const struct vd_config *cfg, struct vd_pace_settings *ret_settings)
{
    const struct vd_ingest_cfg *ingest = &cfg->ingest;

    *ret_settings = (struct vd_pace_settings){.min_us = ingest->backoff_min_us,
                                              .max_us = ingest->backoff_max_us,
                                              .auth_tries = (int)ingest->auth_tries,
                                              .auth_window_us = ingest->auth_window_us};
}
