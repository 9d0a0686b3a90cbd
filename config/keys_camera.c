/* The keys of an area, and of a camera with its zones and masks. */
#include "config/config.h"
#include "config/keys.h"

#define ROWS(table) (table), sizeof(table) / sizeof(table)[0]
#define SEC(n)      (INT64_C(1000000) * (n))
#define AREA(field) offsetof(struct vd_area_cfg, field)
#define CAM(field)  offsetof(struct vd_camera_cfg, field)
#define DET(field)  offsetof(struct vd_detect_cfg, field)
#define ZONE(field) offsetof(struct vd_zone_cfg, field)
#define LINE(field) offsetof(struct vd_line_cfg, field)
#define MASK(field) offsetof(struct vd_mask_cfg, field)

static const struct vd_key area_rows[] = {
    {"code", VD_KEY_AREA, AREA(code), 1, VD_CONFIG_AREA_MAX, NULL, VD_KEY_REQUIRED,
     "Code of the place below that of its parent: 4403/440305.", NULL, NULL, 0},
    {"name", VD_KEY_TEXT, AREA(name), 1, VD_CONFIG_NAME_MAX, NULL, VD_KEY_REQUIRED,
     "Shown to operators.", NULL, NULL, 0},
};
const struct vd_keys vd_area_keys = {"an area", ROWS(area_rows), sizeof(struct vd_area_cfg)};

static const struct vd_key line_rows[] = {
    {"name", VD_KEY_ID, LINE(name), 1, VD_CONFIG_ID_MAX, NULL, VD_KEY_REQUIRED,
     "Named by rules and events; the only one of its camera.", NULL, NULL, 0},
    {"from", VD_KEY_POINT, LINE(from), 0, 0, NULL, VD_KEY_REQUIRED,
     "Where it begins, [x, y] in fractions of the picture. Side a is on the left of who looks "
     "from here along the line, side b on the right.",
     NULL, NULL, 0},
    {"to", VD_KEY_POINT, LINE(to), 0, 0, NULL, VD_KEY_REQUIRED, "Where it ends.", NULL, NULL,
     0},
};
static const struct vd_keys line_keys = {"a line", ROWS(line_rows), sizeof(struct vd_line_cfg)};

static const struct vd_key zone_rows[] = {
    {"name", VD_KEY_ID, ZONE(name), 1, VD_CONFIG_ID_MAX, NULL, VD_KEY_REQUIRED,
     "Named by rules and events.", NULL, NULL, 0},
    {"polygon", VD_KEY_POLYGON, ZONE(polygon), 3, VD_CONFIG_POINTS_MAX, NULL, VD_KEY_REQUIRED,
     "Corners as [[x,y], …] in fractions of the picture, [0,0] its top left.", NULL, NULL, 0},
    {"min_area", VD_KEY_PERCENT, ZONE(min_area), 100, 900000, "0.1%", 0,
     "The part of the zone, without what masks cover, that must move.", NULL, NULL, 0},
    {"min_area_top", VD_KEY_PERCENT, ZONE(min_area_top), 0, 900000, "0%", 0,
     "The same for what stands at the zone's top edge, where things are far and small: from "
     "there it grows evenly to min_area at the bottom edge. 0%: min_area all over.",
     NULL, NULL, 0},
    {"loiter", VD_KEY_DURATION, ZONE(loiter_us), 0, SEC(3600), "0s", 0,
     "What stays in the zone this long is told to loiter; 0s: nothing is.", NULL, NULL, 0},
    {"lines", VD_KEY_LIST, ZONE(lines), 0, VD_CONFIG_LINES_MAX, NULL, 0,
     "Lines whose crossing is told, and which way.", NULL, &line_keys, ZONE(n_lines)},
};
static const struct vd_keys zone_keys = {"a zone", ROWS(zone_rows), sizeof(struct vd_zone_cfg)};

static const struct vd_key mask_rows[] = {
    {"name", VD_KEY_ID, MASK(name), 1, VD_CONFIG_ID_MAX, NULL, VD_KEY_REQUIRED,
     "For those who tend the camera.", NULL, NULL, 0},
    {"polygon", VD_KEY_POLYGON, MASK(polygon), 3, VD_CONFIG_POINTS_MAX, NULL, VD_KEY_REQUIRED,
     "Corners as in a zone.", NULL, NULL, 0},
    {"privacy", VD_KEY_BOOL, MASK(is_private), 0, 1, "false", 0,
     "Also blacken it in every picture that leaves the worker.", NULL, NULL, 0},
};
static const struct vd_keys mask_keys = {"a mask", ROWS(mask_rows), sizeof(struct vd_mask_cfg)};

static const struct vd_key detect_rows[] = {
    {"enabled", VD_KEY_BOOL, DET(is_enabled), 0, 1, "true", 0,
     "Look for motion and for a sick camera.", NULL, NULL, 0},
    {"fps", VD_KEY_NUMBER, DET(fps), 0, 30000, "5", 0,
     "Pictures analysed a second; 0: every one.", NULL, NULL, 0},
    {"sensitivity", VD_KEY_ENUM, DET(sensitivity), 0, 0, "medium", 0,
     "How easily change counts as motion.", "low medium high", NULL, 0},
    {"start", VD_KEY_RATIO, DET(start), 0, 30, "3/5", 0,
     "M/N: motion starts when M of the last N analysed pictures show it.", NULL, NULL, 0},
    {"quiet", VD_KEY_DURATION, DET(quiet_us), 100000, SEC(60), "800ms", 0,
     "This long without motion ends a happening.", NULL, NULL, 0},
    {"warm_up", VD_KEY_DURATION, DET(warm_up_us), 500000, SEC(2), "1500ms", 0,
     "Nothing starts this soon after a connect.", NULL, NULL, 0},
    {"update", VD_KEY_DURATION, DET(update_us), SEC(1), SEC(3600), "1s", 0,
     "Least time between two updates of one happening.", NULL, NULL, 0},
    {"min_area", VD_KEY_PERCENT, DET(min_area), 100, 900000, "0.1%", 0,
     "The part of the picture that must move, where a camera has no zones.", NULL, NULL, 0},
    {"max_area", VD_KEY_PERCENT, DET(max_area), 100000, 1000000, "55%", 0,
     "More than this at once is a change of scene, not motion; 75% where the rest is as it "
     "was.",
     NULL, NULL, 0},
};
static const struct vd_keys detect_keys = {"detection", ROWS(detect_rows),
                                           sizeof(struct vd_detect_cfg)};

static const struct vd_key camera_rows[] = {
    {"id", VD_KEY_ID, CAM(id), 1, VD_CONFIG_ID_MAX, NULL, VD_KEY_REQUIRED,
     "Names the camera for good: lower-case letters, digits and '-'.", NULL, NULL, 0},
    {"name", VD_KEY_TEXT, CAM(name), 1, VD_CONFIG_NAME_MAX, NULL, 0,
     "Shown to operators; absent: the id.", NULL, NULL, 0},
    {"area", VD_KEY_AREA, CAM(area), 1, VD_CONFIG_AREA_MAX, NULL, VD_KEY_REQUIRED,
     "Code of the area that it watches.", NULL, NULL, 0},
    {"url", VD_KEY_URL, CAM(url), 1, VD_CONFIG_URL_MAX, NULL, 0,
     "Main stream, for evidence, and for detection where detect_url is absent; without user "
     "and password.",
     "rtsp rtsps http https", NULL, 0},
    {"detect_url", VD_KEY_URL, CAM(detect_url), 1, VD_CONFIG_URL_MAX, NULL, 0,
     "Sub stream, for detection.", "rtsp rtsps http https", NULL, 0},
    {"pipeline", VD_KEY_TEXT, CAM(pipeline), 1, VD_CONFIG_PIPELINE_MAX, NULL, 0,
     "A GStreamer source in place of url, without its sink.", NULL, NULL, 0},
    {"user", VD_KEY_TEXT, CAM(user), 1, 255, NULL, 0, "User that the camera knows.", NULL, NULL,
     0},
    {"password_file", VD_KEY_FILE, CAM(password_file), 1, VD_CONFIG_PATH_MAX, NULL,
     VD_KEY_SECRET,
     "File that holds the password and nothing else; a relative name is below the "
     "configuration folder.",
     NULL, NULL, 0},
    {"enabled", VD_KEY_BOOL, CAM(is_enabled), 0, 1, "true", 0,
     "false: the camera is known and not read.", NULL, NULL, 0},
    {"transport", VD_KEY_ENUM, CAM(transport), 0, 0, "tcp", 0, "How RTSP carries its packets.",
     "tcp udp", NULL, 0},
    {"decode", VD_KEY_ENUM, CAM(decode), 0, 0, "software", 0, "What decodes the pictures.",
     "software vaapi cuda", NULL, 0},
    {"evidence", VD_KEY_ENUM, CAM(evidence), 0, 0, "clips", 0,
     "What is kept of a happening: clip and snapshot, the snapshot, or nothing. Clips are the "
     "main stream as the camera sent it: with a detect_url that is a second connection, which "
     "is read and not decoded. With a privacy mask each clip is decoded, masked and encoded "
     "again while it is recorded: at 1080p25 about half a processor each, at low priority.",
     "clips snapshot off", NULL, 0},
    {"priority", VD_KEY_LEVEL, CAM(priority), 0, 9, "5", 0,
     "A higher one is served first under overload.", NULL, NULL, 0},
    {"tags", VD_KEY_IDS, CAM(tags), 0, VD_CONFIG_TAGS_MAX, NULL, 0,
     "Words that rules can ask for.", NULL, NULL, 0},
    {"detect", VD_KEY_MAP, CAM(detect), 0, 0, NULL, 0, "How it looks for motion.", NULL,
     &detect_keys, 0},
    {"zones", VD_KEY_LIST, CAM(zones), 0, VD_CONFIG_ZONES_MAX, NULL, 0,
     "Where motion counts; none: the whole picture.", NULL, &zone_keys, CAM(n_zones)},
    {"masks", VD_KEY_LIST, CAM(masks), 0, VD_CONFIG_MASKS_MAX, NULL, 0,
     "Where motion never counts.", NULL, &mask_keys, CAM(n_masks)},
};
const struct vd_keys vd_camera_keys = {"a camera", ROWS(camera_rows),
                                       sizeof(struct vd_camera_cfg)};
