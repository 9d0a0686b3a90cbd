/* Where pictures lie on a muxer's line of time. A decoder that shows d pictures out of order
 * needs each of them d pictures early: sorted, the latest d + 1 presentation times begin with
 * the decode time, whatever the order is. */
#include "ingest/evidence/fmp4.h"

#define SANE_US (INT64_C(1) << 56)

enum { INTERVAL_TICKS = 3600, BACK_US = 1000 * 1000, AHEAD_US = 2000 * 1000 };

/* A time that no clock shows, whatever it began with, is none. */
static int64_t sane(int64_t pts_us)
{
    return pts_us > -SANE_US && pts_us < SANE_US ? pts_us : VD_PACKET_NO_TIME;
}

static int64_t to_ticks(int64_t us)
{
    int64_t scaled = us * 9;

    return (scaled + (scaled < 0 ? -50 : 50)) / 100;
}

void vd_fmp4_line_init(struct vd_fmp4_line *line, int depth)
{
    *line = (struct vd_fmp4_line){.depth = depth > VD_FMP4_REORDER_MAX ? VD_FMP4_REORDER_MAX
                                           : depth < 0                 ? 0
                                                                       : depth,
                                  .interval = INTERVAL_TICKS};
}

/* The first decode time is 0: as many intervals before its picture as others may lie between.
 */
static int64_t begin(struct vd_fmp4_line *line, int64_t pts_us, int64_t mono_us)
{
    line->has_begun = true;
    line->in_us = pts_us != VD_PACKET_NO_TIME ? pts_us : mono_us;
    line->in_mono_us = mono_us;
    line->top = line->depth * INTERVAL_TICKS;
    line->shift = line->top - to_ticks(line->in_us);
    line->dts = -1;
    for (int i = 0; i <= line->depth; i++)
        line->seen[i] =
            (i - 1) * INTERVAL_TICKS; /* the first of them makes room for the picture */
    return line->top;
}

/* The picture's time on the line; moves the line where the stream's clock jumped. */
static int64_t follow(struct vd_fmp4_line *line, int64_t pts_us, int64_t mono_us)
{
    int64_t waited_us = mono_us - line->in_mono_us, in_us = pts_us, moved_us;

    waited_us = waited_us > 0 ? waited_us : 0;
    if (in_us == VD_PACKET_NO_TIME)
        in_us = line->in_us + waited_us;
    moved_us = in_us - line->in_us;
    /* Packets may be late, so a small step after a long wait is none; but a clock that stands,
     * is ahead of the wait, or goes back by more than order explains, is not to be followed. */
    if (moved_us == 0 || moved_us < -BACK_US || moved_us > waited_us + AHEAD_US) {
        int64_t step = to_ticks(waited_us);

        line->shift =
            line->top + (step > line->interval ? step : line->interval) - to_ticks(in_us);
    }
    line->in_us = in_us;
    line->in_mono_us = mono_us;
    return to_ticks(in_us) + line->shift;
}

/* Sorts pts in, for the smallest there is; where it comes before all of them, order runs deeper
 * than was known, and none makes room. */
static int64_t earliest(struct vd_fmp4_line *line, int64_t pts)
{
    int at = 0;

    if (pts < line->seen[0] && line->depth < VD_FMP4_REORDER_MAX) {
        line->depth++;
        for (at = line->depth; at > 0; at--)
            line->seen[at] = line->seen[at - 1];
    } else {
        for (; at < line->depth && line->seen[at + 1] < pts; at++)
            line->seen[at] = line->seen[at + 1];
    }
    line->seen[at] = pts;
    return line->seen[0];
}

void vd_fmp4_place(struct vd_fmp4_line *line, int64_t pts_us, int64_t mono_us, int64_t *ret_pts,
                   int64_t *ret_dts)
{
    int64_t pts, dts;

    pts_us = sane(pts_us);
    if (line->has_begun)
        pts = follow(line, pts_us, mono_us);
    else
        pts = begin(line, pts_us, mono_us);
    dts = earliest(line, pts);
    if (dts <= line->dts)
        dts = line->dts + 1;
    if (pts < dts)
        pts = dts; /* shown too late, once: it was decoded before we knew */
    if (line->dts >= 0)
        line->interval = dts - line->dts;
    line->top = pts > line->top ? pts : line->top;
    line->dts = dts;
    *ret_pts = pts;
    *ret_dts = dts;
}
