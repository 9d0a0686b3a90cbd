/* vedette-probe: opens a stream as a worker would, and says what is there, what went wrong and
 * what to do about it. */
#include "ingest/cli/probe.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/stop.h"
#include "base/thread.h"

struct report {
    struct vd_source_info info;
    enum vd_fault fault;
    struct vd_err err;
    int64_t connect_us; /* until the stream was open */
    int64_t first_us;   /* until the first picture; 0: none came */
};

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

/* Looks at the stream; returns < 0 when it failed before the time was over. */
static int look(const struct vd_probe_options *o, struct report *report)
{
    int64_t begun_us = now_us(), end_us;
    struct vd_source *source = NULL;
    int rc = vd_source_open(&source, &o->source, &report->fault, &report->err);

    if (rc < 0)
        return rc;
    report->connect_us = now_us() - begun_us;
    end_us = now_us() + o->watch_us;
    while (rc >= 0 && now_us() < end_us) {
        struct vd_frame frame;

        rc = vd_source_next(source, &frame, &report->fault, &report->err);
        if (rc == 1 && report->first_us == 0)
            report->first_us = now_us() - begun_us;
    }
    vd_source_info(source, &report->info);
    vd_source_close(&source);
    if (rc == VD_EEOF)
        rc = 0;
    if (rc >= 0 && report->info.frames == 0) {
        report->fault = report->info.packets > 0 ? VD_FAULT_DECODE : VD_FAULT_TIMEOUT;
        rc = vd_err_set(&report->err, VD_EPROTO,
                        "%" PRIu64 " packets and no picture in %" PRId64
                        " s; with long key-frame intervals look longer (--seconds)",
                        report->info.packets, o->watch_us / 1000000);
    }
    return rc;
}

static int put(struct vd_json *object, const char *key, struct vd_json *value)
{
    return vd_json_set(object, key, value);
}

static int fill(struct vd_json *doc, const struct report *r, int rc)
{
    const struct vd_source_info *info = &r->info;
    int bad = 0;

    bad |= put(doc, "ok", vd_json_bool(rc >= 0));
    bad |= put(doc, "fault", vd_json_text(rc < 0 ? vd_fault_name(r->fault) : NULL));
    bad |= put(doc, "message", vd_json_text(rc < 0 ? r->err.msg : NULL));
    bad |= put(doc, "advice", vd_json_text(rc < 0 ? vd_fault_advice(r->fault) : NULL));
    bad |= put(doc, "codec", vd_json_text(info->codec[0] != '\0' ? info->codec : NULL));
    bad |= put(doc, "format", vd_json_text(info->format[0] != '\0' ? info->format : NULL));
    bad |= put(doc, "width", vd_json_int(info->w));
    bad |= put(doc, "height", vd_json_int(info->h));
    bad |= put(doc, "fps", vd_json_real((double)info->fps));
    bad |= put(doc, "key_frame_interval_ms",
               info->key_us > 0 ? vd_json_int(info->key_us / 1000) : vd_json_null());
    bad |= put(doc, "audio_discarded", vd_json_bool(info->has_audio));
    bad |= put(doc, "packets", vd_json_int((int64_t)info->packets));
    bad |= put(doc, "bytes", vd_json_int((int64_t)info->bytes));
    bad |= put(doc, "frames", vd_json_int((int64_t)info->frames));
    bad |= put(doc, "broken", vd_json_int((int64_t)info->broken));
    bad |= put(doc, "connect_ms", vd_json_int(r->connect_us / 1000));
    bad |= put(doc, "first_picture_ms",
               r->first_us > 0 ? vd_json_int(r->first_us / 1000) : vd_json_null());
    bad |= put(doc, "clock_skew_ms",
               info->has_skew ? vd_json_int(info->skew_us / 1000) : vd_json_null());
    return bad;
}

static void print_json(const struct report *r, int rc)
{
    struct vd_json *doc = vd_json_object();
    char text[2048];

    if (doc != NULL && fill(doc, r, rc) == 0 &&
        vd_json_print(doc, text, sizeof text, NULL) >= 0)
        (void)puts(text);
    vd_json_free(&doc);
}

static void print_stream(const struct report *r)
{
    const struct vd_source_info *info = &r->info;

    (void)printf("codec        %s, %dx%d, %s\n", info->codec, info->w, info->h, info->format);
    (void)printf("frame rate   %.1f a second\n", (double)info->fps);
    if (info->key_us > 0)
        (void)printf("key frames   every %.1f s%s\n", (double)info->key_us / 1e6,
                     info->key_us > 4000000
                         ? " (long: pictures come late after a connect; 1 to 2 s is better)"
                         : "");
    else
        (void)printf("key frames   none seen twice yet; look longer (--seconds)\n");
    (void)printf("audio        %s\n", info->has_audio ? "offered, not taken" : "none");
    (void)printf("pictures     %" PRIu64 " of %" PRIu64 " packets, %" PRIu64 " unusable\n",
                 info->frames, info->packets, info->broken);
    (void)printf("connect      %.2f s, first picture after %.2f s\n",
                 (double)r->connect_us / 1e6, (double)r->first_us / 1e6);
    if (info->has_skew)
        (void)printf("clock        %+.1f s against ours\n", (double)info->skew_us / 1e6);
}

static void print_text(const struct report *r, int rc)
{
    if (r->info.frames > 0)
        print_stream(r);
    if (rc >= 0) {
        (void)printf("result       good\n");
        return;
    }
    (void)printf("result       %s: %s\n", vd_fault_name(r->fault), r->err.msg);
    (void)printf("to do        %s\n", vd_fault_advice(r->fault));
}

/* Turns a signal into a wish to stop. */
static void *wait_signal(void *arg)
{
    struct vd_stop *stop = arg;
    sigset_t set;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1); /* main: done, come back */
    if (sigwait(&set, &number) == 0)
        vd_stop_request(stop);
    return NULL;
}

static int run(struct vd_probe_options *o)
{
    struct report report = {.fault = VD_FAULT_NONE};
    struct vd_stop stop;
    pthread_t waiter;
    int rc = vd_stop_init(&stop, &report.err);

    if (rc == 0)
        rc = vd_thread_start(&waiter, "signals", wait_signal, &stop, &report.err);
    if (rc < 0) {
        (void)fprintf(stderr, "vedette-probe: %s\n", report.err.msg);
        return rc;
    }
    o->source.clock = &vd_clock_system;
    o->source.stop = &stop;
    rc = look(o, &report);
    if (o->is_json)
        print_json(&report, rc);
    else
        print_text(&report, rc);
    (void)pthread_kill(waiter, SIGUSR1);
    (void)pthread_join(waiter, NULL);
    vd_stop_fini(&stop);
    return rc;
}

int main(int argc, char **argv)
{
    struct vd_probe_options o;
    enum vd_probe_parse parse;
    struct vd_err err = {0};
    sigset_t set;
    int rc = 0;

    vd_log_init("vedette-probe", getenv("VD_DEBUG") != NULL ? VD_LOG_DEBUG : VD_LOG_WARN);
    vd_json_init();
    vd_undumpable();
    if (vd_crypto_init(&err) < 0) {
        (void)fprintf(stderr, "vedette-probe: %s\n", err.msg);
        return EXIT_FAILURE;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    parse = vd_probe_options_parse(&o, argc, argv);
    if (parse == VD_PROBE_RUN)
        rc = run(&o);
    vd_probe_options_fini(&o);
    if (parse == VD_PROBE_USAGE)
        return 2;
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
