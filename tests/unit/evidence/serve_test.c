#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "ingest/evidence/serve.h"
#include "storage/media/media.h"
#include "tests/support/tmpdir.h"

enum { SIZE = 100000 };

static struct tmpdir dir;
static struct vd_bus *bus;
static struct vd_serve *serve;
static struct vd_sock *client;
static struct vd_err err;
static char root[128], endpoint[128], id[VD_MEDIA_ID_MAX + 1];
static uint8_t bytes[SIZE], got[SIZE];

static void set_up(void)
{
    struct vd_uuid uuid = vd_uuid_make(1790000000000000);
    struct vd_sock_opts opts = {.type = VD_SOCK_DEALER, .endpoint = endpoint};
    struct vd_media_place place = {.root = root, .area = "4403/440305"};
    char path[256], folder[256];

    vd_json_init();
    tmpdir_open(&dir);
    (void)snprintf(root, sizeof root, "%s/media", dir.path);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/m.sock", dir.path);
    vd_media_id("gate-3", &uuid, id);
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7);
    (void)vd_media_path(&place, id, path, folder, sizeof path, &err);
    (void)vd_fs_mkdirs(folder, 0700, &err);
    (void)vd_fs_write(path, bytes, SIZE, 0600, &err);
    (void)vd_bus_open(&bus, &err);
    (void)vd_serve_open(
        &serve,
        &(struct vd_serve_opts){
            .bus = bus, .endpoint = endpoint, .root = root, .clock = &vd_clock_system},
        &err);
    (void)vd_sock_open(&client, bus, &opts, &err);
}

static void tear_down(void)
{
    vd_sock_close(&client);
    vd_serve_close(&serve);
    vd_bus_close(&bus);
    tmpdir_close(&dir);
}

TestSuite(serve, .init = set_up, .fini = tear_down);

static void ask(const char *json)
{
    struct vd_part part = {json, strlen(json)};

    cr_assert_eq(vd_sock_send(client, &part, 1, &err), 0);
}

/* Parts of the next answer, 0 when none comes. */
static int take(struct vd_part *parts)
{
    struct vd_poll item = {.sock = client};
    int n;

    while ((n = vd_sock_recv(client, parts, NULL)) == VD_EAGAIN)
        if (vd_bus_poll(&item, 1, 2000000) == 0)
            return 0;
    return n;
}

static bool is_kind(const struct vd_part *part, const char *kind)
{
    return part->len == strlen(kind) && memcmp(part->data, kind, part->len) == 0;
}

Test(serve, hands_out_a_file_in_chunks_against_credit)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];
    char json[256];
    size_t have = 0;

    while (have < SIZE) {
        (void)snprintf(json, sizeof json,
                       "{\"op\":\"get\",\"media\":\"%s\",\"offset\":%zu,\"credit\":2}", id,
                       have);
        ask(json);
        for (int i = 0; i < 2 && have < SIZE; i++) {
            cr_assert_eq(take(parts), 3);
            cr_assert(is_kind(&parts[0], "chunk"));
            cr_assert_leq(have + parts[2].len, SIZE);
            memcpy(got + have, parts[2].data, parts[2].len);
            have += parts[2].len;
        }
    }
    cr_assert_arr_eq(got, bytes, SIZE);
}

Test(serve, beyond_the_end_there_is_nothing_and_it_says_how_long_the_file_is)
{
    static const int64_t offsets[] = {SIZE, SIZE + 1, INT64_MAX - 1, INT64_MAX};
    char total[32];

    (void)snprintf(total, sizeof total, "\"total\":%d,", SIZE);
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        struct vd_part parts[VD_BUS_PARTS_MAX];
        char json[256];

        (void)snprintf(json, sizeof json,
                       "{\"op\":\"get\",\"media\":\"%s\",\"offset\":%" PRId64 "}", id,
                       offsets[i]);
        ask(json);
        cr_assert_eq(take(parts), 3, "%" PRId64, offsets[i]);
        cr_assert(is_kind(&parts[0], "chunk"));
        cr_assert_not_null(memmem(parts[1].data, parts[1].len, total, strlen(total)));
        cr_assert_eq(parts[2].len, 0);
    }
}

Test(serve, resists_hostile_ids)
{
    static const char *const ids[] = {
        "../../etc/passwd",
        "gate-3.../../../etc/passwd",
        "..",
        ".",
        "",
        "gate-3",
        "gate-3.",
        "GATE.01a20998-e724-7140-93c4-90255995f0bb",
        "gate-3/x.01a20998-e724-7140-93c4-90255995f0bb",
        "gate-3.01a20998-e724-7140-93c4-90255995f0bb/../..",
        "gate-3.01a20998-e724-7140-93c4-90255995f0b\\u0000",
        "%2e%2e.01a20998-e724-7140-93c4-90255995f0bb",
    };

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct vd_part parts[VD_BUS_PARTS_MAX];
        char json[256];

        (void)snprintf(json, sizeof json, "{\"op\":\"get\",\"media\":\"%s\"}", ids[i]);
        ask(json);
        cr_assert_eq(take(parts), 2, "'%s' is not answered", ids[i]);
        cr_assert(is_kind(&parts[0], "error"), "'%s' is served", ids[i]);
        cr_assert_not_null(memmem(parts[1].data, parts[1].len, "bad-request", 11));
    }
}

Test(serve, says_what_is_not_there_and_follows_no_link)
{
    struct vd_uuid uuid = vd_uuid_make(1790000001000000);
    struct vd_media_place place = {.root = root, .area = "4403/440305"};
    struct vd_part parts[VD_BUS_PARTS_MAX];
    char path[256], other[VD_MEDIA_ID_MAX + 1], json[256];

    vd_media_id("gate-3", &uuid, other);
    (void)snprintf(json, sizeof json, "{\"op\":\"get\",\"media\":\"%s\"}", other);
    ask(json);
    cr_assert_eq(take(parts), 2);
    cr_assert_not_null(memmem(parts[1].data, parts[1].len, "not-found", 9));
    cr_assert_eq(vd_media_path(&place, other, path, NULL, sizeof path, &err), 0);
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    ask(json);
    cr_assert_eq(take(parts), 2);
    cr_assert_not_null(memmem(parts[1].data, parts[1].len, "not-found", 9));
}

Test(serve, answers_nonsense_with_an_error)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "[]",
                                        "{}",
                                        "{\"op\":\"put\"}",
                                        "{\"op\":\"get\",\"media\":7}",
                                        "{\"op\":\"get\",\"media\":\"a.b\",\"credit\":0}",
                                        "{\"op\":\"get\",\"media\":\"a.b\",\"offset\":-1}"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vd_part parts[VD_BUS_PARTS_MAX];

        ask(texts[i]);
        cr_assert_eq(take(parts), 2, "'%s'", texts[i]);
        cr_assert(is_kind(&parts[0], "error"));
    }
}
