/* Events to JSON. */
#include "base/event.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

enum { SEQUENCE_DIGITS = 20 };

static const char SEQUENCE_KEY[] = "\"sequence\":\"";

/* Collects failures of a row of sets, so that each need not be asked. */
struct out {
    struct vd_json *object;
    int rc;
};

static void put(struct out *o, const char *key, struct vd_json *value)
{
    if (vd_json_set(o->object, key, value) < 0)
        o->rc = VD_ENOMEM;
}

static void put_uuid(struct out *o, const char *key, const struct vd_uuid *uuid)
{
    char text[VD_UUID_TEXT];

    vd_uuid_format(uuid, text);
    put(o, key, vd_json_text(text));
}

/* Six digits behind the point are all a fraction of a picture can mean. */
static struct vd_json *fraction(float value)
{
    return vd_json_real(round((double)value * 1e6) / 1e6);
}

static struct vd_json *text_or_null(const char *text)
{
    return vd_json_text(text[0] != '\0' ? text : NULL);
}

static struct vd_json *boxes_json(const struct vd_event *ev)
{
    struct vd_json *list = vd_json_array();

    for (uint32_t i = 0; list != NULL && i < ev->n_boxes; i++) {
        const float sides[4] = {ev->boxes[i].x, ev->boxes[i].y, ev->boxes[i].w, ev->boxes[i].h};
        struct vd_json *box = vd_json_array();

        for (int k = 0; box != NULL && k < 4; k++)
            if (vd_json_append(box, fraction(sides[k])) < 0)
                vd_json_free(&box);
        if (vd_json_append(list, box) < 0)
            vd_json_free(&list);
    }
    return list;
}

static struct vd_json *zones_json(const struct vd_event *ev)
{
    struct vd_json *list = vd_json_array();

    for (uint32_t i = 0; list != NULL && i < ev->n_zones; i++)
        if (vd_json_append(list, vd_json_text(ev->zones[i])) < 0)
            vd_json_free(&list);
    return list;
}

static struct vd_json *did_json(uint32_t did)
{
    struct vd_json *list = vd_json_array();

    for (int i = 0; list != NULL && i < VD_N_DIDS; i++)
        if ((did >> i & 1) &&
            vd_json_append(list, vd_json_text(vd_did_name((enum vd_did)(1U << i)))) < 0)
            vd_json_free(&list);
    return list;
}

static struct vd_json *track_json(const struct vd_event_track *track)
{
    struct out o = {.object = vd_json_object()};

    put(&o, "id", vd_json_int(track->id));
    put(&o, "zone", text_or_null(track->zone));
    put(&o, "did", did_json(track->did));
    if (track->did & VD_DID_CROSS) {
        put(&o, "line", vd_json_text(track->line));
        put(&o, "direction", vd_json_text(vd_direction_name(track->direction)));
    }
    put(&o, "dwell_ms", vd_json_int(track->dwell_ms));
    put(&o, "size", fraction(track->size));
    if (o.rc < 0)
        vd_json_free(&o.object);
    return o.object;
}

static struct vd_json *tracks_json(const struct vd_event *ev)
{
    struct vd_json *list = vd_json_array();

    for (uint32_t i = 0; list != NULL && i < ev->n_tracks; i++)
        if (vd_json_append(list, track_json(&ev->tracks[i])) < 0)
            vd_json_free(&list);
    return list;
}

static struct vd_json *why_json(const struct vd_why *why)
{
    struct out o = {.object = vd_json_object()};

    put(&o, "analysis", vd_json_text(why->analysis));
    put(&o, "threshold", fraction(why->threshold));
    put(&o, "sigma", fraction(why->sigma));
    put(&o, "m_of_n", vd_json_text(why->m_of_n));
    put(&o, "light", fraction(why->light));
    put(&o, "shift_px", fraction(why->shift_px));
    put(&o, "suppressed", vd_json_int(why->suppressed));
    if (o.rc < 0)
        vd_json_free(&o.object);
    return o.object;
}

static struct vd_json *quality_json(const struct vd_quality *quality)
{
    struct out o = {.object = vd_json_object()};

    put(&o, "fps", fraction(quality->fps));
    put(&o, "lost", fraction(quality->lost));
    put(&o, "clock_skew_ms", vd_json_int(quality->clock_skew_ms));
    if (o.rc < 0)
        vd_json_free(&o.object);
    return o.object;
}

static struct vd_json *media_json(const struct vd_event *ev)
{
    struct out o = {.object = vd_json_object()};

    put(&o, "snapshot", text_or_null(ev->snapshot));
    put(&o, "clip", text_or_null(ev->clip));
    if (o.rc < 0)
        vd_json_free(&o.object);
    return o.object;
}

static struct vd_json *refused_json(const struct vd_refused *refused)
{
    struct out o = {.object = vd_json_object()};

    put(&o, "count", vd_json_int(refused->count));
    put(&o, "since", vd_json_time(refused->since_us));
    if (o.rc < 0)
        vd_json_free(&o.object);
    return o.object;
}

static struct vd_json *data_json(const struct vd_event *ev)
{
    struct out o = {.object = vd_json_object()};
    const char *end_reason = vd_end_reason_name(ev->end_reason);

    put_uuid(&o, "event", &ev->event);
    put(&o, "rev", vd_json_int(ev->rev));
    put(&o, "phase", vd_json_text(vd_phase_name(ev->phase)));
    put(&o, "area", text_or_null(ev->area));
    put(&o, ev->kind == VD_KIND_NODE ? "node" : "camera", vd_json_text(ev->camera));
    put(&o, "zone", zones_json(ev));
    put(&o, "start", vd_json_time(ev->start_us));
    put(&o, "end", vd_json_time(ev->end_us));
    put(&o, "end_reason", vd_json_text(end_reason));
    put(&o, "score", fraction(ev->score));
    put(&o, "peak", fraction(ev->peak));
    put(&o, "boxes", boxes_json(ev));
    if (ev->n_tracks > 0)
        put(&o, "tracks", tracks_json(ev));
    if (ev->tracks_left_out > 0)
        put(&o, "tracks_left_out", vd_json_int(ev->tracks_left_out));
    put(&o, "why", why_json(&ev->why));
    put(&o, "quality", quality_json(&ev->quality));
    put(&o, "media", media_json(ev));
    if (ev->detail[0] != '\0')
        put(&o, "detail", vd_json_text(ev->detail));
    if (ev->refused.count > 0)
        put(&o, "refused", refused_json(&ev->refused));
    if (o.rc < 0)
        vd_json_free(&o.object);
    return o.object;
}

static struct vd_json *event_json(const struct vd_event *ev)
{
    struct out o = {.object = vd_json_object()};
    char text[96 + VD_ID_MAX];

    put(&o, "specversion", vd_json_text("1.0"));
    put_uuid(&o, "id", &ev->id);
    put(&o, "source", vd_json_text(ev->source));
    (void)snprintf(text, sizeof text, "%0*llu", SEQUENCE_DIGITS,
                   (unsigned long long)ev->sequence);
    put(&o, "sequence", vd_json_text(text));
    (void)snprintf(text, sizeof text, "vedette.%s.%s.v%d", vd_kind_name(ev->kind),
                   vd_phase_name(ev->phase), VD_EVENT_VERSION);
    put(&o, "type", vd_json_text(text));
    (void)snprintf(text, sizeof text, "%s/%s", ev->kind == VD_KIND_NODE ? "node" : "camera",
                   ev->camera);
    put(&o, "subject", vd_json_text(text));
    put(&o, "time", vd_json_time(ev->time_us));
    put(&o, "recordedtime", vd_json_time(ev->recorded_us));
    put(&o, "data", data_json(ev));
    if (o.rc < 0)
        vd_json_free(&o.object);
    return o.object;
}

int vd_event_encode(const struct vd_event *ev, char *buf, size_t size, struct vd_err *err)
{
    struct vd_json *doc = NULL;
    int rc = vd_event_check(ev, err);

    if (rc < 0)
        return rc == VD_EPROTO ? VD_EINVAL : rc;
    doc = event_json(ev);
    if (doc == NULL)
        return vd_err_set(err, VD_ENOMEM, "event: out of memory");
    rc = vd_json_print(doc, buf, size < VD_EVENT_JSON_MAX + 1 ? size : VD_EVENT_JSON_MAX + 1,
                       err);
    vd_json_free(&doc);
    return rc;
}

int vd_event_stamp(char *json, size_t len, uint64_t sequence)
{
    enum { HEAD_MAX = 512 }; /* the key stands behind id and source */
    size_t head = len < HEAD_MAX ? len : HEAD_MAX;
    char *key = memmem(json, head, SEQUENCE_KEY, sizeof SEQUENCE_KEY - 1);
    char digits[SEQUENCE_DIGITS + 1];
    char *at;

    if (key == NULL)
        return VD_EINVAL;
    at = key + sizeof SEQUENCE_KEY - 1;
    if (at + SEQUENCE_DIGITS >= json + len || at[SEQUENCE_DIGITS] != '"')
        return VD_EINVAL;
    (void)snprintf(digits, sizeof digits, "%0*llu", SEQUENCE_DIGITS,
                   (unsigned long long)sequence);
    memcpy(at, digits, SEQUENCE_DIGITS);
    return 0;
}

bool vd_event_equal(const struct vd_event *a, const struct vd_event *b)
{
    char left[VD_EVENT_JSON_MAX + 1], right[VD_EVENT_JSON_MAX + 1];
    int n = vd_event_encode(a, left, sizeof left, NULL);

    return n > 0 && n == vd_event_encode(b, right, sizeof right, NULL) &&
           memcmp(left, right, (size_t)n) == 0;
}
