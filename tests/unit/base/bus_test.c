#include "base/bus_zap.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_US = 20000000 }; /* a refused handshake runs out after 5 s, and is begun again */

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

static struct vd_bus_keys keys_of(const char *server_key)
{
    struct vd_bus_keys keys = {0};

    cr_assert_eq(vd_bus_keypair(keys.public_key, keys.secret_key, NULL), 0);
    if (server_key != NULL)
        memcpy(keys.server_key, server_key, sizeof keys.server_key);
    return keys;
}

static struct vd_zap_client client_of(const char *name, const struct vd_bus_keys *keys,
                                      unsigned realms)
{
    struct vd_zap_client client = {.realms = realms};

    snprintf(client.name, sizeof client.name, "%s", name);
    memcpy(client.public_key, keys->public_key, sizeof client.public_key);
    return client;
}

static void say(struct vd_sock **sock, struct vd_bus *bus, const char *endpoint,
                const struct vd_bus_keys *keys, const char *word)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_DEALER, .endpoint = endpoint, .keys = keys};
    struct vd_part out = text(word);

    cr_assert_eq(vd_sock_open(sock, bus, &opts, NULL), 0);
    cr_assert_eq(vd_sock_send(*sock, &out, 1, NULL), 0);
}

Test(bus, only_a_listed_key_gets_in_and_only_where_it_is_good_and_has_a_name_there)
{
    struct vd_bus_keys server = keys_of(NULL), listed, elsewhere, stranger, fooled;
    struct vd_sock *router = NULL, *in[5] = {NULL};
    struct vd_part parts[VD_BUS_PARTS_MAX];
    struct vd_zap_client clients[2];
    struct vd_zap *zap = NULL;
    struct vd_bus *bus = NULL;
    struct vd_sock_opts opts = {.type = VD_SOCK_ROUTER,
                                .endpoint = "tcp://127.0.0.1:*",
                                .is_bound = true,
                                .keys = &server,
                                .realm = vd_zap_realm_name(VD_ZAP_EVENTS)};
    struct vd_poll item = {0};

    listed = keys_of(server.public_key);
    elsewhere = keys_of(server.public_key);
    stranger = keys_of(server.public_key);
    fooled = keys_of(stranger.public_key); /* of another server */
    memcpy(fooled.public_key, listed.public_key, sizeof fooled.public_key);
    memcpy(fooled.secret_key, listed.secret_key, sizeof fooled.secret_key);
    clients[0] = client_of("listed", &listed, 1u << VD_ZAP_EVENTS);
    clients[1] = client_of("elsewhere", &elsewhere, 1u << VD_ZAP_FEED | 1u << VD_ZAP_REPLAY);
    cr_assert_eq(vd_bus_open(&bus, NULL), 0);
    cr_assert_eq(vd_zap_open(&zap, bus, NULL), 0);
    cr_assert_eq(vd_zap_allow(zap, clients, 2, NULL), 0);
    opts.zap = zap;
    cr_assert_eq(vd_sock_open(&router, bus, &opts, NULL), 0);
    say(&in[0], bus, vd_sock_endpoint(router), NULL, "plain");
    say(&in[1], bus, vd_sock_endpoint(router), &elsewhere, "elsewhere");
    say(&in[2], bus, vd_sock_endpoint(router), &stranger, "stranger");
    say(&in[3], bus, vd_sock_endpoint(router), &fooled, "fooled");
    while (vd_zap_refused(zap) < 2)
        (void)vd_bus_poll(&item, 0, 1000);
    say(&in[4], bus, vd_sock_endpoint(router), &listed, "hello");
    cr_assert_eq(take(router, parts), 2);
    cr_assert_eq(memcmp(parts[1].data, "hello", 5), 0, "another got in");
    cr_assert_str_eq(vd_sock_user(router), "listed");
    /* listed later, it gets in by itself */
    clients[1] = client_of("stranger", &stranger, 1u << VD_ZAP_EVENTS);
    cr_assert_eq(vd_zap_allow(zap, clients, 2, NULL), 0);
    cr_assert_eq(take(router, parts), 2);
    cr_assert_eq(memcmp(parts[1].data, "stranger", 8), 0);
    cr_assert_str_eq(vd_sock_user(router), "stranger");
    for (int i = 0; i < 5; i++)
        vd_sock_close(&in[i]);
    vd_sock_close(&router);
    vd_zap_close(&zap);
    vd_bus_close(&bus);
}

Test(bus, a_secret_key_tells_its_public_one_and_nothing_else_is_a_key)
{
    struct vd_bus_keys keys = keys_of(NULL);
    char found[VD_BUS_KEY_TEXT];

    cr_assert_eq(vd_bus_public_key(keys.secret_key, found, NULL), 0);
    cr_assert_str_eq(found, keys.public_key);
    cr_assert(vd_bus_is_key(keys.public_key));
    keys.secret_key[39] = '\0';
    cr_assert_eq(vd_bus_public_key(keys.secret_key, found, NULL), VD_EINVAL);
    cr_assert_not(vd_bus_is_key(""));
    memset(keys.public_key, '~', 40); /* none of Z85 */
    cr_assert_not(vd_bus_is_key(keys.public_key));
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
