/* A crew of cameras that all fail, in every way that needs no stream, is ticked, reported,
 * changed and stopped while others post and read: what the threads of a worker share. */
#include <assert.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/thread.h"
#include "ingest/worker/crew.h"
#include "ingest/worker/gate.h"
#include "ingest/worker/outbox.h"
#include "ingest/worker/report.h"
#include "tests/support/tmpdir.h"

enum { ROUNDS = 3, TICKS = 30, CAMERAS = 12, TICK_US = 20000 };

static const char system_yaml[] =
    "areas: [{code: a, name: A}]\n"
    "ingest: {backoff_min: 100ms, backoff_max: 200ms, open_timeout: 1s, read_timeout: 1s,\n"
    "  degraded_after: 1s, lost_after: 1s, back_after: 100ms, connects_per_worker: 3}\n";

static struct tmpdir dir;
static struct vd_stop stop;
static struct vd_outbox *outbox;
static struct vd_report *report;
static int port;

static struct vd_config *load(int round)
{
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    char text[4096] = "cameras:\n";
    size_t len = strlen(text);

    for (int i = 0; i < CAMERAS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "  - {id: c%d, area: a, url: \"rtsp://127.0.0.1:%d/%d\"}\n", i,
                                i % 2 == 0 ? 1 : port, i % 3 == 0 ? round : 0);
    assert(vd_fs_mkdirs(tmpdir_file(&dir, "config/cameras"), 0700, &err) == 0);
    assert(vd_fs_write(tmpdir_file(&dir, "config/vedette.yaml"), system_yaml,
                       sizeof system_yaml - 1, 0600, &err) == 0);
    assert(vd_fs_write(tmpdir_file(&dir, "config/cameras/c.yaml"), text, len, 0600, &err) == 0);
    if (vd_config_load(&cfg, tmpdir_file(&dir, "config"), 0, NULL, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    return cfg;
}

/* A host that takes connections and says nothing of use. */
static void *serve(void *arg)
{
    int fd = *(int *)arg, peer;

    while ((peer = accept(fd, NULL, NULL)) >= 0) {
        (void)!write(peer, "RTSP/1.0 503 Service Unavailable\r\nCSeq: 1\r\n\r\n", 46);
        close(peer);
    }
    return NULL;
}

static void *read_reports(void *arg)
{
    static char buf[64 * 1024];
    struct vd_json *doc = NULL;

    (void)arg;
    while (!vd_stop_wait(&stop, 1000)) {
        int len = vd_report_status(report, 0, buf, sizeof buf);

        assert(len > 0);
        assert(vd_json_parse(&doc, buf, (size_t)len, NULL) == 0);
        vd_json_free(&doc);
    }
    return NULL;
}

static void *post(void *arg)
{
    unsigned number = (unsigned)(uintptr_t)arg;

    for (uint32_t i = 0; !vd_stop_wait(&stop, 500); i++) {
        struct vd_event ev = {.kind = VD_KIND_LOST,
                              .phase = i % 2 == 0 ? VD_PHASE_START : VD_PHASE_UPDATE,
                              .rev = 1,
                              .time_us = 5000000,
                              .start_us = 5000000};
        struct vd_lane *lane = NULL;

        ev.event = vd_uuid_make(5000000);
        strcpy(ev.camera, "x");
        assert(vd_lane_open(&lane, NULL, NULL, number, NULL) == 0);
        (void)vd_outbox_post(outbox, lane, &ev, NULL);
        vd_lane_close(outbox, &lane);
    }
    return NULL;
}

static int listen_somewhere(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof addr;

    assert(bind(fd, (struct sockaddr *)&addr, len) == 0 && listen(fd, 16) == 0);
    assert(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
    port = ntohs(addr.sin_port);
    return fd;
}

int main(void)
{
    struct vd_spool_opts sp = {.producer = "/ingest/w1"};
    struct vd_outbox_opts ob = {.clock = &vd_clock_system};
    struct vd_camera_tools tools = {.clock = &vd_clock_system};
    struct vd_recorder_opts rec = {.clock = &vd_clock_system};
    struct vd_config *cfg = NULL, *fresh;
    struct vd_spool *spool = NULL;
    struct vd_gate *gate = NULL;
    struct vd_crew *crew = NULL;
    struct vd_spool_stats stats;
    pthread_t server, reader, posters[2];
    int fd = listen_somewhere();

    vd_log_init("worker_race", VD_LOG_ERROR);
    vd_json_init();
    tmpdir_open(&dir);
    sp.path = tmpdir_file(&dir, "w1.db");
    ob.media_root = strdup(tmpdir_file(&dir, "media"));
    rec.root = ob.media_root;
    rec.journal = strdup(tmpdir_file(&dir, "clips"));
    assert(mkdir(rec.journal, 0700) == 0);
    assert(vd_crypto_init(NULL) == 0 && vd_stop_init(&stop, NULL) == 0);
    assert(vd_spool_open(&spool, &sp, NULL) == 0);
    ob.spool = spool;
    assert(vd_outbox_open(&outbox, &ob, NULL) == 0);
    assert(vd_report_open(&report, "w1", spool, NULL) == 0);
    assert(vd_gate_open(&gate, 3, 2, NULL) == 0);
    tools.gate = gate;
    tools.outbox = outbox;
    assert(vd_live_open(&tools.live, NULL) == 0);
    assert(vd_recorder_open(&tools.recorder, &rec, NULL) == 0);
    assert(vd_crew_open(&crew, &tools, 0, 1, NULL) == 0);
    assert(vd_thread_start(&server, "server", serve, &fd, NULL) == 0);
    assert(vd_thread_start(&reader, "reader", read_reports, NULL, NULL) == 0);
    for (uintptr_t i = 0; i < 2; i++)
        assert(vd_thread_start(&posters[i], "poster", post, (void *)i, NULL) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        fresh = load(round);
        (void)vd_crew_change(crew, cfg, fresh);
        assert(vd_crew_size(crew) == CAMERAS);
        vd_config_unref(&cfg);
        cfg = fresh;
        for (int i = 0; i < TICKS; i++) {
            (void)vd_crew_tick(crew, cfg);
            vd_crew_report(crew, report);
            (void)vd_stop_wait(&stop, TICK_US);
        }
    }
    vd_crew_close(&crew);
    vd_recorder_close(&tools.recorder);
    vd_live_close(&tools.live);
    vd_stop_request(&stop);
    (void)pthread_join(reader, NULL);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(posters[i], NULL);
    vd_outbox_close(&outbox);
    vd_spool_stats(spool, &stats);
    assert(stats.accepted > 0 && stats.errors == 0);
    vd_report_close(&report);
    vd_spool_close(&spool);
    vd_gate_close(&gate);
    vd_config_unref(&cfg);
    (void)shutdown(fd, SHUT_RDWR);
    (void)pthread_join(server, NULL);
    close(fd);
    vd_stop_fini(&stop);
    tmpdir_close(&dir);
    free((void *)(uintptr_t)ob.media_root);
    free((void *)(uintptr_t)rec.journal);
    return 0;
}
