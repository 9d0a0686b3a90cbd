/* ingest/cli/analyze.h: what `vedette analyze` was asked for, and who writes its answers. */
#ifndef VD_INGEST_CLI_ANALYZE_H
#define VD_INGEST_CLI_ANALYZE_H

#include <stdbool.h>
#include <stdio.h>

#include "ingest/motion/motion.h"
#include "ingest/track/track.h"

struct analyze_options {
    const char *file;
    const char *masks;  /* folder, or NULL */
    const char *camera; /* YAML file, or NULL */
    const char *html;   /* file, or NULL */
    float fps;          /* analyses a second; 0: every frame */
    bool is_json;
    bool has_zone;
    float zone[4]; /* x, y, w, h, pixels of the picture */
    unsigned cpu;  /* of struct vd_motion_settings */
    char camera_id[VD_ID_MAX + 1];
    char area[VD_AREA_MAX + 1];
};

/* Prints what is wrong and returns the exit code, or -1 to go on. */
int analyze_options_parse(struct analyze_options *options, int argc, char **argv);

/* Writes one line of a happening that has ended, its times counted from begun_us of its frames'
 * mono_us, and then, each after `before`, what things did in it. */
void analyze_write_end(FILE *out, const struct vd_happening *happening, int64_t begun_us,
                       const char *before);

#endif
