#include "alerts/api/live_ask.h"

#include <string.h>

static int take_camera(struct vd_live_ask *ask, const char *text, size_t len,
                       struct vd_err *err)
{
    char *id = ask->cameras[ask->n];

    if (ask->n == VD_LIVE_CAMERAS_MAX)
        return vd_err_set(err, VD_EPROTO, "At most %d cameras at once.", VD_LIVE_CAMERAS_MAX);
    if (len > VD_ID_MAX)
        return vd_err_set(err, VD_EPROTO, "'cameras' has an id of %zu bytes.", len);
    memcpy(id, text, len);
    id[len] = '\0';
    if (!vd_id_is_valid(id))
        return vd_err_set(err, VD_EPROTO, "'cameras' is a list of ids, as gate-3,dock.");
    for (int i = 0; i < ask->n; i++)
        if (strcmp(ask->cameras[i], id) == 0)
            return vd_err_set(err, VD_EPROTO, "'cameras' names '%s' twice.", id);
    ask->n++;
    return 0;
}

static int take_cameras(struct vd_live_ask *ask, const char *text, struct vd_err *err)
{
    int rc;

    for (;;) {
        size_t len = strcspn(text, ",");

        if ((rc = take_camera(ask, text, len, err)) < 0 || text[len] == '\0')
            return rc;
        text += len + 1;
    }
}

/* Which of two words is meant: 0, 1; the first when there is none. */
static int choose(const struct vd_query *query, const char *name, const char *const words[2],
                  struct vd_err *err)
{
    const char *value = vd_query_get(query, name);

    if (value == NULL || strcmp(value, words[0]) == 0)
        return 0;
    if (strcmp(value, words[1]) == 0)
        return 1;
    return vd_err_set(err, VD_EPROTO, "'%s' is %s or %s.", name, words[0], words[1]);
}

int vd_live_ask_decode(const struct vd_query *query, struct vd_live_ask *ret_ask,
                       struct vd_err *err)
{
    static const char *const streams[2] = {"sub", "main"}, *const bits[2] = {"0", "1"};
    const char *cameras = vd_query_get(query, "cameras");
    struct vd_live_ask ask = {.n = 0};
    int rc, main, h265;

    if (cameras == NULL)
        return vd_err_set(err, VD_EPROTO, "'cameras' is missing: cameras=gate-3,dock.");
    if ((rc = take_cameras(&ask, cameras, err)) < 0 ||
        (rc = main = choose(query, "stream", streams, err)) < 0 ||
        (rc = h265 = choose(query, "h265", bits, err)) < 0)
        return rc;
    ask.wants_main = main == 1;
    ask.takes_h265 = h265 == 1;
    *ret_ask = ask;
    return 0;
}

void vd_live_header(uint8_t bytes[VD_LIVE_HEADER], size_t len, enum vd_live_kind kind,
                    int camera, bool is_key, int64_t at_us)
{
    uint64_t at_ms = (uint64_t)(at_us / 1000);

    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(len >> (24 - 8 * i));
    bytes[4] = (uint8_t)kind;
    bytes[5] = (uint8_t)camera;
    bytes[6] = is_key;
    bytes[7] = 0;
    for (int i = 0; i < 8; i++)
        bytes[8 + i] = (uint8_t)(at_ms >> (56 - 8 * i));
}
