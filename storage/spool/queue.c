/* storage/spool/queue.c: one mutex, one condition for the thread and one for each who asks. */
#include "storage/spool/queue.h"

#include <stddef.h>

void spool_queue_init(struct spool_queue *queue)
{
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->cond, NULL);
    queue->first = NULL;
    queue->end = &queue->first;
    queue->is_closed = false;
}

void spool_queue_fini(struct spool_queue *queue)
{
    pthread_cond_destroy(&queue->cond);
    pthread_mutex_destroy(&queue->mutex);
}

int spool_queue_ask(struct spool_queue *queue, struct spool_request *request,
                    struct vd_err *err)
{
    request->next = NULL;
    request->is_done = false;
    request->settled = false;
    pthread_cond_init(&request->cond, NULL);
    pthread_mutex_lock(&queue->mutex);
    if (queue->is_closed) {
        request->rc = vd_err_set(&request->err, VD_ESTOP, "spool: closing");
    } else {
        *queue->end = request;
        queue->end = &request->next;
        pthread_cond_signal(&queue->cond);
        while (!request->is_done)
            pthread_cond_wait(&request->cond, &queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
    pthread_cond_destroy(&request->cond);
    if (request->rc < 0 && err != NULL)
        *err = request->err;
    return request->rc;
}

struct spool_request *spool_queue_take(struct spool_queue *queue)
{
    struct spool_request *list;

    pthread_mutex_lock(&queue->mutex);
    while (queue->first == NULL && !queue->is_closed)
        pthread_cond_wait(&queue->cond, &queue->mutex);
    list = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
    pthread_mutex_unlock(&queue->mutex);
    return list;
}

void spool_queue_answer(struct spool_queue *queue, struct spool_request *list)
{
    pthread_mutex_lock(&queue->mutex);
    while (list != NULL) {
        struct spool_request *next = list->next; /* gone once its owner wakes */

        list->is_done = true;
        pthread_cond_signal(&list->cond);
        list = next;
    }
    pthread_mutex_unlock(&queue->mutex);
}

void spool_queue_close(struct spool_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->is_closed = true;
    pthread_cond_signal(&queue->cond);
    pthread_mutex_unlock(&queue->mutex);
}
