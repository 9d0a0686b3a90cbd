/* clock-step.so, to be preloaded: the wall clock of the programs that a test names jumps when
 * the test says so, as it does when somebody sets it or a receiver of time signals goes mad.
 *
 * $VD_CLOCK_STEP is a folder; a program whose file is in it (by its short name, 8 bytes: an
 * offset in microseconds) reads the offset from there at every look at the clock. Monotonic
 * clocks, the kernel's timers and the times of files stay as they are. Waits of the C library
 * until an absolute wall time are not moved: nothing of ours has one, and a test would hang if
 * it had. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { US = 1000000 };

static _Atomic(const _Atomic int64_t *) offset_at; /* NULL: this program is not named */

__attribute__((constructor)) static void find_offset(void)
{
    const char *folder = getenv("VD_CLOCK_STEP");
    char path[512];
    void *map;
    int fd, n;

    n = snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "",
                 program_invocation_short_name);
    if (folder == NULL || n < 0 || (size_t)n >= sizeof path)
        return;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        atomic_store(&offset_at, (const _Atomic int64_t *)map);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    const _Atomic int64_t *at = atomic_load(&offset_at);
    int rc = (int)syscall(SYS_clock_gettime, clock, ts); /* not by dlsym: it may come first */
    int64_t us;

    if (rc != 0 || at == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return rc;
    us = ts->tv_sec * (int64_t)US + ts->tv_nsec / 1000 + atomic_load(at);
    ts->tv_nsec = us % US * 1000 + ts->tv_nsec % 1000;
    ts->tv_sec = us / US;
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    *tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret_seconds)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (ret_seconds != NULL)
        *ret_seconds = ts.tv_sec;
    return ts.tv_sec;
}
