/* The files of a configuration folder, in an order that does not depend on the disk. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/load.h"

/* More files than cameras make no sense, and a wrong folder may hold millions. */
enum { FILES_MAX = VD_CONFIG_CAMERAS_MAX, NAME_MAX_BYTES = 255 };

struct names {
    char **items;
    int n, room;
};

static void names_fini(struct names *names)
{
    for (int i = 0; i < names->n; i++)
        free(names->items[i]);
    free(names->items);
}

static int names_add(struct names *names, const char *name)
{
    if (names->n == names->room) {
        int room = names->room > 0 ? names->room * 2 : 32;
        char **more = realloc(names->items, (size_t)room * sizeof *more);

        if (more == NULL)
            return VD_ENOMEM;
        names->items = more;
        names->room = room;
    }
    names->items[names->n] = strdup(name);
    if (names->items[names->n] == NULL)
        return VD_ENOMEM;
    names->n++;
    return 0;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

/* Takes a name of the folder `part` if it is one of ours; says so if it nearly is. */
static int take_name(struct vd_load *load, struct names *names, const char *part,
                     const char *name)
{
    char path[NAME_MAX_BYTES + 32];

    if (name[0] == '.')
        return 0;
    (void)snprintf(path, sizeof path, "%s/%s", part, name);
    if (ends_with(name, ".yml")) {
        vd_problems_add(load->problems, path, 1, 1,
                        "a file here ends in .yaml; rename it, or it is not read");
        return 0;
    }
    if (!ends_with(name, ".yaml"))
        return 0;
    if (names->n == FILES_MAX) {
        vd_problems_add(load->problems, path, 1, 1, "more than %d files in one folder",
                        FILES_MAX);
        return VD_EINVAL;
    }
    return names_add(names, path);
}

static int by_text(const void *a, const void *b)
{
    const char *const *l = a, *const *r = b;

    return strcmp(*l, *r);
}

static int list_part(struct vd_load *load, const char *folder, const char *part,
                     const struct vd_overlay *over, struct names *names)
{
    char path[VD_CONFIG_PATH_MAX * 2];
    const struct dirent *entry;
    int rc = 0;
    DIR *dir;

    (void)snprintf(path, sizeof path, "%s/%s", folder, part);
    dir = opendir(path);
    if (dir == NULL && errno != ENOENT)
        vd_problems_add(load->problems, part, 1, 1, "the folder cannot be read: %s",
                        strerror(errno));
    while (dir != NULL && rc == 0 && (entry = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", part, entry->d_name);
        if (over == NULL || strcmp(path, over->path) != 0)
            rc = take_name(load, names, part, entry->d_name);
    }
    if (dir != NULL)
        (void)closedir(dir);
    if (rc == 0 && over != NULL && over->text != NULL &&
        strncmp(over->path, part, strlen(part)) == 0 && over->path[strlen(part)] == '/')
        rc = take_name(load, names, part, over->path + strlen(part) + 1);
    if (names->n > 1)
        qsort(names->items, (size_t)names->n, sizeof *names->items, by_text);
    return rc == VD_EINVAL ? 0 : rc;
}

/* Adds one file. What keeps it from being read is a problem of the folder like any other. */
static int add_file(struct vd_load *load, const char *folder, enum vd_load_kind kind,
                    const char *file, const struct vd_overlay *over)
{
    char path[VD_CONFIG_PATH_MAX * 2], *text = NULL;
    struct vd_err err = {0};
    size_t len = 0;
    int rc;

    if (over != NULL && strcmp(over->path, file) == 0)
        return over->text != NULL ? vd_load_add(load, kind, file, over->text, over->len) : 0;
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    rc = vd_fs_read(path, VD_CONFIG_FILE_MAX, &text, &len, &err);
    if (rc == VD_ENOMEM)
        return rc;
    if (rc == VD_EINVAL)
        vd_problems_add(load->problems, file, 1, 1,
                        "this is no ordinary file of at most 1 MiB; split it, or move it away");
    else if (rc < 0 && access(path, F_OK) != 0 && errno == ENOENT)
        vd_problems_add(load->problems, file, 1, 1,
                        "there is no such file; an empty one will do");
    else if (rc < 0)
        vd_problems_add(load->problems, file, 1, 1, "%s", err.msg);
    else
        rc = vd_load_add(load, kind, file, text, len);
    load->is_incomplete = load->is_incomplete || rc < 0;
    free(text);
    return rc == VD_ENOMEM ? rc : 0;
}

static int add_part(struct vd_load *load, const char *folder, enum vd_load_kind kind,
                    const struct vd_overlay *over)
{
    struct names names = {0};
    int rc =
        list_part(load, folder, kind == VD_LOAD_CAMERAS ? "cameras" : "rules", over, &names);

    for (int i = 0; i < names.n && rc == 0; i++)
        rc = add_file(load, folder, kind, names.items[i], over);
    names_fini(&names);
    return rc;
}

int vd_load_folder(struct vd_load *load, const char *folder, const struct vd_overlay *over,
                   struct vd_err *err)
{
    int rc;

    if ((rc = add_file(load, folder, VD_LOAD_SYSTEM, "vedette.yaml", over)) < 0 ||
        (rc = add_part(load, folder, VD_LOAD_CAMERAS, over)) < 0 ||
        (rc = add_part(load, folder, VD_LOAD_RULES, over)) < 0)
        return vd_err_set(err, rc, "configuration: out of memory");
    return 0;
}
