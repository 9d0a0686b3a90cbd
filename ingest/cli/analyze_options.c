/* ingest/cli/analyze_options.c: the command line of `vedette analyze`. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ingest/cli/analyze.h"
#include "ingest/motion/dsp.h"

static const char usage[] =
    "usage: vedette analyze FILE [--json] [--camera FILE.yaml] [--zone x,y,w,h] [--fps N]\n"
    "                       [--masks DIR] [--html OUT] [--cpu c|sse2|avx2]\n"
    "Runs the workers' detector over a recorded file, as fast as it goes.\n"
    "Prints each happening with what things did in zones and at lines, then a summary.\n"
    "  --json    one object a line instead: analysed frames and events\n"
    "  --camera  take a camera's settings from its YAML file\n"
    "  --zone    look at a rectangle only, in pixels of the picture\n"
    "  --fps     analyses a second, 5 unless the camera says else; 0: every frame\n"
    "  --masks   write NNNNNN.pgm for every analysed frame\n"
    "  --html    write a page that explains what was found and what was held back\n";

static bool parse_zone(const char *text, float zone[4])
{
    char *end = NULL;

    for (int i = 0; i < 4; i++) {
        zone[i] = strtof(text, &end);
        if (end == text || !(zone[i] >= 0 && zone[i] <= VD_FRAME_SIDE_MAX))
            return false;
        if (*end != (i < 3 ? ',' : '\0') && !(i == 3 && *end == '\n'))
            return false;
        text = end + 1;
    }
    return zone[2] > 0 && zone[3] > 0;
}

static bool parse_fps(const char *text, float *ret_fps)
{
    char *end = NULL;

    *ret_fps = strtof(text, &end);
    return end != text && *end == '\0' && *ret_fps >= 0 && *ret_fps <= 1000;
}

static bool parse_cpu(const char *text, unsigned *ret_cpu)
{
    static const struct {
        const char *name;
        unsigned flags;
    } levels[] = {
        {"c", VD_CPU_NONE}, {"sse2", VD_CPU_SSE2}, {"avx2", VD_CPU_SSE2 | VD_CPU_AVX2}};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(text, levels[i].name) == 0) {
            *ret_cpu = levels[i].flags;
            return true;
        }
    return false;
}

static int bad(const char *option, const char *value, const char *wanted)
{
    fprintf(stderr, "vedette analyze: %s: '%s' is not %s\n", option, value, wanted);
    return 2;
}

/* -1: fine, go on. */
static int take(struct analyze_options *o, int c)
{
    switch (c) {
    case 'j':
        o->is_json = true;
        return -1;
    case 'm':
        o->masks = optarg;
        return -1;
    case 'c':
        o->camera = optarg;
        return -1;
    case 'H':
        o->html = optarg;
        return -1;
    case 'f':
        return parse_fps(optarg, &o->fps) ? -1
                                          : bad("--fps", optarg, "a number from 0 to 1000");
    case 'z':
        o->has_zone = true;
        return parse_zone(optarg, o->zone)
                   ? -1
                   : bad("--zone", optarg, "of the form x,y,w,h, in pixels");
    case 'u':
        return parse_cpu(optarg, &o->cpu) ? -1 : bad("--cpu", optarg, "one of: c sse2 avx2");
    case 'h':
        fputs(usage, stdout);
        return 0;
    default:
        return 2;
    }
}

int analyze_options_parse(struct analyze_options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"json", no_argument, NULL, 'j'},
        {"masks", required_argument, NULL, 'm'},
        {"camera", required_argument, NULL, 'c'},
        {"html", required_argument, NULL, 'H'},
        {"fps", required_argument, NULL, 'f'},
        {"zone", required_argument, NULL, 'z'},
        {"cpu", required_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    *o = (struct analyze_options){.fps = -1};
    (void)vd_str_copy(o->camera_id, sizeof o->camera_id, "file");
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        int rc = take(o, c);

        if (rc >= 0)
            return rc;
    }
    if (optind + 1 != argc) {
        fputs(usage, stderr);
        return 2;
    }
    o->file = argv[optind];
    return -1;
}
