/* ingest/worker/settings.h: a camera's configuration in the detector's words: the same for the
 * worker and for `vedette analyze`, so that what is tuned on footage is what runs. */
#ifndef VD_INGEST_WORKER_SETTINGS_H
#define VD_INGEST_WORKER_SETTINGS_H

#include "config/config.h"
#include "ingest/motion/motion.h"
#include "ingest/track/track.h"

/* Fills both from camera (borrowed, nothing of it is kept). A camera without zones gets one
 * without a name: the whole picture, with the camera's own min_area. */
void vd_settings_of(const struct vd_camera_cfg *camera, struct vd_motion_settings *ret_motion,
                    struct vd_track_settings *ret_track);

#endif
