/* storage/spool/reserve.c: a file of allocated blocks that is never written. */
#include "storage/spool/reserve.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

static bool allocate(struct reserve *reserve)
{
    int fd = open(reserve->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && posix_fallocate(fd, 0, (off_t)reserve->bytes) == 0;

    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !ok)
        (void)unlink(reserve->path); /* half of it helps nobody */
    return ok;
}

void reserve_open(struct reserve *reserve, const char *path, int64_t bytes)
{
    snprintf(reserve->path, sizeof reserve->path, "%s.reserve", path);
    reserve->bytes = bytes;
    reserve->tried_us = 0;
    reserve->is_released = !allocate(reserve);
}

void reserve_release(struct reserve *reserve)
{
    (void)unlink(reserve->path);
    reserve->is_released = true;
}

void reserve_restore(struct reserve *reserve, int64_t now_us)
{
    enum { TRY_EVERY_US = 1000000 };
    char folder[sizeof reserve->path];
    unsigned long long free_bytes = 0;
    char *slash;

    if (!reserve->is_released || llabs(now_us - reserve->tried_us) < TRY_EVERY_US)
        return;
    reserve->tried_us = now_us;
    snprintf(folder, sizeof folder, "%s", reserve->path);
    slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[1] = '\0';
    if (vd_fs_free_bytes(slash != NULL ? folder : ".", &free_bytes, NULL) < 0)
        return;
    if (free_bytes >= 3 * (unsigned long long)reserve->bytes && allocate(reserve))
        reserve->is_released = false;
}
