/* tests/support/packets.h: packets out of a line of letters, a step of 100 ms apart. */
#ifndef VD_TESTS_SUPPORT_PACKETS_H
#define VD_TESTS_SUPPORT_PACKETS_H

#include <libavutil/buffer.h>

#include "ingest/source/packet.h"

enum { STEP_US = 100000, SIZE = 744 };

static struct vd_params packets_params;
static int64_t packets_us; /* mono of the last one made */

static inline void packets_reset(void)
{
    packets_params = (struct vd_params){.codec = VD_CODEC_H264};
    atomic_init(&packets_params.refs, 1);
    packets_us = 0;
}

/* 'K' a key frame, '=' one that is none and ten times as large, another letter one that is
 * none. The caller unrefs. */
static inline struct vd_packet packets_make(char letter)
{
    struct vd_packet p = {.params = vd_params_ref(&packets_params), .is_key = letter == 'K'};
    AVBufferRef *buf;

    packets_us += STEP_US;
    p.size = letter == '=' ? 10 * SIZE : SIZE;
    buf = av_buffer_alloc(p.size);
    p.owner = buf;
    p.data = buf->data;
    p.mono_us = p.pts_us = packets_us;
    return p;
}

#endif
