/* ingest/worker/settings.c: configuration to detector, field by field. */
#include "ingest/worker/settings.h"

#include "base/str.h"

static void copy_polygon(const struct vd_polygon *from, struct vd_motion_polygon *to)
{
    to->n_points =
        from->n_points < VD_MOTION_POINTS_MAX ? from->n_points : VD_MOTION_POINTS_MAX;
    for (int i = 0; i < to->n_points; i++) {
        to->points[i].x = from->points[i].x;
        to->points[i].y = from->points[i].y;
    }
}

static void copy_lines(const struct vd_zone_cfg *from, struct vd_track_zone *to)
{
    for (int i = 0; i < from->n_lines && i < VD_TRACK_LINES_MAX; i++) {
        const struct vd_line_cfg *line = &from->lines[i];

        to->lines[to->n_lines] = (struct vd_track_line){.from = {line->from.x, line->from.y},
                                                        .to = {line->to.x, line->to.y}};
        (void)vd_str_copy(to->lines[to->n_lines++].name, sizeof to->lines[0].name, line->name);
    }
}

void vd_settings_of(const struct vd_camera_cfg *camera, struct vd_motion_settings *ret_motion,
                    struct vd_track_settings *ret_track)
{
    static const enum vd_motion_sensitivity sensitivities[] = {
        [VD_CONFIG_SENSITIVITY_LOW] = VD_MOTION_LOW,
        [VD_CONFIG_SENSITIVITY_MEDIUM] = VD_MOTION_MEDIUM,
        [VD_CONFIG_SENSITIVITY_HIGH] = VD_MOTION_HIGH,
    };
    static const struct vd_point whole[4] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    static const struct vd_polygon picture = {.points = whole, .n_points = 4};

    *ret_motion =
        (struct vd_motion_settings){.sensitivity = sensitivities[camera->detect.sensitivity],
                                    .warm_up_us = camera->detect.warm_up_us,
                                    .max_area = camera->detect.max_area};
    *ret_track = (struct vd_track_settings){.m = camera->detect.start.m,
                                            .n = camera->detect.start.n,
                                            .quiet_us = camera->detect.quiet_us,
                                            .update_every_us = camera->detect.update_us};
    for (int i = 0; i < camera->n_zones && i < VD_MOTION_ZONES_MAX; i++) {
        struct vd_motion_zone *zone = &ret_motion->zones[ret_motion->n_zones++];

        (void)vd_str_copy(zone->name, sizeof zone->name, camera->zones[i].name);
        copy_polygon(&camera->zones[i].polygon, &zone->polygon);
        zone->min_area = camera->zones[i].min_area;
        zone->min_area_top = camera->zones[i].min_area_top;
        ret_track->zones[i].loiter_us = camera->zones[i].loiter_us;
        copy_lines(&camera->zones[i], &ret_track->zones[i]);
    }
    if (camera->n_zones == 0) {
        ret_motion->n_zones = 1;
        copy_polygon(&picture, &ret_motion->zones[0].polygon);
        ret_motion->zones[0].min_area = camera->detect.min_area;
    }
    vd_track_take_zones(ret_track, ret_motion);
    for (int i = 0; i < camera->n_masks && i < VD_MOTION_MASKS_MAX; i++)
        copy_polygon(&camera->masks[i].polygon, &ret_motion->masks[ret_motion->n_masks++]);
}
