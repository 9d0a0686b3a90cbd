/* base/fs.h: files and folders, with limits and whole writes. */
#ifndef VD_BASE_FS_H
#define VD_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { VD_PATH_MAX = 512 }; /* every path of ours, with its NUL */

/* Joins folder and name with one '/'. VD_EINVAL when it does not fit. */
int vd_fs_join(char *path, size_t size, const char *folder, const char *name,
               struct vd_err *err);

/* Reads a whole regular file of at most max bytes into a fresh buffer with a NUL behind it, the
 * caller's to free. VD_EINVAL when it is larger or no regular file. */
int vd_fs_read(const char *path, size_t max, char **ret_data, size_t *ret_len,
               struct vd_err *err);

/* Replaces path by data: temporary file beside it, fsync, rename, fsync of the folder. A reader
 * sees the old file or the new one; after return it is on the disk. */
int vd_fs_write(const char *path, const void *data, size_t len, mode_t mode,
                struct vd_err *err);

/* Makes the folder and those above it. One that is there already keeps its mode. */
int vd_fs_mkdirs(const char *path, mode_t mode, struct vd_err *err);

/* Bytes free for an unprivileged writer on the file system of path. */
int vd_fs_free_bytes(const char *path, unsigned long long *ret_bytes, struct vd_err *err);

#endif
