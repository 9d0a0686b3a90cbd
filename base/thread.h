/* base/thread.h: named, joinable threads that take no signals. */
#ifndef VD_BASE_THREAD_H
#define VD_BASE_THREAD_H

#include <pthread.h>

#include "base/err.h"

/* Starts fn(arg) on a thread of that name (cut at 15 characters, as the kernel does) with all
 * signals blocked. The caller joins it with pthread_join. */
int vd_thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *), void *arg,
                    struct vd_err *err);

#endif
