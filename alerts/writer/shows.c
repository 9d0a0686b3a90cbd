#include "alerts/writer/shows.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

int vd_event_shows(const struct vd_event *ev, char *text, size_t size, struct vd_err *err)
{
    char json[VD_EVENT_JSON_MAX + 1];
    struct vd_event slim = *ev;
    struct vd_json *doc = NULL;
    int rc = vd_event_encode(ev, json, sizeof json, err);

    if (rc >= 0)
        rc = vd_json_parse(&doc, json, (size_t)rc, err);
    if (rc < 0)
        return rc;
    rc = vd_json_print(vd_json_get(doc, "data"), text, size, err);
    vd_json_free(&doc);
    if (rc != VD_EINVAL || (ev->n_boxes == 0 && ev->n_tracks == 0 && ev->detail[0] == '\0'))
        return rc;
    slim.n_boxes = 0; /* all but boxes, tracks and detail is bounded far below */
    slim.tracks_left_out += slim.n_tracks;
    slim.n_tracks = 0;
    slim.detail[0] = '\0';
    return vd_event_shows(&slim, text, size, err);
}
