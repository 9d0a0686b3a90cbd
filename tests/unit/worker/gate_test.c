#include <criterion/criterion.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "ingest/worker/gate.h"

enum { CAMERAS = 24, ROUNDS = 30, IN_ALL = 6, PER_HOST = 2 };

static struct vd_gate *gate;
static struct vd_stop stop;
static atomic_int in_all, in_host[4], most, most_host, entered;

static void raise_to(atomic_int *most_seen, int value)
{
    int seen = atomic_load(most_seen);

    while (value > seen && !atomic_compare_exchange_weak(most_seen, &seen, value))
        continue;
}

static void *camera(void *arg)
{
    int number = (int)(intptr_t)arg;
    struct vd_gate_ticket ticket;
    char host[8] = {(char)('a' + number % 4), '\0'};

    (void)vd_gate_ticket_init(&ticket, host, NULL);
    for (int i = 0; i < ROUNDS && vd_gate_enter(gate, &ticket, number % 3 == 0, &stop) == 0;
         i++) {
        raise_to(&most, atomic_fetch_add(&in_all, 1) + 1);
        raise_to(&most_host, atomic_fetch_add(&in_host[number % 4], 1) + 1);
        atomic_fetch_add(&entered, 1);
        (void)vd_stop_wait(&stop, 200);
        atomic_fetch_sub(&in_all, 1);
        atomic_fetch_sub(&in_host[number % 4], 1);
        vd_gate_leave(gate, &ticket);
    }
    vd_gate_ticket_fini(&ticket);
    return NULL;
}

Test(gate, lets_in_no_more_than_it_may_and_everybody_in_the_end)
{
    pthread_t threads[CAMERAS];

    cr_assert_eq(vd_stop_init(&stop, NULL), 0);
    cr_assert_eq(vd_gate_open(&gate, IN_ALL, PER_HOST, NULL), 0);
    for (intptr_t i = 0; i < CAMERAS; i++)
        cr_assert_eq(vd_thread_start(&threads[i], "cam", camera, (void *)i, NULL), 0);
    for (int i = 0; i < CAMERAS; i++)
        (void)pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&entered), CAMERAS * ROUNDS);
    cr_assert_leq(atomic_load(&most), IN_ALL);
    cr_assert_leq(atomic_load(&most_host), PER_HOST);
    cr_assert_geq(atomic_load(&most), 3, "it is not a single lane");
    vd_gate_close(&gate);
    vd_stop_fini(&stop);
}

Test(gate, the_dead_leave_room_for_the_living)
{
    struct vd_gate_ticket dead[4], living;
    struct vd_stop none;
    struct pollfd p;

    cr_assert_eq(vd_stop_init(&none, NULL), 0);
    cr_assert_eq(vd_gate_open(&gate, 4, 4, NULL), 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(vd_gate_ticket_init(&dead[i], "nvr", NULL), 0);
    cr_assert_eq(vd_gate_ticket_init(&living, "cam", NULL), 0);
    cr_assert_eq(vd_gate_enter(gate, &dead[0], true, &none), 0);
    cr_assert_eq(vd_gate_enter(gate, &dead[1], true, &none), 0);
    vd_stop_request(&none); /* the third has to wait: with stop wished it comes back at once */
    cr_assert_eq(vd_gate_enter(gate, &dead[2], true, &none), VD_ESTOP);
    vd_stop_fini(&none);
    cr_assert_eq(vd_stop_init(&none, NULL), 0);
    cr_assert_eq(vd_gate_enter(gate, &living, false, &none), 0);
    p = (struct pollfd){.fd = dead[2].fd, .events = POLLIN};
    cr_assert_eq(poll(&p, 1, 0), 0, "who left is not let in later");
    vd_gate_leave(gate, &living);
    vd_gate_leave(gate, &dead[0]);
    vd_gate_leave(gate, &dead[1]);
    for (int i = 0; i < 4; i++)
        vd_gate_ticket_fini(&dead[i]);
    vd_gate_ticket_fini(&living);
    vd_gate_close(&gate);
    vd_stop_fini(&none);
}
