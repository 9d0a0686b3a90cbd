#include "ingest/source/gst_tap.h"

#include <libavcodec/avcodec.h>
#include <libavutil/buffer.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/source/gst_decoder.h"

enum { ROOM = 128, PACKET_BYTES_MAX = 8 * 1024 * 1024 };

struct vd_gst_tap {
    pthread_mutex_t lock; /* guards what follows */
    struct vd_gst_packet packets[ROOM];
    size_t first, n;
    uint64_t dropped;
    bool has_packets;
    bool is_broken;    /* packets were dropped: nothing more until the next key frame */
    const GstPad *pad; /* the one pad that is listened to; only compared */
    /* of that pad's streaming thread */
    GstCaps *caps;
    enum vd_codec codec;
    bool is_known;       /* codec is */
    int length_size;     /* bytes before each NAL unit; 0: start codes */
    struct vd_sets sets; /* from the caps, to go before the first key frame */
    bool has_sent_sets;
};

/* Parameter sets of an avcC or hvcC box, as far as it can be followed. */
static void read_codec_data(struct vd_gst_tap *t, const uint8_t *d, size_t n)
{
    static const uint8_t code[4] = {0, 0, 0, 1};
    uint8_t bytes[VD_SETS_MAX];
    size_t at, len = 0;
    int arrays = 1;

    t->sets.n = 0;
    if (n < 7 || d[0] != 1 || (t->codec == VD_CODEC_H265 && n < 23))
        return;
    t->length_size = 1 + (d[t->codec == VD_CODEC_H265 ? 21 : 4] & 3);
    at = t->codec == VD_CODEC_H265 ? 23 : 5;
    arrays = t->codec == VD_CODEC_H265 ? d[22] : 2; /* avcC: SPS, then PPS */
    for (int a = 0; a < arrays; a++) {
        int count;

        if (t->codec == VD_CODEC_H265) {
            if (at + 3 > n)
                break;
            count = d[at + 1] << 8 | d[at + 2];
            at += 3;
        } else {
            if (at + 1 > n)
                break;
            count = a == 0 ? d[at] & 0x1f : d[at];
            at++;
        }
        for (; count > 0 && at + 2 <= n; count--) {
            size_t size = (size_t)d[at] << 8 | d[at + 1];

            at += 2;
            if (size > n - at || len + 4 + size > sizeof bytes)
                return;
            memcpy(bytes + len, code, sizeof code);
            memcpy(bytes + len + 4, d + at, size);
            len += 4 + size;
            at += size;
        }
    }
    vd_sets_find(t->codec, bytes, len, &t->sets);
}

static void read_caps(struct vd_gst_tap *t, GstCaps *caps)
{
    const GstStructure *s = gst_caps_get_structure(caps, 0);
    const GValue *data = gst_structure_get_value(s, "codec_data");
    const char *name = gst_structure_get_name(s);
    GstMapInfo map;

    t->is_known = true;
    t->length_size = 0;
    t->sets.n = 0;
    t->has_sent_sets = false;
    if (strcmp(name, "video/x-h264") == 0)
        t->codec = VD_CODEC_H264;
    else if (strcmp(name, "video/x-h265") == 0)
        t->codec = VD_CODEC_H265;
    else if (strcmp(name, "image/jpeg") == 0)
        t->codec = VD_CODEC_JPEG;
    else
        t->is_known = false;
    if (data == NULL || !g_type_is_a(data->g_type, GST_TYPE_BUFFER) ||
        t->codec == VD_CODEC_JPEG ||
        !gst_buffer_map(gst_value_get_buffer(data), &map, GST_MAP_READ))
        return;
    read_codec_data(t, map.data, map.size);
    gst_buffer_unmap(gst_value_get_buffer(data), &map);
}

/* Length-prefixed NAL units with start codes in place of the lengths. Returns the bytes
 * written, 0 when the lengths don't add up. to has room for n + n / 2 + 8. */
static size_t to_start_codes(int length_size, const uint8_t *from, size_t n, uint8_t *to)
{
    size_t at = 0, len = 0, room = n + n / 2 + 8;

    while (at + (size_t)length_size < n) {
        size_t size = 0;

        for (int i = 0; i < length_size; i++)
            size = size << 8 | from[at++];
        if (size > n - at || len + 4 + size > room)
            return 0;
        memcpy(to + len, (const uint8_t[]){0, 0, 0, 1}, 4);
        memcpy(to + len + 4, from + at, size);
        len += 4 + size;
        at += size;
    }
    return len;
}

static AVBufferRef *copy(struct vd_gst_tap *t, const GstMapInfo *map, bool is_key,
                         size_t *ret_size)
{
    size_t head = is_key && !t->has_sent_sets ? t->sets.n : 0, n;
    AVBufferRef *buf;

    if (map->size == 0 || map->size > PACKET_BYTES_MAX)
        return NULL;
    buf = av_buffer_alloc(head + map->size + map->size / 2 + 8 + AV_INPUT_BUFFER_PADDING_SIZE);
    if (buf == NULL)
        return NULL;
    if (head > 0)
        memcpy(buf->data, t->sets.bytes, head);
    n = map->size;
    if (t->length_size > 0)
        n = to_start_codes(t->length_size, map->data, map->size, buf->data + head);
    else
        memcpy(buf->data + head, map->data, n);
    if (n == 0) {
        av_buffer_unref(&buf);
        return NULL;
    }
    memset(buf->data + head + n, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    t->has_sent_sets |= is_key;
    *ret_size = head + n;
    return buf;
}

static void put(struct vd_gst_tap *t, const struct vd_gst_packet *packet)
{
    bool is_taken;

    pthread_mutex_lock(&t->lock);
    t->has_packets = true;
    if (packet->packet.is_key && t->n < ROOM)
        t->is_broken = false;
    is_taken = t->n < ROOM && !t->is_broken;
    if (is_taken)
        t->packets[(t->first + t->n++) % ROOM] = *packet;
    t->is_broken |= !is_taken;
    t->dropped += !is_taken;
    pthread_mutex_unlock(&t->lock);
    if (!is_taken) {
        AVBufferRef *buf = packet->packet.owner;

        av_buffer_unref(&buf);
    }
}

static void take_buffer(struct vd_gst_tap *t, GstBuffer *buffer)
{
    struct vd_gst_packet p = {.codec = t->codec};
    GstClockTime pts = GST_BUFFER_PTS(buffer), dts = GST_BUFFER_DTS(buffer);
    GstMapInfo map;
    AVBufferRef *buf;

    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return;
    p.packet.is_key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    p.packet.pts_us = GST_CLOCK_TIME_IS_VALID(pts) ? (int64_t)(pts / 1000) : VD_PACKET_NO_TIME;
    p.packet.dts_us = GST_CLOCK_TIME_IS_VALID(dts) ? (int64_t)(dts / 1000) : VD_PACKET_NO_TIME;
    buf = copy(t, &map, p.packet.is_key, &p.packet.size);
    gst_buffer_unmap(buffer, &map);
    if (buf == NULL)
        return;
    p.packet.data = buf->data;
    p.packet.owner = buf;
    put(t, &p);
}

/* The first decoder that sees video is the one. */
static bool is_ours(struct vd_gst_tap *t, const GstPad *pad)
{
    bool is;

    pthread_mutex_lock(&t->lock);
    if (t->pad == NULL)
        t->pad = pad;
    is = t->pad == pad;
    pthread_mutex_unlock(&t->lock);
    return is;
}

/* On the pipeline's own thread, for each buffer that reaches the decoder. */
static GstPadProbeReturn probe(GstPad *pad, GstPadProbeInfo *info, gpointer arg)
{
    struct vd_gst_tap *t = arg;
    GstCaps *caps = is_ours(t, pad) ? gst_pad_get_current_caps(pad) : NULL;

    if (caps == NULL)
        return GST_PAD_PROBE_OK;
    if (caps != t->caps) {
        read_caps(t, caps);
        if (t->caps != NULL)
            gst_caps_unref(t->caps);
        t->caps = gst_caps_ref(caps);
    }
    gst_caps_unref(caps);
    if (!t->is_known)
        return GST_PAD_PROBE_OK;
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
        GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);

        for (guint i = 0; i < gst_buffer_list_length(list); i++)
            take_buffer(t, gst_buffer_list_get(list, i));
    } else {
        take_buffer(t, GST_PAD_PROBE_INFO_BUFFER(info));
    }
    return GST_PAD_PROBE_OK;
}

int vd_gst_tap_open(struct vd_gst_tap **ret_tap, GstElement *pipeline, struct vd_err *err)
{
    struct vd_gst_tap *t = calloc(1, sizeof *t);
    int rc;

    if (t == NULL)
        return vd_err_set(err, VD_ENOMEM, "pipeline: out of memory");
    rc = vd_gst_on_decoder(pipeline, probe, t, err);
    if (rc < 0) {
        free(t);
        return rc;
    }
    (void)pthread_mutex_init(&t->lock, NULL);
    *ret_tap = t;
    return 0;
}

bool vd_gst_tap_take(struct vd_gst_tap *t, struct vd_gst_packet *ret_packet)
{
    bool is_any;

    pthread_mutex_lock(&t->lock);
    is_any = t->n > 0;
    if (is_any) {
        *ret_packet = t->packets[t->first];
        t->first = (t->first + 1) % ROOM;
        t->n--;
    }
    pthread_mutex_unlock(&t->lock);
    return is_any;
}

bool vd_gst_tap_has_packets(struct vd_gst_tap *t)
{
    bool has;

    pthread_mutex_lock(&t->lock);
    has = t->has_packets;
    pthread_mutex_unlock(&t->lock);
    return has;
}

uint64_t vd_gst_tap_dropped(struct vd_gst_tap *t)
{
    uint64_t dropped;

    pthread_mutex_lock(&t->lock);
    dropped = t->dropped;
    pthread_mutex_unlock(&t->lock);
    return dropped;
}

void vd_gst_tap_close(struct vd_gst_tap **tap)
{
    struct vd_gst_tap *t = *tap;
    struct vd_gst_packet p;

    *tap = NULL;
    if (t == NULL)
        return;
    while (vd_gst_tap_take(t, &p))
        vd_packet_unref(&p.packet);
    if (t->caps != NULL)
        gst_caps_unref(t->caps);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}
