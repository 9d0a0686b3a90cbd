/* config/snapshot.h: how the room makes a snapshot before anyone else sees it. */
#ifndef VD_CONFIG_SNAPSHOT_H
#define VD_CONFIG_SNAPSHOT_H

#include "config/arena.h"
#include "config/config.h"

/* A zeroed snapshot with one reference, and the arena that lives as long as it, for all that
 * it points to. NULL when there is no memory. Given back by vd_config_unref(). */
struct vd_config *vd_snapshot_new(struct vd_arena **ret_arena);

#endif
