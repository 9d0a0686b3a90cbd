#include "base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fresh_folder(char folder[64])
{
    snprintf(folder, 64, "/tmp/vd-fs-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

Test(fs, writes_whole_files_with_their_mode_and_reads_them_back)
{
    char folder[64], path[VD_PATH_MAX], *data = NULL;
    struct stat st;
    size_t len = 0;

    fresh_folder(folder);
    cr_assert_eq(vd_fs_join(path, sizeof path, folder, "secret", NULL), 0);
    cr_assert_eq(vd_fs_write(path, "one", 3, 0600, NULL), 0);
    cr_assert_eq(vd_fs_write(path, "two\0x", 5, 0600, NULL), 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(vd_fs_read(path, 5, &data, &len, NULL), 0);
    cr_assert_eq(len, 5);
    cr_assert_eq(memcmp(data, "two\0x", 6), 0);
    free(data);
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "a temporary file was left behind");
}

Test(fs, refuses_what_is_too_large_or_no_file)
{
    char folder[64], path[VD_PATH_MAX], *data = NULL;
    struct vd_err err = {0};
    size_t len;

    fresh_folder(folder);
    cr_assert_eq(vd_fs_join(path, sizeof path, folder, "f", NULL), 0);
    cr_assert_eq(vd_fs_write(path, "12345", 5, 0644, NULL), 0);
    cr_assert_eq(vd_fs_read(path, 4, &data, &len, &err), VD_EINVAL);
    cr_assert(strstr(err.msg, "has 5 bytes, 4 at most") != NULL, "%s", err.msg);
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(vd_fs_read(path, 4, &data, &len, &err), VD_EINVAL, "a FIFO held us up");
    unlink(path);
    cr_assert_eq(vd_fs_read(path, 4, &data, &len, &err), VD_EIO);
    cr_assert_null(data);
    rmdir(folder);
}

Test(fs, a_write_that_fails_leaves_the_old_file)
{
    char folder[64], path[VD_PATH_MAX];
    struct vd_err err = {0};

    fresh_folder(folder);
    cr_assert_eq(vd_fs_join(path, sizeof path, folder, "gone/f", NULL), 0);
    cr_assert_eq(vd_fs_write(path, "x", 1, 0600, &err), VD_EIO);
    cr_assert(strstr(err.msg, "No such file") != NULL, "%s", err.msg);
    cr_assert_eq(rmdir(folder), 0);
}

Test(fs, makes_folders_and_those_above)
{
    char folder[64], path[VD_PATH_MAX];

    fresh_folder(folder);
    cr_assert_eq(vd_fs_join(path, sizeof path, folder, "a/b/c", NULL), 0);
    cr_assert_eq(vd_fs_mkdirs(path, 0700, NULL), 0);
    cr_assert_eq(vd_fs_mkdirs(path, 0700, NULL), 0, "again is fine");
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(vd_fs_write(path, "x", 1, 0600, NULL), 0);
    cr_assert_eq(vd_fs_mkdirs(path, 0700, NULL), VD_EINVAL, "a file is no folder");
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    rmdir(folder);
}

Test(fs, join_refuses_what_does_not_fit)
{
    char path[8];

    cr_assert_eq(vd_fs_join(path, sizeof path, "/a/", "b", NULL), 0);
    cr_assert_str_eq(path, "/a/b");
    cr_assert_eq(vd_fs_join(path, sizeof path, "/long", "name", NULL), VD_EINVAL);
}
