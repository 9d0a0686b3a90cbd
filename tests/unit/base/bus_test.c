#include "base/bus.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_US = 5000000 };

static int take(struct vd_sock *sock, struct vd_part parts[VD_BUS_PARTS_MAX])
{
    struct vd_poll item = {.sock = sock};

    if (vd_bus_poll(&item, 1, WAIT_US) != 1)
        return VD_ETIMEOUT;
    return vd_sock_recv(sock, parts, NULL);
}

static struct vd_part text(const char *s)
{
    return (struct vd_part){s, strlen(s)};
}

Test(bus, dealer_and_router_exchange_whole_messages)
{
    struct vd_sock *router = NULL, *dealer = NULL;
    struct vd_part parts[VD_BUS_PARTS_MAX], out[3] = {text("src"), {NULL, 0}, text("{}")};
    struct vd_sock_opts opts = {
        .type = VD_SOCK_ROUTER, .endpoint = "tcp://127.0.0.1:*", .is_bound = true};
    struct vd_bus *bus = NULL;
    uint8_t seq[8];
    uint64_t number;

    cr_assert_eq(vd_bus_open(&bus, NULL), 0);
    cr_assert_eq(vd_sock_open(&router, bus, &opts, NULL), 0);
    opts = (struct vd_sock_opts){.type = VD_SOCK_DEALER, .endpoint = vd_sock_endpoint(router)};
    cr_assert_eq(vd_sock_open(&dealer, bus, &opts, NULL), 0);
    cr_assert_eq(vd_sock_recv(router, parts, NULL), VD_EAGAIN);

    vd_be64_put(seq, UINT64_C(0x0102030405060708));
    out[1] = (struct vd_part){seq, 8};
    cr_assert_eq(vd_sock_send(dealer, out, 3, NULL), 0);
    cr_assert_eq(take(router, parts), 4, "peer, source, sequence, text");
    cr_assert(vd_be64_take(&parts[2], &number));
    cr_assert_eq(number, UINT64_C(0x0102030405060708));
    cr_assert(!vd_be64_take(&parts[1], &number), "three bytes are no number");

    char peer[16];
    size_t n = parts[0].len;

    cr_assert_leq(n, sizeof peer);
    memcpy(peer, parts[0].data, n);
    out[0] = (struct vd_part){peer, n};
    out[1] = text("A");
    cr_assert_eq(vd_sock_send(router, out, 2, NULL), 0);
    cr_assert_eq(take(dealer, parts), 1);
    cr_assert_eq(memcmp(parts[0].data, "A", 1), 0);

    out[0] = text("nobody");
    cr_assert_eq(vd_sock_send(router, out, 2, NULL), VD_EIO, "a peer that is gone is said");
    vd_sock_close(&dealer);
    vd_sock_close(&router);
    vd_bus_close(&bus);
    cr_assert_null(bus);
}

Test(bus, too_many_parts_are_swallowed_whole)
{
    struct vd_sock *a = NULL, *b = NULL;
    struct vd_part parts[VD_BUS_PARTS_MAX], out[VD_BUS_PARTS_MAX + 3];
    struct vd_sock_opts opts = {
        .type = VD_SOCK_PAIR, .endpoint = "tcp://127.0.0.1:*", .is_bound = true};
    struct vd_bus *bus = NULL;

    cr_assert_eq(vd_bus_open(&bus, NULL), 0);
    cr_assert_eq(vd_sock_open(&a, bus, &opts, NULL), 0);
    opts.endpoint = vd_sock_endpoint(a);
    opts.is_bound = false;
    cr_assert_eq(vd_sock_open(&b, bus, &opts, NULL), 0);
    for (size_t i = 0; i < VD_BUS_PARTS_MAX + 3; i++)
        out[i] = text("x");
    cr_assert_eq(vd_sock_send(b, out, VD_BUS_PARTS_MAX + 3, NULL), 0);
    out[0] = text("good");
    cr_assert_eq(vd_sock_send(b, out, 1, NULL), 0);
    cr_assert_eq(take(a, parts), VD_EPROTO);
    cr_assert_eq(take(a, parts), 1, "the next message is whole");
    cr_assert_eq(parts[0].len, 4);
    vd_sock_close(&a);
    vd_sock_close(&b);
    vd_bus_close(&bus);
}

Test(bus, a_message_over_the_limit_cuts_its_sender_off)
{
    static char big[70000];
    struct vd_sock *router = NULL, *dealer = NULL;
    struct vd_part parts[VD_BUS_PARTS_MAX], out = {big, sizeof big};
    struct vd_sock_opts opts = {
        .type = VD_SOCK_ROUTER, .endpoint = "tcp://127.0.0.1:*", .is_bound = true};
    struct vd_bus *bus = NULL;

    cr_assert_eq(vd_bus_open(&bus, NULL), 0);
    cr_assert_eq(vd_sock_open(&router, bus, &opts, NULL), 0);
    opts = (struct vd_sock_opts){.type = VD_SOCK_DEALER, .endpoint = vd_sock_endpoint(router)};
    cr_assert_eq(vd_sock_open(&dealer, bus, &opts, NULL), 0);
    cr_assert_eq(vd_sock_send(dealer, &out, 1, NULL), 0);
    out = text("small");
    for (int tries = 0; tries < 50; tries++) { /* the connection comes back by itself */
        struct vd_poll item = {.sock = router};

        cr_assert_eq(vd_sock_send(dealer, &out, 1, NULL), 0);
        if (vd_bus_poll(&item, 1, 200000) == 1)
            break;
    }
    cr_assert_eq(vd_sock_recv(router, parts, NULL), 2);
    cr_assert_eq(parts[1].len, 5, "the large one was not delivered");
    vd_sock_close(&dealer);
    vd_sock_close(&router);
    vd_bus_close(&bus);
}

Test(bus, curve_lets_in_who_knows_the_servers_key)
{
    char server_public[VD_BUS_KEY_TEXT], server_secret[VD_BUS_KEY_TEXT];
    char client_public[VD_BUS_KEY_TEXT], client_secret[VD_BUS_KEY_TEXT];
    struct vd_sock *router = NULL, *dealer = NULL, *plain = NULL;
    struct vd_part parts[VD_BUS_PARTS_MAX], out = text("hello");
    struct vd_bus *bus = NULL;
    struct vd_sock_opts opts = {.type = VD_SOCK_ROUTER,
                                .endpoint = "tcp://127.0.0.1:*",
                                .is_bound = true,
                                .secret_key = server_secret};

    cr_assert_eq(vd_bus_keypair(server_public, server_secret, NULL), 0);
    cr_assert_eq(vd_bus_keypair(client_public, client_secret, NULL), 0);
    cr_assert_eq(vd_bus_open(&bus, NULL), 0);
    cr_assert_eq(vd_sock_open(&router, bus, &opts, NULL), 0);
    opts = (struct vd_sock_opts){.type = VD_SOCK_DEALER, .endpoint = vd_sock_endpoint(router)};
    cr_assert_eq(vd_sock_open(&plain, bus, &opts, NULL), 0);
    cr_assert_eq(vd_sock_send(plain, &(struct vd_part){"plain", 5}, 1, NULL), 0);
    opts.public_key = client_public;
    opts.secret_key = client_secret;
    opts.server_key = server_public;
    cr_assert_eq(vd_sock_open(&dealer, bus, &opts, NULL), 0);
    cr_assert_eq(vd_sock_send(dealer, &out, 1, NULL), 0);
    cr_assert_eq(take(router, parts), 2);
    cr_assert_eq(memcmp(parts[1].data, "hello", 5), 0, "plain text got in");
    vd_sock_close(&plain);
    vd_sock_close(&dealer);
    vd_sock_close(&router);
    vd_bus_close(&bus);
}

/* The console's user reaches the folder of the sockets: it must not pass for a worker. */
Test(bus, an_ipc_socket_hears_only_the_users_it_names)
{
    struct vd_sock *closed = NULL, *open = NULL, *dealer = NULL;
    struct vd_part parts[VD_BUS_PARTS_MAX], out = text("hello");
    const uid_t other = getuid() + 1, both[2] = {other, getuid()};
    struct vd_poll item = {0};
    struct vd_bus *bus = NULL;
    struct vd_sock_opts opts = {.type = VD_SOCK_ROUTER,
                                .endpoint = "ipc://@vd-bus-test-users",
                                .is_bound = true,
                                .users = &other,
                                .n_users = 1};

    cr_assert_eq(vd_bus_open(&bus, NULL), 0);
    cr_assert_eq(vd_sock_open(&closed, bus, &opts, NULL), 0);
    opts.endpoint = "ipc://@vd-bus-test-users-2";
    opts.users = both;
    opts.n_users = 2;
    cr_assert_eq(vd_sock_open(&open, bus, &opts, NULL), 0);
    opts =
        (struct vd_sock_opts){.type = VD_SOCK_DEALER, .endpoint = "ipc://@vd-bus-test-users"};
    cr_assert_eq(vd_sock_open(&dealer, bus, &opts, NULL), 0);
    cr_assert_eq(vd_sock_send(dealer, &out, 1, NULL), 0);
    item.sock = closed;
    cr_assert_eq(vd_bus_poll(&item, 1, 500000), 0, "a user it does not name got in");
    vd_sock_close(&dealer);
    opts.endpoint = "ipc://@vd-bus-test-users-2";
    cr_assert_eq(vd_sock_open(&dealer, bus, &opts, NULL), 0);
    cr_assert_eq(vd_sock_send(dealer, &out, 1, NULL), 0);
    cr_assert_eq(take(open, parts), 2);
    vd_sock_close(&dealer);
    vd_sock_close(&open);
    vd_sock_close(&closed);
    vd_bus_close(&bus);
}

Test(bus, errors_name_the_endpoint)
{
    struct vd_sock *a = NULL;
    struct vd_err err = {0};
    struct vd_bus *bus = NULL;
    struct vd_sock_opts opts = {
        .type = VD_SOCK_ROUTER, .endpoint = "ipc:///nonexistent/x.sock", .is_bound = true};

    cr_assert_eq(vd_bus_open(&bus, NULL), 0);
    cr_assert_lt(vd_sock_open(&a, bus, &opts, &err), 0);
    cr_assert(strstr(err.msg, "bind 'ipc:///nonexistent/x.sock': ") == err.msg, "%s", err.msg);
    cr_assert_null(a);
    vd_bus_close(&bus);
}
