#include "ingest/worker/main_stream.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/thread.h"
#include "ingest/worker/numbers.h"

enum { GATHER_US = 200 * 1000 /* nobody waits for a packet of it; few wake-ups */ };

struct vd_main_stream {
    struct vd_main_stream_opts opts;
    struct vd_stop stop;
    pthread_t thread;
    bool is_running;
    /* the thread's own */
    struct vd_gate_ticket ticket;
    struct vd_pace pace;
    struct vd_pace_settings pace_settings;
    struct vd_log_gate gates[VD_N_FAULTS];
};

static int64_t now_us(const struct vd_main_stream *m)
{
    return m->opts.clock->mono_us(m->opts.clock->self);
}

static int read_on(struct vd_main_stream *m, struct vd_source *source, enum vd_fault *ret_fault,
                   struct vd_err *err)
{
    int64_t begun_us = now_us(m);
    struct vd_frame frame;
    int rc = 0;

    vd_source_gather(source, GATHER_US);
    while (rc >= 0) {
        rc = vd_source_next(source, &frame, ret_fault, err);
        if (rc >= 0 && now_us(m) - begun_us >= m->opts.cfg->ingest.good_after_us)
            vd_pace_good(&m->pace);
    }
    return rc;
}

static int run_once(struct vd_main_stream *m, enum vd_fault *ret_fault, struct vd_err *err)
{
    struct vd_session session = {
        .cfg = m->opts.cfg,
        .camera = m->opts.camera,
        .is_main = true,
        .on_packet = m->opts.on_packet,
        .on_packet_arg = m->opts.arg,
        .clock = m->opts.clock,
        .stop = &m->stop,
        .gate = m->opts.gate,
        .ticket = &m->ticket,
    };
    struct vd_source *source = NULL;
    int rc = vd_session_open(&source, &session, m->pace.failures > 1, ret_fault, err);

    if (rc < 0)
        return rc;
    m->opts.on_session(m->opts.arg, NULL);
    rc = read_on(m, source, ret_fault, err);
    vd_source_close(&source);
    return rc;
}

static void note_fault(struct vd_main_stream *m, enum vd_fault fault, const char *message,
                       int64_t wait_us)
{
    char why[128];
    uint32_t repeats;

    (void)snprintf(why, sizeof why, "the main stream is not there (%s)", vd_fault_name(fault));
    m->opts.on_session(m->opts.arg, why);
    vd_number_add(VD_NUMBER_FAULTS, 1);
    if (vd_log_gate(&m->gates[fault], 1, now_us(m), &repeats))
        LOG_WARN("cam.main", "cam=%s class=%s repeats=%u retry_ms=%" PRId64 " reason=\"%s\"",
                 m->opts.camera->id, vd_fault_name(fault), repeats, wait_us / 1000, message);
}

static void *run(void *arg)
{
    struct vd_main_stream *m = arg;

    while (!vd_stop_requested(&m->stop)) {
        enum vd_fault fault = VD_FAULT_NONE;
        struct vd_err err = {0};
        uint64_t random = 0;
        int64_t wait_us;

        if (run_once(m, &fault, &err) == VD_ESTOP)
            break;
        (void)!getrandom(&random, sizeof random, 0);
        fault = fault != VD_FAULT_NONE ? fault : VD_FAULT_OTHER;
        wait_us = vd_pace_failed(&m->pace, &m->pace_settings, fault, now_us(m), random);
        note_fault(m, fault, err.msg, wait_us);
        (void)vd_stop_wait(&m->stop, wait_us);
    }
    return NULL;
}

int vd_main_stream_open(struct vd_main_stream **ret_main,
                        const struct vd_main_stream_opts *opts, struct vd_err *err)
{
    struct vd_main_stream *m = calloc(1, sizeof *m);
    char host[256], name[80];
    int rc;

    if (m == NULL)
        return vd_err_set(err, VD_ENOMEM, "camera '%s': out of memory", opts->camera->id);
    m->opts = *opts;
    m->stop.fd = m->ticket.fd = -1;
    vd_session_pace(opts->cfg, &m->pace_settings);
    vd_session_host(opts->camera, true, host, sizeof host);
    (void)snprintf(name, sizeof name, "main-%s", opts->camera->id);
    rc = vd_stop_init(&m->stop, err);
    if (rc == 0)
        rc = vd_gate_ticket_init(&m->ticket, host, err);
    if (rc == 0)
        rc = vd_thread_start(&m->thread, name, run, m, err);
    m->is_running = rc == 0;
    if (rc < 0)
        vd_main_stream_close(&m);
    else
        *ret_main = m;
    return rc;
}

void vd_main_stream_ask_stop(struct vd_main_stream *m)
{
    if (m != NULL)
        vd_stop_request(&m->stop);
}

void vd_main_stream_close(struct vd_main_stream **main)
{
    struct vd_main_stream *m = *main;

    *main = NULL;
    if (m == NULL)
        return;
    if (m->is_running) {
        vd_stop_request(&m->stop);
        (void)pthread_join(m->thread, NULL);
    }
    vd_gate_ticket_fini(&m->ticket);
    vd_stop_fini(&m->stop);
    free(m);
}
