#include "alerts/api/search.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "base/str.h"
#include "base/uuid.h"

static int decode_states(struct vd_search *search, const char *value)
{
    static const char *const known[] = {"unresolved", "open", "acknowledged", "dispatched",
                                        "resolved"};

    while (*value != '\0') {
        size_t len = strcspn(value, ","), i, n = sizeof known / sizeof known[0];
        int at = search->filter.n_states;

        for (i = 0; i < n; i++)
            if (strlen(known[i]) == len && strncmp(known[i], value, len) == 0)
                break;
        /* "unresolved" says it all: it stands alone */
        if (i == n || at == 4 || (i == 0 && (at > 0 || value[len] == ',')))
            return VD_EPROTO;
        vd_str_copy(search->states[at], sizeof search->states[at], known[i]);
        search->filter.states[at] = search->states[at];
        search->filter.n_states = at + 1;
        value += len + (value[len] == ',');
    }
    return 0;
}

static int decode_cursor(struct vd_search *search, const char *value)
{
    char digits[24];
    const char *dot = strchr(value, '.');
    struct vd_uuid uuid;

    if (dot == NULL || (size_t)(dot - value) >= sizeof digits)
        return VD_EPROTO;
    memcpy(digits, value, (size_t)(dot - value));
    digits[dot - value] = '\0';
    if (!vd_str_int64(digits, &search->filter.before_us) || search->filter.before_us <= 0 ||
        !vd_uuid_parse(dot + 1, &uuid))
        return VD_EPROTO;
    vd_uuid_format(&uuid, search->before_id);
    search->filter.before_id = search->before_id;
    return 0;
}

static int decode_limit(struct vd_search *search, const char *value)
{
    int64_t limit;

    if (!vd_str_int64(value, &limit) || limit < 1 || limit > VD_SEARCH_LIMIT_MAX)
        return VD_EPROTO;
    search->filter.limit = (int)limit;
    return 0;
}

static int decode_severity(struct vd_search *search, const char *value)
{
    if (strcmp(value, "red") != 0 && strcmp(value, "yellow") != 0 &&
        strcmp(value, "green") != 0)
        return VD_EPROTO;
    search->filter.severity = value;
    return 0;
}

static int decode_camera(struct vd_search *search, const char *value)
{
    search->filter.camera = value;
    return vd_id_is_valid(value) ? 0 : VD_EPROTO;
}

static int decode_area(struct vd_search *search, const char *value)
{
    search->filter.area = value;
    return vd_area_is_valid(value) ? 0 : VD_EPROTO;
}

static int decode_owner(struct vd_search *search, const char *value)
{
    search->filter.owner = value;
    return 0;
}

static int decode_text(struct vd_search *search, const char *value)
{
    if (strlen(value) > VD_ALERT_TEXT_MAX)
        return VD_EPROTO;
    search->filter.text = value;
    return 0;
}

static int decode_from(struct vd_search *search, const char *value)
{
    return vd_time_parse(value, &search->filter.from_us) ? 0 : VD_EPROTO;
}

static int decode_to(struct vd_search *search, const char *value)
{
    return vd_time_parse(value, &search->filter.to_us) ? 0 : VD_EPROTO;
}

static int decode_order(struct vd_search *search, const char *value)
{
    search->filter.is_urgent_first = strcmp(value, "urgent") == 0;
    return search->filter.is_urgent_first || strcmp(value, "newest") == 0 ? 0 : VD_EPROTO;
}

static const struct {
    const char *name;
    int (*decode)(struct vd_search *search, const char *value);
    const char *wants;
} keys[] = {
    {"state", decode_states, "unresolved, or any of open,acknowledged,dispatched,resolved"},
    {"severity", decode_severity, "red, yellow or green"},
    {"camera", decode_camera, "a camera's id"},
    {"area", decode_area, "an area's code"},
    {"owner", decode_owner, "a user's name"},
    {"q", decode_text, "a text of at most 600 bytes"},
    {"from", decode_from, "a time as 2026-08-22T03:14:07Z"},
    {"to", decode_to, "a time as 2026-08-22T03:14:07Z"},
    {"cursor", decode_cursor, "what the page before gave as next"},
    {"order", decode_order, "newest, or urgent"},
    {"limit", decode_limit, "a number from 1 to 200"},
};

static int decode_one(struct vd_search *search, const struct vd_pair *pair, struct vd_err *err)
{
    const char *value = search->query.text + pair->value;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(pair->name, keys[i].name) != 0)
            continue;
        if (value[0] == '\0')
            return 0; /* an empty field of a form asks for nothing */
        if (keys[i].decode(search, value) < 0)
            return vd_err_set(err, VD_EPROTO, "'%s' is %s", keys[i].name, keys[i].wants);
        return 0;
    }
    return vd_err_set(err, VD_EPROTO, "there is no filter '%s'", pair->name);
}

int vd_search_decode(const struct vd_query *query, struct vd_search *ret_search,
                     struct vd_err *err)
{
    struct vd_alert_filter *filter = &ret_search->filter;

    memset(ret_search, 0, sizeof *ret_search);
    ret_search->query = *query;
    for (int i = 0; i < ret_search->query.n; i++) {
        int rc = decode_one(ret_search, &ret_search->query.pairs[i], err);

        for (int j = 0; rc == 0 && j < i; j++)
            if (strcmp(query->pairs[i].name, query->pairs[j].name) == 0)
                rc = vd_err_set(err, VD_EPROTO, "'%s' is given twice", query->pairs[i].name);
        if (rc < 0)
            return rc;
    }
    if (filter->limit == 0)
        filter->limit = 50;
    ret_search->is_live =
        filter->n_states == 1 && strcmp(ret_search->states[0], "unresolved") == 0 &&
        filter->severity == NULL && filter->camera == NULL && filter->area == NULL &&
        filter->owner == NULL && filter->text == NULL && filter->from_us == 0 &&
        filter->to_us == 0 && filter->before_id == NULL && !filter->is_urgent_first;
    return 0;
}

void vd_cursor_encode(int64_t opened_us, const char *id, char text[VD_CURSOR_TEXT])
{
    snprintf(text, VD_CURSOR_TEXT, "%" PRId64 ".%s", opened_us, id);
}
