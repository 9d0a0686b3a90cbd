#include "base/stop.h"
#include "base/thread.h"

#include <criterion/criterion.h>

#include "base/clock.h"

static void *request(void *arg)
{
    vd_stop_request(arg);
    return NULL;
}

Test(stop, wakes_those_who_wait)
{
    struct vd_stop stop;
    pthread_t thread;

    cr_assert_eq(vd_stop_init(&stop, NULL), 0);
    cr_assert(!vd_stop_requested(&stop));
    cr_assert(!vd_stop_wait(&stop, 1000));
    cr_assert_eq(vd_thread_start(&thread, "a-name-longer-than-15", request, &stop, NULL), 0);
    cr_assert(vd_stop_wait(&stop, INT64_C(50000000)), "a request must end the wait");
    pthread_join(thread, NULL);
    cr_assert(vd_stop_requested(&stop));
    cr_assert(vd_stop_wait(&stop, INT64_C(50000000)), "and stays requested");
    vd_stop_fini(&stop);
}
