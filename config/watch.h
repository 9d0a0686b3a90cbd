/* config/watch.h: notices that the files of a configuration folder changed.
 *
 * An editor writes a file in several steps, and a roll-out writes hundreds: a change is told
 * once the folder has been quiet for the settle time. What changed is not told: load it all. */
#ifndef VD_CONFIG_WATCH_H
#define VD_CONFIG_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct vd_watch; /* owned by one thread */

enum { VD_WATCH_SETTLE_US = 300 * 1000 }; /* what a caller without an opinion gives */

/* Watches the folder itself and cameras, rules and secrets in it, also where they come and go
 * later, and where the folder is a link that comes to point elsewhere (so give the path as
 * people gave it, not vd_config.folder, which has links resolved). A change that never pauses
 * is told after ten settle times. A folder that is not there is looked for every second, and
 * told when it comes. *ret_watch is the caller's, to vd_watch_close(). VD_EIO,
 * VD_ENOMEM. */
int vd_watch_open(struct vd_watch **ret_watch, const char *folder, int64_t settle_us,
                  struct vd_err *err);

/* For poll(): readable when vd_watch_take() has something to look at. Borrowed. */
int vd_watch_fd(const struct vd_watch *watch);

/* Call when the fd is readable; never blocks. True: something changed and has settled; it is
 * told once. */
bool vd_watch_take(struct vd_watch *watch);

/* Closes and sets *watch to NULL; NULL is fine. */
void vd_watch_close(struct vd_watch **watch);

#endif
