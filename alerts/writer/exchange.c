#include "alerts/writer/exchange.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct list {
    struct vd_batch *first, **last;
};

struct vd_exchange {
    pthread_mutex_t lock; /* guards all below but the descriptors */
    struct list todo, done;
    struct vd_batch *free;
    bool is_idle;
    struct vd_writer_state state;
    int64_t late_us;
    int writer_fd, receiver_fd;
};

static void list_init(struct list *l)
{
    l->first = NULL;
    l->last = &l->first;
}

static void list_add(struct list *l, struct vd_batch *b)
{
    b->next = NULL;
    *l->last = b;
    l->last = &b->next;
}

static struct vd_batch *list_take(struct list *l)
{
    struct vd_batch *b = l->first;

    if (b == NULL)
        return NULL;
    l->first = b->next;
    if (l->first == NULL)
        l->last = &l->first;
    b->next = NULL;
    return b;
}

int vd_exchange_open(struct vd_exchange **ret_x, int batches, int items_max, struct vd_err *err)
{
    struct vd_exchange *x = calloc(1, sizeof *x);

    if (x == NULL)
        return vd_err_set(err, VD_ENOMEM, "exchange: out of memory");
    pthread_mutex_init(&x->lock, NULL);
    list_init(&x->todo);
    list_init(&x->done);
    x->writer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    x->receiver_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (x->writer_fd < 0 || x->receiver_fd < 0) {
        int rc = vd_err_set(err, VD_EIO, "eventfd: %s", strerror(errno));

        vd_exchange_close(&x);
        return rc;
    }
    for (int i = 0; i < batches; i++) {
        struct vd_batch *b = vd_batch_new(items_max);

        if (b == NULL) {
            vd_exchange_close(&x);
            return vd_err_set(err, VD_ENOMEM, "exchange: out of memory");
        }
        b->next = x->free;
        x->free = b;
    }
    *ret_x = x;
    return 0;
}

void vd_exchange_close(struct vd_exchange **x)
{
    struct vd_batch *b;

    if (*x == NULL)
        return;
    while ((b = (*x)->free) != NULL) {
        (*x)->free = b->next;
        vd_batch_free(&b);
    }
    while ((b = list_take(&(*x)->todo)) != NULL || (b = list_take(&(*x)->done)) != NULL)
        vd_batch_free(&b);
    if ((*x)->writer_fd >= 0)
        close((*x)->writer_fd);
    if ((*x)->receiver_fd >= 0)
        close((*x)->receiver_fd);
    pthread_mutex_destroy(&(*x)->lock);
    free(*x);
    *x = NULL;
}

struct vd_batch *vd_exchange_fresh(struct vd_exchange *x)
{
    struct vd_batch *b;

    pthread_mutex_lock(&x->lock);
    b = x->free;
    if (b != NULL)
        x->free = b->next;
    pthread_mutex_unlock(&x->lock);
    if (b != NULL)
        vd_batch_reset(b);
    return b;
}

void vd_exchange_recycle(struct vd_exchange *x, struct vd_batch *batch)
{
    pthread_mutex_lock(&x->lock);
    batch->next = x->free;
    x->free = batch;
    pthread_mutex_unlock(&x->lock);
}

void vd_exchange_put(struct vd_exchange *x, struct vd_batch *batch)
{
    pthread_mutex_lock(&x->lock);
    list_add(&x->todo, batch);
    x->is_idle = false;
    pthread_mutex_unlock(&x->lock);
    vd_exchange_wake_writer(x);
}

struct vd_batch *vd_exchange_take(struct vd_exchange *x)
{
    struct vd_batch *b;
    bool became_idle;

    pthread_mutex_lock(&x->lock);
    b = list_take(&x->todo);
    became_idle = b == NULL && !x->is_idle;
    x->is_idle = b == NULL;
    pthread_mutex_unlock(&x->lock);
    if (became_idle) /* the receiver may hold a batch back until then */
        (void)eventfd_write(x->receiver_fd, 1);
    return b;
}

void vd_exchange_give_back(struct vd_exchange *x, struct vd_batch *batch)
{
    pthread_mutex_lock(&x->lock);
    list_add(&x->done, batch);
    pthread_mutex_unlock(&x->lock);
    (void)eventfd_write(x->receiver_fd, 1);
}

struct vd_batch *vd_exchange_taken(struct vd_exchange *x)
{
    struct vd_batch *b;

    pthread_mutex_lock(&x->lock);
    b = list_take(&x->done);
    pthread_mutex_unlock(&x->lock);
    return b;
}

bool vd_exchange_is_idle(struct vd_exchange *x)
{
    bool is_idle;

    pthread_mutex_lock(&x->lock);
    is_idle = x->is_idle;
    pthread_mutex_unlock(&x->lock);
    return is_idle;
}

bool vd_exchange_is_queued(struct vd_exchange *x)
{
    bool is_queued;

    pthread_mutex_lock(&x->lock);
    is_queued = x->todo.first != NULL;
    pthread_mutex_unlock(&x->lock);
    return is_queued;
}

int vd_exchange_writer_fd(const struct vd_exchange *x)
{
    return x->writer_fd;
}

int vd_exchange_receiver_fd(const struct vd_exchange *x)
{
    return x->receiver_fd;
}

void vd_exchange_drain(int fd)
{
    eventfd_t n;

    (void)eventfd_read(fd, &n);
}

void vd_exchange_wake_writer(struct vd_exchange *x)
{
    (void)eventfd_write(x->writer_fd, 1);
}

void vd_exchange_set_state(struct vd_exchange *x, const struct vd_writer_state *state)
{
    pthread_mutex_lock(&x->lock);
    x->state = *state;
    pthread_mutex_unlock(&x->lock);
    (void)eventfd_write(x->receiver_fd, 1);
}

void vd_exchange_state(struct vd_exchange *x, struct vd_writer_state *ret_state)
{
    pthread_mutex_lock(&x->lock);
    *ret_state = x->state;
    pthread_mutex_unlock(&x->lock);
}

void vd_exchange_set_late(struct vd_exchange *x, int64_t oldest_us)
{
    pthread_mutex_lock(&x->lock);
    x->late_us = oldest_us;
    pthread_mutex_unlock(&x->lock);
}

int64_t vd_exchange_late(struct vd_exchange *x)
{
    int64_t late_us;

    pthread_mutex_lock(&x->lock);
    late_us = x->late_us;
    pthread_mutex_unlock(&x->lock);
    return late_us;
}
