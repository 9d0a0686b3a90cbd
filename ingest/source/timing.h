/* ingest/source/timing.h: from the times a stream carries to times on our own clock.
 *
 * Packets read late in a bunch keep the distance they were made with. Pure. */
#ifndef VD_INGEST_SOURCE_TIMING_H
#define VD_INGEST_SOURCE_TIMING_H

#include <stdbool.h>
#include <stdint.h>

/* No stream time came with this packet. */
#define VD_TIMING_NONE INT64_MIN

/* All zero to begin. */
struct vd_timing {
    bool has_offset;
    int64_t offset_us;   /* mono minus stream time of the packet that hurried most lately */
    int64_t window_us;   /* when the present window of that search began */
    int64_t least_us[2]; /* least offset of this window and the one before */
    int64_t last_in_us;  /* mono at which the last packet was read */
    int64_t last_out_us; /* what was answered last */
    int64_t last_pts_us;
    int64_t interval_us; /* smoothed distance of packets; 0 until known */
    int64_t key_at_us;   /* stream-paced time of the last key frame; 0: none yet */
    int64_t key_us[2];   /* last two intervals of key frames */
    int64_t lag_us;      /* how much later than its neighbours the last one was read */
    int64_t base_us;     /* least offset since the stream time last jumped */
    int64_t behind_us;   /* how much later than the promptest the last one was read */
};

/* A packet with stream time pts_us was read at mono_us. Returns when it would have been read
 * had nothing held it up: rises strictly, is never later than mono_us unless that stood still.
 * A stream time that jumps by over two seconds starts anew. */
int64_t vd_timing_feed(struct vd_timing *timing, int64_t pts_us, int64_t mono_us, bool is_key);

/* The last packet had to be waited for: none was queued, so the reader is not behind, whatever
 * the camera's clock and the network do. */
void vd_timing_fresh(struct vd_timing *timing);

/* When a picture with stream time pts_us was made, in the same terms: rises strictly, at most
 * now_us. For pictures come in another order than packets. *last_us is the answer before, 0 at
 * first. */
int64_t vd_timing_place(const struct vd_timing *timing, int64_t pts_us, int64_t now_us,
                        int64_t *last_us);

/* Longest of the last two key-frame intervals, or the present one when it is longer still; 0
 * until known. */
int64_t vd_timing_key_us(const struct vd_timing *timing);

/* When the next packet can be expected (mono); 0 when that is not known. */
int64_t vd_timing_next_us(const struct vd_timing *timing);

#endif
