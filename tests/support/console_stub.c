/* tests/support/console_stub.c: stands in for everything behind the console: a real PostgreSQL
 * of its own, alerts written as the router writes them, and pictures from a folder as a worker
 * serves them. usage: console_stub STATE PICTURES; one command a line, fields between tabs, one
 * line of answer each. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/workflow/alert_json.h"
#include "base/bus.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"
#include "storage/pg/cameras.h"
#include "storage/pg/feed.h"
#include "tests/support/pg_tmp.h"

enum { FIELDS_MAX = 12 };

struct stub {
    struct pg_tmp server;
    struct vd_pg *pg;
    struct vd_bus *bus;
    struct vd_sock *media;
    const char *pictures;
};

static int64_t now_us(void)
{
    return vd_clock_system.wall_us(vd_clock_system.self);
}

static void must(int rc, const struct vd_err *err)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "console_stub: %s\n", err->msg);
    abort();
}

/* Row and feed message in one transaction, as the router does it. */
static void store(struct stub *stub, struct vd_alert *alert, bool is_new)
{
    char json[VD_ALERT_JSON_MAX], topic[VD_ALERT_TOPIC_MAX];
    struct vd_pg_feed_row row = {.received_us = now_us(), .topic = topic, .body = json};
    struct vd_err err = {0};
    int len;

    must(vd_pg_begin(stub->pg, &err), &err);
    must(vd_pg_feed_take(stub->pg, 1, &row.position, &err), &err);
    alert->position = row.position;
    must(is_new ? vd_pg_alert_insert(stub->pg, alert, &err)
                : vd_pg_alert_update(stub->pg, alert, &err),
         &err);
    alert->version += !is_new;
    must(len = vd_alert_encode(alert, NULL, json, sizeof json, &err), &err);
    row.body_len = (size_t)len;
    must(vd_alert_topic(alert, topic, sizeof topic, &err), &err);
    must(vd_pg_feed_store(stub->pg, &row, 1, &err), &err);
    must(vd_pg_feed_notify(stub->pg, &err), &err);
    must(vd_pg_commit(stub->pg, &err), &err);
}

/* alert <severity> <camera> <area> <kind> <zone> <rule> <action> <picture> <age s> <peak> */
static void add_alert(struct stub *stub, char **f)
{
    struct vd_alert alert = {.version = 1, .active = true, .events = 1};
    int64_t opened = now_us() - strtoll(f[9], NULL, 10) * 1000000;
    struct vd_uuid uuid = vd_uuid_make(opened);
    char media[VD_UUID_TEXT];

    vd_uuid_format(&uuid, alert.id);
    uuid = vd_uuid_make(opened);
    vd_uuid_format(&uuid, alert.event);
    uuid = vd_uuid_make(opened);
    vd_uuid_format(&uuid, media);
    vd_str_copy(alert.severity, sizeof alert.severity, f[1]);
    vd_str_copy(alert.state, sizeof alert.state, "open");
    vd_str_copy(alert.camera, sizeof alert.camera, f[2]);
    vd_str_copy(alert.area, sizeof alert.area, f[3]);
    vd_str_copy(alert.kind, sizeof alert.kind, f[4]);
    vd_str_copy(alert.rule, sizeof alert.rule, f[6]);
    vd_str_copy(alert.action, sizeof alert.action, f[7]);
    vd_str_copy(alert.group, sizeof alert.group, f[2]);
    vd_str_copy(alert.resolve, sizeof alert.resolve, "by-hand");
    if (f[8][0] != '\0') {
        char link[VD_PATH_MAX], target[VD_PATH_MAX];

        snprintf(alert.snapshot, sizeof alert.snapshot, "%s.%s", f[2], media);
        snprintf(link, sizeof link, "%s/%s", stub->pictures, alert.snapshot);
        snprintf(target, sizeof target, "%s", f[8]);
        if (symlink(target, link) < 0)
            perror(link);
    }
    snprintf(
        alert.shows, sizeof alert.shows,
        "{\"data\":{\"zone\":[\"%s\"],\"score\":%s,\"peak\":%s,\"boxes\":[[0.41,0.42,0.10,"
        "0.28],[0.62,0.5,0.06,0.2]],\"why\":{\"analysis\":\"320x180@5\",\"threshold\":0.012,"
        "\"sigma\":2.9,\"m_of_n\":\"3/5\",\"light\":0.024,\"shift_px\":0.3}}}",
        f[5], f[10], f[10]);
    alert.first_us = alert.last_us = alert.opened_us = alert.changed_us = opened;
    snprintf(alert.changed_by, sizeof alert.changed_by, "rule:%s", f[6]);
    store(stub, &alert, true);
    printf("%s\n", alert.id);
}

/* state <id> <state> <actor> */
static void set_state(struct stub *stub, char **f)
{
    struct vd_alert alert;
    struct vd_err err = {0};

    must(vd_pg_alert_get(stub->pg, f[1], VD_PG_READ, &alert, &err), &err);
    vd_str_copy(alert.state, sizeof alert.state, f[2]);
    vd_str_copy(alert.owner, sizeof alert.owner, f[3]);
    vd_str_copy(alert.changed_by, sizeof alert.changed_by, f[3]);
    alert.changed_us = now_us();
    alert.acknowledged_us = alert.acknowledged_us != 0 ? alert.acknowledged_us : now_us();
    if (strcmp(f[2], "resolved") == 0) {
        alert.resolved_us = now_us();
        alert.active = false;
        vd_str_copy(alert.disposition, sizeof alert.disposition, "real");
    }
    store(stub, &alert, false);
    printf("ok\n");
}

/* again <id>: the rule saw one more happening */
static void see_again(struct stub *stub, char **f)
{
    struct vd_alert alert;
    struct vd_err err = {0};

    must(vd_pg_alert_get(stub->pg, f[1], VD_PG_READ, &alert, &err), &err);
    alert.events++;
    alert.last_us = alert.changed_us = now_us();
    snprintf(alert.changed_by, sizeof alert.changed_by, "rule:%.100s", alert.rule);
    store(stub, &alert, false);
    printf("ok\n");
}

/* camera <id> <area> <state> <reason> <age s> */
static void set_camera(struct stub *stub, char **f)
{
    struct vd_pg_camera camera = {.camera = f[1],
                                  .area = f[2],
                                  .worker = "w1",
                                  .state = f[3],
                                  .reason = f[4],
                                  .detail = "{}",
                                  .since_us = now_us() - strtoll(f[5], NULL, 10) * 1000000,
                                  .updated_us = now_us()};
    struct vd_err err = {0};

    must(vd_pg_camera_store(stub->pg, &camera, 1, &err), &err);
    printf("ok\n");
}

/* Behind everybody's back: as a superuser of the server. */
static void run_sql(struct stub *stub, const char *text)
{
    struct vd_err err = {0};
    struct vd_pg *pg = pg_tmp_connect(&stub->server, "vedette_admin", NULL);

    printf("%s\n", vd_pg_script(pg, text, &err) == 0 ? "ok" : err.msg);
    vd_pg_close(&pg);
}

static void command(struct stub *stub, char *line)
{
    char *f[FIELDS_MAX] = {NULL}, *rest = line;
    int n = 0;

    line[strcspn(line, "\n")] = '\0';
    while (n < FIELDS_MAX && (f[n] = strsep(&rest, "\t")) != NULL)
        n++;
    if (strcmp(f[0], "alert") == 0 && n == 11) {
        add_alert(stub, f);
    } else if (strcmp(f[0], "state") == 0 && n == 4) {
        set_state(stub, f);
    } else if (strcmp(f[0], "again") == 0 && n == 2) {
        see_again(stub, f);
    } else if (strcmp(f[0], "camera") == 0 && n == 6) {
        set_camera(stub, f);
    } else if (strcmp(f[0], "sql") == 0 && n == 2) {
        run_sql(stub, f[1]);
    } else if (strcmp(f[0], "pg-stop") == 0) {
        vd_pg_close(&stub->pg);
        pg_tmp_stop(&stub->server);
        printf("ok\n");
    } else if (strcmp(f[0], "pg-start") == 0) {
        pg_tmp_start(&stub->server);
        stub->pg = pg_tmp_connect(&stub->server, "vedette_router", NULL);
        printf("ok\n");
    } else {
        printf("error unknown command\n");
    }
}

static void serve_picture(struct stub *stub)
{
    struct vd_part parts[VD_BUS_PARTS_MAX], out[4];
    char peer[256], path[VD_PATH_MAX], head[128];
    struct vd_json *doc = NULL;
    char *bytes = NULL;
    size_t len = 0, peer_len;

    if (vd_sock_recv(stub->media, parts, NULL) != 2)
        return;
    peer_len = parts[0].len;
    memcpy(peer, parts[0].data, peer_len);
    if (vd_json_parse(&doc, parts[1].data, parts[1].len, NULL) < 0)
        return;
    snprintf(path, sizeof path, "%s/%s", stub->pictures, vd_json_get_text(doc, "media"));
    vd_json_free(&doc);
    out[0] = (struct vd_part){peer, peer_len};
    if (vd_fs_read(path, 8 << 20, &bytes, &len, NULL) < 0) {
        out[1] = (struct vd_part){"error", 5};
        snprintf(head, sizeof head, "{\"code\":\"not-found\",\"message\":\"none\"}");
        out[2] = (struct vd_part){head, strlen(head)};
        vd_sock_send(stub->media, out, 3, NULL);
        return;
    }
    for (size_t at = 0; at < len; at += 65536) {
        snprintf(head, sizeof head, "{\"offset\":%zu,\"total\":%zu,\"type\":\"image/jpeg\"}",
                 at, len);
        out[1] = (struct vd_part){"chunk", 5};
        out[2] = (struct vd_part){head, strlen(head)};
        out[3] = (struct vd_part){bytes + at, len - at < 65536 ? len - at : 65536};
        vd_sock_send(stub->media, out, 4, NULL);
    }
    free(bytes);
}

static void open_media(struct stub *stub, const char *state)
{
    char endpoint[VD_PATH_MAX];
    struct vd_sock_opts opts = {.type = VD_SOCK_ROUTER, .endpoint = endpoint, .is_bound = true};
    struct vd_err err = {0};

    snprintf(endpoint, sizeof endpoint, "ipc://%s/run/media-w1.sock", state);
    must(vd_bus_open(&stub->bus, &err), &err);
    must(vd_sock_open(&stub->media, stub->bus, &opts, &err), &err);
}

int main(int argc, char **argv)
{
    struct stub stub = {0};
    struct vd_poll polls[2] = {{.fd = -1}, {.fd = STDIN_FILENO}};
    char line[4096], link[VD_PATH_MAX];

    if (argc != 3)
        return 2;
    vd_json_init();
    stub.pictures = argv[2];
    pg_tmp_open(&stub.server);
    stub.pg = pg_tmp_connect(&stub.server, "vedette_router", NULL);
    snprintf(link, sizeof link, "%s/run/pg", argv[1]);
    if (symlink(stub.server.dir, link) < 0)
        perror(link);
    open_media(&stub, argv[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    printf("ready\n");
    polls[0].sock = stub.media;
    for (;;) {
        vd_bus_poll(polls, 2, -1);
        if (polls[0].is_readable)
            serve_picture(&stub);
        if (polls[1].is_readable) {
            if (fgets(line, sizeof line, stdin) == NULL)
                break;
            command(&stub, line);
        }
    }
    vd_pg_close(&stub.pg);
    vd_sock_close(&stub.media);
    vd_bus_close(&stub.bus);
    pg_tmp_close(&stub.server);
    return 0;
}
