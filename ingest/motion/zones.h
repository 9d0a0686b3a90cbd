/* ingest/motion/zones.h: which pixel of the analysed picture belongs to which zone. */
#ifndef VD_INGEST_MOTION_ZONES_H
#define VD_INGEST_MOTION_ZONES_H

#include "ingest/motion/motion.h"

enum { VD_ZONE_SEEN = 1 << 15 }; /* in no mask */

/* Fills map (w x h, rows pitch apart): bit i where the pixel's centre lies in zone i, bit
 * VD_ZONE_SEEN everywhere, nothing where a mask lies; area[i] = pixels of zone i so marked.
 * Without zones, bit 0 is the whole picture. Returns how many zones there are. */
int vd_zones_render(uint16_t *map, int *area, const struct vd_motion_settings *settings, int w,
                    int h, int pitch);

/* What has to move in a zone, by where it stands: shares of the zone's unmasked area. */
struct vd_zone_asked {
    float top, bottom;
    float y0, y1; /* the zone's top and bottom edge, 0..1 of the picture */
};

/* Of zone z, of which area pixels are looked at; factor is that of the sensitivity. Never less
 * than 12 pixels. */
struct vd_zone_asked vd_zones_ask(const struct vd_motion_settings *settings, int z, int area,
                                  float factor);

/* Of what stands at y, 0..1 of the picture. */
float vd_zones_asked_at(const struct vd_zone_asked *asked, float y);

#endif
