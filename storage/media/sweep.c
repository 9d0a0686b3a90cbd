#include "storage/media/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/str.h"
#include "base/uuid.h"
#include "storage/media/media.h"

enum { SUFFIX = 4, FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct item {
    int64_t wall_us;
    int64_t bytes;
    struct vd_uuid uuid;
    int camera; /* index into names */
};

struct sweep {
    const char *root;
    struct vd_sweep_report *report;
    struct item *items;
    size_t n, room;
    char (*names)[VD_ID_MAX + 1];
    int n_names, names_room;
    struct vd_err *err;
    int rc;
};

static int out_of_memory(struct sweep *s)
{
    return s->rc = vd_err_set(s->err, VD_ENOMEM, "media '%s': out of memory", s->root);
}

/* "<uuid>.jpg", and nothing else. */
static bool is_media(const char *name, struct vd_uuid *ret_uuid)
{
    char text[VD_UUID_TEXT];

    if (strlen(name) != VD_UUID_TEXT - 1 + SUFFIX ||
        strcmp(name + VD_UUID_TEXT - 1, ".jpg") != 0)
        return false;
    memcpy(text, name, VD_UUID_TEXT - 1);
    text[VD_UUID_TEXT - 1] = '\0';
    return vd_uuid_parse(text, ret_uuid);
}

static void add(struct sweep *s, const struct vd_uuid *uuid, int64_t bytes)
{
    if (s->n == s->room) {
        size_t room = s->room * 2 + 256;
        struct item *more = realloc(s->items, room * sizeof *more);

        if (more == NULL) {
            (void)out_of_memory(s);
            return;
        }
        s->items = more;
        s->room = room;
    }
    s->items[s->n++] = (struct item){.wall_us = vd_uuid_wall_us(uuid),
                                     .bytes = bytes,
                                     .uuid = *uuid,
                                     .camera = s->n_names - 1};
    s->report->files++;
    s->report->bytes += bytes;
}

typedef void entry_fn(struct sweep *s, int folder, const char *name);

/* Calls fn for each name in the folder (taken: closed here). */
static void each(struct sweep *s, int folder, entry_fn *fn)
{
    DIR *dir = folder < 0 ? NULL : fdopendir(folder);
    const struct dirent *entry;

    if (dir == NULL) {
        if (folder >= 0)
            close(folder);
        return;
    }
    while (s->rc == 0 && (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fn(s, dirfd(dir), entry->d_name);
    closedir(dir);
}

static void take_file(struct sweep *s, int folder, const char *name)
{
    struct vd_uuid uuid;
    struct stat st;

    if (!is_media(name, &uuid) || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode)) {
        s->report->strange++;
        return;
    }
    add(s, &uuid, (int64_t)st.st_blocks * 512);
}

static void take_day(struct sweep *s, int folder, const char *name)
{
    int day = strlen(name) == 10 ? openat(folder, name, FOLDER_FLAGS) : -1;

    if (day < 0)
        s->report->strange++;
    else
        each(s, day, take_file);
}

static void take_camera(struct sweep *s, int folder, const char *name)
{
    int camera = vd_id_is_valid(name) ? openat(folder, name, FOLDER_FLAGS) : -1;

    if (camera < 0) {
        s->report->strange++;
        return;
    }
    if (s->n_names == s->names_room) {
        int room = s->names_room * 2 + 16;
        void *more = realloc(s->names, (size_t)room * sizeof *s->names);

        if (more == NULL) {
            close(camera);
            (void)out_of_memory(s);
            return;
        }
        s->names = more;
        s->names_room = room;
    }
    (void)vd_str_copy(s->names[s->n_names++], sizeof s->names[0], name);
    each(s, camera, take_day);
}

static int oldest_first(const void *a, const void *b)
{
    const struct item *left = a, *right = b;

    return (left->wall_us > right->wall_us) - (left->wall_us < right->wall_us);
}

/* Removes one file by folders that are opened anew, link by link refused. */
static void remove_item(struct sweep *s, const struct item *item)
{
    char day[VD_TIME_TEXT], file[VD_UUID_TEXT + SUFFIX], uuid[VD_UUID_TEXT];
    int root = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), camera, folder;

    vd_time_format(item->wall_us, day);
    day[10] = '\0';
    vd_uuid_format(&item->uuid, uuid);
    (void)snprintf(file, sizeof file, "%s.jpg", uuid);
    camera = root < 0 ? -1 : openat(root, s->names[item->camera], FOLDER_FLAGS);
    folder = camera < 0 ? -1 : openat(camera, day, FOLDER_FLAGS);
    if (folder >= 0 && (unlinkat(folder, file, 0) == 0 || errno == ENOENT)) {
        s->report->removed++;
        s->report->removed_bytes += item->bytes;
        s->report->files--;
        s->report->bytes -= item->bytes;
        (void)unlinkat(camera, day, AT_REMOVEDIR); /* when it was the last of its day */
    } else if (s->rc == 0) {
        s->rc = vd_err_set(s->err, VD_EIO, "remove '%s/%s/%s/%s': %s", s->root,
                           s->names[item->camera], day, file, strerror(errno));
    }
    if (folder >= 0)
        close(folder);
    if (camera >= 0)
        close(camera);
    if (root >= 0)
        close(root);
}

static void judge(struct sweep *s, const struct vd_sweep_limits *limits,
                  vd_sweep_needed_fn *needed, void *arg)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct item *item = &s->items[i];
        bool is_old = limits->before_us != 0 && item->wall_us < limits->before_us;
        char id[VD_MEDIA_ID_MAX + 1];

        if (!is_old && (limits->bytes == 0 || s->report->bytes <= limits->bytes))
            return; /* what follows is younger still */
        vd_media_id(s->names[item->camera], &item->uuid, id);
        if (needed(arg, id))
            s->report->needed++;
        else
            remove_item(s, item);
    }
}

int vd_media_sweep(const char *root, const struct vd_sweep_limits *limits,
                   vd_sweep_needed_fn *needed, void *arg, struct vd_sweep_report *ret_report,
                   struct vd_err *err)
{
    struct sweep s = {.root = root, .report = ret_report, .err = err};
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *ret_report = (struct vd_sweep_report){0};
    if (folder < 0)
        return vd_err_set(err, VD_EIO, "open '%s': %s", root, strerror(errno));
    each(&s, folder, take_camera);
    if (s.rc == 0 && s.n > 0) {
        qsort(s.items, s.n, sizeof s.items[0], oldest_first);
        judge(&s, limits, needed, arg);
    }
    free(s.items);
    free(s.names);
    return s.rc;
}
