/* storage/spool/spool.c: requests of many threads, asked of the one that owns the file. */
#include "storage/spool/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/str.h"
#include "base/thread.h"
#include "storage/spool/read.h"
#include "storage/spool/serve.h"

static void *thread_main(void *arg)
{
    struct vd_spool *spool = arg;
    struct spool_request *list;

    while ((list = spool_queue_take(&spool->queue)) != NULL)
        spool_serve(spool, list);
    return NULL;
} /* ---- open and close ---- */

static int check_opts(const struct vd_spool_opts *opts, struct vd_err *err)
{
    if (opts->path == NULL || strlen(opts->path) >= sizeof((struct store *)0)->path)
        return vd_err_set(err, VD_EINVAL, "spool: path missing or too long");
    if (opts->producer == NULL || opts->producer[0] != '/' ||
        strlen(opts->producer) + 37 > VD_SPOOL_SOURCE_MAX)
        return vd_err_set(err, VD_EINVAL, "spool: producer must begin with '/' and be short");
    if (opts->cap_bytes < 0 || opts->reserve_bytes < 0)
        return vd_err_set(err, VD_EINVAL, "spool: sizes can't be negative");
    return 0;
}

static int take_lock(struct vd_spool *spool, const char *path, struct vd_err *err)
{
    char lock[520];

    snprintf(lock, sizeof lock, "%s.lock", path);
    spool->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (spool->lock_fd < 0)
        return vd_err_set(err, VD_EIO, "open '%s': %s", lock, strerror(errno));
    if (flock(spool->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return vd_err_set(err, VD_EINVAL, "spool '%s' is in use by another process", path);
    return 0;
}

static int open_store(struct vd_spool *spool, const struct vd_spool_opts *opts,
                      struct vd_err *err)
{
    int rc;

    vd_str_copy(spool->store.path, sizeof spool->store.path, opts->path);
    vd_str_copy(spool->store.producer, sizeof spool->store.producer, opts->producer);
    spool->store.clock = opts->clock != NULL ? opts->clock : &vd_clock_system;
    rc = store_open(&spool->store, err);
    if (rc == VD_EAGAIN) { /* full: recovery itself needs some room */
        reserve_release(&spool->reserve);
        rc = store_open(&spool->store, err);
    }
    return rc == VD_EAGAIN ? VD_EIO : rc;
}

int vd_spool_open(struct vd_spool **ret_spool, const struct vd_spool_opts *opts,
                  struct vd_err *err)
{
    struct vd_spool *spool;
    int rc = check_opts(opts, err);

    if (rc < 0)
        return rc;
    spool = calloc(1, sizeof *spool);
    if (spool == NULL)
        return vd_err_set(err, VD_ENOMEM, "spool: out of memory");
    spool->lock_fd = spool->event_fd = -1;
    spool_queue_init(&spool->queue);
    pthread_mutex_init(&spool->figures, NULL);
    spool->cap_bytes = opts->cap_bytes > 0 ? opts->cap_bytes : INT64_C(1) << 30;
    rc = take_lock(spool, opts->path, err);
    if (rc == 0) {
        reserve_open(&spool->reserve, opts->path,
                     opts->reserve_bytes > 0 ? opts->reserve_bytes : INT64_C(8) << 20);
        rc = open_store(spool, opts, err);
    }
    if (rc == 0 && (spool->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        rc = vd_err_set(err, VD_EIO, "eventfd: %s", strerror(errno));
    if (rc == 0) {
        spool_publish_figures(spool);
        rc = vd_thread_start(&spool->thread, "spool", thread_main, spool, err);
        spool->is_running = rc == 0;
    }
    if (rc < 0) {
        vd_spool_close(&spool);
        return rc;
    }
    *ret_spool = spool;
    return 0;
}

void vd_spool_close(struct vd_spool **spool)
{
    struct vd_spool *s = *spool;

    if (s == NULL)
        return;
    spool_queue_close(&s->queue);
    if (s->is_running)
        pthread_join(s->thread, NULL);
    store_close(&s->store);
    if (s->event_fd >= 0)
        close(s->event_fd);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    spool_queue_fini(&s->queue);
    pthread_mutex_destroy(&s->figures);
    free(s);
    *spool = NULL;
}

/* ---- what may be asked ---- */

int vd_spool_append(struct vd_spool *spool, const struct vd_spool_message *message,
                    int64_t *ret_sequence, struct vd_err *err)
{
    struct spool_request request = {.op = SPOOL_APPEND, .message = message};
    int rc;

    assert(message->phase == VD_SPOOL_OTHER || message->event != NULL);
    rc = spool_queue_ask(&spool->queue, &request, err);
    if (rc >= 0 && ret_sequence != NULL)
        *ret_sequence = request.sequence;
    return rc;
}

int vd_spool_head(struct vd_spool *spool, struct vd_spool_head *ret_head, struct vd_err *err)
{
    struct vd_spool_head head;
    struct spool_request request = {.op = SPOOL_HEAD, .head = &head};
    int rc = spool_queue_ask(&spool->queue, &request, err);

    if (rc >= 0)
        *ret_head = head;
    return rc;
}

int vd_spool_read(struct vd_spool *spool, const char *source, int64_t from, int limit,
                  struct vd_spool_batch *batch, const struct vd_spool_row **ret_rows,
                  struct vd_err *err)
{
    struct spool_request request = {.op = SPOOL_READ,
                                    .source = source,
                                    .from = from,
                                    .limit =
                                        limit < VD_SPOOL_READ_MAX ? limit : VD_SPOOL_READ_MAX,
                                    .batch = batch};
    int rc = spool_queue_ask(&spool->queue, &request, err);

    if (rc >= 0)
        *ret_rows = batch->rows;
    return rc;
}

int vd_spool_ack(struct vd_spool *spool, const char *source, int64_t sequence,
                 struct vd_err *err)
{
    struct spool_request request = {.op = SPOOL_ACK, .source = source, .from = sequence};

    return spool_queue_ask(&spool->queue, &request, err);
}

int vd_spool_welcome(struct vd_spool *spool, const char *source, int64_t sequence,
                     struct vd_err *err)
{
    struct spool_request request = {.op = SPOOL_WELCOME, .source = source, .from = sequence};

    return spool_queue_ask(&spool->queue, &request, err);
}

int vd_spool_fd(const struct vd_spool *spool)
{
    return spool->event_fd;
}

void vd_spool_drain(struct vd_spool *spool)
{
    eventfd_t count;

    (void)eventfd_read(spool->event_fd, &count);
}

int vd_spool_unfinished(struct vd_spool *spool, vd_spool_unfinished_fn *each, void *arg,
                        struct vd_err *err)
{
    struct spool_happenings list = {0};
    struct spool_request request = {.op = SPOOL_UNFINISHED, .list = &list};
    int rc = spool_queue_ask(&spool->queue, &request, err);

    while (list.first != NULL) {
        struct spool_happening *happening = list.first;

        list.first = happening->next;
        if (rc >= 0)
            each(arg, &happening->value);
        free(happening);
    }
    return rc;
}

void vd_spool_stats(struct vd_spool *spool, struct vd_spool_stats *ret_stats)
{
    pthread_mutex_lock(&spool->figures);
    *ret_stats = spool->stats;
    pthread_mutex_unlock(&spool->figures);
}

size_t vd_spool_notice(struct vd_spool *spool, char *ret_text, size_t size)
{
    size_t len;

    pthread_mutex_lock(&spool->figures);
    (void)vd_str_copy(ret_text, size, spool->notice);
    spool->notice[0] = '\0';
    pthread_mutex_unlock(&spool->figures);
    len = strlen(ret_text);
    return len;
}
