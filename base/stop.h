/* base/stop.h: one wish to stop, seen by every thread, that also wakes a poll(). */
#ifndef VD_BASE_STOP_H
#define VD_BASE_STOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct vd_stop {
    atomic_bool requested;
    int fd; /* eventfd, readable for good once stop is requested; poll it, never read it */
};

int vd_stop_init(struct vd_stop *stop, struct vd_err *err);
void vd_stop_fini(struct vd_stop *stop);

/* Any thread, any number of times. Not for signal handlers: use a signalfd. */
void vd_stop_request(struct vd_stop *stop);

bool vd_stop_requested(const struct vd_stop *stop);

/* Waits at most us microseconds of real time; true when stop was requested meanwhile. */
bool vd_stop_wait(const struct vd_stop *stop, int64_t us);

#endif
