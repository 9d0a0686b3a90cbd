#include "ingest/worker/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/bus.h"
#include "base/crypto.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/str.h"
#include "config/kept.h"
#include "config/problems.h"
#include "config/watch.h"
#include "config/wire.h"
#include "ingest/evidence/live.h"
#include "ingest/evidence/serve.h"
#include "ingest/publish/ship.h"
#include "ingest/worker/clips.h"
#include "ingest/worker/crew.h"
#include "ingest/worker/gate.h"
#include "ingest/worker/numbers.h"
#include "ingest/worker/outbox.h"
#include "ingest/worker/relief.h"
#include "ingest/worker/report.h"
#include "ingest/worker/retain.h"
#include "storage/spool/spool.h"

enum { TICK_US = 250 * 1000, REPORT_TICKS = 4, DRAIN_US = 2 * 1000 * 1000 };

struct vd_supervisor {
    struct vd_worker_opts opts;
    int signals, timer;
    struct vd_config *cfg;
    struct vd_watch *watch;
    struct vd_bus *bus;
    struct vd_spool *spool;
    struct vd_gate *gate;
    struct vd_outbox *outbox;
    struct vd_lane *lane; /* the node's own events */
    struct vd_report *report;
    struct vd_ship *ship;
    struct vd_live *live;
    struct vd_serve *serve;
    struct vd_recorder *recorder;
    struct vd_retain *retain; /* in the first worker of a machine */
    struct vd_crew *crew;
    struct vd_relief *relief;
    struct vd_event refusal; /* of a configuration; open while rev > 0 */
    int ticks;
    char kept_path[VD_PATH_MAX]; /* the configuration that this worker runs on */
    char spool_path[VD_PATH_MAX], media_root[VD_PATH_MAX], producer[96];
    char journal[VD_PATH_MAX]; /* folder of the clips that are being written */
    char events_endpoint[VD_PATH_MAX + 16], media_endpoint[VD_PATH_MAX + 16];
    char replay_endpoint[VD_PATH_MAX + 16];
};

static int64_t wall(const struct vd_supervisor *s)
{
    return s->opts.clock->wall_us(s->opts.clock->self);
}

/* Ends in the name of the worker that died: nobody else will. */
static void end_unfinished(void *arg, const struct vd_spool_unfinished *happening)
{
    struct vd_supervisor *s = arg;
    struct vd_event ev;
    struct vd_err err = {0};

    if (vd_event_decode(happening->body, happening->len, &ev, &err) < 0) {
        LOG_ERROR("spool.unfinished", "event=%s reason=\"%s\"", happening->event, err.msg);
        return;
    }
    ev.phase = VD_PHASE_END;
    ev.rev = (uint32_t)happening->rev + 1;
    ev.end_us = ev.time_us > ev.start_us ? ev.time_us : ev.start_us; /* seen last */
    ev.time_us = wall(s);
    ev.end_reason = VD_END_RESTART;
    ev.clip[0] = '\0';
    (void)vd_outbox_post(s->outbox, s->lane, &ev, NULL);
}

static void tell_refusal(struct vd_supervisor *s, enum vd_phase phase, const char *detail)
{
    struct vd_event *ev = &s->refusal;

    if (s->opts.share != 0)
        return; /* one of them says it for all */
    if (phase == VD_PHASE_START)
        *ev = (struct vd_event){
            .kind = VD_KIND_NODE, .event = vd_uuid_make(wall(s)), .start_us = wall(s)};
    ev->phase = phase;
    ev->time_us = wall(s);
    ev->rev++;
    if (phase == VD_PHASE_END) {
        ev->end_us = ev->time_us;
        ev->end_reason = VD_END_QUIET;
    }
    (void)vd_str_copy(ev->camera, sizeof ev->camera, s->opts.worker);
    (void)vd_str_copy(ev->detail, sizeof ev->detail, detail);
    while (!vd_str_is_utf8(ev->detail, strlen(ev->detail)))
        ev->detail[strlen(ev->detail) - 1] = '\0';
    (void)vd_outbox_post(s->outbox, s->lane, ev, NULL);
    if (phase == VD_PHASE_END)
        ev->rev = 0;
}

static void refuse(struct vd_supervisor *s, const char *reason)
{
    char detail[VD_DETAIL_MAX + 1] = "";
    size_t len = 0;

    LOG_WARN("config.refused", "reason=\"%s\" advice=\"vedette check names every problem\"",
             reason);
    (void)vd_str_add(detail, sizeof detail, &len,
                     "The changed configuration was refused, the one before runs on: %s",
                     reason);
    if (s->refusal.rev == 0)
        tell_refusal(s, VD_PHASE_START, detail);
    else if (strcmp(s->refusal.detail, detail) != 0)
        tell_refusal(s, VD_PHASE_UPDATE, detail);
}

static void keep(const struct vd_supervisor *s)
{
    struct vd_err err = {0};

    if (vd_config_keep(s->cfg, s->kept_path, &err) < 0)
        LOG_WARN("config.keep", "reason=\"%s\" advice=\"a start needs a folder that passes\"",
                 err.msg);
}

static void reload(struct vd_supervisor *s)
{
    struct vd_config *fresh = NULL;
    struct vd_err err = {0};
    int touched;

    if (vd_config_load(&fresh, s->opts.config_folder, VD_CONFIG_SECRETS_CAMERAS, NULL, &err) <
        0) {
        refuse(s, err.msg);
        return;
    }
    touched = vd_crew_change(s->crew, s->cfg, fresh);
    if (s->retain != NULL)
        vd_retain_change(s->retain, &fresh->retention);
    if (s->refusal.rev > 0)
        tell_refusal(s, VD_PHASE_END, "The configuration passes again and is in use.");
    LOG_INFO("config.loaded", "revision=%.12s cameras=%d touched=%d", fresh->revision,
             vd_crew_size(s->crew), touched);
    vd_config_unref(&s->cfg);
    s->cfg = fresh;
    keep(s);
}

static int make_paths(struct vd_supervisor *s, struct vd_err *err)
{
    const char *state = s->opts.state_folder, *worker = s->opts.worker;
    const struct vd_bus_cfg *bus = &s->cfg->bus;
    char folder[VD_PATH_MAX];
    int rc = 0;

    (void)snprintf(s->spool_path, sizeof s->spool_path, "%s/spool/%s.db", state, worker);
    (void)snprintf(s->media_root, sizeof s->media_root, "%s/media", state);
    (void)snprintf(s->journal, sizeof s->journal, "%s/spool/%s.clips", state, worker);
    (void)snprintf(s->producer, sizeof s->producer, "/ingest/%s", worker);
    (void)snprintf(s->events_endpoint, sizeof s->events_endpoint,
                   bus->events != NULL ? "%s" : "ipc://%s/run/events.sock",
                   bus->events != NULL ? bus->events : state);
    (void)snprintf(s->replay_endpoint, sizeof s->replay_endpoint,
                   bus->replay != NULL ? "%s" : "ipc://%s/run/replay.sock",
                   bus->replay != NULL ? bus->replay : state);
    (void)snprintf(s->media_endpoint, sizeof s->media_endpoint,
                   bus->media != NULL ? "%s/media-%s.sock" : "ipc://%s/run/media-%s.sock",
                   bus->media != NULL ? bus->media : state, worker);
    for (int i = 0; i < 3 && rc == 0; i++) {
        static const char *const names[] = {"spool", "media", "run"};

        rc = vd_fs_join(folder, sizeof folder, state, names[i], err);
        if (rc == 0)
            rc = vd_fs_mkdirs(folder, 0700, err);
    }
    return rc;
}

static int open_spool(struct vd_supervisor *s, struct vd_err *err)
{
    struct vd_spool_opts spool = {.path = s->spool_path,
                                  .producer = s->producer,
                                  .cap_bytes = s->cfg->ingest.spool_limit_bytes,
                                  .reserve_bytes = s->cfg->ingest.spool_reserve_bytes,
                                  .clock = s->opts.clock};
    struct vd_outbox_opts outbox = {.media_root = s->media_root, .clock = s->opts.clock};
    int rc = vd_spool_open(&s->spool, &spool, err);

    outbox.spool = s->spool;
    if (rc == 0)
        rc = vd_outbox_open(&s->outbox, &outbox, err);
    if (rc == 0)
        rc = vd_lane_open(&s->lane, NULL, NULL, 0, err);
    if (rc == 0)
        rc = vd_spool_unfinished(s->spool, end_unfinished, s, err);
    if (rc > 0)
        LOG_INFO("spool.unfinished", "ended=%d reason=\"the worker before did not end them\"",
                 rc);
    return rc < 0 ? rc : 0;
}

/* After the ends of what a crash cut, so that their clips come last. */
static int open_recorder(struct vd_supervisor *s, struct vd_err *err)
{
    struct vd_recorder_opts recorder = {
        .root = s->media_root, .journal = s->journal, .clock = s->opts.clock};
    struct vd_err trouble = {0};
    int rc = vd_clips_recover(&recorder, s->outbox, s->lane, &trouble);

    if (rc < 0)
        LOG_WARN("clip.recovery", "reason=\"%s\"", trouble.msg);
    else if (rc > 0)
        LOG_INFO("clip.recovery", "clips=%d reason=\"the worker before was writing them\"", rc);
    return vd_recorder_open(&s->recorder, &recorder, err);
}

static int open_media(struct vd_supervisor *s, struct vd_err *err)
{
    struct vd_serve_opts serve = {.bus = s->bus,
                                  .endpoint = s->media_endpoint,
                                  .root = s->media_root,
                                  .clock = s->opts.clock};
    int rc = vd_live_open(&s->live, err);

    serve.live = s->live;
    return rc < 0 ? rc : vd_serve_open(&s->serve, &serve, err);
}

static int open_bus(struct vd_supervisor *s, struct vd_err *err)
{
    const char *key_file = s->cfg->bus.key_file;
    struct vd_bus_keys keys = {0};
    struct vd_ship_opts ship = {.endpoint = s->events_endpoint,
                                .spool = s->spool,
                                .window = (int)s->cfg->ingest.window,
                                .resend_us = s->cfg->ingest.resend_us,
                                .drain_us = DRAIN_US,
                                .status = vd_report_status};
    int rc = vd_bus_open(&s->bus, err);

    if (rc == 0)
        rc = vd_report_open(&s->report, s->opts.worker, s->spool, err);
    ship.bus = s->bus;
    ship.arg = s->report;
    if (rc == 0)
        rc = vd_wire_client(s->cfg, s->events_endpoint, key_file, &keys, err);
    ship.keys = rc > 0 ? &keys : NULL;
    if (rc >= 0)
        rc = vd_ship_open(&s->ship, &ship, err);
    if (rc == 0)
        rc = open_media(s, err);
    if (rc == 0 && s->opts.share == 0)
        rc = vd_wire_client(s->cfg, s->replay_endpoint, key_file, &keys, err);
    if (rc >= 0 && s->opts.share == 0)
        rc = vd_retain_open(&s->retain, s->bus, s->replay_endpoint, rc > 0 ? &keys : NULL,
                            s->media_root, &s->cfg->retention, s->opts.clock, err);
    vd_secret_wipe(&keys, sizeof keys);
    return rc;
}

static int open_timer(struct vd_supervisor *s, struct vd_err *err)
{
    struct itimerspec every = {.it_interval = {.tv_nsec = TICK_US * 1000L},
                               .it_value = {.tv_nsec = TICK_US * 1000L}};

    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->timer < 0 || timerfd_settime(s->timer, 0, &every, NULL) < 0)
        return vd_err_set(err, VD_EIO, "timer: %s", strerror(errno));
    return 0;
}

static int open_crew(struct vd_supervisor *s, struct vd_err *err)
{
    const struct vd_ingest_cfg *ingest = &s->cfg->ingest;
    struct vd_camera_tools tools = {
        .clock = s->opts.clock, .outbox = s->outbox, .live = s->live, .recorder = s->recorder};
    int rc = vd_gate_open(&s->gate, (int)ingest->connects_per_worker,
                          (int)ingest->connects_per_host, err);

    tools.gate = s->gate;
    if (rc == 0)
        rc = vd_crew_open(&s->crew, &tools, s->opts.share, s->opts.shares, err);
    if (rc == 0)
        rc = vd_relief_open(&s->relief, s->opts.worker, s->outbox, s->lane, s->opts.clock, err);
    if (rc == 0)
        (void)vd_crew_change(s->crew, NULL, s->cfg);
    return rc;
}

/* Watched before it is read: no change falls between. Returns 1 when the folder does not pass
 * and what was kept of it does; why then says what is wrong. */
static int open_config(struct vd_supervisor *s, struct vd_err *why)
{
    const struct vd_worker_opts *opts = &s->opts;
    int rc, n = snprintf(s->kept_path, sizeof s->kept_path, "%s/spool/%s.config",
                         opts->state_folder, opts->worker);

    if (n < 0 || (size_t)n >= sizeof s->kept_path - 16) /* the longest of our paths */
        return vd_err_set(why, VD_EINVAL, "state folder '%.100s…': path too long",
                          opts->state_folder);
    rc = vd_watch_open(&s->watch, opts->config_folder, VD_WATCH_SETTLE_US, why);
    if (rc == 0)
        rc = vd_config_start(&s->cfg, opts->config_folder, VD_CONFIG_SECRETS_CAMERAS,
                             s->kept_path, NULL, why);
    return rc;
}

int vd_supervisor_open(struct vd_supervisor **ret_supervisor, const struct vd_worker_opts *opts,
                       int signals, struct vd_err *err)
{
    struct vd_supervisor *s = calloc(1, sizeof *s);
    struct vd_err why = {0};
    bool is_kept;
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "worker: out of memory");
    s->opts = *opts;
    s->signals = signals;
    s->timer = -1;
    rc = open_config(s, &why);
    is_kept = rc > 0;
    if (rc < 0)
        (void)vd_err_set(err, rc, "%s", why.msg);
    if (rc < 0 || (rc = make_paths(s, err)) < 0 || (rc = open_spool(s, err)) < 0 ||
        (rc = open_recorder(s, err)) < 0 || (rc = open_bus(s, err)) < 0 ||
        (rc = open_timer(s, err)) < 0 || (rc = open_crew(s, err)) < 0) {
        vd_supervisor_close(&s);
        return rc;
    }
    LOG_INFO("worker.ready", "worker=%s cameras=%d share=%d/%d revision=%.12s", opts->worker,
             vd_crew_size(s->crew), opts->share, opts->shares, s->cfg->revision);
    if (is_kept)
        refuse(s, why.msg);
    else
        keep(s);
    *ret_supervisor = s;
    return 0;
}

static void count_clips(struct vd_supervisor *s)
{
    struct vd_recorder_figures f;

    vd_recorder_figures(s->recorder, &f);
    vd_metric_set(&vd_numbers[VD_NUMBER_CLIPS], f.clips);
    vd_metric_set(&vd_numbers[VD_NUMBER_CLIP_BYTES], f.bytes);
    vd_metric_set(&vd_numbers[VD_NUMBER_CLIPS_FAILED], f.failed);
    vd_metric_set(&vd_numbers[VD_NUMBER_RING_LOST], f.lost);
    vd_metric_set(&vd_numbers[VD_NUMBER_RING_BYTES], f.ring_bytes);
    vd_metric_set(&vd_numbers[VD_NUMBER_RECORDING], f.recording);
}

static void tick(struct vd_supervisor *s)
{
    bool has_changed = vd_crew_tick(s->crew, s->cfg);

    vd_relief_tick(s->relief, s->crew);
    for (int i = 0; i < VD_LIVE_N_COUNTS; i++)
        vd_metric_set(&vd_numbers[VD_NUMBER_LIVE_VIEWERS + i],
                      vd_live_count(s->live, (enum vd_live_count)i));
    count_clips(s);
    if (has_changed || s->ticks % REPORT_TICKS == 0)
        vd_crew_report(s->crew, s->report);
    s->ticks++;
}

/* True when a signal asks for the end. */
static bool take_signals(struct vd_supervisor *s)
{
    int number;

    while ((number = vd_signals_take(s->signals)) != 0) {
        if (number == SIGTERM || number == SIGINT)
            return true;
        if (number == SIGHUP)
            reload(s);
    }
    return false;
}

int vd_supervisor_run(struct vd_supervisor *s, struct vd_err *err)
{
    struct pollfd p[3] = {{.fd = s->signals, .events = POLLIN},
                          {.fd = vd_watch_fd(s->watch), .events = POLLIN},
                          {.fd = s->timer, .events = POLLIN}};

    for (;;) {
        uint64_t count;

        if (poll(p, 3, -1) < 0 && errno != EINTR)
            return vd_err_set(err, VD_EIO, "poll: %s", strerror(errno));
        if ((p[0].revents & POLLIN) != 0 && take_signals(s))
            return 0;
        if ((p[1].revents & POLLIN) != 0 && vd_watch_take(s->watch))
            reload(s);
        if ((p[2].revents & POLLIN) != 0 && read(s->timer, &count, sizeof count) > 0)
            tick(s);
    }
}

void vd_supervisor_close(struct vd_supervisor **supervisor)
{
    struct vd_supervisor *s = *supervisor;

    *supervisor = NULL;
    if (s == NULL)
        return;
    vd_relief_close(&s->relief);
    vd_crew_close(&s->crew);
    vd_outbox_hurry(s->outbox);
    vd_recorder_close(&s->recorder);
    if (s->outbox != NULL)
        LOG_INFO("worker.end",
                 "frames=%" PRId64 " analysed=%" PRId64 " events=%" PRId64
                 " snapshots=%" PRId64,
                 atomic_load(&vd_numbers[VD_NUMBER_FRAMES].value),
                 atomic_load(&vd_numbers[VD_NUMBER_ANALYSED].value),
                 atomic_load(&vd_numbers[VD_NUMBER_EVENTS].value),
                 atomic_load(&vd_numbers[VD_NUMBER_SNAPSHOTS].value));
    if (s->outbox != NULL)
        vd_lane_close(s->outbox, &s->lane);
    vd_outbox_close(&s->outbox); /* the last ends are in the spool now */
    vd_retain_close(&s->retain);
    vd_serve_close(&s->serve);
    vd_live_close(&s->live);
    vd_ship_close(&s->ship);
    vd_report_close(&s->report);
    vd_bus_close(&s->bus);
    vd_spool_close(&s->spool);
    vd_gate_close(&s->gate);
    vd_watch_close(&s->watch);
    vd_config_unref(&s->cfg);
    if (s->timer >= 0)
        close(s->timer);
    free(s);
}
