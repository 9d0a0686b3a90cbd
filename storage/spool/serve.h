/* storage/spool/serve.h: the spool from within: what its thread owns, and what it shows. */
#ifndef VD_STORAGE_SPOOL_SERVE_H
#define VD_STORAGE_SPOOL_SERVE_H

#include <pthread.h>

#include "storage/spool/queue.h"
#include "storage/spool/reserve.h"
#include "storage/spool/store.h"

struct vd_spool {
    struct store store;     /* the thread's own */
    struct reserve reserve; /* the thread's own */
    int64_t cap_bytes;
    int64_t refused_now; /* since the last message that was accepted; the thread's own */
    int64_t refused_since_us;
    int64_t accepted, commits, refused, refused_others, errors; /* the thread's own */
    char body[VD_SPOOL_MESSAGE_MAX];
    int lock_fd, event_fd;
    pthread_t thread;
    bool is_running;

    struct spool_queue queue;
    pthread_mutex_t figures; /* guards what follows */
    struct vd_spool_stats stats;
    char notice[STORE_NOTICE_MAX];
};

/* The thread: answers a list of requests. */
void spool_serve(struct vd_spool *spool, struct spool_request *list);

/* The thread, or its maker before it runs: copies the figures for others. */
void spool_publish_figures(struct vd_spool *spool);

#endif
