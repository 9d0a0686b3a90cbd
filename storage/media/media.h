/* storage/media/media.h: names of media, and where they lie:
 * <root>/<area, with ',' for '/'>/<camera>/<day>/<uuid>.jpg, .mp4, or .mp4.part while a clip is
 * being written. A path is only ever made of checked parts, so that no id leads out of the
 * root. An id does not say the area: a camera may move, and what it saw stays where it was. */
#ifndef VD_STORAGE_MEDIA_MEDIA_H
#define VD_STORAGE_MEDIA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/event.h"
#include "base/uuid.h"

enum vd_media_kind {
    VD_MEDIA_SNAPSHOT,
    VD_MEDIA_CLIP,
    VD_MEDIA_PART, /* a clip that still grows; can be played as far as it goes */
    VD_N_MEDIA_KINDS
};

enum { VD_MEDIA_FILE_MAX = VD_UUID_TEXT + 10 }; /* of a file's name, with its NUL */

/* Writes "<camera>.<uuid>" into id of VD_MEDIA_ID_MAX + 1 bytes. camera is a valid id. */
void vd_media_id(const char *camera, const struct vd_uuid *uuid, char *id);

/* Takes an id apart. VD_EINVAL when it is none: any text is safe. camera has room for
 * VD_ID_MAX + 1 bytes. */
int vd_media_parse(const char *id, char *camera, struct vd_uuid *ret_uuid, struct vd_err *err);

/* The folder's name of an area, "-" for none; folder has room for VD_AREA_MAX + 1 bytes. */
void vd_media_area_folder(const char *area, char *folder);

/* True when name is such a folder's. */
bool vd_media_is_area_folder(const char *name);

/* Writes the name of a file into name of VD_MEDIA_FILE_MAX bytes; takes one apart. */
void vd_media_file(const struct vd_uuid *uuid, enum vd_media_kind kind, char *name);
bool vd_media_parse_file(const char *name, struct vd_uuid *ret_uuid,
                         enum vd_media_kind *ret_kind);

struct vd_media_place {
    const char *root, *area;
    enum vd_media_kind kind;
};

/* The path of a medium that is to be written, and (folder not NULL, of the same size) its
 * folder. The day is that within the UUID, UTC. VD_EINVAL: no id, or it does not fit. */
int vd_media_path(const struct vd_media_place *place, const char *id, char *path, char *folder,
                  size_t size, struct vd_err *err);

/* Opens a medium for reading, whatever area it lies in; follows no link. Returns the
 * descriptor, the caller's. VD_EINVAL: no id; VD_EIO: not there, or no regular file. Blocks on
 * the disk for as many areas as there are. */
int vd_media_open(const char *root, const char *id, enum vd_media_kind *ret_kind,
                  struct vd_err *err);

/* "image/jpeg", "video/mp4" */
const char *vd_media_type(enum vd_media_kind kind);

#endif
