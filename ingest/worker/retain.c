#include "ingest/worker/retain.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/media/sweep.h"

enum { CREDIT = 1000 };

static const int64_t ANSWER_US = INT64_C(10000000);

struct vd_retain {
    struct vd_bus *bus;
    const char *replay, *root;
    struct vd_bus_keys keys;
    bool has_keys;
    const struct vd_clock *clock;
    struct vd_stop stop;
    pthread_t thread;
    bool is_started;
    struct vd_log_gate gate;
    pthread_mutex_t lock; /* guards limits */
    struct vd_retention_cfg limits;
};

/* Ids of media that unresolved alerts show. */
struct needed {
    char (*ids)[VD_MEDIA_ID_MAX + 1];
    size_t n, room;
};

static int need(struct needed *needed, const char *id, struct vd_err *err)
{
    if (id == NULL)
        return 0;
    if (needed->n == needed->room) {
        size_t room = needed->room * 2 + 64;
        void *more = realloc(needed->ids, room * sizeof *needed->ids);

        if (more == NULL)
            return vd_err_set(err, VD_ENOMEM, "media in use: out of memory");
        needed->ids = more;
        needed->room = room;
    }
    (void)vd_str_copy(needed->ids[needed->n++], sizeof needed->ids[0], id);
    return 0;
}

static bool part_is(const struct vd_part *part, const char *word)
{
    return part->len == strlen(word) && memcmp(part->data, word, part->len) == 0;
}

static int take_alert(struct needed *needed, const struct vd_part *json, struct vd_err *err)
{
    struct vd_json *doc = NULL;
    const struct vd_json *media;
    int rc = vd_json_parse(&doc, json->data, json->len, err);

    if (rc < 0)
        return rc;
    media = vd_json_get(doc, "media");
    if (!vd_json_is_object(media)) /* another form of alert: better to delete nothing */
        rc = vd_err_set(err, VD_EPROTO, "media in use: an alert without 'media'");
    if (rc == 0)
        rc = need(needed, vd_json_get_text(media, "snapshot"), err);
    if (rc == 0)
        rc = need(needed, vd_json_get_text(media, "clip"), err);
    vd_json_free(&doc);
    return rc;
}

static int say(struct vd_sock *sock, const char *text, struct vd_err *err)
{
    return vd_sock_send(sock, &(struct vd_part){text, strlen(text)}, 1, err);
}

/* One answer of a snapshot. Returns 1 when it was the last. */
static int take_answer(struct vd_sock *sock, const struct vd_part *parts, int n, int *credit,
                       struct needed *needed, struct vd_err *err)
{
    int rc = 0;

    if (n < 1 || part_is(&parts[0], "error"))
        return vd_err_set(err, VD_EPROTO, "media in use: the router refuses to say");
    if (part_is(&parts[0], "complete"))
        return 1;
    if (n == 4 && part_is(&parts[0], "snapshot")) {
        if (part_is(&parts[2], "alert"))
            rc = take_alert(needed, &parts[3], err);
        if (rc == 0 && --*credit == 0) {
            *credit = CREDIT;
            rc = say(sock, "{\"op\":\"credit\",\"n\":1000}", err);
        }
    }
    return rc;
}

/* Asks the router for what is unresolved; an answer that is not whole is none. */
static int ask(struct vd_retain *r, struct needed *needed, struct vd_err *err)
{
    struct vd_sock_opts opts = {
        .type = VD_SOCK_DEALER, .endpoint = r->replay, .keys = r->has_keys ? &r->keys : NULL};
    struct vd_sock *sock = NULL;
    int credit = CREDIT, rc = vd_sock_open(&sock, r->bus, &opts, err);
    int64_t end_us = r->clock->mono_us(r->clock->self) + ANSWER_US;

    if (rc == 0)
        rc = say(sock, "{\"op\":\"snapshot\",\"credit\":1000}", err);
    while (rc == 0) {
        struct vd_poll items[2] = {{.sock = sock}, {.fd = r->stop.fd}};
        struct vd_part parts[VD_BUS_PARTS_MAX];
        int64_t left_us = end_us - r->clock->mono_us(r->clock->self);
        int n;

        if (left_us <= 0)
            rc = vd_err_set(err, VD_ETIMEOUT, "media in use: no answer from the router");
        else
            (void)vd_bus_poll(items, 2, left_us);
        if (vd_stop_requested(&r->stop))
            rc = VD_ESTOP;
        while (rc == 0 && (n = vd_sock_recv(sock, parts, NULL)) > 0)
            rc = take_answer(sock, parts, n, &credit, needed, err);
    }
    vd_sock_close(&sock);
    return rc;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_needed(void *arg, const char *id)
{
    const struct needed *needed = arg;

    return bsearch(id, needed->ids, needed->n, sizeof needed->ids[0], compare) != NULL;
}

static int sweep(struct vd_retain *r, const struct vd_retention_cfg *limits, struct vd_err *err)
{
    struct needed needed = {0};
    struct vd_sweep_limits of_media = {.before_us =
                                           r->clock->wall_us(r->clock->self) - limits->media_us,
                                       .bytes = limits->media_bytes};
    struct vd_sweep_report report;
    int rc = ask(r, &needed, err);

    if (rc > 0) {
        if (needed.n > 0)
            qsort(needed.ids, needed.n, sizeof needed.ids[0], compare);
        rc = vd_media_sweep(r->root, &of_media, is_needed, &needed, &report, err);
        if (report.removed > 0)
            LOG_INFO(
                "media.sweep", "removed=%lld bytes=%lld left=%lld left_bytes=%lld needed=%lld",
                (long long)report.removed, (long long)report.removed_bytes,
                (long long)report.files, (long long)report.bytes, (long long)report.needed);
    }
    free(needed.ids);
    return rc;
}

static void *run(void *arg)
{
    struct vd_retain *r = arg;

    for (;;) {
        struct vd_retention_cfg limits;
        struct vd_err err = {0};
        uint32_t repeats;
        int rc;

        pthread_mutex_lock(&r->lock);
        limits = r->limits;
        pthread_mutex_unlock(&r->lock);
        if (vd_stop_wait(&r->stop, limits.every_us))
            return NULL;
        rc = sweep(r, &limits, &err);
        if (rc < 0 && rc != VD_ESTOP &&
            vd_log_gate(&r->gate, (uint32_t)-rc, r->clock->mono_us(r->clock->self), &repeats))
            LOG_WARN("media.sweep", "reason=\"%s; nothing is deleted meanwhile\" repeats=%u",
                     err.msg, repeats);
    }
}

int vd_retain_open(struct vd_retain **ret_retain, struct vd_bus *bus, const char *replay,
                   const struct vd_bus_keys *keys, const char *root,
                   const struct vd_retention_cfg *limits, const struct vd_clock *clock,
                   struct vd_err *err)
{
    struct vd_retain *r = calloc(1, sizeof *r);
    int rc;

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "retention: out of memory");
    r->bus = bus;
    r->replay = replay;
    r->root = root;
    r->has_keys = keys != NULL;
    if (keys != NULL)
        r->keys = *keys;
    r->limits = *limits;
    r->clock = clock;
    pthread_mutex_init(&r->lock, NULL);
    r->stop.fd = -1;
    rc = vd_stop_init(&r->stop, err);
    if (rc == 0)
        rc = vd_thread_start(&r->thread, "retain", run, r, err);
    r->is_started = rc == 0;
    if (rc < 0)
        vd_retain_close(&r);
    else
        *ret_retain = r;
    return rc;
}

void vd_retain_change(struct vd_retain *r, const struct vd_retention_cfg *limits)
{
    pthread_mutex_lock(&r->lock);
    r->limits = *limits;
    pthread_mutex_unlock(&r->lock);
}

void vd_retain_close(struct vd_retain **retain)
{
    struct vd_retain *r = *retain;

    if (r == NULL)
        return;
    if (r->is_started) {
        vd_stop_request(&r->stop);
        pthread_join(r->thread, NULL);
    }
    vd_stop_fini(&r->stop);
    pthread_mutex_destroy(&r->lock);
    explicit_bzero(&r->keys, sizeof r->keys);
    free(r);
    *retain = NULL;
}
