#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"

static int fail(struct vd_err *err, const char *verb, const char *path)
{
    return vd_err_set(err, VD_EIO, "%s '%s': %s", verb, path, strerror(errno));
}

int vd_fs_join(char *path, size_t size, const char *folder, const char *name,
               struct vd_err *err)
{
    size_t len = strlen(folder);
    const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";
    int n = snprintf(path, size, "%s%s%s", folder, slash, name);

    if (n < 0 || (size_t)n >= size)
        return vd_err_set(err, VD_EINVAL, "path '%s/%s' is longer than %zu characters", folder,
                          name, size - 1);
    return 0;
}

static int read_fully(int fd, char *data, size_t len, size_t *ret_got)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = read(fd, data + got, len - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    *ret_got = got;
    return 0;
}

int vd_fs_read(const char *path, size_t max, char **ret_data, size_t *ret_len,
               struct vd_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
    char *data = NULL;
    struct stat st;
    size_t got = 0;
    int rc = 0;

    if (fd < 0)
        return fail(err, "open", path);
    if (fstat(fd, &st) != 0) {
        rc = fail(err, "stat", path);
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        rc = vd_err_set(err, VD_EINVAL, "'%s' is no regular file", path);
        goto out;
    }
    if (st.st_size < 0 || (unsigned long long)st.st_size > max) {
        rc = vd_err_set(err, VD_EINVAL, "'%s' has %lld bytes, %zu at most are read", path,
                        (long long)st.st_size, max);
        goto out;
    }
    data = malloc((size_t)st.st_size + 1);
    if (data == NULL) {
        rc = vd_err_set(err, VD_ENOMEM, "read '%s': out of memory", path);
        goto out;
    }
    if (read_fully(fd, data, (size_t)st.st_size, &got) != 0) {
        rc = fail(err, "read", path);
        goto out;
    }
    data[got] = '\0';
    *ret_data = data;
    *ret_len = got;
    data = NULL;
out:
    free(data);
    close(fd);
    return rc;
}

static int write_fully(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int sync_parent(const char *path, struct vd_err *err)
{
    char folder[VD_PATH_MAX];
    char *slash;
    int fd, rc = 0;

    if (!vd_str_copy(folder, sizeof folder, path))
        return vd_err_set(err, VD_EINVAL, "path '%s' is too long", path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)vd_str_copy(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, "open", folder);
    if (fsync(fd) != 0)
        rc = fail(err, "fsync", folder);
    close(fd);
    return rc;
}

int vd_fs_write(const char *path, const void *data, size_t len, mode_t mode, struct vd_err *err)
{
    char tmp[VD_PATH_MAX];
    int n = snprintf(tmp, sizeof tmp, "%s.XXXXXX", path);
    int fd, rc = 0;

    if (n < 0 || (size_t)n >= sizeof tmp)
        return vd_err_set(err, VD_EINVAL, "path '%s' is too long", path);
    fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0)
        return fail(err, "create", tmp);
    if (fchmod(fd, mode) != 0)
        rc = fail(err, "chmod", tmp);
    else if (write_fully(fd, data, len) != 0)
        rc = fail(err, "write", tmp);
    else if (fsync(fd) != 0)
        rc = fail(err, "fsync", tmp);
    if (close(fd) != 0 && rc == 0)
        rc = fail(err, "close", tmp);
    if (rc == 0 && rename(tmp, path) != 0)
        rc = fail(err, "rename to", path);
    if (rc < 0) {
        (void)unlink(tmp);
        return rc;
    }
    return sync_parent(path, err);
}

int vd_fs_mkdirs(const char *path, mode_t mode, struct vd_err *err)
{
    char part[VD_PATH_MAX];
    struct stat st;

    if (!vd_str_copy(part, sizeof part, path))
        return vd_err_set(err, VD_EINVAL, "path '%s' is too long", path);
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, mode) != 0 && errno != EEXIST)
            return fail(err, "make folder", part);
        *p = '/';
    }
    if (mkdir(part, mode) != 0 && errno != EEXIST)
        return fail(err, "make folder", part);
    if (stat(part, &st) != 0)
        return fail(err, "stat", part);
    if (!S_ISDIR(st.st_mode))
        return vd_err_set(err, VD_EINVAL, "'%s' is no folder", part);
    return 0;
}

int vd_fs_free_bytes(const char *path, unsigned long long *ret_bytes, struct vd_err *err)
{
    struct statvfs vfs;

    if (statvfs(path, &vfs) != 0)
        return fail(err, "statvfs", path);
    *ret_bytes = (unsigned long long)vfs.f_bavail * vfs.f_frsize;
    return 0;
}
