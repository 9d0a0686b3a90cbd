/* storage/media/sweep.h: what is too old, or too much, goes from a folder of media, and nothing
 * else. Never follows a symbolic link, never leaves the root, and lets be what it does not know
 * by its name. */
#ifndef VD_STORAGE_MEDIA_SWEEP_H
#define VD_STORAGE_MEDIA_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct vd_sweep_limits {
    int64_t before_us; /* what was made before goes; wall clock; 0: age does not matter */
    int64_t bytes;     /* the oldest go until no more than this is left; 0: size does not */
};

struct vd_sweep_report {
    int64_t files, bytes;           /* what is left */
    int64_t removed, removed_bytes; /* what went */
    int64_t needed;                 /* would have gone, but is needed */
    int64_t strange;                /* names that are none of ours; left alone */
};

/* Whether the media id must stay, whatever its age: what an unresolved alert shows. */
typedef bool vd_sweep_needed_fn(void *arg, const char *id);

/* One pass over root. Blocks on the disk; takes 40 bytes of memory a file. Files that others
 * remove meanwhile are no error. VD_EIO: root can't be read, or something could not be removed
 * (the rest was all the same); VD_ENOMEM. */
int vd_media_sweep(const char *root, const struct vd_sweep_limits *limits,
                   vd_sweep_needed_fn *needed, void *arg, struct vd_sweep_report *ret_report,
                   struct vd_err *err);

#endif
