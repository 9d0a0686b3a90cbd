#include "ingest/worker/camera.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "base/thread.h"
#include "ingest/worker/analyst.h"
#include "ingest/worker/clips.h"
#include "ingest/worker/numbers.h"
#include "ingest/worker/pace.h"
#include "ingest/worker/session.h"

enum { IDLE_GATHER_US = 500 * 1000, PRIORITY_MAX = 9 };

struct vd_camera {
    struct vd_config *cfg;
    const struct vd_camera_cfg *settings;
    struct vd_camera_tools tools;
    struct vd_stop stop;
    pthread_t thread;
    pthread_mutex_t lock; /* guards facts and end_reason */
    struct vd_camera_facts facts;
    enum vd_end_reason end_reason;
    /* the thread's own */
    struct vd_lane *lane; /* posted to by the watchdog too, in an order that does not matter */
    struct vd_gate_ticket ticket;
    struct vd_analyst *analyst; /* NULL: detection is off */
    struct vd_live_port *port;  /* for those who watch */
    struct vd_clips *clips;     /* NULL: it keeps none */
    struct vd_pace pace;
    struct vd_pace_settings pace_settings;
    struct vd_log_gate gates[VD_N_FAULTS];
    struct vd_source_info counted; /* what the metrics know of this session */
    bool has_told_software;        /* once is enough */
    int64_t frame_us, good_since_us;
    enum vd_level asked, level; /* by the main thread, as last seen; in use */
};

static int64_t now_us(const struct vd_camera *c)
{
    return c->tools.clock->mono_us(c->tools.clock->self);
}

static void note_session(struct vd_camera *c, bool is_connected)
{
    pthread_mutex_lock(&c->lock);
    c->facts.is_connected = is_connected;
    c->facts.sessions += is_connected;
    c->facts.health.good_since_us = 0;
    pthread_mutex_unlock(&c->lock);
    vd_live_port_break(c->port, is_connected);
    c->good_since_us = 0;
    c->counted = (struct vd_source_info){.packets = 0};
}

static void note_fault(struct vd_camera *c, enum vd_fault fault, const char *message,
                       int64_t wait_us)
{
    uint32_t repeats;

    pthread_mutex_lock(&c->lock);
    c->facts.fault = fault;
    c->facts.faults++;
    (void)vd_str_copy(c->facts.message, sizeof c->facts.message, message);
    pthread_mutex_unlock(&c->lock);
    vd_number_add(VD_NUMBER_FAULTS, 1);
    if (vd_log_gate(&c->gates[fault], 1, now_us(c), &repeats))
        LOG_WARN("cam.fault", "cam=%s class=%s repeats=%u retry_ms=%" PRId64 " reason=\"%s\"",
                 c->settings->id, vd_fault_name(fault), repeats, wait_us / 1000, message);
}

/* After each packet: facts for the watchdog, counts for the metrics. */
static void note_progress(struct vd_camera *c, struct vd_source *source, bool has_frame)
{
    struct vd_source_info info;
    int64_t at_us = now_us(c), gap_us = c->cfg->ingest.degraded_after_us;

    vd_source_info(source, &info);
    if (has_frame) {
        if (c->good_since_us == 0 || at_us - c->frame_us > gap_us)
            c->good_since_us = at_us;
        c->frame_us = at_us;
        if (at_us - c->good_since_us >= c->cfg->ingest.good_after_us)
            vd_pace_good(&c->pace);
    }
    if (info.no_hardware[0] != '\0' && !c->has_told_software) {
        c->has_told_software = true;
        LOG_WARN("cam.decode", "cam=%s by=software reason=\"%s\"", c->settings->id,
                 info.no_hardware);
    }
    vd_number_add(VD_NUMBER_PACKETS, (int64_t)(info.packets - c->counted.packets));
    vd_number_add(VD_NUMBER_FRAMES, (int64_t)(info.frames - c->counted.frames));
    vd_number_add(VD_NUMBER_BROKEN, (int64_t)(info.broken - c->counted.broken));
    c->counted = info;
    pthread_mutex_lock(&c->lock);
    c->facts.info = info;
    c->facts.health.packet_us = at_us;
    c->facts.health.key_us = info.key_us;
    c->facts.health.frame_us = c->frame_us;
    c->facts.health.good_since_us = c->good_since_us;
    c->asked = c->facts.level;
    if (has_frame)
        c->facts.fault = VD_FAULT_NONE;
    pthread_mutex_unlock(&c->lock);
}

/* Packets without a picture for as long as it takes to be lost: connect anew. */
static bool is_blind(const struct vd_camera *c, int64_t session_us, int64_t key_us)
{
    int64_t since_us = c->frame_us > session_us ? c->frame_us : session_us;
    int64_t limit_us = c->cfg->ingest.degraded_after_us + c->cfg->ingest.lost_after_us;

    if (limit_us < 2 * key_us)
        limit_us = 2 * key_us;
    return now_us(c) - since_us > limit_us;
}

static void note_ailments(struct vd_camera *c)
{
    uint32_t ailments = vd_analyst_ailments(c->analyst);

    pthread_mutex_lock(&c->lock);
    c->facts.ailments = ailments;
    pthread_mutex_unlock(&c->lock);
}

static int look(struct vd_camera *c, struct vd_source *source, struct vd_frame *frame,
                enum vd_fault *ret_fault, struct vd_err *err)
{
    int rc = c->analyst != NULL ? vd_analyst_look(c->analyst, source, frame, err) : 0;

    if (rc < 0)
        *ret_fault = rc == VD_ENOMEM ? VD_FAULT_OTHER : VD_FAULT_UNSUPPORTED;
    else if (rc == 1)
        note_ailments(c);
    if (vd_live_port_is_watched(c->port)) /* in bunches it would stutter */
        vd_source_gather(source, 0);
    return rc;
}

/* A picture for those who watch, where they can't have the packets. */
static void show(struct vd_camera *c, struct vd_source *source)
{
    struct vd_picture *picture = NULL;

    if (vd_live_port_wants(c->port) && vd_source_keep(source, &picture, NULL) == 0)
        vd_live_port_show(c->port, &picture);
}

/* What a level costs and what it leaves. */
static const struct rung {
    enum vd_effort effort;
    int divide; /* analyses */
} levels[VD_N_LEVELS] = {
    [VD_LEVEL_FULL] = {VD_EFFORT_ALL, 1},           [VD_LEVEL_HALF] = {VD_EFFORT_ALL, 2},
    [VD_LEVEL_QUARTER] = {VD_EFFORT_REFERENCES, 4}, [VD_LEVEL_KEYS] = {VD_EFFORT_KEYS, 1},
    [VD_LEVEL_HEALTH] = {VD_EFFORT_NONE, 1},
};

static void set_level(struct vd_camera *c, struct vd_source *source)
{
    enum vd_effort effort = levels[c->asked].effort;
    enum vd_level was = c->level;

    c->level = c->asked;
    if (c->analyst == NULL && effort < VD_EFFORT_KEYS)
        effort = VD_EFFORT_KEYS; /* enough to know that it lives */
    vd_source_effort(source, effort);
    if (c->level == VD_LEVEL_HEALTH)
        vd_source_gather(source, IDLE_GATHER_US);
    if (c->analyst == NULL)
        return;
    vd_analyst_thin(c->analyst, levels[c->level].divide);
    if (c->level == VD_LEVEL_HEALTH && was != VD_LEVEL_HEALTH)
        vd_analyst_break(c->analyst, false); /* nobody will see what becomes of it */
    else if (was == VD_LEVEL_HEALTH && c->level != VD_LEVEL_HEALTH)
        vd_analyst_reset(c->analyst);
}

static int watch(struct vd_camera *c, struct vd_source *source, enum vd_fault *ret_fault,
                 struct vd_err *err)
{
    int64_t session_us = now_us(c);

    set_level(c, source);
    for (;;) {
        struct vd_frame frame;
        int rc = vd_source_next(source, &frame, ret_fault, err);

        if (rc < 0)
            return rc;
        note_progress(c, source, rc == 1 || c->level == VD_LEVEL_HEALTH);
        if (c->asked != c->level)
            set_level(c, source);
        if (c->level == VD_LEVEL_HEALTH)
            continue;
        if (rc == 1) {
            show(c, source);
            rc = look(c, source, &frame, ret_fault, err);
            if (rc < 0)
                return rc;
        } else if (is_blind(c, session_us, c->counted.key_us)) {
            *ret_fault = VD_FAULT_DECODE;
            return vd_err_set(err, VD_EPROTO, "packets arrive, and none gives a picture");
        }
    }
}

static void on_packet(void *arg, const struct vd_packet *packet)
{
    struct vd_camera *c = arg;

    vd_live_port_put(c->port, packet);
    vd_clips_packet(c->clips, packet);
}

/* One session: open, look, close. */
static int run_once(struct vd_camera *c, enum vd_fault *ret_fault, struct vd_err *err)
{
    struct vd_session session = {
        .cfg = c->cfg,
        .camera = c->settings,
        .on_packet = on_packet,
        .on_packet_arg = c,
        .clock = c->tools.clock,
        .stop = &c->stop,
        .gate = c->tools.gate,
        .ticket = &c->ticket,
    };
    struct vd_source *source = NULL;
    int rc = vd_session_open(&source, &session, c->pace.failures > 1, ret_fault, err);

    if (rc < 0)
        return rc;
    note_session(c, true);
    if (c->analyst != NULL)
        vd_analyst_reset(c->analyst);
    LOG_DEBUG("cam.open", "cam=%s", c->settings->id);
    rc = watch(c, source, ret_fault, err);
    vd_source_close(&source);
    note_session(c, false);
    return rc;
}

/* Without a picture for as long as it takes to be lost. */
static bool is_gone(const struct vd_camera *c)
{
    return now_us(c) - c->frame_us >
           c->cfg->ingest.degraded_after_us + c->cfg->ingest.lost_after_us;
}

static void tell_clips(struct vd_camera *c, enum vd_fault fault)
{
    char why[64];

    (void)snprintf(why, sizeof why, "the stream broke (%s)", vd_fault_name(fault));
    vd_clips_break(c->clips, why);
}

static void *run(void *arg)
{
    struct vd_camera *c = arg;
    enum vd_end_reason reason;
    int below = PRIORITY_MAX - c->settings->priority;

    /* Where cores are short the kernel serves the important first, before any ladder: who is
     * far below has a thirtieth of the weight, so that a few outweigh many; the usual 5 a
     * third. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), below * below / 4);
    while (!vd_stop_requested(&c->stop)) {
        enum vd_fault fault = VD_FAULT_NONE;
        struct vd_err err = {0};
        uint64_t random = 0;
        int64_t wait_us;

        if (run_once(c, &fault, &err) == VD_ESTOP)
            break;
        if (c->analyst != NULL) {
            vd_analyst_break(c->analyst, is_gone(c));
            note_ailments(c);
        }
        (void)!getrandom(&random, sizeof random, 0);
        fault = fault != VD_FAULT_NONE ? fault : VD_FAULT_OTHER;
        tell_clips(c, fault);
        wait_us = vd_pace_failed(&c->pace, &c->pace_settings, fault, now_us(c), random);
        note_fault(c, fault, err.msg, wait_us);
        (void)vd_stop_wait(&c->stop, wait_us);
    }
    pthread_mutex_lock(&c->lock);
    reason = c->end_reason;
    pthread_mutex_unlock(&c->lock);
    if (c->analyst != NULL)
        vd_analyst_end(c->analyst, reason);
    return NULL;
}

static int prepare(struct vd_camera *c, unsigned number, struct vd_err *err)
{
    struct vd_clips_opts clips = {
        .cfg = c->cfg,
        .camera = c->settings,
        .clock = c->tools.clock,
        .recorder = c->tools.recorder,
        .outbox = c->tools.outbox,
        .live = c->tools.live,
        .gate = c->tools.gate,
        .number = number,
    };
    char host[256];
    int rc = vd_stop_init(&c->stop, err);

    vd_session_pace(c->cfg, &c->pace_settings);
    vd_session_host(c->settings, false, host, sizeof host);
    if (rc == 0)
        rc = vd_gate_ticket_init(&c->ticket, host, err);
    if (rc == 0)
        rc = vd_lane_open(&c->lane, c->cfg, c->settings, number, err);
    if (rc == 0)
        rc = vd_live_enter(c->tools.live, c->cfg, c->settings, c->settings->detect_url == NULL,
                           &c->port, err);
    clips.lane = c->lane;
    if (rc == 0)
        rc = vd_clips_open(&c->clips, &clips, err);
    if (rc == 0 && c->settings->detect.is_enabled)
        rc = vd_analyst_open(&c->analyst, c->settings, c->tools.outbox, c->lane, c->tools.clock,
                             err);
    return rc;
}

static void discard(struct vd_camera *c)
{
    vd_analyst_close(&c->analyst);
    vd_clips_close(&c->clips);
    vd_live_leave(c->tools.live, &c->port);
    vd_lane_close(c->tools.outbox, &c->lane);
    vd_gate_ticket_fini(&c->ticket);
    vd_stop_fini(&c->stop);
    (void)pthread_mutex_destroy(&c->lock);
    vd_config_unref(&c->cfg);
    free(c);
}

int vd_camera_start(struct vd_camera **ret_camera, struct vd_config *cfg,
                    const struct vd_camera_cfg *settings, const struct vd_camera_tools *tools,
                    unsigned number, struct vd_err *err)
{
    struct vd_camera *c = calloc(1, sizeof *c);
    char name[80];
    int rc;

    if (c == NULL)
        return vd_err_set(err, VD_ENOMEM, "camera '%s': out of memory", settings->id);
    c->cfg = vd_config_ref(cfg);
    c->settings = settings;
    c->tools = *tools;
    c->stop.fd = c->ticket.fd = -1;
    c->end_reason = VD_END_RESTART;
    c->facts.health.begun_us = now_us(c);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)snprintf(name, sizeof name, "cam-%s", settings->id);
    rc = prepare(c, number, err);
    if (rc == 0)
        rc = vd_thread_start(&c->thread, name, run, c, err);
    if (rc < 0) {
        discard(c);
        return rc;
    }
    *ret_camera = c;
    return 0;
}

const struct vd_camera_cfg *vd_camera_settings(const struct vd_camera *c)
{
    return c->settings;
}

struct vd_lane *vd_camera_lane(struct vd_camera *c)
{
    return c->lane;
}

void vd_camera_facts(struct vd_camera *c, struct vd_camera_facts *ret_facts)
{
    pthread_mutex_lock(&c->lock);
    *ret_facts = c->facts;
    pthread_mutex_unlock(&c->lock);
}

void vd_camera_level(struct vd_camera *c, enum vd_level level)
{
    pthread_mutex_lock(&c->lock);
    c->facts.level = level;
    pthread_mutex_unlock(&c->lock);
}

void vd_camera_ask_stop(struct vd_camera *c, enum vd_end_reason reason)
{
    pthread_mutex_lock(&c->lock);
    if (!vd_stop_requested(&c->stop))
        c->end_reason = reason;
    pthread_mutex_unlock(&c->lock);
    vd_stop_request(&c->stop);
    vd_clips_ask_stop(c->clips);
}

void vd_camera_close(struct vd_camera **camera)
{
    struct vd_camera *c = *camera;

    *camera = NULL;
    if (c == NULL)
        return;
    (void)pthread_join(c->thread, NULL);
    discard(c);
}
