#include "ingest/evidence/recorder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "ingest/evidence/reel.h"

enum { TICK_MS = 250, NICE = 10 };

static int64_t mono_us(const struct vd_recorder *r)
{
    return r->opts.clock->mono_us(r->opts.clock->self);
}

/* ---- threads ---- */

static void free_reel(struct vd_reel *r)
{
    reel_fini(r);
    if (r->opts.release != NULL)
        r->opts.release(r->opts.arg);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Works on all reels once, frees those that are closed and done. True while one is recorded. */
static bool go_round(struct clipper *c)
{
    struct vd_reel **link = &c->reels;
    bool is_busy = false;

    pthread_mutex_lock(&c->lock);
    while (*link != NULL) {
        struct vd_reel *r = *link;
        enum reel_state state;
        bool is_closed;

        pthread_mutex_unlock(&c->lock);
        pthread_mutex_lock(&r->lock);
        is_closed = r->is_closed;
        pthread_mutex_unlock(&r->lock);
        state = reel_work(r);
        is_busy |= state != REEL_IDLE;
        pthread_mutex_lock(&c->lock);
        c->is_kicked |= state == REEL_HAS_MORE;
        if (!is_closed || state != REEL_IDLE) {
            link = &r->next;
            continue;
        }
        while (*link != r) /* others were put in front meanwhile */
            link = &(*link)->next;
        *link = r->next;
        c->lost += r->lost;
        pthread_mutex_unlock(&c->lock);
        free_reel(r);
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return is_busy;
}

static void wait_for_work(struct clipper *c, bool is_busy)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!c->is_kicked && !(c->is_closing && c->reels == NULL))
        if (!is_busy)
            (void)pthread_cond_wait(&c->changed, &c->lock);
        else if (pthread_cond_timedwait(&c->changed, &c->lock, &until) != 0)
            break;
    c->is_kicked = false;
}

static void *run(void *arg)
{
    struct clipper *c = arg;
    bool is_busy = false, is_over = false;

    /* Clips are looked at later; cameras and events are now. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    while (!is_over) {
        pthread_mutex_lock(&c->lock);
        wait_for_work(c, is_busy);
        is_over = c->is_closing && c->reels == NULL;
        pthread_mutex_unlock(&c->lock);
        is_busy = go_round(c);
    }
    return NULL;
}

static void kick(struct clipper *c)
{
    pthread_mutex_lock(&c->lock);
    c->is_kicked = true;
    (void)pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static int start_thread(struct vd_recorder *r, int i, struct vd_err *err)
{
    struct clipper *c = &r->threads[i];
    pthread_condattr_t attr;
    char name[16];
    int rc;

    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    c->is_ready = true;
    (void)snprintf(name, sizeof name, "clip-%d", i);
    rc = vd_thread_start(&c->thread, name, run, c, err);
    c->is_running = rc == 0;
    return rc;
}

int vd_recorder_open(struct vd_recorder **ret_recorder, const struct vd_recorder_opts *opts,
                     struct vd_err *err)
{
    struct vd_recorder *r = calloc(1, sizeof *r);
    int rc = 0;

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "recorder: out of memory");
    r->opts = *opts;
    (void)pthread_mutex_init(&r->lock, NULL);
    for (int i = 0; i < VD_RECORDER_THREADS && rc == 0; i++)
        rc = start_thread(r, i, err);
    if (rc < 0)
        vd_recorder_close(&r);
    else
        *ret_recorder = r;
    return rc;
}

void vd_recorder_close(struct vd_recorder **recorder)
{
    struct vd_recorder *r = *recorder;

    *recorder = NULL;
    if (r == NULL)
        return;
    for (int i = 0; i < VD_RECORDER_THREADS; i++) {
        struct clipper *c = &r->threads[i];

        if (c->is_running) {
            pthread_mutex_lock(&c->lock);
            c->is_closing = true;
            (void)pthread_cond_signal(&c->changed);
            pthread_mutex_unlock(&c->lock);
            (void)pthread_join(c->thread, NULL);
        }
        if (c->is_ready) {
            (void)pthread_cond_destroy(&c->changed);
            (void)pthread_mutex_destroy(&c->lock);
        }
    }
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

void vd_recorder_figures(struct vd_recorder *r, struct vd_recorder_figures *ret_figures)
{
    pthread_mutex_lock(&r->lock);
    *ret_figures = r->figures;
    pthread_mutex_unlock(&r->lock);
    for (int i = 0; i < VD_RECORDER_THREADS; i++) {
        pthread_mutex_lock(&r->threads[i].lock);
        ret_figures->lost += r->threads[i].lost;
        for (struct vd_reel *reel = r->threads[i].reels; reel != NULL; reel = reel->next) {
            struct vd_ring_facts facts;

            pthread_mutex_lock(&reel->lock);
            vd_ring_facts(reel->take.ring, &facts);
            ret_figures->ring_bytes += (int64_t)facts.bytes;
            ret_figures->recording += reel->take.is_on;
            ret_figures->lost += reel->lost;
            pthread_mutex_unlock(&reel->lock);
        }
        pthread_mutex_unlock(&r->threads[i].lock);
    }
}

/* ---- reels, by the camera's side ---- */

int vd_reel_open(struct vd_reel **ret_reel, struct vd_recorder *recorder,
                 const struct vd_reel_opts *opts, unsigned number, struct vd_err *err)
{
    struct vd_reel *r = calloc(1, sizeof *r);
    struct clipper *c = &recorder->threads[number % VD_RECORDER_THREADS];
    int rc;

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "clip: out of memory");
    rc = reel_init(r, recorder, opts, err);
    if (rc < 0) {
        free(r);
        return rc;
    }
    (void)pthread_mutex_init(&r->lock, NULL);
    r->thread = c;
    pthread_mutex_lock(&c->lock);
    r->next = c->reels;
    c->reels = r;
    pthread_mutex_unlock(&c->lock);
    *ret_reel = r;
    return 0;
}

void vd_reel_close(struct vd_reel **reel)
{
    struct vd_reel *r = *reel;
    struct clipper *c;

    *reel = NULL;
    if (r == NULL)
        return;
    c = r->thread;
    pthread_mutex_lock(&c->lock); /* holds it up: r and c may be gone as soon as r is closed */
    pthread_mutex_lock(&r->lock);
    vd_take_break(&r->take);
    r->is_closed = true;
    pthread_mutex_unlock(&r->lock);
    c->is_kicked = true;
    (void)pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void vd_reel_packet(void *reel, const struct vd_packet *packet)
{
    struct vd_reel *r = reel;

    pthread_mutex_lock(&r->lock);
    r->lost += vd_take_put(&r->take, packet);
    pthread_mutex_unlock(&r->lock);
}

void vd_reel_break(struct vd_reel *r, const char *why)
{
    pthread_mutex_lock(&r->lock);
    vd_take_break(&r->take);
    (void)snprintf(r->why, sizeof r->why, "%s", why);
    pthread_mutex_unlock(&r->lock);
    kick(r->thread);
}

/* When it started, in monotonic time. The wall clock may have been set since: a start is dated
 * back by little. */
static int64_t started(const struct vd_reel *r, const struct vd_event *ev, int64_t now_us)
{
    const struct vd_clock *clock = r->recorder->opts.clock;
    int64_t ago_us = clock->wall_us(clock->self) - ev->start_us;

    ago_us = ago_us < 0 ? 0 : ago_us;
    return now_us - (ago_us > VD_TAKE_BACKDATED_US ? VD_TAKE_BACKDATED_US : ago_us);
}

void vd_reel_event(struct vd_reel *r, const struct vd_event *ev)
{
    int64_t now_us = mono_us(r->recorder);
    int rc = 0;

    if (ev->phase != VD_PHASE_START && ev->phase != VD_PHASE_END)
        return;
    pthread_mutex_lock(&r->lock);
    if (ev->phase == VD_PHASE_START)
        rc = vd_take_begin(&r->take, ev, started(r, ev, now_us), now_us, NULL);
    else
        vd_take_end(&r->take, &ev->event, now_us);
    pthread_mutex_unlock(&r->lock);
    if (rc < 0) {
        pthread_mutex_lock(&r->recorder->lock);
        r->recorder->figures.failed++;
        pthread_mutex_unlock(&r->recorder->lock);
    }
    kick(r->thread);
}

void vd_reel_settled(struct vd_reel *r, const struct vd_event *ev, bool is_accepted)
{
    pthread_mutex_lock(&r->lock);
    if (is_accepted)
        vd_take_heard(&r->take, ev);
    else if (ev->phase == VD_PHASE_START)
        vd_take_forget(&r->take, &ev->event);
    pthread_mutex_unlock(&r->lock);
}
