/* alerts/api/pool.h: a bounded queue of requests and the threads that work on them. Full means
 * refused at once and counted, so that a slow database makes answers "busy", never late. */
#ifndef VD_ALERTS_API_POOL_H
#define VD_ALERTS_API_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "alerts/api/http.h"
#include "base/err.h"

enum { VD_POOL_THREADS_MAX = 4 };

struct vd_pool;

/* Works on req, taken; index tells the thread, from 0. */
typedef void vd_pool_fn(void *arg, int index, struct vd_request *req);

/* Starts n threads called "<name>-1" … */
int vd_pool_open(struct vd_pool **ret_pool, const char *name, int n, int room, vd_pool_fn *work,
                 void *arg, struct vd_err *err);

/* Takes req and returns true, or returns false: full, or closing. Any thread. */
bool vd_pool_put(struct vd_pool *pool, struct vd_request *req);

/* Takes nothing more, joins the threads, and calls give for each that was still queued: nobody
 * works on them any more. Accepts NULL. */
void vd_pool_stop(struct vd_pool *pool, void (*give)(void *arg, struct vd_request *req));

/* Frees a stopped pool that nobody puts into any more. Sets NULL, accepts NULL. */
void vd_pool_close(struct vd_pool **pool);

#endif
