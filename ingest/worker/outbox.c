#include "ingest/worker/outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "base/thread.h"
#include "ingest/evidence/jpeg.h"
#include "ingest/worker/happenings.h"
#include "ingest/worker/numbers.h"
#include "storage/media/media.h"

enum {
    PICTURE_BYTES_MAX = 64 * 1024 * 1024, /* held by one thread's queue */
    ROOM_WAIT_S = 5,
    RETRY_US = 500 * 1000,
    REFUSED_MAX = 8,
};

struct vd_lane {
    struct vd_config *cfg;              /* keeps camera alive */
    const struct vd_camera_cfg *camera; /* NULL: the node's */
    unsigned thread;
    int waiting;          /* posts not yet done; under the thread's lock, as is holds */
    int holds;            /* who may post; the first of them is its camera */
    bool is_left;         /* its camera posts no more */
    struct vd_reel *reel; /* NULL: no clips, or all is posted */
    struct vd_happenings happenings;     /* evid's own, as what follows */
    struct vd_uuid refused[REFUSED_MAX]; /* happenings to say no more of */
    int next_refused;
    char lost[VD_MEDIA_ID_MAX + 1]; /* the last snapshot that could not be written */
};

struct post {
    struct vd_event event;
    struct vd_lane *lane;
    struct vd_picture *picture;
    bool is_new;       /* event.snapshot names a picture that came along */
    int64_t posted_us; /* mono */
};

struct evid {
    pthread_mutex_t lock; /* guards first, n, bytes, is_closing and what lanes say */
    pthread_cond_t changed;
    struct post posts[VD_OUTBOX_ROOM]; /* a ring; the one being done is still in it */
    size_t first, n;
    size_t bytes;
    bool is_closing;
    bool is_running;
    pthread_t thread;
    struct vd_outbox *outbox;
    struct vd_jpeg *jpeg; /* the thread's own, as what follows */
    struct vd_log_gate gates[4];
};

struct vd_outbox {
    struct vd_outbox_opts opts;
    struct vd_stop closing;
    struct evid threads[VD_OUTBOX_THREADS];
};

static int64_t mono_us(const struct vd_outbox *o)
{
    return o->opts.clock->mono_us(o->opts.clock->self);
}

static void complain(struct evid *e, int gate, const char *id, const char *camera,
                     const char *reason)
{
    uint32_t repeats;

    if (vd_log_gate(&e->gates[gate], 1, mono_us(e->outbox), &repeats))
        LOG_WARN(id, "cam=%s repeats=%u reason=\"%s\"", camera, repeats, reason);
}

static int write_snapshot(struct evid *e, const struct post *post, struct vd_err *err)
{
    const struct vd_camera_cfg *camera = post->lane->camera;
    struct vd_media_place place = {.root = e->outbox->opts.media_root,
                                   .area = post->event.area,
                                   .kind = VD_MEDIA_SNAPSHOT};
    char path[VD_PATH_MAX], folder[VD_PATH_MAX];
    const uint8_t *data;
    size_t len;
    int rc;

    rc = vd_jpeg_encode(e->jpeg, post->picture, camera != NULL ? camera->masks : NULL,
                        camera != NULL ? camera->n_masks : 0, &data, &len, err);
    if (rc == 0)
        rc = vd_media_path(&place, post->event.snapshot, path, folder, sizeof path, err);
    if (rc == 0)
        rc = vd_fs_mkdirs(folder, 0750, err);
    if (rc == 0)
        rc = vd_fs_write(path, data, len, 0640, err);
    if (rc < 0)
        return rc;
    vd_number_add(VD_NUMBER_SNAPSHOTS, 1);
    vd_number_add(VD_NUMBER_SNAPSHOT_BYTES, (int64_t)len);
    return 0;
}

/* The picture first, then the event that names it: a link is never dead. */
static void make_snapshot(struct evid *e, struct post *post)
{
    struct vd_err err = {0};

    if (!post->is_new) {
        if (strcmp(post->event.snapshot, post->lane->lost) == 0)
            post->event.snapshot[0] = '\0';
        return;
    }
    if (post->picture != NULL && write_snapshot(e, post, &err) == 0)
        return;
    vd_number_add(VD_NUMBER_SNAPSHOTS_LOST, 1);
    complain(e, 0, "evidence.snapshot", post->event.camera,
             post->picture == NULL ? "too many pictures wait for the disk" : err.msg);
    (void)vd_str_copy(post->lane->lost, sizeof post->lane->lost, post->event.snapshot);
    post->event.snapshot[0] = '\0';
}

struct fill {
    const struct vd_outbox *outbox;
    struct vd_event *event;
};

static int fill(void *arg, const struct vd_spool_stamp *stamp, char *buf, size_t size)
{
    const struct fill *f = arg;

    (void)vd_str_copy(f->event->source, sizeof f->event->source, stamp->source);
    f->event->sequence = (uint64_t)stamp->sequence;
    f->event->recorded_us = f->outbox->opts.clock->wall_us(f->outbox->opts.clock->self);
    f->event->refused.count = (uint32_t)stamp->refused;
    f->event->refused.since_us = stamp->refused_since_us;
    return vd_event_encode(f->event, buf, size, NULL);
}

static int append(struct evid *e, struct vd_lane *lane, struct vd_event *event,
                  struct vd_err *err)
{
    static const enum vd_spool_phase phases[VD_N_PHASES] = {
        [VD_PHASE_START] = VD_SPOOL_START,
        [VD_PHASE_UPDATE] = VD_SPOOL_UPDATE,
        [VD_PHASE_END] = VD_SPOOL_END,
        [VD_PHASE_MEDIA] = VD_SPOOL_OTHER,
    };
    bool is_of_open = event->phase == VD_PHASE_MEDIA &&
                      vd_happenings_is_open(&lane->happenings, &event->event);
    bool is_motion = event->kind == VD_KIND_MOTION || event->kind == VD_KIND_SCENE_CHANGE;
    struct fill f = {.outbox = e->outbox, .event = event};
    char uuid[VD_UUID_TEXT];
    struct vd_spool_message message = {
        .fill = fill,
        .arg = &f,
        .phase = is_of_open ? VD_SPOOL_UPDATE : phases[event->phase],
        .event = uuid,
        .camera = event->camera,
        .rev = (int)event->rev,
        .may_refuse = event->phase == VD_PHASE_MEDIA || event->phase == VD_PHASE_UPDATE ||
                      (event->phase == VD_PHASE_START && is_motion)};

    vd_uuid_format(&event->event, uuid);
    return vd_spool_append(e->outbox->opts.spool, &message, NULL, err);
}

static bool is_refused(const struct vd_lane *lane, const struct vd_uuid *event)
{
    for (int i = 0; i < REFUSED_MAX; i++)
        if (vd_uuid_equal(&lane->refused[i], event))
            return true;
    return false;
}

static void note_refused(struct vd_lane *lane, const struct vd_uuid *event)
{
    lane->refused[lane->next_refused] = *event;
    lane->next_refused = (lane->next_refused + 1) % REFUSED_MAX;
}

/* Tries until the spool has it, or it may be given up. */
static int deliver(struct evid *e, struct post *post, struct vd_err *err)
{
    bool must = post->event.phase == VD_PHASE_END || post->event.kind == VD_KIND_LOST;

    for (;;) {
        int rc = append(e, post->lane, &post->event, err);

        if (rc >= 0 || rc == VD_EAGAIN || rc == VD_EINVAL || rc == VD_ESTOP || !must)
            return rc;
        complain(e, 1, "spool.failed", post->event.camera, err->msg);
        if (vd_stop_wait(&e->outbox->closing, RETRY_US))
            return append(e, post->lane, &post->event, err);
    }
}

static void do_post(struct evid *e, struct post *post)
{
    struct vd_lane *lane = post->lane;
    struct vd_err err = {0};
    int rc;

    if (post->event.phase != VD_PHASE_START && is_refused(lane, &post->event.event)) {
        vd_number_add(VD_NUMBER_EVENTS_REFUSED, 1);
        return;
    }
    make_snapshot(e, post);
    vd_happenings_number(&lane->happenings, &post->event);
    post->event.id = vd_uuid_make(e->outbox->opts.clock->wall_us(e->outbox->opts.clock->self));
    rc = deliver(e, post, &err);
    if (lane->reel != NULL && post->event.phase != VD_PHASE_MEDIA)
        vd_reel_settled(lane->reel, &post->event, rc >= 0);
    if (rc >= 0) {
        vd_happenings_note(&lane->happenings, &post->event);
        vd_number_add(VD_NUMBER_EVENTS, 1);
        vd_metric_observe_us(&vd_numbers[VD_NUMBER_DECIDE_TO_SPOOL],
                             mono_us(e->outbox) - post->posted_us);
        return;
    }
    if (post->event.phase == VD_PHASE_START)
        note_refused(lane, &post->event.event);
    if (rc == VD_EAGAIN || post->event.phase != VD_PHASE_END) {
        vd_number_add(VD_NUMBER_EVENTS_REFUSED, 1);
        complain(e, 2, "event.refused", post->event.camera, err.msg);
        return;
    }
    vd_number_add(VD_NUMBER_EVENTS_LOST, 1);
    complain(e, 3, "event.lost", post->event.camera, err.msg);
}

/* Under the thread's lock: what nobody needs any more goes. A reel may still tell of clips when
 * its lane's other posts are done: it holds the lane. */
static void tidy_lane(struct vd_lane *lane)
{
    struct vd_reel *reel = lane->reel;

    if (lane->waiting > 0 || !lane->is_left)
        return;
    lane->reel = NULL;
    vd_reel_close(&reel);
    if (lane->holds > 0)
        return;
    vd_config_unref(&lane->cfg);
    free(lane);
}

static void *run(void *arg)
{
    struct evid *e = arg;

    pthread_mutex_lock(&e->lock);
    while (e->n > 0 || !e->is_closing) {
        struct post *post = &e->posts[e->first];

        if (e->n == 0) {
            (void)pthread_cond_wait(&e->changed, &e->lock);
            continue;
        }
        pthread_mutex_unlock(&e->lock);
        do_post(e, post);
        pthread_mutex_lock(&e->lock);
        if (post->picture != NULL)
            e->bytes -= post->picture->bytes;
        vd_picture_unref(&post->picture);
        post->lane->waiting--;
        tidy_lane(post->lane);
        e->first = (e->first + 1) % VD_OUTBOX_ROOM;
        e->n--;
        (void)pthread_cond_broadcast(&e->changed);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

static int start_thread(struct vd_outbox *o, int i, struct vd_err *err)
{
    struct evid *e = &o->threads[i];
    pthread_condattr_t attr;
    char name[16];
    int rc;

    e->outbox = o;
    (void)pthread_mutex_init(&e->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&e->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    rc = vd_jpeg_open(&e->jpeg, err);
    if (rc < 0)
        return rc;
    (void)snprintf(name, sizeof name, "evid-%d", i);
    rc = vd_thread_start(&e->thread, name, run, e, err);
    e->is_running = rc == 0;
    return rc;
}

int vd_outbox_open(struct vd_outbox **ret_outbox, const struct vd_outbox_opts *opts,
                   struct vd_err *err)
{
    struct vd_outbox *o = calloc(1, sizeof *o);
    int rc = 0;

    if (o == NULL)
        return vd_err_set(err, VD_ENOMEM, "outbox: out of memory");
    o->opts = *opts;
    o->closing.fd = -1;
    rc = vd_stop_init(&o->closing, err);
    for (int i = 0; i < VD_OUTBOX_THREADS && rc == 0; i++)
        rc = start_thread(o, i, err);
    if (rc < 0) {
        vd_outbox_close(&o);
        return rc;
    }
    *ret_outbox = o;
    return 0;
}

int vd_lane_open(struct vd_lane **ret_lane, struct vd_config *cfg,
                 const struct vd_camera_cfg *camera, unsigned spread, struct vd_err *err)
{
    struct vd_lane *lane = calloc(1, sizeof *lane);

    if (lane == NULL)
        return vd_err_set(err, VD_ENOMEM, "outbox: out of memory");
    lane->cfg = cfg != NULL ? vd_config_ref(cfg) : NULL;
    lane->camera = camera;
    lane->thread = spread % VD_OUTBOX_THREADS;
    lane->holds = 1;
    *ret_lane = lane;
    return 0;
}

void vd_lane_record(struct vd_lane *lane, struct vd_reel *reel)
{
    lane->reel = reel;
}

void vd_lane_hold(struct vd_outbox *o, struct vd_lane *lane)
{
    struct evid *e = &o->threads[lane->thread];

    pthread_mutex_lock(&e->lock);
    lane->holds++;
    pthread_mutex_unlock(&e->lock);
}

void vd_lane_close(struct vd_outbox *o, struct vd_lane **lane)
{
    struct vd_lane *l = *lane;
    struct evid *e;

    *lane = NULL;
    if (l == NULL)
        return;
    e = &o->threads[l->thread];
    pthread_mutex_lock(&e->lock);
    l->holds--;
    l->is_left = true;
    tidy_lane(l);
    pthread_mutex_unlock(&e->lock);
}

/* Under the lock: waits until there is room. False when there is none for this post. */
static bool wait_room(struct evid *e, bool may_wait)
{
    struct timespec until;

    if (!may_wait)
        return e->n < VD_OUTBOX_ROOM / 2;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROOM_WAIT_S;
    while (e->n == VD_OUTBOX_ROOM)
        if (pthread_cond_timedwait(&e->changed, &e->lock, &until) == ETIMEDOUT)
            return e->n < VD_OUTBOX_ROOM;
    return true;
}

int vd_outbox_post(struct vd_outbox *o, struct vd_lane *lane, const struct vd_event *ev,
                   struct vd_picture *picture)
{
    bool must =
        ev->phase == VD_PHASE_END || ev->kind == VD_KIND_LOST || ev->kind == VD_KIND_NODE;
    struct evid *e = &o->threads[lane->thread];
    struct post *post;
    bool has_room, is_new = picture != NULL;

    pthread_mutex_lock(&e->lock);
    has_room = wait_room(e, must || ev->phase == VD_PHASE_MEDIA);
    if (has_room) {
        post = &e->posts[(e->first + e->n) % VD_OUTBOX_ROOM];
        if (picture != NULL && e->bytes + picture->bytes > PICTURE_BYTES_MAX)
            vd_picture_unref(&picture);
        if (picture != NULL)
            e->bytes += picture->bytes;
        *post = (struct post){.event = *ev,
                              .lane = lane,
                              .picture = picture,
                              .is_new = is_new,
                              .posted_us = mono_us(o)};
        picture = NULL;
        lane->waiting++;
        e->n++;
        (void)pthread_cond_broadcast(&e->changed);
    }
    /* Before evid can say how it was settled; and an end that finds no room is one all the
     * same.
     */
    if (lane->reel != NULL && (has_room || ev->phase == VD_PHASE_END))
        vd_reel_event(lane->reel, ev);
    pthread_mutex_unlock(&e->lock);
    vd_picture_unref(&picture);
    if (has_room)
        return 0;
    vd_number_add(must ? VD_NUMBER_EVENTS_LOST : VD_NUMBER_EVENTS_REFUSED, 1);
    if (must)
        LOG_ERROR("event.lost", "cam=%s kind=%s reason=\"the disk does not take events\"",
                  ev->camera, vd_kind_name(ev->kind));
    return VD_EAGAIN;
}

void vd_outbox_hurry(struct vd_outbox *o)
{
    if (o != NULL && o->closing.fd >= 0)
        vd_stop_request(&o->closing);
}

void vd_outbox_close(struct vd_outbox **outbox)
{
    struct vd_outbox *o = *outbox;

    *outbox = NULL;
    if (o == NULL)
        return;
    vd_outbox_hurry(o);
    for (int i = 0; i < VD_OUTBOX_THREADS; i++) {
        struct evid *e = &o->threads[i];

        if (e->is_running) {
            pthread_mutex_lock(&e->lock);
            e->is_closing = true;
            (void)pthread_cond_broadcast(&e->changed);
            pthread_mutex_unlock(&e->lock);
            (void)pthread_join(e->thread, NULL);
        }
        vd_jpeg_close(&e->jpeg);
        if (e->outbox != NULL) {
            (void)pthread_cond_destroy(&e->changed);
            (void)pthread_mutex_destroy(&e->lock);
        }
    }
    vd_stop_fini(&o->closing);
    free(o);
}
