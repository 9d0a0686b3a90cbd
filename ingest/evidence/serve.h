/* ingest/evidence/serve.h: hands media of this machine's root to whoever asks on the worker's
 * media socket. Answers in chunks, at most as many as were asked for: who wants more asks on.
 */
#ifndef VD_INGEST_EVIDENCE_SERVE_H
#define VD_INGEST_EVIDENCE_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bus.h"
#include "base/err.h"

enum { VD_SERVE_CHUNK = 32 * 1024, VD_SERVE_CREDIT_MAX = 64 };

struct vd_serve; /* a thread of its own, "media" */

/* Binds endpoint and serves the files below root (both borrowed until close). */
int vd_serve_open(struct vd_serve **ret_serve, struct vd_bus *bus, const char *endpoint,
                  const char *root, struct vd_err *err);

/* Stops and joins the thread; sets NULL, accepts NULL. */
void vd_serve_close(struct vd_serve **serve);

/* One request and its parts of an answer, without a socket: for tests. */
struct vd_serve_request {
    char id[128];
    int64_t offset;
    int credit;
};

/* Reads a request. VD_EPROTO, VD_EINVAL; any bytes are safe. */
int vd_serve_parse(const char *json, size_t len, struct vd_serve_request *ret_request,
                   struct vd_err *err);

#endif
