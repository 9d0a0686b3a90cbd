#include "base/thread.h"

#include <signal.h>
#include <string.h>

#include "base/str.h"

int vd_thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *), void *arg,
                    struct vd_err *err)
{
    char short_name[16];
    sigset_t all, before;
    pthread_t thread;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread inherits the mask */
    rc = pthread_create(&thread, NULL, fn, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return vd_err_set(err, VD_ENOMEM, "thread '%s': %s", name, strerror(rc));
    (void)vd_str_copy(short_name, sizeof short_name, name);
    (void)pthread_setname_np(thread, short_name);
    *ret_thread = thread;
    return 0;
}
