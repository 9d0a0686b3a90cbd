#include "storage/media/media.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, DAY_LEN = 10 };

static const struct {
    const char *suffix, *type;
} kinds[VD_N_MEDIA_KINDS] = {
    [VD_MEDIA_SNAPSHOT] = {".jpg", "image/jpeg"},
    [VD_MEDIA_CLIP] = {".mp4", "video/mp4"},
    [VD_MEDIA_PART] = {".mp4.part", "video/mp4"},
};

const char *vd_media_type(enum vd_media_kind kind)
{
    return kinds[kind].type;
}

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

void vd_media_area_folder(const char *area, char *folder)
{
    if (!vd_str_copy(folder, VD_AREA_MAX + 1, area) || folder[0] == '\0')
        (void)vd_str_copy(folder, VD_AREA_MAX + 1, "-");
    for (char *c = folder; *c != '\0'; c++)
        if (*c == '/')
            *c = ',';
}

bool vd_media_is_area_folder(const char *name)
{
    char area[VD_AREA_MAX + 1];

    if (strcmp(name, "-") == 0)
        return true;
    if (strchr(name, '/') != NULL || !vd_str_copy(area, sizeof area, name))
        return false;
    for (char *c = area; *c != '\0'; c++)
        if (*c == ',')
            *c = '/';
    return vd_area_is_valid(area);
}

void vd_media_file(const struct vd_uuid *uuid, enum vd_media_kind kind, char *name)
{
    char text[VD_UUID_TEXT];

    vd_uuid_format(uuid, text);
    (void)snprintf(name, VD_MEDIA_FILE_MAX, "%s%s", text, kinds[kind].suffix);
}

bool vd_media_parse_file(const char *name, struct vd_uuid *ret_uuid,
                         enum vd_media_kind *ret_kind)
{
    char text[VD_UUID_TEXT];

    if (strlen(name) < VD_UUID_TEXT - 1)
        return false;
    memcpy(text, name, VD_UUID_TEXT - 1);
    text[VD_UUID_TEXT - 1] = '\0';
    for (int kind = 0; kind < VD_N_MEDIA_KINDS; kind++)
        if (strcmp(name + VD_UUID_TEXT - 1, kinds[kind].suffix) == 0) {
            *ret_kind = (enum vd_media_kind)kind;
            return vd_uuid_parse(text, ret_uuid);
        }
    return false;
}

static void day_of(const struct vd_uuid *uuid, char day[VD_TIME_TEXT])
{
    vd_time_format(vd_uuid_wall_us(uuid), day);
    day[DAY_LEN] = '\0'; /* "2026-08-22" */
}

int vd_media_path(const struct vd_media_place *place, const char *id, char *path, char *folder,
                  size_t size, struct vd_err *err)
{
    char camera[VD_ID_MAX + 1], area[VD_AREA_MAX + 1], day[VD_TIME_TEXT];
    char file[VD_MEDIA_FILE_MAX];
    struct vd_uuid uuid;
    int rc = vd_media_parse(id, camera, &uuid, err), n;

    if (rc < 0)
        return rc;
    if (place->area[0] != '\0' && !vd_area_is_valid(place->area))
        return vd_err_set(err, VD_EINVAL, "media: '%s' is no area", place->area);
    vd_media_area_folder(place->area, area);
    day_of(&uuid, day);
    vd_media_file(&uuid, place->kind, file);
    n = snprintf(path, size, "%s/%s/%s/%s/%s", place->root, area, camera, day, file);
    if (n >= 0 && (size_t)n < size && folder != NULL)
        (void)snprintf(folder, size, "%s/%s/%s/%s", place->root, area, camera, day);
    return n >= 0 && (size_t)n < size ? 0 : vd_err_set(err, VD_EINVAL, "media: path too long");
}

/* Opens the medium within an area's folder. The clip is looked for on both sides of the part:
 * it may be renamed meanwhile. */
static int open_within(int area, const char *camera, const struct vd_uuid *uuid,
                       enum vd_media_kind *ret_kind)
{
    static const enum vd_media_kind order[] = {VD_MEDIA_SNAPSHOT, VD_MEDIA_CLIP, VD_MEDIA_PART,
                                               VD_MEDIA_CLIP};
    int folder = openat(area, camera, FOLDER_FLAGS), of_day, fd = -1;
    char day[VD_TIME_TEXT], file[VD_MEDIA_FILE_MAX];

    day_of(uuid, day);
    of_day = folder >= 0 ? openat(folder, day, FOLDER_FLAGS) : -1;
    for (size_t i = 0; of_day >= 0 && fd < 0 && i < sizeof order / sizeof order[0]; i++) {
        vd_media_file(uuid, order[i], file);
        fd = openat(of_day, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        *ret_kind = order[i];
    }
    if (of_day >= 0)
        close(of_day);
    if (folder >= 0)
        close(folder);
    return fd;
}

int vd_media_open(const char *root, const char *id, enum vd_media_kind *ret_kind,
                  struct vd_err *err)
{
    char camera[VD_ID_MAX + 1];
    const struct dirent *entry;
    struct vd_uuid uuid;
    struct stat st;
    DIR *dir;
    int rc = vd_media_parse(id, camera, &uuid, err), fd = -1;

    if (rc < 0)
        return rc;
    dir = opendir(root);
    if (dir == NULL)
        return vd_err_set(err, VD_EIO, "open '%s': %s", root, strerror(errno));
    while (fd < 0 && (entry = readdir(dir)) != NULL) {
        int area = vd_media_is_area_folder(entry->d_name)
                       ? openat(dirfd(dir), entry->d_name, FOLDER_FLAGS)
                       : -1;

        if (area < 0)
            continue;
        fd = open_within(area, camera, &uuid, ret_kind);
        close(area);
    }
    closedir(dir);
    if (fd < 0)
        return vd_err_set(err, VD_EIO, "media '%s': it is not here", id);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return vd_err_set(err, VD_EIO, "media '%s': no regular file", id);
}
