/* Whose source a key may hand in: a table; keys come from files that hold nothing else. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/wire.h"
#include "tests/support/tmpdir.h"

static struct vd_config config_of(struct vd_bus_client_cfg *clients, int n)
{
    return (struct vd_config){.folder = "/", .bus = {.clients = clients, .n_clients = n}};
}

static const struct {
    const char *client, *source;
    bool owns;
} sources[] = {
    {"a", "/ingest/node-a/0192", true},
    {"a", "/ingest/node-a-w1/0192", true},
    {"a", "/input/node-a/x", true},
    {"a", "/ingest/dock/x", true},
    {"a", "/ingest/node-ab/x", false},
    {"a", "/ingest/node-b/x", false},
    {"a", "/ingest/node-", false},
    {"a", "/ingest/node-a", false},
    {"a", "/node-a/x", false},
    {"a", "ingest/node-a/x", false},
    {"a", "/ingest//node-a/x", false},
    {"a", "", false},
    {"a", "/", false},
    {"b", "/ingest/node-b/x", true},
    {"b", "/ingest/node-a/x", false},
    {"listener", "/ingest/node-a/x", false},
    {"listener", "/ingest//x", false},
    {"nobody", "/ingest/node-a/x", false},
    {"", "/ingest/node-a/x", false},
};

Test(wire, a_key_stands_for_its_nodes_alone)
{
    const char *of_a[] = {"node-a", "dock"}, *of_b[] = {"node-b"};
    struct vd_bus_client_cfg clients[] = {{.name = "a", .nodes = {.items = of_a, .n = 2}},
                                          {.name = "b", .nodes = {.items = of_b, .n = 1}},
                                          {.name = "listener", .listens = true}};
    struct vd_config cfg = config_of(clients, 3);

    cr_assert(vd_wire_listens(&cfg, "listener"));
    cr_assert_not(vd_wire_listens(&cfg, "a"));
    cr_assert_not(vd_wire_listens(&cfg, ""));
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        cr_assert_eq(vd_wire_owns(&cfg, sources[i].client, sources[i].source), sources[i].owns,
                     "%s, %s", sources[i].client, sources[i].source);
}

Test(wire, lists_that_differ_in_anything_are_not_the_same)
{
    const char *one[] = {"x"}, *two[] = {"x", "y"};
    struct vd_bus_client_cfg a = {
        .name = "a", .public_key = "k", .nodes = {.items = one, .n = 1}};
    struct vd_bus_client_cfg others[] = {a, a, a, a};
    struct vd_config left = config_of(&a, 1), right = config_of(&a, 1);

    cr_assert(vd_wire_same(&left, &right));
    right = config_of(NULL, 0);
    cr_assert_not(vd_wire_same(&left, &right));
    others[0].name = "b";
    others[1].public_key = "l";
    others[2].nodes = (struct vd_strings){.items = two, .n = 2};
    others[3].listens = true;
    for (int i = 0; i < 4; i++) {
        right = config_of(&others[i], 1);
        cr_assert_not(vd_wire_same(&left, &right), "%d", i);
    }
}

Test(wire, keys_are_asked_for_over_the_network_alone_and_what_is_missing_is_named)
{
    struct vd_bus_keys server = {0}, keys = {0};
    struct vd_config cfg = config_of(NULL, 0);
    struct vd_err err = {0};
    struct tmpdir dir;
    const char *path;

    tmpdir_open(&dir);
    path = tmpdir_file(&dir, "key");
    cr_assert_eq(vd_bus_keypair(server.public_key, server.secret_key, NULL), 0);
    cr_assert_eq(vd_wire_client(&cfg, "ipc:///x", NULL, &keys, &err), 0);
    cr_assert_eq(vd_wire_server(&cfg, "ipc:///x", &keys, &err), 0);
    cr_assert_eq(vd_wire_client(&cfg, "tcp://h:1", NULL, &keys, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "key_file"));
    cr_assert_eq(vd_wire_client(&cfg, "tcp://h:1", path, &keys, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "server_key"));
    cr_assert_eq(vd_wire_server(&cfg, "tcp://h:1", &keys, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "server_key_file"));
    cfg.bus.server_key = server.public_key;
    cfg.bus.server_key_file = path;
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(path, "w");

        cr_assert_not_null(f);
        fprintf(f, "%s\n", i == 0 ? "no key at all" : server.secret_key);
        fclose(f);
        cr_assert_eq(chmod(path, 0600), 0);
        cr_assert_eq(vd_wire_client(&cfg, "tcp://h:1", path, &keys, &err),
                     i == 0 ? VD_EINVAL : 1);
        cr_assert_null(strstr(err.msg, "no key at all"), "the file's bytes are nobody's");
        cr_assert_eq(vd_wire_server(&cfg, "tcp://h:1", &keys, &err), i == 0 ? VD_EINVAL : 1);
    }
    cr_assert_str_eq(keys.public_key, server.public_key);
    tmpdir_close(&dir);
}
