#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "ingest/evidence/live.h"
#include "tests/support/film.h"
#include "tests/support/tmpdir.h"

enum { SEC = 1000000, MESSAGES = 512 };

/* ---- a worker's side without cameras and sockets ---- */

static struct vd_config *cfg;
static struct vd_live *live;
static struct vd_live_port *port;
static struct film film;

struct message {
    uint32_t viewer;
    char kind[12], head[256];
    size_t len;
    uint8_t *data;
};
static struct message got[MESSAGES];
static int n_got, full_after = MESSAGES;
static bool is_gone;

static const char folder_text[] =
    "areas: [{code: \"1\", name: One}]\n"
    "cameras:\n"
    "  - {id: gate, area: \"1\", url: \"rtsp://127.0.0.1/g\"}\n"
    "  - id: yard\n"
    "    area: \"1\"\n"
    "    url: rtsp://127.0.0.1/y\n"
    "    masks:\n"
    "      - {name: house, privacy: true, polygon: [[0,0],[0.5,0],[0.5,1],[0,1]]}\n"
    "      - {name: tree, polygon: [[0.6,0],[1,0],[1,1],[0.6,1]]}\n"
    "  - id: hall\n"
    "    area: \"1\"\n"
    "    url: rtsp://127.0.0.1/m\n"
    "    detect_url: rtsp://127.0.0.1/s\n";

static int send(void *arg, const struct vd_part *peer, const char *head, const void *data,
                size_t len)
{
    struct message *m = &got[n_got];
    int kind_at = 0;

    (void)arg;
    cr_assert(peer->len == 3 && memcmp(peer->data, "pee", 3) == 0);
    if (is_gone)
        return VD_EIO;
    if (n_got >= full_after)
        return VD_EAGAIN;
    cr_assert_lt(n_got, MESSAGES);
    *m = (struct message){.len = len};
    cr_assert_eq(
        sscanf(head, "{\"viewer\":%u,\"kind\":\"%11[a-z]%n", &m->viewer, m->kind, &kind_at), 2);
    (void)snprintf(m->head, sizeof m->head, "%s", head);
    if (len > 0) {
        m->data = malloc(len);
        memcpy(m->data, data, len);
    }
    n_got++;
    return 0;
}

static void forget(void)
{
    for (int i = 0; i < n_got; i++)
        free(got[i].data);
    n_got = 0;
}

static int count(const char *kind)
{
    int n = 0;

    for (int i = 0; i < n_got; i++)
        n += strcmp(got[i].kind, kind) == 0;
    return n;
}

static const struct message *last(const char *kind)
{
    for (int i = n_got; i-- > 0;)
        if (strcmp(got[i].kind, kind) == 0)
            return &got[i];
    cr_assert_fail("no '%s' came", kind);
    return NULL;
}

static void set_up(void)
{
    struct tmpdir dir;
    struct vd_err err = {0};
    FILE *file;

    vd_json_init();
    tmpdir_open(&dir);
    file = fopen(tmpdir_file(&dir, "vedette.yaml"), "w");
    (void)fputs(folder_text, file);
    (void)fclose(file);
    cr_assert_eq(vd_config_load(&cfg, dir.path, VD_CONFIG_SECRETS_NONE, NULL, &err), 0, "%s",
                 err.msg);
    tmpdir_close(&dir);
    cr_assert_eq(vd_live_open(&live, NULL), 0);
    cr_assert_eq(vd_live_enter(live, cfg, &cfg->cameras[0], true, &port, NULL), 0);
    vd_live_port_break(port, true);
    film = film_make(false, 160, 96, 75, 25, 0);
}

static void tear_down(void)
{
    forget();
    film_free(&film);
    vd_live_leave(live, &port);
    vd_live_close(&live);
    vd_config_unref(&cfg);
}

TestSuite(live, .init = set_up, .fini = tear_down);

static int ask(const char *camera, uint32_t viewer, int64_t credit, int64_t now_us)
{
    struct vd_part peer = {"pee", 3};
    struct vd_live_request request = {.viewer = viewer, .credit = credit};

    (void)snprintf(request.camera, sizeof request.camera, "%s", camera);
    return vd_live_ask(live, &peer, &request, now_us, NULL);
}

static void put(int from, int to)
{
    for (int i = from; i < to; i++)
        vd_live_port_put(port, &film.packets[i]);
}

static int64_t flow(int64_t now_us)
{
    return vd_live_flow(live, now_us, send, NULL);
}

static bool is_woken(void)
{
    struct pollfd p = {.fd = vd_live_fd(live), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* ---- flow ---- */

Test(live, begins_at_the_last_key_frame_and_goes_on)
{
    put(0, 30);
    cr_assert_eq(ask("gate", 7, SEC, 0), 0);
    cr_expect_geq(flow(0), 0);
    cr_expect_eq(count("state"), 1);
    cr_assert_eq(count("init"), 1);
    cr_assert_eq(count("fragment"), 1, "five pictures of 40 ms make one");
    cr_expect_not_null(strstr(last("init")->head, "\"codec\":\"avc1."));
    cr_expect_not_null(strstr(last("fragment")->head, "\"key\":true,\"n\":5"));
    cr_expect_eq(last("fragment")->viewer, 7);
    cr_expect_eq(memcmp(last("fragment")->data + 4, "moof", 4), 0);
    forget();
    put(30, 52);
    flow(0);
    cr_expect_eq(count("init"), 0);
    cr_expect_eq(count("fragment"), 4);
    cr_expect_not_null(strstr(last("fragment")->head, "\"key\":false,\"n\":5"));
    cr_expect_eq(vd_live_count(live, VD_LIVE_LOST), 0);
}

Test(live, nothing_flows_without_credit_or_after_the_lease)
{
    put(0, 30);
    flow(0);
    cr_expect_eq(n_got, 0);
    cr_expect_not(is_woken(), "nobody watches, nobody is woken");
    cr_assert_eq(ask("gate", 7, 0, 0), 0);
    flow(0);
    cr_expect_eq(n_got, 1);
    cr_expect_eq(count("state"), 1);
    cr_assert_eq(ask("gate", 7, SEC, 100), 0);
    flow(100);
    cr_expect_eq(count("init"), 1);
    put(30, 31);
    cr_expect(is_woken());
    cr_expect_eq(flow(VD_LIVE_LEASE_US + 100), -1);
    cr_expect_eq(vd_live_count(live, VD_LIVE_VIEWERS), 0);
    forget();
    put(31, 75);
    flow(VD_LIVE_LEASE_US + 200);
    cr_expect_eq(n_got, 0);
}

Test(live, who_ends_or_has_gone_is_forgotten)
{
    struct vd_part peer = {"pee", 3};
    struct vd_live_request end = {.is_end = true, .viewer = 7};

    put(0, 30);
    cr_expect_not(vd_live_port_is_watched(port));
    cr_assert_eq(ask("gate", 7, SEC, 0), 0);
    cr_expect(vd_live_port_is_watched(port));
    cr_assert_eq(vd_live_ask(live, &peer, &end, 0, NULL), 0);
    cr_expect_eq(flow(0), -1);
    cr_expect_not(vd_live_port_is_watched(port));
    cr_assert_eq(ask("gate", 8, SEC, 0), 0);
    is_gone = true;
    cr_expect_eq(flow(0), -1);
    is_gone = false;
    cr_expect_eq(n_got, 0);
}

Test(live, a_slow_viewer_loses_whole_groups_and_goes_on_with_a_key_frame)
{
    put(0, 30);
    cr_assert_eq(ask("gate", 7, 200, 0), 0); /* the init segment uses it up */
    flow(0);
    cr_expect_eq(count("fragment"), 0);
    put(30, 75); /* two more groups: his is gone */
    put(0, 30);
    forget();
    cr_assert_eq(ask("gate", 7, SEC, SEC), 0);
    flow(SEC);
    cr_expect_eq(vd_live_count(live, VD_LIVE_LOST), 1);
    cr_expect_eq(count("init"), 1);
    cr_expect_not_null(strstr(got[count("state") + 1].head, "\"key\":true"));
}

Test(live, a_full_socket_is_a_loss_too)
{
    put(0, 30);
    cr_assert_eq(ask("gate", 7, SEC, 0), 0);
    full_after = 2; /* state, init */
    flow(0);
    cr_expect_eq(vd_live_count(live, VD_LIVE_LOST), 1);
    full_after = MESSAGES;
    flow(0);
    cr_expect_eq(count("init"), 2, "from the last key frame again");
    cr_expect_not_null(strstr(last("fragment")->head, "\"key\":true"));
}

Test(live, a_camera_that_breaks_begins_anew)
{
    put(0, 30);
    cr_assert_eq(ask("gate", 7, SEC, 0), 0);
    flow(0);
    vd_live_port_break(port, false);
    forget();
    flow(2 * SEC);
    cr_expect_eq(count("fragment"), 0);
    cr_expect_not_null(strstr(last("state")->head, "\"state\":\"lost\""));
    vd_live_port_break(port, true);
    put(50, 60);
    flow(4 * SEC);
    cr_expect_eq(count("init"), 1);
    cr_expect_not_null(strstr(last("fragment")->head, "\"n\":5"));
    cr_expect_not_null(strstr(last("state")->head, "\"state\":\"connected\""));
}

Test(live, limits_hold)
{
    struct vd_packet big = film.packets[0];

    cr_expect_eq(ask("nobody", 1, 0, 0), VD_EEOF);
    for (uint32_t i = 0; i < VD_LIVE_VIEWERS_MAX; i++)
        cr_assert_eq(ask("gate", i, SEC, 0), 0);
    cr_expect_eq(ask("gate", VD_LIVE_VIEWERS_MAX, 0, 0), VD_EAGAIN);
    cr_expect_eq(ask("gate", 0, 0, 0), 0, "who is here may go on");
    big.size = VD_LIVE_BYTES_MAX + 1;
    vd_live_port_put(port, &big); /* is not taken; nothing to see, nothing breaks */
    full_after = 0;
    flow(0);
}

Test(live, what_is_held_is_bounded)
{
    bool has_lost;
    uint64_t cursor = VD_LIVE_BEGIN;
    struct vd_packet packet;

    put(0, 1);
    for (int i = 0; i < VD_LIVE_PACKETS_MAX + 10; i++)
        put(1 + i % 24, 2 + i % 24); /* no key frame for long */
    cr_expect_eq(vd_live_port_take(port, &cursor, &packet, &has_lost), 0,
                 "who comes now waits for a key frame");
    put(25, 26);
    cr_assert_eq(vd_live_port_take(port, &cursor, &packet, &has_lost), 1);
    cr_expect(packet.is_key && has_lost);
    vd_packet_unref(&packet);
}

/* ---- pictures ---- */

static void release(struct vd_picture *picture)
{
    free(picture->owner);
    free(picture);
}

static void show(struct vd_live_port *to, int w, int h)
{
    struct vd_picture *p = calloc(1, sizeof *p);

    p->owner = malloc((size_t)(w * h));
    memset(p->owner, 200, (size_t)(w * h));
    p->plane[0] = p->owner;
    p->stride[0] = p->w = w;
    p->h = h;
    p->chroma = VD_CHROMA_GREY;
    p->is_full_range = true;
    p->wall_us = 1790000000000000;
    p->release = release;
    atomic_init(&p->refs, 1);
    vd_live_port_show(to, &p);
}

Test(live, a_masked_camera_gives_masked_pictures_and_nothing_else)
{
    struct vd_live_port *yard = NULL;
    const struct message *m;
    tjhandle handle = tjInitDecompress();
    static uint8_t grey[160 * 96];

    cr_assert_eq(vd_live_enter(live, cfg, &cfg->cameras[2], true, &yard, NULL), 0);
    cr_assert(vd_live_port_is_masked(yard));
    vd_live_port_break(yard, true);
    for (int i = 0; i < 30; i++)
        vd_live_port_put(yard, &film.packets[i]);
    cr_assert_eq(ask("yard", 7, SEC, 0), 0);
    cr_expect_not(vd_live_port_wants(yard));
    flow(0);
    cr_assert(vd_live_port_wants(yard));
    cr_expect_not(vd_live_port_wants(yard), "asked for once");
    show(yard, 160, 96);
    flow(0);
    cr_expect_eq(count("init") + count("fragment"), 0);
    cr_assert_eq(count("jpeg"), 1);
    m = last("jpeg");
    cr_expect_not_null(strstr(m->head, "\"why\":\"masked\",\"w\":160,\"h\":96"));
    cr_assert_eq(tjDecompress2(handle, m->data, m->len, grey, 160, 0, 96, TJPF_GRAY, 0), 0);
    for (int i = 0; i < 160 * 96; i++)
        if (i % 160 <= 79)
            cr_assert_leq(grey[i], 20, "pixel %d,%d shows through", i % 160, i / 160);
        else if (i % 160 >= 96)
            cr_assert_geq(grey[i], 180, "a mask that is not private covers nothing");
    flow(0);
    cr_expect_eq(count("jpeg"), 1, "the same picture is sent once");
    flow(SEC / 2);
    cr_expect_not(vd_live_port_wants(yard));
    flow(SEC);
    cr_expect(vd_live_port_wants(yard), "one a second");
    tjDestroy(handle);
    vd_live_leave(live, &yard);
}

Test(live, what_a_browser_can_not_play_comes_as_pictures)
{
    struct film h265 = film_make(true, 160, 96, 10, 10, 0);

    for (int i = 0; i < 10; i++)
        vd_live_port_put(port, &h265.packets[i]);
    cr_assert_eq(ask("gate", 7, SEC, 0), 0);
    flow(0);
    show(port, 160, 96);
    flow(0);
    cr_expect_eq(count("init"), 0);
    cr_expect_not_null(strstr(last("jpeg")->head, "\"why\":\"codec\""));
    film_free(&h265);
}

Test(live, a_changed_configuration_takes_viewers_along)
{
    struct vd_live_port *next = NULL;

    put(0, 30);
    cr_assert_eq(ask("gate", 7, SEC, 0), 0);
    flow(0);
    vd_live_leave(live, &port);
    forget();
    flow(2 * SEC);
    cr_expect_eq(n_got, 0);
    cr_assert_eq(vd_live_enter(live, cfg, &cfg->cameras[0], true, &next, NULL), 0);
    port = next;
    vd_live_port_break(port, true);
    put(0, 30);
    flow(2 * SEC);
    cr_expect_eq(count("init"), 1);
}

Test(live, the_main_stream_is_shown_by_the_sub_stream_where_it_can_not_be_played)
{
    struct vd_live_port *sub = NULL, *main = NULL;
    struct film h265 = film_make(true, 160, 96, 10, 10, 0);
    struct vd_part peer = {"pee", 3};
    struct vd_live_request request = {
        .viewer = 7, .camera = "hall", .wants_main = true, .takes_h265 = true, .credit = SEC};

    cr_assert_eq(vd_live_enter(live, cfg, &cfg->cameras[1], false, &sub, NULL), 0);
    cr_assert_eq(vd_live_enter(live, cfg, &cfg->cameras[1], true, &main, NULL), 0);
    cr_expect(vd_live_port_is_decoded(sub) && !vd_live_port_is_decoded(main));
    vd_live_port_break(sub, true);
    vd_live_port_break(main, true);
    for (int i = 0; i < 10; i++) {
        vd_live_port_put(sub, &film.packets[i]);
        vd_live_port_put(main, &h265.packets[i]);
    }
    cr_assert_eq(vd_live_ask(live, &peer, &request, 0, NULL), 0);
    flow(0);
    cr_expect_not_null(strstr(last("init")->head, "hvc1"));
    cr_expect_not_null(strstr(last("state")->head, "\"main\":true"));
    request.takes_h265 = false;
    cr_assert_eq(vd_live_ask(live, &peer, &request, 0, NULL), 0);
    flow(0);
    flow(0);
    cr_expect_not_null(strstr(last("init")->head, "avc1"));
    cr_expect_not_null(strstr(last("state")->head, "\"main\":false"));
    vd_live_leave(live, &sub);
    vd_live_leave(live, &main);
    film_free(&h265);
}

Test(live, pictures_come_from_the_stream_that_is_decoded)
{
    struct vd_live_port *sub = NULL, *main = NULL;
    struct vd_part peer = {"pee", 3};
    struct vd_live_request request = {
        .viewer = 7, .camera = "hall", .wants_main = true, .credit = SEC};

    cr_assert_eq(vd_live_enter(live, cfg, &cfg->cameras[1], false, &sub, NULL), 0);
    cr_assert_eq(vd_live_enter(live, cfg, &cfg->cameras[1], true, &main, NULL), 0);
    cr_assert_eq(vd_live_ask(live, &peer, &request, 0, NULL), 0);
    flow(0); /* the main stream has no packet yet */
    cr_expect_not(vd_live_port_wants(main));
    cr_assert(vd_live_port_wants(sub));
    show(sub, 160, 96);
    cr_expect(is_woken());
    flow(0);
    cr_expect_not_null(strstr(last("jpeg")->head, "\"why\":\"waiting\""));
    vd_live_leave(live, &sub);
    vd_live_leave(live, &main);
}

/* ---- requests ---- */

Test(live, reads_requests)
{
    static const struct {
        const char *json;
        int rc;
    } rows[] = {
        {"{\"op\":\"live\",\"viewer\":7,\"camera\":\"gate\",\"credit\":1000}", 0},
        {"{\"op\":\"live\",\"viewer\":7,\"camera\":\"gate\",\"stream\":\"main\",\"h265\":1}",
         0},
        {"{\"op\":\"live-end\",\"viewer\":7}", 0},
        {"{\"op\":\"live\",\"camera\":\"gate\"}", VD_EINVAL},
        {"{\"op\":\"live\",\"viewer\":4294967296,\"camera\":\"gate\"}", VD_EINVAL},
        {"{\"op\":\"live\",\"viewer\":7}", VD_EINVAL},
        {"{\"op\":\"live\",\"viewer\":7,\"camera\":\"gate\",\"stream\":\"best\"}", VD_EINVAL},
        {"{\"op\":\"live\",\"viewer\":7,\"camera\":\"gate\",\"credit\":-1}", VD_EINVAL},
        {"{\"op\":\"live\",\"viewer\":7,\"camera\":\"gate\",\"credit\":8388609}", VD_EINVAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vd_live_request request;
        struct vd_json *doc = NULL;

        cr_assert_eq(vd_json_parse(&doc, rows[i].json, strlen(rows[i].json), NULL), 0);
        cr_expect_eq(vd_live_read(doc, &request, NULL), rows[i].rc, "%s", rows[i].json);
        vd_json_free(&doc);
        cr_expect(i != 1 || (request.wants_main && request.takes_h265));
    }
}
