#include "storage/media/media.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

void vd_media_id(const char *camera, const struct vd_uuid *uuid, char *id)
{
    char text[VD_UUID_TEXT];

    vd_uuid_format(uuid, text);
    (void)snprintf(id, VD_MEDIA_ID_MAX + 1, "%s.%s", camera, text);
}

int vd_media_parse(const char *id, char *camera, struct vd_uuid *ret_uuid, struct vd_err *err)
{
    const char *dot = strchr(id, '.');
    size_t len = dot != NULL ? (size_t)(dot - id) : 0;
    char name[VD_ID_MAX + 1];

    if (len == 0 || len > VD_ID_MAX)
        return vd_err_set(err, VD_EINVAL, "media: that is no id");
    memcpy(name, id, len);
    name[len] = '\0';
    if (!vd_id_is_valid(name) || !vd_uuid_parse(dot + 1, ret_uuid))
        return vd_err_set(err, VD_EINVAL, "media: that is no id");
    memcpy(camera, name, len + 1);
    return 0;
}

int vd_media_path(const char *root, const char *id, char *path, char *folder, size_t size,
                  struct vd_err *err)
{
    char camera[VD_ID_MAX + 1], text[VD_UUID_TEXT], day[VD_TIME_TEXT];
    struct vd_uuid uuid;
    int rc = vd_media_parse(id, camera, &uuid, err), n;

    if (rc < 0)
        return rc;
    vd_time_format(vd_uuid_wall_us(&uuid), day);
    day[10] = '\0'; /* "2026-08-22" */
    vd_uuid_format(&uuid, text);
    n = snprintf(path, size, "%s/%s/%s/%s.jpg", root, camera, day, text);
    if (n >= 0 && (size_t)n < size && folder != NULL)
        (void)snprintf(folder, size, "%s/%s/%s", root, camera, day);
    return n >= 0 && (size_t)n < size ? 0 : vd_err_set(err, VD_EINVAL, "media: path too long");
}
