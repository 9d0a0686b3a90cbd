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

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct item {
    int64_t wall_us;
    int64_t bytes;
    struct vd_uuid uuid;
    enum vd_media_kind kind;
    int folder; /* index into folders */
};

struct folder {
    char area[VD_AREA_MAX + 1]; /* as the folder is named */
    char camera[VD_ID_MAX + 1];
};

struct sweep {
    const char *root;
    struct vd_sweep_report *report;
    struct item *items;
    size_t n, room;
    struct folder *folders;
    int n_folders, folders_room;
    const char *area; /* that is being read */
    struct vd_err *err;
    int rc;
};

static int out_of_memory(struct sweep *s)
{
    return s->rc = vd_err_set(s->err, VD_ENOMEM, "media '%s': out of memory", s->root);
}

static void add(struct sweep *s, const struct vd_uuid *uuid, enum vd_media_kind kind,
                int64_t bytes)
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
                                     .kind = kind,
                                     .folder = s->n_folders - 1};
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
    enum vd_media_kind kind;
    struct vd_uuid uuid;
    struct stat st;

    if (!vd_media_parse_file(name, &uuid, &kind) ||
        fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) {
        s->report->strange++;
        return;
    }
    if (kind != VD_MEDIA_PART) /* somebody writes it, or will clear it up at his start */
        add(s, &uuid, kind, (int64_t)st.st_blocks * 512);
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
    if (s->n_folders == s->folders_room) {
        int room = s->folders_room * 2 + 16;
        void *more = realloc(s->folders, (size_t)room * sizeof *s->folders);

        if (more == NULL) {
            close(camera);
            (void)out_of_memory(s);
            return;
        }
        s->folders = more;
        s->folders_room = room;
    }
    (void)vd_str_copy(s->folders[s->n_folders].area, sizeof s->folders->area, s->area);
    (void)vd_str_copy(s->folders[s->n_folders++].camera, sizeof s->folders->camera, name);
    each(s, camera, take_day);
}

static void take_area(struct sweep *s, int folder, const char *name)
{
    int area = vd_media_is_area_folder(name) ? openat(folder, name, FOLDER_FLAGS) : -1;

    if (area < 0) {
        s->report->strange++;
        return;
    }
    s->area = name;
    each(s, area, take_camera);
}

static int oldest_first(const void *a, const void *b)
{
    const struct item *left = a, *right = b;

    return (left->wall_us > right->wall_us) - (left->wall_us < right->wall_us);
}

/* Removes one file by folders that are opened anew, link by link refused. */
static void remove_item(struct sweep *s, const struct item *item)
{
    const struct folder *at = &s->folders[item->folder];
    char day[VD_TIME_TEXT], file[VD_MEDIA_FILE_MAX];
    const char *const steps[] = {at->area, at->camera, day};
    int fds[4] = {open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1, -1, -1};

    vd_time_format(item->wall_us, day);
    day[10] = '\0';
    vd_media_file(&item->uuid, item->kind, file);
    for (int i = 0; i < 3 && fds[i] >= 0; i++)
        fds[i + 1] = openat(fds[i], steps[i], FOLDER_FLAGS);
    if (fds[3] >= 0 && (unlinkat(fds[3], file, 0) == 0 || errno == ENOENT)) {
        s->report->removed++;
        s->report->removed_bytes += item->bytes;
        s->report->files--;
        s->report->bytes -= item->bytes;
        (void)unlinkat(fds[2], day, AT_REMOVEDIR); /* when it was the last of its day */
    } else if (s->rc == 0) {
        s->rc = vd_err_set(s->err, VD_EIO, "remove '%s/%s/%s/%s/%s': %s", s->root, at->area,
                           at->camera, day, file, strerror(errno));
    }
    for (int i = 0; i < 4; i++)
        if (fds[i] >= 0)
            close(fds[i]);
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
        vd_media_id(s->folders[item->folder].camera, &item->uuid, id);
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
    each(&s, folder, take_area);
    if (s.rc == 0 && s.n > 0) {
        qsort(s.items, s.n, sizeof s.items[0], oldest_first);
        judge(&s, limits, needed, arg);
    }
    free(s.items);
    free(s.folders);
    return s.rc;
}
