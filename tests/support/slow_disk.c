/* slow-disk.so, to be preloaded: the disk takes nothing of unfinished clips while the file
 * $VD_SLOW_DISK exists, as one does that hangs in its own retries. Writes and syncs of them
 * wait; those of other files go on. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool is_clip(int fd)
{
    static const char suffix[] = ".mp4.part";
    char link[64], path[4096];
    ssize_t len;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof path);
    return len > (ssize_t)sizeof suffix &&
           memcmp(path + len - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0;
}

static void wait_for_disk(int fd)
{
    const char *mark = getenv("VD_SLOW_DISK");
    const struct timespec step = {.tv_nsec = 20 * 1000 * 1000};

    if (mark == NULL || !is_clip(fd))
        return;
    while (access(mark, F_OK) == 0)
        (void)nanosleep(&step, NULL);
}

ssize_t write(int fd, const void *data, size_t len)
{
    wait_for_disk(fd);
    return syscall(SYS_write, fd, data, len);
}

int fsync(int fd)
{
    wait_for_disk(fd);
    return (int)syscall(SYS_fsync, fd);
}
