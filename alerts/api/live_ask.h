/* alerts/api/live_ask.h: what GET /api/v1/live asks for, and how its answer is framed. Pure. */
#ifndef VD_ALERTS_API_LIVE_ASK_H
#define VD_ALERTS_API_LIVE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/api/route.h"
#include "base/err.h"
#include "base/event.h"

enum { VD_LIVE_CAMERAS_MAX = 16, VD_LIVE_HEADER = 16 };

struct vd_live_ask {
    char cameras[VD_LIVE_CAMERAS_MAX][VD_ID_MAX + 1]; /* each once */
    int n;
    bool wants_main; /* stream=main, else sub */
    bool takes_h265; /* h265=1: the browser says that it can play it */
};

/* Reads cameras=a,b,…, stream=sub|main, h265=0|1. VD_EPROTO with what is wrong. */
int vd_live_ask_decode(const struct vd_query *query, struct vd_live_ask *ret_ask,
                       struct vd_err *err);

/* What a frame is. */
enum vd_live_kind {
    VD_LIVE_INIT = 1, /* the codec's name, a NUL, ftyp and moov: all before it is over */
    VD_LIVE_FRAGMENT, /* moof and mdat; time: of its first picture */
    VD_LIVE_JPEG,     /* a picture; time: of it */
    VD_LIVE_STATE,    /* JSON, each second; time: of the console */
};

/* A header of 16 bytes stands before each payload, most significant byte first: length of the
 * payload (4), kind (1), index of the camera in the request (1), 1 for a fragment that begins
 * with a key frame (1), 0 (1), milliseconds since 1970 (8). */
void vd_live_header(uint8_t bytes[VD_LIVE_HEADER], size_t len, enum vd_live_kind kind,
                    int camera, bool is_key, int64_t at_us);

#endif
