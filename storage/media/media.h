/* storage/media/media.h: names of media, and where they lie: <root>/<camera>/<day>/<uuid>.jpg.
 * A path is only ever made of checked parts, so that no id leads out of the root. */
#ifndef VD_STORAGE_MEDIA_MEDIA_H
#define VD_STORAGE_MEDIA_MEDIA_H

#include <stddef.h>

#include "base/err.h"
#include "base/event.h"
#include "base/uuid.h"

/* Writes "<camera>.<uuid>" into id of VD_MEDIA_ID_MAX + 1 bytes. camera is a valid id. */
void vd_media_id(const char *camera, const struct vd_uuid *uuid, char *id);

/* Takes an id apart. VD_EINVAL when it is none: any text is safe. camera has room for
 * VD_ID_MAX + 1 bytes. */
int vd_media_parse(const char *id, char *camera, struct vd_uuid *ret_uuid, struct vd_err *err);

/* The path of a snapshot below root, and (folder not NULL, of the same size) its folder. The
 * day is that within the UUID, UTC. VD_EINVAL: no id, or it does not fit. */
int vd_media_path(const char *root, const char *id, char *path, char *folder, size_t size,
                  struct vd_err *err);

#endif
