#include "storage/media/sweep.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/uuid.h"
#include "storage/media/media.h"
#include "tests/support/tmpdir.h"

static const int64_t DAY = INT64_C(86400000000), NOW = INT64_C(1787368447000000);

static struct tmpdir dir;
static const char *root;
static char needed_id[128];
static struct vd_sweep_report report;
static struct vd_err err;

/* A picture of `bytes`, made days ago; its path in path. */
static void picture(const char *camera, int days, size_t bytes, char *ret_id, char *ret_path)
{
    static char data[65536];
    struct vd_uuid uuid = vd_uuid_make(NOW - days * DAY);
    struct vd_media_place place = {.root = root, .area = "4403/440305"};
    char folder[VD_PATH_MAX];

    vd_media_id(camera, &uuid, ret_id);
    cr_assert_eq(vd_media_path(&place, ret_id, ret_path, folder, VD_PATH_MAX, &err), 0);
    cr_assert_eq(vd_fs_mkdirs(folder, 0700, &err), 0);
    cr_assert_eq(vd_fs_write(ret_path, data, bytes, 0600, &err), 0);
}

static bool is_needed(void *arg, const char *id)
{
    (void)arg;
    return strcmp(id, needed_id) == 0;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void set_up(void)
{
    tmpdir_open(&dir);
    root = dir.path;
    needed_id[0] = '\0';
}

static void tear_down(void)
{
    tmpdir_close(&dir);
}

TestSuite(sweep, .init = set_up, .fini = tear_down);

Test(sweep, the_old_go_and_the_young_stay)
{
    struct vd_sweep_limits limits = {.before_us = NOW - 30 * DAY};
    char id[128], old[VD_PATH_MAX], young[VD_PATH_MAX], other[VD_PATH_MAX];

    picture("gate-3", 31, 4096, id, old);
    picture("gate-3", 29, 4096, id, young);
    picture("dock", 40, 4096, id, other);
    cr_assert_eq(vd_media_sweep(root, &limits, is_needed, NULL, &report, &err), 0, "%s",
                 err.msg);
    cr_assert(!is_there(old));
    cr_assert(!is_there(other));
    cr_assert(is_there(young));
    cr_assert_eq(report.removed, 2);
    cr_assert_eq(report.files, 1);
    *strrchr(old, '/') = '\0';
    cr_assert(!is_there(old), "an empty day stays behind");
}

Test(sweep, what_an_alert_shows_stays_whatever_its_age_and_size)
{
    struct vd_sweep_limits limits = {.before_us = NOW, .bytes = 1};
    char id[128], kept[VD_PATH_MAX], gone[VD_PATH_MAX];

    picture("gate-3", 400, 4096, needed_id, kept);
    picture("gate-3", 1, 4096, id, gone);
    cr_assert_eq(vd_media_sweep(root, &limits, is_needed, NULL, &report, &err), 0, "%s",
                 err.msg);
    cr_assert(is_there(kept));
    cr_assert(!is_there(gone));
    cr_assert_eq(report.needed, 1);
}

Test(sweep, by_size_the_oldest_go_first_and_no_more_than_must)
{
    struct vd_sweep_limits limits = {.bytes = 3 * 8192};
    char id[128], paths[6][VD_PATH_MAX];

    for (int i = 0; i < 6; i++)
        picture(i % 2 ? "a" : "b", i, 8192, id, paths[i]);
    cr_assert_eq(vd_media_sweep(root, &limits, is_needed, NULL, &report, &err), 0, "%s",
                 err.msg);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(is_there(paths[i]), i < 3, "%d days old", i);
    cr_assert_leq(report.bytes, limits.bytes);
}

Test(sweep, leaves_links_strangers_and_all_outside_alone)
{
    struct vd_sweep_limits limits = {.before_us = NOW};
    struct tmpdir outside;
    char id[128], path[VD_PATH_MAX], victim[VD_PATH_MAX], link[VD_PATH_MAX];
    char day[VD_PATH_MAX];

    /* A folder elsewhere that looks like media, reached by a link from a camera's name, from a
     * day's name, and a file reached from a picture's name. */
    tmpdir_open(&outside);
    root = outside.path;
    picture("gate-3", 50, 4096, id, victim);
    root = dir.path;
    picture("dock", 50, 4096, id, path);
    snprintf(link, sizeof link, "%s/4403,440305/gate-3", dir.path);
    snprintf(day, sizeof day, "%s/4403,440305/gate-3", outside.path);
    cr_assert_eq(symlink(day, link), 0);
    snprintf(link, sizeof link, "%s/4403,440305/dock/2026-01-01", dir.path);
    cr_assert_eq(symlink(outside.path, link), 0);
    snprintf(link, sizeof link, "%s/4403,440305/dock/notes.txt", dir.path);
    cr_assert_eq(vd_fs_write(link, "mine", 4, 0600, &err), 0);
    snprintf(link, sizeof link, "%s/4403,440305/UPPER", dir.path);
    cr_assert_eq(mkdir(link, 0700), 0);
    snprintf(link, sizeof link, "%s/not an area", dir.path);
    cr_assert_eq(mkdir(link, 0700), 0);
    snprintf(link, sizeof link, "%s/4403", dir.path);
    cr_assert_eq(symlink(outside.path, link), 0);

    cr_assert_eq(vd_media_sweep(root, &limits, is_needed, NULL, &report, &err), 0, "%s",
                 err.msg);
    cr_assert(!is_there(path));
    cr_assert(is_there(victim), "a link led outside");
    cr_assert_eq(report.removed, 1);
    cr_assert_eq(report.strange, 6);
    tmpdir_close(&outside);
}

Test(sweep, an_absent_root_is_said)
{
    struct vd_sweep_limits limits = {.before_us = NOW};

    cr_assert_eq(vd_media_sweep("/nonexistent", &limits, is_needed, NULL, &report, &err),
                 VD_EIO);
    cr_assert(strstr(err.msg, "open '/nonexistent'") != NULL, "%s", err.msg);
}
