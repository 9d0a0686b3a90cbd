/* Events a second through the router into PostgreSQL, against COPY of the same rows into the
 * same tables. Prints one JSON line a run, then medians and their ratio; judges nothing.
 * Usage: bench_router ROUTER_PROGRAM [EVENTS [RUNS]] */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/event.h"
#include "base/json.h"
#include "base/str.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"
#include "tests/support/pg_tmp.h"
#include "tests/support/tmpdir.h"

enum { SOURCES = 4, WINDOW = 256, CAMERAS = 200, RUNS_MAX = 15 };

struct message {
    struct vd_event ev;
    char topic[256];
    char *body;
    int len;
};

static struct message *messages; /* number i belongs to source i % SOURCES */
static int n_messages = 100000;
static char sources[SOURCES][VD_SOURCE_MAX + 1];
static struct pg_tmp pg;

static void die(const char *what)
{
    fprintf(stderr, "bench_router: %s\n", what);
    exit(1);
}

static int64_t wall_us(void)
{
    return vd_clock_system.wall_us(NULL);
}

static double mono_s(void)
{
    return (double)vd_clock_system.mono_us(NULL) / 1e6;
}

/* A start, and later its end, on each of many cameras; sequences by source. */
static void make_message(struct message *m, int i, const struct vd_event *before)
{
    char text[VD_EVENT_JSON_MAX + 1];
    int camera = i % CAMERAS;
    struct vd_event *ev = &m->ev;

    if (before != NULL && before->phase == VD_PHASE_START) {
        *ev = *before;
        ev->phase = VD_PHASE_END;
        ev->end_reason = VD_END_QUIET;
        ev->end_us = wall_us();
        ev->rev++;
    } else {
        ev->event = vd_uuid_make(wall_us());
        ev->rev = 1;
        ev->phase = VD_PHASE_START;
        ev->start_us = wall_us();
        ev->score = ev->peak = 0.37f;
        ev->n_zones = ev->n_boxes = 1;
        ev->boxes[0] = (struct vd_box){0.41f, 0.22f, 0.1f, 0.18f};
        (void)vd_str_copy(ev->zones[0], sizeof ev->zones[0], "drive");
        (void)vd_str_copy(ev->why.analysis, sizeof ev->why.analysis, "320x180@5");
        (void)vd_str_copy(ev->why.m_of_n, sizeof ev->why.m_of_n, "3/5");
        (void)snprintf(ev->camera, sizeof ev->camera, "cam-%d", camera);
        (void)snprintf(ev->area, sizeof ev->area, "4403/440305/%d", camera % 20);
        (void)snprintf(ev->snapshot, sizeof ev->snapshot,
                       "cam-%d.01890000-0000-7000-8000-000000000000", camera);
    }
    ev->id = vd_uuid_make(wall_us());
    ev->time_us = ev->recorded_us = wall_us();
    ev->sequence = (uint64_t)(i / SOURCES + 1);
    (void)vd_str_copy(ev->source, sizeof ev->source, sources[i % SOURCES]);
    m->len = vd_event_encode(ev, text, sizeof text, NULL);
    m->body = m->len < 0 ? NULL : strdup(text);
    if (m->body == NULL)
        die("can't make an event");
    (void)snprintf(m->topic, sizeof m->topic, "event/%s/-/%s/motion/%s/", ev->area, ev->camera,
                   vd_phase_name(ev->phase));
}

static void make_messages(void)
{
    struct vd_uuid epoch = vd_uuid_make(wall_us());
    char text[VD_UUID_TEXT];

    vd_uuid_format(&epoch, text);
    for (int i = 0; i < SOURCES; i++)
        (void)snprintf(sources[i], sizeof sources[i], "/ingest/bench-%d/%s", i, text);
    messages = calloc((size_t)n_messages, sizeof *messages);
    if (messages == NULL)
        die("out of memory");
    for (int i = 0; i < n_messages; i++)
        make_message(&messages[i], i, i >= CAMERAS ? &messages[i - CAMERAS].ev : NULL);
}

/* ---- COPY ---- */

static void copy_events(struct vd_pg *db)
{
    vd_pg_copy_begin(db);
    for (int i = 0; i < n_messages; i++) {
        const struct vd_event *e = &messages[i].ev;

        vd_pg_copy_row(db, 16);
        vd_pg_copy_time(db, wall_us());
        vd_pg_copy_int8(db, i + 1);
        vd_pg_copy_int4(db, i % SOURCES + 1);
        vd_pg_copy_int8(db, (int64_t)e->sequence);
        vd_pg_copy_uuid(db, e->id.bytes);
        vd_pg_copy_uuid(db, e->event.bytes);
        vd_pg_copy_int4(db, (int32_t)e->rev);
        vd_pg_copy_text_field(db, vd_phase_name(e->phase), strlen(vd_phase_name(e->phase)));
        vd_pg_copy_text_field(db, "motion", 6);
        vd_pg_copy_text_field(db, e->camera, strlen(e->camera));
        vd_pg_copy_text_field(db, e->area, strlen(e->area));
        vd_pg_copy_time(db, e->time_us);
        vd_pg_copy_time(db, e->start_us);
        vd_pg_copy_time(db, e->end_us);
        vd_pg_copy_real(db, e->score);
        vd_pg_copy_bool(db, false);
    }
    if (vd_pg_copy_end(
            db,
            "COPY event (received, position, source, sequence, id, event, rev, phase,"
            " kind, camera, area, time, start, \"end\", score, time_suspect)"
            " FROM STDIN (FORMAT binary)",
            NULL) < 0)
        die("COPY event");
}

static void copy_feed(struct vd_pg *db)
{
    vd_pg_copy_begin(db);
    for (int i = 0; i < n_messages; i++) {
        vd_pg_copy_row(db, 4);
        vd_pg_copy_time(db, wall_us());
        vd_pg_copy_int8(db, i + 1);
        vd_pg_copy_text_field(db, messages[i].topic, strlen(messages[i].topic));
        vd_pg_copy_text_field(db, messages[i].body, (size_t)messages[i].len);
    }
    if (vd_pg_copy_end(db,
                       "COPY feed (received, position, topic, body) FROM STDIN (FORMAT binary)",
                       NULL) < 0)
        die("COPY feed");
}

static double run_copy(const char *dbname)
{
    struct vd_pg *db;
    double begun;

    db = pg_tmp_connect(&pg, "vedette_router", dbname);
    vd_pg_set_deadline(db, 600000);
    begun = mono_s();
    if (vd_pg_begin(db, NULL) < 0)
        die("BEGIN");
    copy_events(db);
    copy_feed(db);
    if (vd_pg_commit(db, NULL) < 0)
        die("COMMIT");
    begun = mono_s() - begun;
    vd_pg_close(&db);
    return n_messages / begun;
}

/* ---- the router ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0)
        die(path);
}

static void make_state(const char *folder)
{
    static const char *const below[] = {"config", "config/rules", "run", "secrets"};
    char path[512];

    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, below[i]);
        if (mkdir(path, 0700) != 0)
            die(path);
    }
    (void)snprintf(path, sizeof path, "%s/run/pg", folder);
    if (symlink(pg.dir, path) != 0)
        die(path);
    write_file(folder, "secrets/vedette_router", "none\n");
    write_file(folder, "config/vedette.yaml", "areas: [{code: \"4403\", name: Test}]\n");
    write_file(folder, "config/rules/rules.yaml",
               "rules:\n"
               "  - {id: night, when: {kind: motion, min_score: 90%}, severity: red, "
               "action: Look.}\n");
}

static pid_t start_router(const char *program, const char *folder)
{
    char config[512];
    pid_t pid = fork();

    (void)snprintf(config, sizeof config, "%s/config", folder);
    if (pid == 0) {
        execl(program, program, "--config", config, "--state", folder, "--log", "warn", NULL);
        _exit(127);
    }
    return pid;
}

struct flow {
    int64_t sent, acked, last; /* sequences of one source */
    bool is_welcome;
};

static void send_one(struct vd_sock *sock, int source, int64_t sequence, const void *body,
                     size_t len)
{
    uint8_t number[8];
    struct vd_part parts[3] = {
        {sources[source], strlen(sources[source])}, {number, 8}, {body, len}};

    vd_be64_put(number, (uint64_t)sequence);
    while (vd_sock_send(sock, parts, 3, NULL) == VD_EAGAIN) {
        struct vd_poll item = {.sock = sock, .wants_send = true};

        (void)vd_bus_poll(&item, 1, 100000);
    }
}

static void take_answers(struct vd_sock *sock, struct flow *flows)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];

    while (vd_sock_recv(sock, parts, NULL) >= 3) {
        char verb = *(const char *)parts[1].data;
        uint64_t number;
        int i = 0;

        while (i < SOURCES && (strlen(sources[i]) != parts[0].len ||
                               memcmp(sources[i], parts[0].data, parts[0].len) != 0))
            i++;
        if (i == SOURCES || !vd_be64_take(&parts[2], &number))
            continue;
        if (verb == 'W')
            flows[i].is_welcome = true;
        if (verb == 'A' && (int64_t)number > flows[i].acked)
            flows[i].acked = (int64_t)number;
        if (verb == 'E')
            flows[i].sent = (int64_t)number - 1;
    }
}

static bool is_done(const struct flow *flows)
{
    for (int i = 0; i < SOURCES; i++)
        if (flows[i].acked < flows[i].last)
            return false;
    return true;
}

static double pump(struct vd_sock *sock)
{
    struct flow flows[SOURCES] = {0};
    struct vd_poll item = {.sock = sock};
    double begun = 0;

    for (int i = 0; i < SOURCES; i++)
        flows[i].last = (n_messages - i + SOURCES - 1) / SOURCES;
    for (int i = 0; i < SOURCES; i++)
        for (int tries = 0; !flows[i].is_welcome; tries++) {
            if (tries == 100)
                die("the router does not answer");
            send_one(sock, i, 0, "{\"hello\":1}", 11);
            (void)vd_bus_poll(&item, 1, 200000);
            take_answers(sock, flows);
        }
    begun = mono_s();
    while (!is_done(flows)) {
        for (int i = 0; i < SOURCES; i++)
            while (flows[i].sent < flows[i].last && flows[i].sent - flows[i].acked < WINDOW) {
                const struct message *m = &messages[flows[i].sent * SOURCES + i];

                send_one(sock, i, ++flows[i].sent, m->body, (size_t)m->len);
            }
        (void)vd_bus_poll(&item, 1, 1000000);
        take_answers(sock, flows);
    }
    return n_messages / (mono_s() - begun);
}

/* The router knows a private server's database by its fixed name. */
static void name_database(const char *dbname, int run)
{
    struct vd_pg *db = pg_tmp_connect(&pg, "vedette_admin", "postgres");
    char sql[160];

    (void)snprintf(
        sql, sizeof sql,
        "ALTER DATABASE vedette RENAME TO before_%d; ALTER DATABASE %s RENAME TO vedette", run,
        dbname);
    if (vd_pg_script(db, sql, NULL) < 0)
        die(sql);
    vd_pg_close(&db);
}

static double run_router(const char *program, const char *dbname, int run)
{
    struct tmpdir tmp;
    char endpoint[128];
    struct vd_sock_opts opts = {.type = VD_SOCK_DEALER, .endpoint = endpoint, .send_hwm = 2000};
    struct vd_sock *sock = NULL;
    struct vd_bus *bus = NULL;
    double rate;
    pid_t pid;

    name_database(dbname, run);
    tmpdir_open(&tmp);
    make_state(tmp.path);
    pid = start_router(program, tmp.path);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/run/events.sock", tmp.path);
    if (vd_bus_open(&bus, NULL) < 0 || vd_sock_open(&sock, bus, &opts, NULL) < 0)
        die("socket");
    rate = pump(sock);
    vd_sock_close(&sock);
    vd_bus_close(&bus);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    tmpdir_close(&tmp);
    return rate;
}

static int by_size(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_size);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int main(int argc, char **argv)
{
    double copies[RUNS_MAX], routers[RUNS_MAX], copy, router;
    int runs = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 5;
    char name[32];

    if (argc < 2 || runs < 1 || runs > RUNS_MAX)
        die("usage: bench_router ROUTER_PROGRAM [EVENTS [RUNS]]");
    if (argc > 2)
        n_messages = (int)strtol(argv[2], NULL, 10);
    vd_json_init();
    if (vd_crypto_init(NULL) < 0)
        die("crypto");
    make_messages();
    pg_tmp_open(&pg);
    for (int i = 0; i < 2 * runs; i++) {
        (void)snprintf(name, sizeof name, i < runs ? "copy_%d" : "router_%d", i % runs);
        pg_tmp_fresh(&pg, name);
    }
    for (int i = 0; i < runs; i++) {
        (void)snprintf(name, sizeof name, "copy_%d", i);
        copies[i] = run_copy(name);
        (void)snprintf(name, sizeof name, "router_%d", i);
        routers[i] = run_router(argv[1], name, i);
        printf("{\"bench\":\"router\",\"run\":%d,\"events\":%d,\"copy_per_s\":%.0f,"
               "\"router_per_s\":%.0f}\n",
               i, n_messages, copies[i], routers[i]);
        (void)fflush(stdout);
    }
    pg_tmp_close(&pg);
    copy = median(copies, runs);
    router = median(routers, runs);
    printf("{\"bench\":\"router\",\"median_copy_per_s\":%.0f,\"median_router_per_s\":%.0f,"
           "\"ratio\":%.2f}\n",
           copy, router, router / copy);
    return 0;
}
