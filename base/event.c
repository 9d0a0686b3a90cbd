/* The words of events, as tables, and the limits that encoding and decoding share. */
#include "base/event.h"

#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
    const char *name;
    const char *onvif;
} kinds[VD_N_KINDS] = {
    [VD_KIND_MOTION] = {"motion", "tns1:RuleEngine/CellMotionDetector/Motion"},
    [VD_KIND_COVERED] = {"covered", "tns1:VideoSource/ImageTooDark/AnalyticsService"},
    [VD_KIND_DARK] = {"dark", "tns1:VideoSource/ImageTooDark/ImagingService"},
    [VD_KIND_BRIGHT] = {"bright", "tns1:VideoSource/ImageTooBright/ImagingService"},
    [VD_KIND_BLURRED] = {"blurred", "tns1:VideoSource/ImageTooBlurry/ImagingService"},
    [VD_KIND_MOVED] = {"moved", "tns1:VideoSource/GlobalSceneChange/ImagingService"},
    [VD_KIND_FROZEN] = {"frozen", NULL},
    [VD_KIND_LOST] = {"lost", "tns1:VideoSource/SignalLoss"},
    [VD_KIND_LOW_QUALITY] = {"low-quality", "tns1:VideoSource/ImpairedVisibility"},
    [VD_KIND_SCENE_CHANGE] = {"scene-change",
                              "tns1:VideoSource/GlobalSceneChange/AnalyticsService"},
    [VD_KIND_INPUT] = {"input", "tns1:Device/Trigger/DigitalInput"},
    [VD_KIND_NODE] = {"node", NULL},
};

static const char *const phases[VD_N_PHASES] = {
    [VD_PHASE_START] = "start",
    [VD_PHASE_UPDATE] = "update",
    [VD_PHASE_END] = "end",
    [VD_PHASE_MEDIA] = "media",
};

static const char *const end_reasons[VD_N_END_REASONS] = {
    [VD_END_QUIET] = "quiet",     [VD_END_RESTART] = "restart", [VD_END_LOST] = "lost",
    [VD_END_CHANGED] = "changed", [VD_END_MAX_AGE] = "max-age", [VD_END_RELEARN] = "relearn",
};

static const char *const dids[VD_N_DIDS] = {"enter", "leave", "cross", "loiter"};

static const char *const directions[VD_N_DIRECTIONS] = {
    [VD_DIRECTION_A_TO_B] = "a_to_b",
    [VD_DIRECTION_B_TO_A] = "b_to_a",
};

const char *vd_kind_name(enum vd_kind kind)
{
    return kinds[kind].name;
}

const char *vd_kind_onvif(enum vd_kind kind)
{
    return kinds[kind].onvif;
}

bool vd_kind_parse(const char *text, enum vd_kind *ret_kind)
{
    for (size_t i = 0; i < N(kinds); i++)
        if (strcmp(text, kinds[i].name) == 0) {
            *ret_kind = (enum vd_kind)i;
            return true;
        }
    return false;
}

const char *vd_phase_name(enum vd_phase phase)
{
    return phases[phase];
}

bool vd_phase_parse(const char *text, enum vd_phase *ret_phase)
{
    for (size_t i = 0; i < N(phases); i++)
        if (strcmp(text, phases[i]) == 0) {
            *ret_phase = (enum vd_phase)i;
            return true;
        }
    return false;
}

const char *vd_did_name(enum vd_did did)
{
    return dids[__builtin_ctz((unsigned)did)];
}

bool vd_did_parse(const char *text, enum vd_did *ret_did)
{
    for (size_t i = 0; i < N(dids); i++)
        if (strcmp(text, dids[i]) == 0) {
            *ret_did = (enum vd_did)(1U << i);
            return true;
        }
    return false;
}

const char *vd_direction_name(enum vd_direction direction)
{
    return directions[direction];
}

bool vd_direction_parse(const char *text, enum vd_direction *ret_direction)
{
    for (size_t i = VD_DIRECTION_NONE + 1; i < N(directions); i++)
        if (strcmp(text, directions[i]) == 0) {
            *ret_direction = (enum vd_direction)i;
            return true;
        }
    return false;
}

const char *vd_end_reason_name(enum vd_end_reason reason)
{
    return end_reasons[reason];
}

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool vd_id_is_valid(const char *id)
{
    size_t len = strlen(id);

    if (len == 0 || len > VD_ID_MAX || !is_lower_or_digit(id[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_lower_or_digit(id[i]) && id[i] != '-')
            return false;
    return true;
}

static bool is_area_char(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

bool vd_area_is_valid(const char *area)
{
    enum { PARTS_MAX = 8 };
    size_t len = strlen(area), part = 0;
    int parts = 1;

    if (len == 0 || len > VD_AREA_MAX)
        return false;
    for (size_t i = 0; i <= len; i++) {
        const char *begin = area + i - part;

        if (is_area_char(area[i])) {
            part++;
            continue;
        }
        if (area[i] != '/' && area[i] != '\0')
            return false;
        if (part == 0 || (part == 1 && begin[0] == '.') ||
            (part == 2 && begin[0] == '.' && begin[1] == '.'))
            return false;
        part = 0;
        parts += area[i] == '/';
    }
    return parts <= PARTS_MAX;
}

bool vd_area_within(const char *area, const char *scope)
{
    size_t len = strlen(scope);

    if (len == 0)
        return true;
    return strncmp(area, scope, len) == 0 && (area[len] == '\0' || area[len] == '/');
}

static bool is_fraction(float value)
{
    return value >= 0 && value <= 1; /* and no NaN */
}

static int check_numbers(const struct vd_event *ev, struct vd_err *err)
{
    if (!is_fraction(ev->score) || !is_fraction(ev->peak))
        return vd_err_set(err, VD_EPROTO, "event: score or peak is outside 0..1");
    if (ev->n_zones > VD_EVENT_ZONES_MAX || ev->n_boxes > VD_EVENT_BOXES_MAX)
        return vd_err_set(err, VD_EPROTO, "event: more than %d zones or %d boxes",
                          VD_EVENT_ZONES_MAX, VD_EVENT_BOXES_MAX);
    for (uint32_t i = 0; i < ev->n_boxes; i++) {
        const struct vd_box *b = &ev->boxes[i];

        if (!is_fraction(b->x) || !is_fraction(b->y) || !is_fraction(b->w) ||
            !is_fraction(b->h))
            return vd_err_set(err, VD_EPROTO, "event: box %u is outside the picture", i);
    }
    for (uint32_t i = 0; i < ev->n_zones; i++)
        if (!vd_id_is_valid(ev->zones[i]))
            return vd_err_set(err, VD_EPROTO, "event: zone '%s' is no id", ev->zones[i]);
    return 0;
}

static int check_track(const struct vd_event_track *t, struct vd_err *err)
{
    bool has_crossed = (t->did & VD_DID_CROSS) != 0;

    if (t->id == 0 || t->did >> VD_N_DIDS != 0 || !is_fraction(t->size) ||
        t->dwell_ms > VD_EVENT_DWELL_MS_MAX)
        return vd_err_set(err, VD_EPROTO, "event: track %u has a number out of its range",
                          t->id);
    if (t->zone[0] != '\0' && !vd_id_is_valid(t->zone))
        return vd_err_set(err, VD_EPROTO, "event: track %u: zone '%s' is no id", t->id,
                          t->zone);
    if (t->line[0] != '\0' && !vd_id_is_valid(t->line))
        return vd_err_set(err, VD_EPROTO, "event: track %u: line '%s' is no id", t->id,
                          t->line);
    if ((unsigned)t->direction >= VD_N_DIRECTIONS || has_crossed != (t->line[0] != '\0') ||
        has_crossed != (t->direction != VD_DIRECTION_NONE))
        return vd_err_set(err, VD_EPROTO,
                          "event: track %u: 'cross', line and direction go together", t->id);
    return 0;
}

static int check_tracks(const struct vd_event *ev, struct vd_err *err)
{
    int rc = 0;

    if (ev->n_tracks > VD_EVENT_TRACKS_MAX)
        return vd_err_set(err, VD_EPROTO, "event: more than %d tracks", VD_EVENT_TRACKS_MAX);
    for (uint32_t i = 0; i < ev->n_tracks && rc == 0; i++)
        rc = check_track(&ev->tracks[i], err);
    return rc;
}

int vd_event_check(const struct vd_event *ev, struct vd_err *err)
{
    if ((unsigned)ev->kind >= VD_N_KINDS || (unsigned)ev->phase >= VD_N_PHASES ||
        (unsigned)ev->end_reason >= VD_N_END_REASONS)
        return vd_err_set(err, VD_EPROTO, "event: unknown kind, phase or end_reason");
    if (ev->source[0] != '/')
        return vd_err_set(err, VD_EPROTO, "event: source '%s' does not begin with '/'",
                          ev->source);
    if (!vd_id_is_valid(ev->camera))
        return vd_err_set(err, VD_EPROTO, "event: '%s' is no id of a camera or node",
                          ev->camera);
    if (ev->area[0] != '\0' && !vd_area_is_valid(ev->area))
        return vd_err_set(err, VD_EPROTO, "event: '%s' is no area", ev->area);
    if (ev->rev == 0)
        return vd_err_set(err, VD_EPROTO, "event: rev counts from 1");
    if (ev->time_us <= 0 || ev->start_us <= 0 || ev->end_us < 0 || ev->recorded_us < 0)
        return vd_err_set(err, VD_EPROTO, "event: time or start is missing");
    if ((ev->phase == VD_PHASE_END) != (ev->end_reason != VD_END_NONE) &&
        ev->phase != VD_PHASE_MEDIA)
        return vd_err_set(err, VD_EPROTO, "event: phase and end_reason disagree");
    if (check_numbers(ev, err) < 0)
        return VD_EPROTO;
    return check_tracks(ev, err);
}
