#include "tests/bench/ways.h"

#include <math.h>
#include <string.h>

static const float NEAR = 0.06F; /* of the picture */

static const struct vd_track_line lines[VD_TRACK_LINES_MAX] = {
    {.name = "left", .from = {0.35F, 1}, .to = {0.35F, 0}},
    {.name = "middle", .from = {0.5F, 0}, .to = {0.5F, 1}},
    {.name = "right", .from = {0.65F, 1}, .to = {0.65F, 0}},
    {.name = "level", .from = {0, 0.7F}, .to = {1, 0.7F}},
};

void ways_ask(struct vd_track_settings *settings)
{
    static const struct vd_motion_settings whole = {.n_zones = 0};

    vd_track_take_zones(settings, &whole);
    settings->zones[0].n_lines = VD_TRACK_LINES_MAX;
    memcpy(settings->zones[0].lines, lines, sizeof lines);
}

void ways_see(struct way *ways, const struct vd_scene_picture *picture)
{
    for (int i = 0; i < picture->n_boxes; i++) {
        const struct vd_scene_box *box = &picture->boxes[i];
        struct way *way = &ways[box->crossing];

        way->last = (struct vd_spot){box->x + 0.5F * box->w, box->y + box->h};
        if (!way->is_seen)
            way->first = way->last;
        way->is_seen = true;
    }
}

void ways_hear(struct way *way, const struct vd_happening *happening)
{
    for (uint32_t i = 0; i < happening->n_tracks; i++)
        for (int l = 0; l < VD_TRACK_LINES_MAX; l++)
            if (strcmp(happening->tracks[i].line, lines[l].name) == 0)
                way->told[l] |= happening->tracks[i].direction == VD_DIRECTION_A_TO_B ? 1 : 2;
}

void ways_judge(const struct way *ways, int n, struct ways_sum *sum)
{
    for (int c = 0; c < n; c++) {
        for (int l = 0; l < VD_TRACK_LINES_MAX && ways[c].is_seen; l++) {
            float from = vd_geometry_side(lines[l].from, lines[l].to, ways[c].first);
            float to = vd_geometry_side(lines[l].from, lines[l].to, ways[c].last);
            uint8_t due = from < 0 && to > 0 ? 1 : from > 0 && to < 0 ? 2 : 0;

            if (fabsf(from) < NEAR || fabsf(to) < NEAR)
                continue;
            sum->due += due != 0;
            sum->clear += due == 0;
            sum->right += due != 0 && (ways[c].told[l] & due);
            sum->wrong += (ways[c].told[l] & ~due) != 0;
        }
    }
}
