/* Events from JSON. Decoding refuses everything that encoding could not have written, but for
 * fields it does not know, which it ignores. */
#include "base/event.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

enum { SEQUENCE_DIGITS = 20 };

/* Reads one document into one event; the first refusal stays. */
struct in {
    struct vd_err *err;
    int rc;
};

static void refuse(struct in *in, const char *key, const char *why)
{
    if (in->rc == 0)
        in->rc = vd_err_set(in->err, VD_EPROTO, "event: '%s' %s", key, why);
}

static void take_text(struct in *in, const struct vd_json *o, const char *key, bool is_needed,
                      char *dst, size_t size)
{
    const struct vd_json *node = vd_json_get(o, key);
    const char *text = vd_json_as_text(node);

    if (vd_json_is_null(node)) {
        if (is_needed)
            refuse(in, key, "is missing");
    } else if (text == NULL) {
        refuse(in, key, "is no text");
    } else if (!vd_str_copy(dst, size, text)) {
        refuse(in, key, "is too long");
    }
}

static void take_uuid(struct in *in, const struct vd_json *o, const char *key,
                      struct vd_uuid *uuid)
{
    const char *text = vd_json_get_text(o, key);

    if (text == NULL || !vd_uuid_parse(text, uuid))
        refuse(in, key, "is no UUID");
}

static void take_time(struct in *in, const struct vd_json *o, const char *key, int64_t *wall_us)
{
    const struct vd_json *node = vd_json_get(o, key);
    const char *text = vd_json_as_text(node);

    if (vd_json_is_null(node))
        return;
    if (text == NULL || !vd_time_parse(text, wall_us))
        refuse(in, key, "is no RFC 3339 time");
}

static void take_float(struct in *in, const struct vd_json *o, const char *key, float *value)
{
    const struct vd_json *node = vd_json_get(o, key);
    double v;

    if (vd_json_is_null(node))
        return;
    if (!vd_json_as_real(node, &v) || !(fabs(v) <= 1e9))
        refuse(in, key, "is no number in range");
    else
        *value = (float)v;
}

static void take_int(struct in *in, const struct vd_json *o, const char *key, int64_t min,
                     int64_t max, int64_t *value)
{
    const struct vd_json *node = vd_json_get(o, key);

    if (vd_json_is_null(node))
        return;
    if (!vd_json_as_int(node, value) || *value < min || *value > max)
        refuse(in, key, "is no whole number in range");
}

static void take_sequence(struct in *in, const struct vd_json *o, uint64_t *sequence)
{
    const char *text = vd_json_get_text(o, "sequence");
    uint64_t v = 0;

    if (text == NULL || strlen(text) != SEQUENCE_DIGITS) {
        refuse(in, "sequence", "has not 20 digits");
        return;
    }
    for (int i = 0; i < SEQUENCE_DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9' ||
            v > (UINT64_MAX - (uint64_t)(text[i] - '0')) / 10) {
            refuse(in, "sequence", "has not 20 digits or is too large");
            return;
        }
        v = v * 10 + (uint64_t)(text[i] - '0');
    }
    *sequence = v;
}

/* "vedette.<kind>.<phase>.v1" */
static void take_type(struct in *in, const struct vd_json *o, struct vd_event *ev)
{
    char text[80] = "", *kind, *phase, *version;

    take_text(in, o, "type", true, text, sizeof text);
    if (in->rc < 0)
        return;
    kind = strchr(text, '.');
    phase = kind == NULL ? NULL : strchr(kind + 1, '.');
    version = phase == NULL ? NULL : strchr(phase + 1, '.');
    if (version == NULL || strncmp(text, "vedette.", 8) != 0) {
        refuse(in, "type", "is not vedette.<kind>.<phase>.v1");
        return;
    }
    *phase++ = *version++ = '\0';
    if (strcmp(version, "v1") != 0)
        refuse(in, "type", "is of a version that is not understood here");
    else if (!vd_kind_parse(kind + 1, &ev->kind))
        refuse(in, "type", "names an unknown kind");
    else if (!vd_phase_parse(phase, &ev->phase))
        refuse(in, "type", "names an unknown phase");
}

static void take_end_reason(struct in *in, const struct vd_json *o, enum vd_end_reason *reason)
{
    char text[16] = "";

    take_text(in, o, "end_reason", false, text, sizeof text);
    if (text[0] == '\0')
        return;
    for (int i = VD_END_NONE + 1; i < VD_N_END_REASONS; i++)
        if (strcmp(text, vd_end_reason_name((enum vd_end_reason)i)) == 0) {
            *reason = (enum vd_end_reason)i;
            return;
        }
    refuse(in, "end_reason", "is unknown");
}

static void take_zones(struct in *in, const struct vd_json *list, struct vd_event *ev)
{
    size_t n = vd_json_count(list);

    if (vd_json_is_null(list))
        return;
    if (!vd_json_is_array(list) || n > VD_EVENT_ZONES_MAX) {
        refuse(in, "zone", "is no list of at most 8");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const char *zone = vd_json_as_text(vd_json_at(list, i));

        if (zone == NULL || !vd_str_copy(ev->zones[i], sizeof ev->zones[i], zone))
            refuse(in, "zone", "holds what is no id");
    }
    ev->n_zones = (uint32_t)n;
}

static void take_boxes(struct in *in, const struct vd_json *list, struct vd_event *ev)
{
    size_t n = vd_json_count(list);

    if (vd_json_is_null(list))
        return;
    if (!vd_json_is_array(list) || n > VD_EVENT_BOXES_MAX) {
        refuse(in, "boxes", "is no list of at most 16");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct vd_json *box = vd_json_at(list, i);
        double side[4];

        for (size_t k = 0; k < 4; k++)
            if (!vd_json_is_array(box) || vd_json_count(box) != 4 ||
                !vd_json_as_real(vd_json_at(box, k), &side[k]) ||
                !(side[k] >= 0 && side[k] <= 1)) {
                refuse(in, "boxes", "holds what is no [x,y,w,h] of 0..1");
                return;
            }
        ev->boxes[i] =
            (struct vd_box){(float)side[0], (float)side[1], (float)side[2], (float)side[3]};
    }
    ev->n_boxes = (uint32_t)n;
}

static void take_did(struct in *in, const struct vd_json *list, uint32_t *did)
{
    size_t n = vd_json_count(list);

    if (!vd_json_is_array(list) || n > VD_N_DIDS) {
        refuse(in, "did", "is no list of at most 4");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const char *text = vd_json_as_text(vd_json_at(list, i));
        enum vd_did one;

        if (text == NULL || !vd_did_parse(text, &one))
            refuse(in, "did", "holds what no object does");
        else
            *did |= one;
    }
}

static void take_track(struct in *in, const struct vd_json *o, struct vd_event_track *track)
{
    char direction[8] = "";
    int64_t id = 0, dwell_ms = 0;

    take_int(in, o, "id", 1, UINT32_MAX, &id);
    take_text(in, o, "zone", false, track->zone, sizeof track->zone);
    take_did(in, vd_json_get(o, "did"), &track->did);
    take_text(in, o, "line", false, track->line, sizeof track->line);
    take_text(in, o, "direction", false, direction, sizeof direction);
    take_int(in, o, "dwell_ms", 0, VD_EVENT_DWELL_MS_MAX, &dwell_ms);
    take_float(in, o, "size", &track->size);
    if (direction[0] != '\0' && !vd_direction_parse(direction, &track->direction))
        refuse(in, "direction", "is neither a_to_b nor b_to_a");
    track->id = (uint32_t)id;
    track->dwell_ms = (uint32_t)dwell_ms;
}

static void take_tracks(struct in *in, const struct vd_json *list, struct vd_event *ev)
{
    size_t n = vd_json_count(list);

    if (vd_json_is_null(list))
        return;
    if (!vd_json_is_array(list) || n > VD_EVENT_TRACKS_MAX) {
        refuse(in, "tracks", "is no list of at most 8");
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (vd_json_is_object(vd_json_at(list, i)))
            take_track(in, vd_json_at(list, i), &ev->tracks[i]);
        else
            refuse(in, "tracks", "holds what is no object");
    ev->n_tracks = (uint32_t)n;
}

static void take_numbers(struct in *in, const struct vd_json *data, struct vd_event *ev)
{
    const struct vd_json *why = vd_json_get(data, "why");
    const struct vd_json *quality = vd_json_get(data, "quality");
    int64_t suppressed = 0, skew = 0;

    take_float(in, data, "score", &ev->score);
    take_float(in, data, "peak", &ev->peak);
    take_text(in, why, "analysis", false, ev->why.analysis, sizeof ev->why.analysis);
    take_text(in, why, "m_of_n", false, ev->why.m_of_n, sizeof ev->why.m_of_n);
    take_float(in, why, "threshold", &ev->why.threshold);
    take_float(in, why, "sigma", &ev->why.sigma);
    take_float(in, why, "light", &ev->why.light);
    take_float(in, why, "shift_px", &ev->why.shift_px);
    take_int(in, why, "suppressed", 0, UINT32_MAX, &suppressed);
    take_float(in, quality, "fps", &ev->quality.fps);
    take_float(in, quality, "lost", &ev->quality.lost);
    take_int(in, quality, "clock_skew_ms", INT32_MIN, INT32_MAX, &skew);
    ev->why.suppressed = (uint32_t)suppressed;
    ev->quality.clock_skew_ms = (int32_t)skew;
}

static void take_data(struct in *in, const struct vd_json *data, struct vd_event *ev)
{
    const struct vd_json *media = vd_json_get(data, "media");
    const struct vd_json *refused = vd_json_get(data, "refused");
    int64_t rev = 0, count = 0, left_out = 0;

    take_uuid(in, data, "event", &ev->event);
    take_int(in, data, "rev", 1, UINT32_MAX, &rev);
    take_text(in, data, "area", false, ev->area, sizeof ev->area);
    take_text(in, data, ev->kind == VD_KIND_NODE ? "node" : "camera", true, ev->camera,
              sizeof ev->camera);
    take_zones(in, vd_json_get(data, "zone"), ev);
    take_time(in, data, "start", &ev->start_us);
    take_time(in, data, "end", &ev->end_us);
    take_end_reason(in, data, &ev->end_reason);
    take_boxes(in, vd_json_get(data, "boxes"), ev);
    take_tracks(in, vd_json_get(data, "tracks"), ev);
    take_int(in, data, "tracks_left_out", 0, UINT32_MAX, &left_out);
    take_numbers(in, data, ev);
    take_text(in, media, "snapshot", false, ev->snapshot, sizeof ev->snapshot);
    take_text(in, media, "clip", false, ev->clip, sizeof ev->clip);
    take_text(in, data, "detail", false, ev->detail, sizeof ev->detail);
    take_int(in, refused, "count", 0, UINT32_MAX, &count);
    take_time(in, refused, "since", &ev->refused.since_us);
    ev->rev = (uint32_t)rev;
    ev->tracks_left_out = (uint32_t)left_out;
    ev->refused.count = (uint32_t)count;
}

int vd_event_decode(const char *json, size_t len, struct vd_event *ret_ev, struct vd_err *err)
{
    struct vd_event ev;
    struct in in = {.err = err};
    struct vd_json *doc = NULL;
    int rc;

    if (len > VD_EVENT_JSON_MAX)
        return vd_err_set(err, VD_EPROTO, "event of %zu bytes, %d at most", len,
                          VD_EVENT_JSON_MAX);
    rc = vd_json_parse(&doc, json, len, err);
    if (rc < 0)
        return rc;
    memset(&ev, 0, sizeof ev);
    take_type(&in, doc, &ev); /* first: it says how to read the rest */
    take_uuid(&in, doc, "id", &ev.id);
    take_text(&in, doc, "source", true, ev.source, sizeof ev.source);
    take_sequence(&in, doc, &ev.sequence);
    take_time(&in, doc, "time", &ev.time_us);
    take_time(&in, doc, "recordedtime", &ev.recorded_us);
    if (!vd_json_is_object(vd_json_get(doc, "data")))
        refuse(&in, "data", "is no object");
    else
        take_data(&in, vd_json_get(doc, "data"), &ev);
    vd_json_free(&doc);
    if (in.rc < 0)
        return in.rc;
    rc = vd_event_check(&ev, err);
    if (rc < 0)
        return rc;
    *ret_ev = ev;
    return 0;
}
