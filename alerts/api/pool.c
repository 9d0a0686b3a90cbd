#include "alerts/api/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/thread.h"

struct thread {
    struct vd_pool *pool;
    pthread_t thread;
    int index;
};

struct vd_pool {
    vd_pool_fn *work;
    void *arg;
    struct thread threads[VD_POOL_THREADS_MAX];
    int n_threads;
    int room;

    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t come;
    struct vd_request *first, *last;
    int n;
    bool is_closing;
};

static struct vd_request *take(struct vd_pool *pool)
{
    struct vd_request *req;

    pthread_mutex_lock(&pool->mutex);
    while (pool->first == NULL && !pool->is_closing)
        pthread_cond_wait(&pool->come, &pool->mutex);
    req = pool->is_closing ? NULL : pool->first;
    if (req != NULL) {
        pool->first = req->next;
        req->next = NULL;
        pool->n--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return req;
}

static void *run(void *arg)
{
    struct thread *thread = arg;
    struct vd_request *req;

    while ((req = take(thread->pool)) != NULL)
        thread->pool->work(thread->pool->arg, thread->index, req);
    return NULL;
}

int vd_pool_open(struct vd_pool **ret_pool, const char *name, int n, int room, vd_pool_fn *work,
                 void *arg, struct vd_err *err)
{
    struct vd_pool *pool = calloc(1, sizeof *pool);
    int rc = 0;

    if (pool == NULL)
        return vd_err_set(err, VD_ENOMEM, "pool %s: out of memory", name);
    pool->work = work;
    pool->arg = arg;
    pool->room = room;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->come, NULL);
    for (int i = 0; rc == 0 && i < n && i < VD_POOL_THREADS_MAX; i++) {
        char label[16];

        snprintf(label, sizeof label, "%.10s-%d", name, i + 1);
        pool->threads[i] = (struct thread){.pool = pool, .index = i};
        rc = vd_thread_start(&pool->threads[i].thread, label, run, &pool->threads[i], err);
        if (rc == 0)
            pool->n_threads++;
    }
    if (rc < 0) {
        vd_pool_stop(pool, NULL);
        vd_pool_close(&pool);
        return rc;
    }
    *ret_pool = pool;
    return 0;
}

bool vd_pool_put(struct vd_pool *pool, struct vd_request *req)
{
    bool is_taken;

    pthread_mutex_lock(&pool->mutex);
    is_taken = pool->n < pool->room && !pool->is_closing;
    if (is_taken) {
        req->next = NULL;
        if (pool->first == NULL)
            pool->first = req;
        else
            pool->last->next = req;
        pool->last = req;
        pool->n++;
        pthread_cond_signal(&pool->come);
    }
    pthread_mutex_unlock(&pool->mutex);
    return is_taken;
}

void vd_pool_stop(struct vd_pool *pool, void (*give)(void *arg, struct vd_request *req))
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->is_closing = true;
    pthread_cond_broadcast(&pool->come);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i].thread, NULL);
    pool->n_threads = 0;
    while (pool->first != NULL) {
        struct vd_request *req = pool->first;

        pool->first = req->next;
        req->next = NULL;
        give(pool->arg, req);
    }
}

void vd_pool_close(struct vd_pool **pool)
{
    struct vd_pool *p = *pool;

    if (p == NULL)
        return;
    pthread_cond_destroy(&p->come);
    pthread_mutex_destroy(&p->mutex);
    free(p);
    *pool = NULL;
}
