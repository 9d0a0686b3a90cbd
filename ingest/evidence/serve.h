/* ingest/evidence/serve.h: hands media of this machine's root, and live pictures of this
 * worker's cameras, to whoever asks on the worker's media socket. Answers in chunks, at most as
 * many as were asked for: who wants more asks on. */
#ifndef VD_INGEST_EVIDENCE_SERVE_H
#define VD_INGEST_EVIDENCE_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/err.h"
#include "ingest/evidence/live.h"

enum { VD_SERVE_CHUNK = 32 * 1024, VD_SERVE_CREDIT_MAX = 64 };

struct vd_serve; /* a thread of its own, "media" */

/* Borrowed until close. */
struct vd_serve_opts {
    struct vd_bus *bus;
    const char *endpoint; /* is bound */
    const char *root;     /* of the files that are served */
    struct vd_live *live; /* NULL: there are no live pictures here */
    const struct vd_clock *clock;
};

int vd_serve_open(struct vd_serve **ret_serve, const struct vd_serve_opts *opts,
                  struct vd_err *err);

/* Stops and joins the thread; sets NULL, accepts NULL. */
void vd_serve_close(struct vd_serve **serve);

/* One request and its parts of an answer, without a socket: for tests. */
struct vd_serve_request {
    bool is_live; /* then live is filled in, else the rest */
    struct vd_live_request live;
    char id[128];
    int64_t offset;
    int credit;
};

/* Reads a request. VD_EPROTO, VD_EINVAL; any bytes are safe. */
int vd_serve_parse(const char *json, size_t len, struct vd_serve_request *ret_request,
                   struct vd_err *err);

#endif
