/* Two threads hand batches to and fro: none is lost, doubled or overtaken, and never more than
 * the pool are under way. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "alerts/writer/exchange.h"

enum { ROUNDS = 20000, POOL = 4 };

static struct vd_exchange *x;
static int failures;

static void wait_on(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    (void)poll(&p, 1, 1000);
    vd_exchange_drain(fd);
}

/* Sends every batch back as it came, and tells its state meanwhile. */
static void *writer(void *arg)
{
    int64_t seen = 0;

    (void)arg;
    while (seen < ROUNDS) {
        struct vd_batch *b = vd_exchange_take(x);
        struct vd_writer_state state = {.is_active = true, .position = seen};

        if (b == NULL) {
            wait_on(vd_exchange_writer_fd(x));
            continue;
        }
        if (b->begun_us != ++seen)
            failures++;
        b->last_position = seen;
        if (seen % 16 == 0)
            vd_exchange_set_state(x, &state);
        vd_exchange_give_back(x, b);
    }
    return NULL;
}

int main(void)
{
    int64_t sent = 0, back = 0, last = -1;
    pthread_t thread;

    if (vd_exchange_open(&x, POOL, 1, NULL) < 0 ||
        pthread_create(&thread, NULL, writer, NULL) != 0)
        return 1;
    while (back < ROUNDS) {
        struct vd_writer_state state;
        struct vd_batch *b;

        while (sent < ROUNDS && (b = vd_exchange_fresh(x)) != NULL) {
            b->begun_us = ++sent;
            vd_exchange_put(x, b);
        }
        while ((b = vd_exchange_taken(x)) != NULL) {
            if (b->last_position != ++back)
                failures++;
            vd_exchange_recycle(x, b);
        }
        vd_exchange_state(x, &state);
        if (state.position < last || sent - back > POOL)
            failures++;
        last = state.position;
        vd_exchange_set_late(x, back);
        (void)vd_exchange_is_idle(x);
        if (back < ROUNDS && sent - back > 0)
            wait_on(vd_exchange_receiver_fd(x));
    }
    pthread_join(thread, NULL);
    vd_exchange_close(&x);
    printf("%d batches, %d failures\n", ROUNDS, failures);
    return failures == 0 ? 0 : 1;
}
