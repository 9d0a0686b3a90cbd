/* alerts/feed/snapshot.h: what is open now, true at one position of the feed. */
#ifndef VD_ALERTS_FEED_SNAPSHOT_H
#define VD_ALERTS_FEED_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "storage/pg/pg.h"

struct vd_snapshot_part {
    struct vd_snapshot_part *next;
    const char *kind; /* "alert", "event", "camera"; static */
    size_t len;
    char json[];
};

struct vd_snapshot {
    int64_t position;
    struct vd_snapshot_part *first, **last;
    size_t bytes;
};

enum { VD_SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024 };

/* Unresolved alerts, open happenings and all cameras, from one REPEATABLE READ transaction.
 * VD_EINVAL when it would be larger than VD_SNAPSHOT_BYTES_MAX. */
int vd_snapshot_take(struct vd_pg *pg, struct vd_snapshot *ret_snapshot, struct vd_err *err);
void vd_snapshot_fini(struct vd_snapshot *snapshot);

/* Takes the first part out; NULL at the end. The caller frees it. */
struct vd_snapshot_part *vd_snapshot_next(struct vd_snapshot *snapshot);

#endif
