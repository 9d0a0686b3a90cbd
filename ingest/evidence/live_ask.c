/* What viewers ask, as a value. */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "ingest/evidence/live.h"

bool vd_live_is_request(const char *op)
{
    return op != NULL && (strcmp(op, "live") == 0 || strcmp(op, "live-end") == 0);
}

int vd_live_read(const struct vd_json *doc, struct vd_live_request *ret_request,
                 struct vd_err *err)
{
    const char *op = vd_json_get_text(doc, "op"), *camera = vd_json_get_text(doc, "camera");
    const char *stream = vd_json_get_text(doc, "stream");
    int64_t viewer = vd_json_get_int(doc, "viewer", -1);
    struct vd_live_request request = {.viewer = (uint32_t)viewer};

    if (viewer < 0 || viewer > UINT32_MAX)
        return vd_err_set(err, VD_EINVAL, "request: viewer is a number of 32 bits");
    request.is_end = strcmp(op, "live-end") == 0;
    if (!request.is_end &&
        (camera == NULL || !vd_str_copy(request.camera, sizeof request.camera, camera)))
        return vd_err_set(err, VD_EINVAL, "request: no camera");
    if (stream != NULL && strcmp(stream, "main") != 0 && strcmp(stream, "sub") != 0)
        return vd_err_set(err, VD_EINVAL, "request: stream is 'main' or 'sub'");
    request.wants_main = stream != NULL && strcmp(stream, "main") == 0;
    request.takes_h265 = vd_json_get_int(doc, "h265", 0) == 1;
    request.credit = vd_json_get_int(doc, "credit", 0);
    if (request.credit < 0 || request.credit > VD_LIVE_CREDIT_MAX)
        return vd_err_set(err, VD_EINVAL, "request: credit is 0 to %d bytes",
                          VD_LIVE_CREDIT_MAX);
    *ret_request = request;
    return 0;
}
