/* ingest/motion/zones.c: polygons to pixels, by the even-odd rule at pixel centres. */
#include "ingest/motion/zones.h"

#include <math.h>
#include <string.h>

/* Xs at which the polygon's edges cross the line y, rising. */
static int crossings(const struct vd_motion_polygon *polygon, float y, float *xs)
{
    int n = 0;

    for (int i = 0; i < polygon->n_points; i++) {
        int j = (i + 1) % polygon->n_points;
        float ay = polygon->points[i].y, by = polygon->points[j].y;
        float ax = polygon->points[i].x, bx = polygon->points[j].x, x;
        int at = n;

        if ((ay <= y) == (by <= y))
            continue;
        x = ax + (y - ay) / (by - ay) * (bx - ax);
        for (; at > 0 && xs[at - 1] > x; at--)
            xs[at] = xs[at - 1];
        xs[at] = x;
        n++;
    }
    return n;
}

static int first_centre_from(float x, int w)
{
    float at = x * (float)w - 0.5F;

    return at <= 0 ? 0 : at >= (float)w ? w : (int)at + (at > (float)(int)at);
}

struct canvas {
    uint16_t *map;
    int w, h, pitch;
};

static void paint(const struct canvas *on, const struct vd_motion_polygon *polygon,
                  uint16_t keep, uint16_t set)
{
    float xs[VD_MOTION_POINTS_MAX];

    for (int y = 0; y < on->h; y++) {
        int n = crossings(polygon, ((float)y + 0.5F) / (float)on->h, xs);
        uint16_t *row = on->map + y * on->pitch;

        for (int i = 0; i + 1 < n; i += 2) {
            int end = first_centre_from(xs[i + 1], on->w);

            for (int x = first_centre_from(xs[i], on->w); x < end; x++)
                row[x] = (uint16_t)((row[x] & keep) | set);
        }
    }
}

int vd_zones_render(uint16_t *map, int *area, const struct vd_motion_settings *settings, int w,
                    int h, int pitch)
{
    const struct canvas on = {map, w, h, pitch};
    int n_zones = settings->n_zones > 0 ? settings->n_zones : 1;

    memset(area, 0, sizeof *area * (size_t)n_zones);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < pitch; x++)
            map[y * pitch + x] =
                x < w ? (uint16_t)(VD_ZONE_SEEN | (settings->n_zones == 0)) : 0;
    for (int i = 0; i < settings->n_zones; i++)
        paint(&on, &settings->zones[i].polygon, UINT16_MAX, (uint16_t)(1U << i));
    for (int i = 0; i < settings->n_masks; i++)
        paint(&on, &settings->masks[i], 0, 0);
    for (int i = 0; i < h * pitch; i++)
        for (int z = 0; z < n_zones; z++)
            area[z] += map[i] >> z & 1;
    return n_zones;
}

struct vd_zone_asked vd_zones_ask(const struct vd_motion_settings *settings, int z, int area,
                                  float factor)
{
    static const float MIN_AREA = 0.001F; /* of a zone that asks for nothing */
    static const struct vd_motion_zone whole = {.polygon = {2, {{0, 0}, {0, 1}}}};
    const struct vd_motion_zone *zone = settings->n_zones > 0 ? &settings->zones[z] : &whole;
    float least = 12.0F / (float)(area > 12 ? area : 12);
    float bottom = (zone->min_area > 0 ? zone->min_area : MIN_AREA) * factor;
    float top = zone->min_area_top > 0 ? zone->min_area_top * factor : bottom;
    struct vd_zone_asked asked = {fminf(1, fmaxf(top, least)), fminf(1, fmaxf(bottom, least)),
                                  1, 0};

    for (int i = 0; i < zone->polygon.n_points; i++) {
        asked.y0 = fminf(asked.y0, zone->polygon.points[i].y);
        asked.y1 = fmaxf(asked.y1, zone->polygon.points[i].y);
    }
    return asked;
}

float vd_zones_asked_at(const struct vd_zone_asked *asked, float y)
{
    float part = (y - asked->y0) / fmaxf(1e-6F, asked->y1 - asked->y0);

    return asked->top + fminf(1, fmaxf(0, part)) * (asked->bottom - asked->top);
}
