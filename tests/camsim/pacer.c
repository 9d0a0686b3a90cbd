/* tests/camsim/pacer.c: position in a loop is a function of the clock alone, so that all mounts
 * of a scene, and the script's times, agree without a word between them. */
#include <gst/app/gstappsrc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/camsim/sim.h"

enum { LATE_US = 5000000 }; /* a slow line that is further behind starts afresh */

struct track {
    GstElement *src; /* NULL: there is none */
    struct vd_asset *asset, *plain;
    int64_t loop; /* number of the loop that next is in */
    int next;
    int held; /* packet that is repeated instead of next; -1: none */
    bool wants_key;
    int64_t free_us; /* when a slow line can take the next packet */
};

struct feed {
    struct feed *next;
    struct camera *cam;
    struct track video, audio;
    int64_t zero_us; /* monotonic time of running time 0 */
};

struct pacer {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, and every camera's fault, feeds and sent */
    pthread_cond_t wake;
    struct feed *feeds;
    bool is_stopping;
};

int64_t sim_mono_us(void)
{
    return g_get_monotonic_time();
}

static int64_t loop_begin_us(const struct feed *f, const struct track *t)
{
    return f->cam->sim->epoch_us - f->cam->spec.phase_us + t->loop * t->asset->loop_us;
}

static int64_t nominal_us(const struct feed *f, const struct track *t)
{
    return loop_begin_us(f, t) + t->asset->packets[t->next].dts_us;
}

/* The first packet that is due at now or later. */
static void seek(const struct feed *f, struct track *t, int64_t now_us)
{
    int lo = 0, hi = t->asset->n_packets;
    int64_t within_us;

    t->loop = (now_us - f->cam->sim->epoch_us + f->cam->spec.phase_us) / t->asset->loop_us;
    within_us = now_us - loop_begin_us(f, t);
    while (lo < hi) {
        int mid = (lo + hi) / 2;

        if (t->asset->packets[mid].dts_us < within_us)
            lo = mid + 1;
        else
            hi = mid;
    }
    t->next = lo;
    if (lo == t->asset->n_packets) {
        t->next = 0;
        t->loop++;
    }
}

static void set_caps(struct track *t, const char *text)
{
    GstCaps *caps = gst_caps_from_string(text);

    gst_app_src_set_caps(GST_APP_SRC(t->src), caps);
    gst_caps_unref(caps);
}

static void use_asset(struct track *t, struct vd_asset *asset)
{
    if (t->asset == asset)
        return;
    t->asset = asset;
    t->wants_key = true;
    set_caps(t, asset->caps);
}

static void claim_size(struct track *t, int w, int h)
{
    char *caps = vd_fault_caps(t->plain->caps, w, h);

    if (caps != NULL)
        set_caps(t, caps);
    t->wants_key = true;
    g_free(caps);
}

/* Brings a feed to what its camera's fault asks for, and back. */
static void adopt(struct feed *f, enum vd_fault_kind was)
{
    enum vd_fault_kind kind = f->cam->fault.kind;
    struct track *t = &f->video;
    int64_t now_us = sim_mono_us();

    if (t->src != NULL) {
        if (was == VD_FAULT_8K || was == VD_FAULT_ZERO) {
            set_caps(t, t->plain->caps);
            t->wants_key = true;
        }
        use_asset(t,
                  kind == VD_FAULT_PARAMS && f->cam->other != NULL ? f->cam->other : t->plain);
        t->held = -1;
        t->free_us = 0;
        if (kind == VD_FAULT_8K)
            claim_size(t, 7680, 4320);
        if (kind == VD_FAULT_ZERO)
            claim_size(t, 0, 0);
        seek(f, t, now_us);
        for (int i = t->next; kind == VD_FAULT_FREEZE && t->held < 0 && i >= 0; i--)
            if (t->asset->packets[i].is_key)
                t->held = i;
    }
    if (f->audio.src != NULL)
        seek(f, &f->audio, now_us);
}

static void push(struct feed *f, struct track *t)
{
    const struct vd_packet *p = &t->asset->packets[t->held >= 0 ? t->held : t->next];
    const struct vd_packet *place = &t->asset->packets[t->next];
    const uint8_t *bytes = t->asset->bytes + p->offset;
    int64_t at_us = nominal_us(f, t) + (p == place ? p->pts_us - p->dts_us : 0);
    GstBuffer *buf;

    if (t->wants_key && !p->is_key)
        return;
    t->wants_key = false;
    if (f->zero_us == 0)
        f->zero_us = nominal_us(f, t);
    buf = gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, (gpointer)(uintptr_t)bytes,
                                      p->size, 0, p->size, NULL, NULL);
    GST_BUFFER_PTS(buf) = at_us > f->zero_us ? (GstClockTime)(at_us - f->zero_us) * 1000 : 0;
    GST_BUFFER_DTS(buf) = GST_BUFFER_PTS(buf);
    if (!p->is_key)
        GST_BUFFER_FLAG_SET(buf, GST_BUFFER_FLAG_DELTA_UNIT);
    gst_app_src_push_buffer(GST_APP_SRC(t->src), buf);
    f->cam->sent++;
}

static int64_t due_us(const struct feed *f, const struct track *t)
{
    int64_t at_us;

    if (t->src == NULL || f->cam->fault.kind == VD_FAULT_STALL)
        return INT64_MAX;
    at_us = nominal_us(f, t);
    return at_us > t->free_us ? at_us : t->free_us;
}

static void step(struct feed *f, struct track *t, int64_t now_us)
{
    const struct vd_packet *p = &t->asset->packets[t->next];

    push(f, t);
    if (f->cam->fault.kind == VD_FAULT_SLOW) {
        t->free_us = now_us + (int64_t)((double)p->size * 8000.0 / f->cam->fault.arg);
        if (now_us - nominal_us(f, t) > LATE_US) {
            seek(f, t, now_us);
            t->wants_key = true;
            return;
        }
    }
    if (++t->next == t->asset->n_packets) {
        t->next = 0;
        t->loop++;
    }
}

/* Sends all that is due; returns when the next will be. */
static int64_t run_once(struct pacer *p, int64_t now_us)
{
    int64_t next_us = INT64_MAX;

    for (struct feed *f = p->feeds; f != NULL; f = f->next) {
        struct track *tracks[2] = {&f->video, &f->audio};

        for (int i = 0; i < 2; i++) {
            int64_t at_us;

            while ((at_us = due_us(f, tracks[i])) <= now_us)
                step(f, tracks[i], now_us);
            next_us = at_us < next_us ? at_us : next_us;
        }
    }
    return next_us;
}

static void *run(void *arg)
{
    struct pacer *p = arg;

    pthread_mutex_lock(&p->lock);
    while (!p->is_stopping) {
        int64_t next_us = run_once(p, sim_mono_us());
        struct timespec at = {.tv_sec = next_us / 1000000, .tv_nsec = next_us % 1000000 * 1000};

        if (next_us == INT64_MAX)
            pthread_cond_wait(&p->wake, &p->lock);
        else
            pthread_cond_timedwait(&p->wake, &p->lock, &at);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int pacer_open(struct pacer **ret_pacer, struct vd_err *err)
{
    struct pacer *p = calloc(1, sizeof *p);
    pthread_condattr_t attr;

    if (p == NULL)
        return vd_err_set(err, VD_ENOMEM, "pacer: no memory");
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&p->thread, NULL, run, p) != 0) {
        free(p);
        return vd_err_set(err, VD_EIO, "pacer: no thread");
    }
    pthread_setname_np(p->thread, "pacer");
    *ret_pacer = p;
    return 0;
}

void pacer_close(struct pacer **pacer)
{
    struct pacer *p = *pacer;

    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->is_stopping = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
    *pacer = NULL;
}

static void track_init(struct track *t, struct vd_asset *asset, GstElement *src)
{
    t->held = -1;
    t->asset = t->plain = asset;
    if (asset == NULL || src == NULL)
        return;
    t->src = gst_object_ref(src);
    set_caps(t, asset->caps);
}

struct feed *pacer_add(struct pacer *p, struct camera *cam, struct vd_asset *asset,
                       GstElement *video, GstElement *audio)
{
    struct feed *f = calloc(1, sizeof *f);

    if (f == NULL)
        return NULL;
    f->cam = cam;
    track_init(&f->video, asset, video);
    track_init(&f->audio, cam->hum, audio);
    pthread_mutex_lock(&p->lock);
    adopt(f, VD_FAULT_NONE);
    f->next = p->feeds;
    p->feeds = f;
    cam->feeds++;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    return f;
}

void pacer_remove(struct pacer *p, struct feed *feed)
{
    pthread_mutex_lock(&p->lock);
    for (struct feed **at = &p->feeds; *at != NULL; at = &(*at)->next) {
        if (*at == feed) {
            *at = feed->next;
            feed->cam->feeds--;
            break;
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (feed->video.src != NULL)
        gst_object_unref(feed->video.src);
    if (feed->audio.src != NULL)
        gst_object_unref(feed->audio.src);
    free(feed);
}

void pacer_fault(struct pacer *p, struct camera *cam, const struct vd_fault *fault)
{
    pthread_mutex_lock(&p->lock);
    enum vd_fault_kind was = cam->fault.kind;

    cam->fault = *fault;
    for (struct feed *f = p->feeds; f != NULL; f = f->next)
        if (f->cam == cam)
            adopt(f, was);
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void pacer_look(struct pacer *p, struct camera *cam, struct vd_fault *ret_fault, int *ret_feeds,
                uint64_t *ret_sent)
{
    pthread_mutex_lock(&p->lock);
    *ret_fault = cam->fault;
    *ret_feeds = cam->feeds;
    *ret_sent = cam->sent;
    pthread_mutex_unlock(&p->lock);
}
