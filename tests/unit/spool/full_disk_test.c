/* A full or read-only disk refuses what can wait, and loses nothing. Needs a small file system
 * of its own, hence root; skipped otherwise. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "storage/spool/spool.h"
#include "tests/support/spool_fill.h"
#include "tests/support/tmpdir.h"

static struct tmpdir dir;
static struct vd_spool *spool;
static struct vd_err err;
static int64_t now_us = 1000000;

static int64_t test_clock(void *self)
{
    (void)self;
    return now_us += 1100000; /* past the pause between two tries to restore the reserve */
}

static const struct vd_clock clock_of_test = {.mono_us = test_clock, .wall_us = test_clock};

static bool mount_small(void)
{
    tmpdir_open(&dir);
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", dir.path, "tmpfs", 0, "size=4m") == 0;
}

static void open_spool(void)
{
    struct vd_spool_opts opts = {.path = tmpdir_file(&dir, "w1.db"),
                                 .producer = "/ingest/w1",
                                 .cap_bytes = 64 << 20,
                                 .reserve_bytes = 512 << 10,
                                 .clock = &clock_of_test};

    cr_assert_eq(vd_spool_open(&spool, &opts, &err), 0, "%s", err.msg);
}

static int append(enum vd_spool_phase phase, int size, struct filled *ret_filled)
{
    struct filled filled = {.size = size};
    struct vd_spool_message message = {.fill = spool_fill,
                                       .arg = &filled,
                                       .phase = phase,
                                       .event = "a",
                                       .rev = 1,
                                       .may_refuse = phase == VD_SPOOL_START};
    int64_t sequence = 0;
    int rc = vd_spool_append(spool, &message, &sequence, &err);

    if (ret_filled != NULL)
        *ret_filled = filled;
    return rc < 0 ? rc : (int)sequence;
}

static int fill_disk(void)
{
    static const char zeros[4096];
    int fd = open(tmpdir_file(&dir, "ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    return fd;
}

Test(full_disk, refuses_starts_serves_ends_takes_acknowledgements_and_recovers, .timeout = 30)
{
    struct vd_spool_head head = {0};
    struct vd_spool_stats stats;
    struct filled filled;
    int last = 0, n, refused = 0;

    if (!mount_small())
        cr_skip_test("needs root and a mount namespace");
    open_spool();
    for (int i = 0; i < 100; i++)
        last = append(VD_SPOOL_OTHER, 1000, NULL);
    cr_assert_eq(last, 100);
    close(fill_disk());
    for (int i = 0; i < 400 && refused == 0; i++)
        if ((n = append(VD_SPOOL_START, 4000, NULL)) == VD_EAGAIN)
            refused++;
        else
            cr_assert_eq(n, ++last, "%s", err.msg);
    cr_assert_eq(refused, 1, "the disk never filled");
    vd_spool_stats(spool, &stats);
    cr_assert(stats.full);
    cr_assert_eq(append(VD_SPOOL_END, 500, &filled), last + 1, "%s", err.msg);
    cr_assert_eq(filled.refused, 1);
    last++;
    cr_assert_eq(vd_spool_head(spool, &head, &err), 0);
    cr_assert_eq(vd_spool_ack(spool, head.source, 50, &err), 50, "%s", err.msg);
    cr_assert_eq(append(VD_SPOOL_END, 500, NULL), ++last, "%s", err.msg);
    cr_assert_eq(unlink(tmpdir_file(&dir, "ballast")), 0);
    cr_assert_eq(append(VD_SPOOL_START, 4000, NULL), ++last, "%s", err.msg);
    vd_spool_stats(spool, &stats);
    cr_assert_not(stats.full);
    vd_spool_close(&spool);
    open_spool();
    cr_assert_eq(vd_spool_head(spool, &head, &err), 0);
    cr_assert_eq(head.first, 51);
    cr_assert_eq(head.last, last);
    vd_spool_close(&spool);
    umount2(dir.path, MNT_DETACH);
}

Test(full_disk, a_spool_opens_on_a_full_disk_with_what_it_holds, .timeout = 30)
{
    struct vd_spool_head head = {0};

    if (!mount_small())
        cr_skip_test("needs root and a mount namespace");
    open_spool();
    for (int i = 1; i <= 20; i++)
        cr_assert_eq(append(VD_SPOOL_OTHER, 1000, NULL), i);
    vd_spool_close(&spool);
    close(fill_disk());
    open_spool();
    cr_assert_eq(vd_spool_head(spool, &head, &err), 0, "%s", err.msg);
    cr_assert_eq(head.last, 20);
    cr_assert_eq(append(VD_SPOOL_END, 100, NULL), 21, "%s", err.msg);
    vd_spool_close(&spool);
    umount2(dir.path, MNT_DETACH);
}

Test(full_disk, a_read_only_disk_fails_the_append_and_the_next_one_tries_again, .timeout = 30)
{
    if (!mount_small())
        cr_skip_test("needs root and a mount namespace");
    open_spool();
    cr_assert_eq(append(VD_SPOOL_OTHER, 100, NULL), 1);
    vd_spool_close(&spool);
    cr_assert_eq(mount("none", dir.path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    {
        struct vd_spool_opts opts = {.path = tmpdir_file(&dir, "w1.db"),
                                     .producer = "/ingest/w1"};

        cr_assert_eq(vd_spool_open(&spool, &opts, &err), VD_EIO);
        cr_assert_not_null(strstr(err.msg, "ead-only"), "%s", err.msg);
    }
    cr_assert_eq(mount("none", dir.path, NULL, MS_REMOUNT, "size=4m"), 0);
    open_spool();
    cr_assert_eq(append(VD_SPOOL_OTHER, 100, NULL), 2, "%s", err.msg);
    vd_spool_close(&spool);
    umount2(dir.path, MNT_DETACH);
}
