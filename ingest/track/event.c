/* ingest/track/event.c: a happening in the words of base/event.h. */
#include <string.h>

#include "base/str.h"
#include "ingest/track/track.h"

static enum vd_end_reason end_reason_of(enum vd_track_end end)
{
    static const enum vd_end_reason reasons[] = {
        [VD_TRACK_OPEN] = VD_END_NONE,    [VD_TRACK_QUIET] = VD_END_QUIET,
        [VD_TRACK_AGE] = VD_END_MAX_AGE,  [VD_TRACK_SCENE] = VD_END_RELEARN,
        [VD_TRACK_STOP] = VD_END_RESTART,
    };

    return reasons[end];
}

static void add_zones(const struct vd_happening *h, const struct vd_motion_settings *settings,
                      struct vd_event *event)
{
    event->n_zones = 0;
    for (int z = 0; z < settings->n_zones && event->n_zones < VD_EVENT_ZONES_MAX; z++) {
        if (!(h->zones >> z & 1) || settings->zones[z].name[0] == '\0')
            continue;
        (void)vd_str_copy(event->zones[event->n_zones++], sizeof event->zones[0],
                          settings->zones[z].name);
    }
}

static float within_one(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

void vd_track_to_event(const struct vd_happening *h, const struct vd_motion_settings *settings,
                       struct vd_event *event)
{
    static const enum vd_phase phases[] = {[VD_TRACK_START] = VD_PHASE_START,
                                           [VD_TRACK_UPDATE] = VD_PHASE_UPDATE,
                                           [VD_TRACK_END] = VD_PHASE_END};

    event->kind = h->kind == VD_TRACK_MOTION ? VD_KIND_MOTION : VD_KIND_SCENE_CHANGE;
    event->phase = phases[h->phase];
    event->rev = (uint32_t)h->rev;
    event->time_us = h->time_wall_us;
    event->start_us = h->start_wall_us;
    event->end_us = h->end_wall_us;
    event->end_reason = end_reason_of(h->end_reason);
    event->score = within_one(h->score);
    event->peak = within_one(h->peak);
    add_zones(h, settings, event);
    event->n_boxes = 0;
    for (int i = 0; i < h->n_boxes && event->n_boxes < VD_EVENT_BOXES_MAX; i++)
        event->boxes[event->n_boxes++] =
            (struct vd_box){within_one(h->boxes[i].x), within_one(h->boxes[i].y),
                            within_one(h->boxes[i].w), within_one(h->boxes[i].h)};
    event->n_tracks = h->n_tracks;
    event->tracks_left_out = h->tracks_left_out;
    memcpy(event->tracks, h->tracks, sizeof event->tracks);
    if (h->why.n > 0) {
        size_t len = 0;

        (void)vd_str_add(event->why.m_of_n, sizeof event->why.m_of_n, &len, "%d/%d", h->why.m,
                         h->why.n);
    }
    event->why.threshold = h->why.min_area;
    event->why.sigma = h->why.sigma;
    event->why.light = h->why.light;
    event->why.shift_px = h->why.shift_px;
}
