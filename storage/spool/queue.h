/* storage/spool/queue.h: requests to the spool's thread. A request lives on the stack of who
 * asks and waits, so the queue is bounded by the number of threads and allocates nothing. */
#ifndef VD_STORAGE_SPOOL_QUEUE_H
#define VD_STORAGE_SPOOL_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include "storage/spool/spool.h"

enum spool_op {
    SPOOL_APPEND,
    SPOOL_ACK,
    SPOOL_WELCOME,
    SPOOL_HEAD,
    SPOOL_READ,
    SPOOL_UNFINISHED
};

struct spool_request {
    enum spool_op op;
    const struct vd_spool_message *message; /* APPEND */
    const char *source;                     /* ACK, WELCOME, READ */
    int64_t from;                           /* READ; the sequence of ACK and WELCOME */
    int limit;
    struct vd_spool_batch *batch;  /* READ */
    struct vd_spool_head *head;    /* HEAD */
    struct spool_happenings *list; /* UNFINISHED */
    int64_t sequence;              /* what APPEND took */
    int rc;
    struct vd_err err;
    bool settled; /* the thread's own: has its answer */

    struct spool_request *next;
    pthread_cond_t cond;
    bool is_done; /* guarded by the queue's mutex */
};

struct spool_queue {
    pthread_mutex_t mutex; /* guards what follows, and is_done of all requests */
    pthread_cond_t cond;
    struct spool_request *first, **end;
    bool is_closed;
};

void spool_queue_init(struct spool_queue *queue);
void spool_queue_fini(struct spool_queue *queue);

/* Puts the request and waits for its answer. VD_ESTOP when the queue is closed, else its rc,
 * with its message in *err. */
int spool_queue_ask(struct spool_queue *queue, struct spool_request *request,
                    struct vd_err *err);

/* The thread: waits for requests and takes them all, in order. NULL: closed and empty. */
struct spool_request *spool_queue_take(struct spool_queue *queue);

/* The thread: gives the answers of a list that was taken; it must not look at them again. */
void spool_queue_answer(struct spool_queue *queue, struct spool_request *list);

void spool_queue_close(struct spool_queue *queue);

#endif
