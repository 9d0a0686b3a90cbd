/* ingest/frame/frame.h: what a source hands to whoever looks at pictures: a borrowed view of
 * 8-bit luma. The view is valid for the call it is passed to, and no longer. */
#ifndef VD_INGEST_FRAME_FRAME_H
#define VD_INGEST_FRAME_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum { VD_FRAME_SIDE_MIN = 16, VD_FRAME_SIDE_MAX = 8192 };

struct vd_frame {
    const uint8_t *luma; /* top left pixel; 0 black .. 255 white, limited range is as good */
    ptrdiff_t stride;    /* bytes from a row to the next; >= w, or negative: bottom up */
    int w, h;            /* pixels */
    int64_t pts_us;      /* stream time; rises, but may jump when a camera restarts */
    int64_t mono_us;     /* when it was received, for durations; a file: equals pts_us */
    int64_t wall_us;     /* when it was received, microseconds since 1970 UTC, for people */
};

#endif
