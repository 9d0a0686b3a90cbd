#include "storage/media/media.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "tests/support/tmpdir.h"

static struct tmpdir dir;
static struct vd_uuid uuid;
static char id[VD_MEDIA_ID_MAX + 1];
static struct vd_err err;

static void set_up(void)
{
    tmpdir_open(&dir);
    uuid = vd_uuid_make(1790000000000000);
    vd_media_id("gate-3", &uuid, id);
}

static void tear_down(void)
{
    tmpdir_close(&dir);
}

TestSuite(media, .init = set_up, .fini = tear_down);

static void write_medium(const char *area, enum vd_media_kind kind, const char *text)
{
    struct vd_media_place place = {.root = dir.path, .area = area, .kind = kind};
    char path[VD_PATH_MAX], folder[VD_PATH_MAX];

    cr_assert_eq(vd_media_path(&place, id, path, folder, sizeof path, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_fs_mkdirs(folder, 0700, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_fs_write(path, text, strlen(text), 0600, &err), 0, "%s", err.msg);
}

static void reads(const char *text, enum vd_media_kind expected)
{
    enum vd_media_kind kind = VD_N_MEDIA_KINDS;
    char got[64] = "";
    int fd = vd_media_open(dir.path, id, &kind, &err);

    cr_assert_geq(fd, 0, "%s", err.msg);
    cr_assert_eq(read(fd, got, sizeof got - 1), (ssize_t)strlen(text));
    cr_assert_str_eq(got, text);
    cr_assert_eq(kind, expected);
    close(fd);
}

Test(media, lie_in_a_folder_of_their_area_camera_and_day)
{
    struct vd_media_place place = {.root = "/m", .area = "4403/440305", .kind = VD_MEDIA_CLIP};
    char path[VD_PATH_MAX], folder[VD_PATH_MAX];

    cr_assert_eq(vd_media_path(&place, id, path, folder, sizeof path, &err), 0);
    cr_assert_str_eq(folder, "/m/4403,440305/gate-3/2026-09-21");
    cr_assert_eq(strncmp(path, folder, strlen(folder)), 0);
    cr_assert_eq(strncmp(path + strlen(folder) + 1, id + strlen("gate-3."), VD_UUID_TEXT - 1),
                 0);
    cr_assert_str_eq(path + strlen(folder) + VD_UUID_TEXT, ".mp4");
    place.area = "";
    cr_assert_eq(vd_media_path(&place, id, path, folder, sizeof path, &err), 0);
    cr_assert_str_eq(folder, "/m/-/gate-3/2026-09-21");
    cr_assert_eq(vd_media_path(&place, id, path, NULL, 40, &err), VD_EINVAL);
}

Test(media, no_area_and_no_id_lead_out)
{
    static const char *const areas[] = {"..", "a/../b", "/etc", "a//b", "a/", "a,b", "-"};
    static const char *const ids[] = {
        "",  "gate-3",    "../x.01a20992-6f11-7ba3-999b-1fbda3ea2858",
        ".", "gate-3./x", "gate-3.01a20992-6f11-7ba3-999b-1fbda3ea2858.mp4"};
    char path[VD_PATH_MAX];
    enum vd_media_kind kind;

    for (size_t i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        struct vd_media_place place = {.root = "/m", .area = areas[i]};

        cr_assert_eq(vd_media_path(&place, id, path, NULL, sizeof path, &err), VD_EINVAL, "%s",
                     areas[i]);
    }
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        cr_assert_eq(vd_media_open(dir.path, ids[i], &kind, &err), VD_EINVAL, "%s", ids[i]);
}

Test(media, are_found_by_id_whatever_area_the_camera_was_in)
{
    enum vd_media_kind kind;

    write_medium("4403/440306", VD_MEDIA_SNAPSHOT, "another");
    uuid = vd_uuid_make(1790000001000000);
    vd_media_id("gate-3", &uuid, id);
    cr_assert_eq(vd_media_open(dir.path, id, &kind, &err), VD_EIO);
    write_medium("4403/440305", VD_MEDIA_PART, "begun");
    reads("begun", VD_MEDIA_PART);
    write_medium("4403/440305", VD_MEDIA_CLIP, "whole");
    reads("whole", VD_MEDIA_CLIP);
}

Test(media, links_are_not_followed)
{
    struct vd_media_place place = {.root = dir.path, .area = "b", .kind = VD_MEDIA_SNAPSHOT};
    char path[VD_PATH_MAX], folder[VD_PATH_MAX], link[VD_PATH_MAX];
    struct tmpdir outside;
    enum vd_media_kind kind;

    /* An area. */
    tmpdir_open(&outside);
    write_medium("a", VD_MEDIA_SNAPSHOT, "real");
    (void)snprintf(path, sizeof path, "%s/a", dir.path);
    (void)snprintf(link, sizeof link, "%s/a", outside.path);
    cr_assert_eq(rename(path, link), 0);
    cr_assert_eq(symlink(link, path), 0);
    cr_assert_eq(vd_media_open(dir.path, id, &kind, &err), VD_EIO);
    tmpdir_close(&outside);
    /* A file. */
    uuid = vd_uuid_make(1790000002000000);
    vd_media_id("gate-3", &uuid, id);
    cr_assert_eq(vd_media_path(&place, id, path, folder, sizeof path, &err), 0);
    cr_assert_eq(vd_fs_mkdirs(folder, 0700, &err), 0);
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    cr_assert_eq(vd_media_open(dir.path, id, &kind, &err), VD_EIO);
}
