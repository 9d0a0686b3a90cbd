/* tests/camsim/fault.h: the faults by name. */
#ifndef VD_TESTS_CAMSIM_FAULT_H
#define VD_TESTS_CAMSIM_FAULT_H

#include <stdint.h>

#include "base/err.h"

enum vd_fault_kind {
    VD_FAULT_NONE,
    /* the front speaks instead of the camera; running sessions are closed first */
    VD_FAULT_REFUSE,
    VD_FAULT_SILENT,
    VD_FAULT_HTML,
    VD_FAULT_401,
    VD_FAULT_404,
    VD_FAULT_453,
    VD_FAULT_503,
    VD_FAULT_BAD_SDP,
    /* sessions go on, what is sent changes */
    VD_FAULT_STALL,
    VD_FAULT_FREEZE,
    VD_FAULT_SLOW,
    VD_FAULT_PARAMS,
    VD_FAULT_DAMAGE,
    VD_FAULT_LOSS,
    VD_FAULT_8K,
    VD_FAULT_ZERO,
    /* done once */
    VD_FAULT_RESET,
    VD_FAULT_CLOSE,
    VD_FAULT_JUMP,
    VD_FAULT_GARBAGE,
    VD_FAULT_N,
};

struct vd_fault {
    enum vd_fault_kind kind;
    double arg;       /* in the unit its help names */
    double for_s;     /* ends by itself; 0: by `clear` */
    int64_t since_us; /* monotonic */
};

struct vd_fault_info {
    const char *name;
    const char *arg; /* its name in the help; NULL: takes none */
    double otherwise, min, max;
    const char *help;
};

extern const struct vd_fault_info vd_faults[VD_FAULT_N];

static inline int vd_fault_is_front(enum vd_fault_kind k)
{
    return k >= VD_FAULT_REFUSE && k <= VD_FAULT_BAD_SDP;
}

static inline int vd_fault_is_once(enum vd_fault_kind k)
{
    return k >= VD_FAULT_RESET;
}

/* Reads "KIND [NUMBER] [for=SECONDS]" from words. VD_EINVAL with what is wrong. */
int vd_fault_parse(struct vd_fault *ret_fault, char *const words[], int n, struct vd_err *err);

/* Writes a GStreamer caps string for H.264 whose parameter set claims another size. caps is one
 * with codec_data; the answer is the caller's to g_free(). NULL if caps has none. */
char *vd_fault_caps(const char *caps, int width, int height);

#endif
