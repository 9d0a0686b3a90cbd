#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "ingest/publish/ship.h"
#include "tests/support/spool_fill.h"
#include "tests/support/tmpdir.h"

static struct tmpdir dir;
static struct vd_spool *spool;
static struct vd_bus *bus;
static struct vd_sock *router;
static struct vd_ship *ship;
static struct vd_err err;
static char endpoint[128], identity[64], source[160];
static size_t identity_len;

static int status(void *arg, int part, char *buf, size_t size)
{
    (void)arg;
    return part > 0 ? 0 : snprintf(buf, size, "{\"hello\":1}");
}

static void open_router(void)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_ROUTER, .endpoint = endpoint, .is_bound = true};

    cr_assert_eq(vd_sock_open(&router, bus, &opts, &err), 0, "%s", err.msg);
}

static void open_ship(void)
{
    struct vd_ship_opts opts = {.bus = bus,
                                .endpoint = endpoint,
                                .spool = spool,
                                .window = 16,
                                .resend_us = 300000,
                                .hello_us = 50000,
                                .drain_us = 300000,
                                .status = status};

    cr_assert_eq(vd_ship_open(&ship, &opts, &err), 0, "%s", err.msg);
}

static void set_up(void)
{
    struct vd_spool_opts opts = {.producer = "/ingest/w1"};

    vd_json_init();
    tmpdir_open(&dir);
    opts.path = tmpdir_file(&dir, "w1.db");
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/e.sock", dir.path);
    (void)vd_spool_open(&spool, &opts, &err);
    (void)vd_bus_open(&bus, &err);
}

static void tear_down(void)
{
    vd_ship_close(&ship);
    vd_sock_close(&router);
    vd_bus_close(&bus);
    vd_spool_close(&spool);
    tmpdir_close(&dir);
}

TestSuite(ship, .init = set_up, .fini = tear_down);

static void append(int n)
{
    for (int i = 0; i < n; i++) {
        struct filled filled = {.size = 100};
        struct vd_spool_message message = {.fill = spool_fill, .arg = &filled};

        cr_assert_eq(vd_spool_append(spool, &message, NULL, &err), 0, "%s", err.msg);
    }
}

static void answer(char verb, uint64_t number, const char *json)
{
    uint8_t bytes[8];
    struct vd_part parts[5] = {{identity, identity_len},
                               {source, strlen(source)},
                               {&verb, 1},
                               {bytes, sizeof bytes},
                               {json, strlen(json)}};

    vd_be64_put(bytes, number);
    cr_assert_eq(vd_sock_send(router, parts, 5, &err), 0, "%s", err.msg);
}

/* The next message's sequence; -1 when nothing comes for a second. */
static int64_t receive(void)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];
    struct vd_poll item = {.sock = router};
    uint64_t sequence;
    int n;

    while ((n = vd_sock_recv(router, parts, NULL)) == VD_EAGAIN)
        if (vd_bus_poll(&item, 1, 1000000) == 0)
            return -1;
    cr_assert_eq(n, 4);
    identity_len = parts[0].len;
    memcpy(identity, parts[0].data, identity_len);
    memcpy(source, parts[1].data, parts[1].len);
    source[parts[1].len] = '\0';
    cr_assert(vd_be64_take(&parts[2], &sequence));
    return (int64_t)sequence;
}

static int64_t receive_event(void)
{
    int64_t sequence;

    while ((sequence = receive()) == 0)
        continue;
    return sequence;
}

static int64_t depth(void)
{
    struct vd_spool_stats stats;

    vd_spool_stats(spool, &stats);
    return stats.depth;
}

static void wait_depth(int64_t wanted)
{
    for (int i = 0; i < 300 && depth() != wanted; i++) {
        struct vd_poll item = {.sock = router};

        (void)vd_bus_poll(&item, 1, 10000);
        (void)receive_event;
        if (item.is_readable)
            (void)receive();
    }
    cr_assert_eq(depth(), wanted);
}

Test(ship, sends_a_window_in_order_after_the_welcome_and_forgets_what_is_acknowledged)
{
    append(40);
    open_router();
    open_ship();
    cr_assert_eq(receive(), 0, "hello comes first");
    answer('W', 0, "");
    for (int64_t i = 1; i <= 16; i++)
        cr_assert_eq(receive_event(), i);
    answer('A', 10, "");
    for (int64_t i = 17; i <= 26; i++)
        cr_assert_eq(receive_event(), i);
    answer('A', 26, "");
    wait_depth(14);
    answer('A', 40, ""); /* more than was sent is not believed */
}

Test(ship, sends_again_what_nobody_acknowledges)
{
    append(3);
    open_router();
    open_ship();
    cr_assert_eq(receive(), 0);
    answer('W', 0, "");
    for (int round = 0; round < 3; round++)
        for (int64_t i = 1; i <= 3; i++)
            cr_assert_eq(receive_event(), i, "round %d", round);
}

Test(ship, holds_back_while_the_router_says_it_can_not_commit)
{
    append(2);
    open_router();
    open_ship();
    cr_assert_eq(receive(), 0);
    answer('H', 0, "{\"router\":\"r1\",\"committing\":false,\"since\":null}");
    answer('W', 0, "");
    cr_assert_eq(receive_event(), 1);
    cr_assert_eq(receive_event(), 2);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(receive(), 0, "only hellos come");
    answer('H', 0, "{\"router\":\"r1\",\"committing\":true}");
    cr_assert_eq(receive_event(), 1);
}

Test(ship, begins_anew_with_another_router)
{
    append(5);
    open_router();
    open_ship();
    cr_assert_eq(receive(), 0);
    answer('H', 0, "{\"router\":\"r1\",\"committing\":true}");
    while (receive() != 0)
        continue;
    answer('W', 0, "");
    for (int64_t i = 1; i <= 5; i++)
        cr_assert_eq(receive_event(), i);
    answer('H', 0, "{\"router\":\"r2\",\"committing\":true}");
    for (int64_t got = 1; got != 0;)
        got = receive(); /* greets it first */
    answer('W', 3, "");
    cr_assert_eq(receive_event(), 4);
    cr_assert_eq(receive_event(), 5);
    answer('A', 5, "");
    wait_depth(0);
}

Test(ship, goes_back_to_the_number_that_is_expected)
{
    append(5);
    open_router();
    open_ship();
    cr_assert_eq(receive(), 0);
    answer('W', 0, "");
    for (int64_t i = 1; i <= 5; i++)
        cr_assert_eq(receive_event(), i);
    answer('E', 3, "");
    for (int64_t i = 3; i <= 5; i++)
        cr_assert_eq(receive_event(), i);
}

Test(ship, is_not_confused_by_odd_messages)
{
    struct vd_part odd[3] = {{identity, 0}, {"x", 1}, {"", 0}};

    append(1);
    open_router();
    open_ship();
    cr_assert_eq(receive(), 0);
    odd[0].len = identity_len;
    cr_assert_eq(vd_sock_send(router, odd, 3, &err), 0);
    cr_assert_eq(vd_sock_send(router, odd, 2, &err), 0);
    answer('?', 7, "");
    answer('H', 0, "{\"router\":");
    answer('H', 0, "[1]");
    answer('A', UINT64_MAX, "");
    answer('E', UINT64_MAX, "");
    answer('W', 0, "");
    cr_assert_eq(receive_event(), 1);
}

Test(ship, closes_in_time_when_nobody_is_there)
{
    int64_t begun_us = vd_clock_system.mono_us(vd_clock_system.self);

    append(3);
    open_ship();
    vd_ship_close(&ship);
    cr_assert_lt(vd_clock_system.mono_us(vd_clock_system.self) - begun_us, 1500000);
    cr_assert_eq(depth(), 3);
}
