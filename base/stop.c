#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

int vd_stop_init(struct vd_stop *stop, struct vd_err *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return vd_err_set(err, VD_EIO, "eventfd: %s", strerror(errno));
    atomic_init(&stop->requested, false);
    stop->fd = fd;
    return 0;
}

void vd_stop_fini(struct vd_stop *stop)
{
    if (stop->fd >= 0)
        close(stop->fd);
    stop->fd = -1;
}

void vd_stop_request(struct vd_stop *stop)
{
    atomic_store(&stop->requested, true);
    (void)eventfd_write(stop->fd, 1); /* full is as readable as one */
}

bool vd_stop_requested(const struct vd_stop *stop)
{
    return atomic_load(&stop->requested);
}

bool vd_stop_wait(const struct vd_stop *stop, int64_t us)
{
    const struct vd_clock *clock = &vd_clock_system;
    int64_t end_us = clock->mono_us(clock->self) + us;
    struct pollfd p = {.fd = stop->fd, .events = POLLIN};

    while (!vd_stop_requested(stop)) {
        int64_t left_us = end_us - clock->mono_us(clock->self);
        struct timespec ts = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};

        if (left_us <= 0)
            break;
        if (ppoll(&p, 1, &ts, NULL) < 0 && errno != EINTR)
            break;
    }
    return vd_stop_requested(stop);
}
