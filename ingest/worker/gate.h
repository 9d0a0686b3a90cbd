/* ingest/worker/gate.h: how many cameras may be connecting at once, in all and to one host, so
 * that a returning switch is not stormed and an NVR not drowned.
 *
 * First come, first served. Cameras whose last try failed may take half of the places at most:
 * the dead do not hold up the living. */
#ifndef VD_INGEST_WORKER_GATE_H
#define VD_INGEST_WORKER_GATE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/stop.h"

struct vd_gate; /* any thread */

int vd_gate_open(struct vd_gate **ret_gate, int in_all, int per_host, struct vd_err *err);

/* Nobody may be within. Sets NULL, accepts NULL. */
void vd_gate_close(struct vd_gate **gate);

/* One camera's place in the queue; embedded, used by one thread. */
struct vd_gate_ticket {
    char host[256];
    bool is_doubtful, is_in;
    int fd; /* readable when let in */
    struct vd_gate_ticket *next;
};

/* VD_EIO: no descriptor. host names whom the limit per host counts; cut at 255 bytes. */
int vd_gate_ticket_init(struct vd_gate_ticket *ticket, const char *host, struct vd_err *err);
void vd_gate_ticket_fini(struct vd_gate_ticket *ticket);

/* Waits to be let in. 0, or VD_ESTOP: then it is not in. */
int vd_gate_enter(struct vd_gate *gate, struct vd_gate_ticket *ticket, bool is_doubtful,
                  const struct vd_stop *stop);

void vd_gate_leave(struct vd_gate *gate, struct vd_gate_ticket *ticket);

#endif
