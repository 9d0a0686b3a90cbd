#include "ingest/evidence/live_viewer.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    FRAGMENT_US = 200 * 1000, /* at least so much goes into one */
    BEAT_US = 1000 * 1000,
    PICTURE_US = 1000 * 1000,
    HEAD_MAX = 256,
};

static void count(const struct vd_live_out *out, enum vd_live_count what, int64_t n)
{
    (void)atomic_fetch_add(&out->counts[what], n);
}

static void forget_muxer(struct vd_live_viewer *v)
{
    struct vd_params *held = (struct vd_params *)(uintptr_t)v->params;

    vd_fmp4_close(&v->fmp4);
    vd_params_unref(&held);
    v->params = NULL;
    v->is_unplayable = false;
}

/* Counts among those who watch the port, whom it wakes; NULL is fine. */
static void hold(struct vd_live_port **held, struct vd_live_port *port)
{
    if (*held != NULL)
        vd_live_port_watch(*held, -1);
    vd_live_port_unref(held);
    if (port == NULL)
        return;
    *held = vd_live_port_ref(port);
    vd_live_port_watch(port, 1);
}

void vd_live_viewer_turn(struct vd_live_viewer *v, struct vd_live_port *port,
                         struct vd_live_port *decoded)
{
    hold(&v->port, port);
    hold(&v->decoded, decoded);
    forget_muxer(v);
    v->cursor = VD_LIVE_BEGIN;
    v->seen = 0;
    v->picture_us = v->beat_us = 0;
}

/* 0, or what the peer's socket said. A message that found no room is a loss. */
static int deliver(struct vd_live_viewer *v, struct vd_live_out *out, const char *head,
                   const void *data, size_t len)
{
    struct vd_part peer = {v->peer, v->peer_len};
    int rc = out->send(out->arg, &peer, head, data, len);

    if (rc == 0 && len > 0) {
        v->asked.credit -= (int64_t)len;
        count(out, VD_LIVE_SENT_BYTES, (int64_t)len);
    }
    return rc;
}

/* What was sent so far can't be gone on with: begins at a key frame again. */
static void lose(struct vd_live_viewer *v, struct vd_live_out *out)
{
    forget_muxer(v);
    v->cursor = VD_LIVE_BEGIN;
    v->lost++;
    count(out, VD_LIVE_LOST, 1);
}

static int send_init(struct vd_live_viewer *v, struct vd_live_out *out)
{
    char head[HEAD_MAX];
    const uint8_t *data;
    size_t len;

    vd_fmp4_init(v->fmp4, &data, &len);
    (void)snprintf(head, sizeof head,
                   "{\"viewer\":%" PRIu32 ",\"kind\":\"init\",\"codec\":\"%s\",\"w\":%d,"
                   "\"h\":%d}",
                   v->asked.viewer, vd_fmp4_codec(v->fmp4), v->params->w, v->params->h);
    return deliver(v, out, head, data, len);
}

/* Ends the fragment and sends it. */
static int send_fragment(struct vd_live_viewer *v, struct vd_live_out *out)
{
    char head[HEAD_MAX];
    const uint8_t *data;
    size_t len;
    int n = vd_fmp4_cut(v->fmp4, &data, &len, NULL, NULL);

    if (n == 0)
        return 0;
    if (n < 0 || len > VD_LIVE_MESSAGE_MAX)
        return VD_EAGAIN;
    (void)snprintf(head, sizeof head,
                   "{\"viewer\":%" PRIu32 ",\"kind\":\"fragment\",\"at\":%" PRId64
                   ",\"key\":%s,\"n\":%d}",
                   v->asked.viewer, v->first_us, v->is_beginning ? "true" : "false", n);
    count(out, VD_LIVE_FRAGMENTS, 1);
    return deliver(v, out, head, data, len);
}

static bool can_play(const struct vd_live_viewer *v, const struct vd_packet *packet)
{
    return packet->params->codec == VD_CODEC_H264 ||
           (packet->params->codec == VD_CODEC_H265 && v->asked.takes_h265);
}

/* Another stream than before begins with this key frame. */
static int begin(struct vd_live_viewer *v, struct vd_live_out *out,
                 const struct vd_packet *packet)
{
    forget_muxer(v);
    v->params = vd_params_ref(packet->params);
    v->is_unplayable = !can_play(v, packet) || vd_fmp4_open(&v->fmp4, packet, NULL) < 0;
    return v->is_unplayable ? 0 : send_init(v, out);
}

static int add(struct vd_live_viewer *v, struct vd_live_out *out,
               const struct vd_packet *packet)
{
    int64_t waiting_us;
    int rc = 0;

    if (v->fmp4 != NULL && (packet->is_key || packet->params != v->params))
        rc = send_fragment(v, out);
    if (rc == 0 && packet->params != v->params)
        rc = packet->is_key ? begin(v, out, packet) : VD_EAGAIN;
    if (rc < 0 || v->fmp4 == NULL)
        return rc;
    if (vd_fmp4_pending(v->fmp4, &waiting_us) == 0) {
        v->is_beginning = packet->is_key;
        v->first_us = packet->wall_us;
    }
    rc = vd_fmp4_add(v->fmp4, packet, 0, NULL);
    if (rc < 0)
        return VD_EAGAIN;
    (void)vd_fmp4_pending(v->fmp4, &waiting_us);
    return waiting_us >= FRAGMENT_US ? send_fragment(v, out) : 0;
}

static int flow_packets(struct vd_live_viewer *v, struct vd_live_out *out)
{
    int rc = 0;

    while (rc == 0 && v->asked.credit > 0) {
        struct vd_packet packet;
        bool was_begun = v->cursor != VD_LIVE_BEGIN, has_lost;

        if (vd_live_port_take(v->port, &v->cursor, &packet, &has_lost) == 0) {
            if (has_lost && was_begun)
                lose(v, out);
            break;
        }
        if (has_lost && was_begun) {
            uint64_t at = v->cursor;

            lose(v, out);
            v->cursor = at;
        }
        rc = add(v, out, &packet);
        vd_packet_unref(&packet);
        if (rc == VD_EAGAIN) {
            lose(v, out);
            break;
        }
    }
    return rc == VD_EAGAIN ? 0 : rc;
}

static const char *why_pictures(const struct vd_live_viewer *v)
{
    return vd_live_port_is_masked(v->port) ? "masked" : v->is_unplayable ? "codec" : "waiting";
}

static int flow_pictures(struct vd_live_viewer *v, struct vd_live_out *out)
{
    const struct vd_camera_cfg *camera = vd_live_port_camera(v->decoded);
    struct vd_picture *picture = NULL;
    const uint8_t *data;
    char head[HEAD_MAX];
    size_t len;
    int rc = 0;

    if (out->now_us >= v->picture_us) {
        vd_live_port_ask(v->decoded);
        v->picture_us = out->now_us + PICTURE_US;
    }
    if (v->asked.credit <= 0 || !vd_live_port_picture(v->decoded, &v->seen, &picture))
        return 0;
    if (vd_jpeg_encode(out->jpeg, picture, camera->masks, camera->n_masks, &data, &len, NULL) ==
            0 &&
        len <= VD_LIVE_MESSAGE_MAX) {
        (void)snprintf(head, sizeof head,
                       "{\"viewer\":%" PRIu32 ",\"kind\":\"jpeg\",\"at\":%" PRId64
                       ",\"why\":\"%s\",\"w\":%d,\"h\":%d}",
                       v->asked.viewer, picture->wall_us, why_pictures(v), picture->w,
                       picture->h);
        rc = deliver(v, out, head, data, len);
        if (rc == 0)
            count(out, VD_LIVE_PICTURES, 1);
    }
    vd_picture_unref(&picture);
    return rc == VD_EAGAIN ? 0 : rc; /* another one comes in a second */
}

/* Says, without credit, that the worker lives and how things are. */
static int beat(struct vd_live_viewer *v, struct vd_live_out *out)
{
    char head[HEAD_MAX];
    int rc;

    if (out->now_us < v->beat_us)
        return 0;
    v->beat_us = out->now_us + BEAT_US;
    (void)snprintf(head, sizeof head,
                   "{\"viewer\":%" PRIu32 ",\"kind\":\"state\",\"state\":\"%s\",\"main\":%s,"
                   "\"lost\":%" PRId64 ",\"credit\":%" PRId64 "}",
                   v->asked.viewer, vd_live_port_is_connected(v->port) ? "connected" : "lost",
                   vd_live_port_is_main(v->port) ? "true" : "false", v->lost, v->asked.credit);
    rc = deliver(v, out, head, NULL, 0);
    return rc == VD_EAGAIN ? 0 : rc;
}

int vd_live_viewer_flow(struct vd_live_viewer *v, struct vd_live_out *out)
{
    int rc;

    if (v->port == NULL)
        return 0;
    rc = beat(v, out);
    if (rc == 0)
        rc = flow_packets(v, out);
    if (rc == 0 && v->fmp4 == NULL && v->decoded != NULL)
        rc = flow_pictures(v, out);
    return rc;
}
