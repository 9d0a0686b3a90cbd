/* tests/bench/bench_clips.c: the detector on labelled clips, each as it is and slightly
 * changed: other frames looked at, other rates, brighter, noisier, cropped, mirrored, scaled.
 * What only one of them passes was luck. `bench_clips [--all] CLIP_DIR…`: a line a clip and
 * variant with something amiss (--all: each), then sums. A folder holds video.* and events.csv
 * (start,end, label,note: frames from 0, inclusive; motion | quiet | light, others count for
 * nothing), and perhaps roi.csv (x,y,w,h in pixels: the zone). */
#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/motion.h"
#include "ingest/source/file.h"
#include "ingest/track/track.h"

enum { ROWS_MAX = 512, DELAYS_MAX = 65536, SIDE_MAX = 2048, AMISS_MAX = 8 };

/* A way to show the same clip; zero is the clip itself. */
struct variant {
    const char *name;
    int first;          /* frames left out at the start */
    float fps;          /* analysed a second; 0: 5 */
    float gain, offset; /* of the luma; gain 0: 1 */
    int noise;          /* grey levels, uniform, each way */
    int crop;           /* columns at the left and rows at the top left out */
    bool is_mirrored, is_upside_down;
    float scale; /* of both sides; 0: 1 */
};

static const struct variant variants[] = {
    {.name = "as it is"},
    {.name = "from frame 1", .first = 1},
    {.name = "from frame 2", .first = 2},
    {.name = "from frame 3", .first = 3},
    {.name = "from frame 4", .first = 4},
    {.name = "4 a second", .fps = 4},
    {.name = "6 a second", .fps = 6},
    {.name = "8 a second", .fps = 8},
    {.name = "10 a second", .fps = 10},
    {.name = "gain 1.1", .gain = 1.1F},
    {.name = "gain 0.8", .gain = 0.8F},
    {.name = "darker by 8", .offset = -8},
    {.name = "noise of 3", .noise = 3},
    {.name = "noise of 6", .noise = 6},
    {.name = "cropped by 1", .crop = 1},
    {.name = "cropped by 5", .crop = 5},
    {.name = "mirrored", .is_mirrored = true},
    {.name = "upside down", .is_upside_down = true},
    {.name = "scaled by 0.75", .scale = 0.75F},
    {.name = "scaled by 1.5", .scale = 1.5F},
    {.name = "noise of 3, from frame 2, 4 a second", .noise = 3, .first = 2, .fps = 4},
    {.name = "mirrored, cropped, 6 a second", .is_mirrored = true, .crop = 3, .fps = 6},
    {.name = "gain 0.7, 0.75, from frame 1", .gain = 0.7F, .scale = 0.75F, .first = 1},
    {.name = "1.2, 1.5, 8 a second", .gain = 1.2F, .scale = 1.5F, .fps = 8},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

enum label { MOTION, QUIET, LIGHT, OTHER };

struct row {
    int start, end;
    enum label label;
};

struct score {
    int clips, intervals, found, false_starts, latched;
    double false_s, quiet_s;
    int n_delays;
    float delays[DELAYS_MAX];
    int n_missed, missed[AMISS_MAX], n_false, false_at[AMISS_MAX]; /* frames */
};

struct show {
    const struct variant *how;
    struct vd_motion *motion;
    struct vd_track *track;
    uint8_t *luma;
    int64_t due_us;
    uint32_t rnd;
    bool *open; /* by frame */
};

struct clip {
    char name[128];
    int n_rows, n_frames, frames_max;
    struct row rows[ROWS_MAX];
    bool has_zone;
    float zone[4];
    float fps;
    struct show shows[VARIANTS];
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_clips: %s: %s\n", what, why);
    exit(2);
}

static enum label label_of(const char *text)
{
    static const char *const names[] = {"motion", "quiet", "light"};

    for (int i = 0; i < OTHER; i++)
        if (strncmp(text, names[i], strlen(names[i])) == 0)
            return (enum label)i;
    return OTHER;
}

static bool read_labels(struct clip *clip, const char *dir)
{
    char path[1024], line[512], label[32];
    FILE *in;

    snprintf(path, sizeof path, "%s/events.csv", dir);
    in = fopen(path, "r");
    if (in == NULL)
        return false;
    while (fgets(line, sizeof line, in) != NULL && clip->n_rows < ROWS_MAX) {
        struct row *row = &clip->rows[clip->n_rows];

        if (sscanf(line, "%d,%d,%31[a-z_]", &row->start, &row->end, label) != 3)
            continue;
        row->label = label_of(label);
        clip->n_rows++;
    }
    fclose(in);
    snprintf(path, sizeof path, "%s/roi.csv", dir);
    in = fopen(path, "r");
    if (in == NULL)
        return true;
    clip->has_zone = fscanf(in, "%f,%f,%f,%f", &clip->zone[0], &clip->zone[1], &clip->zone[2],
                            &clip->zone[3]) == 4;
    fclose(in);
    return true;
}

static float clamp01(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* The zone where the variant shows it. */
static void set_zone(const struct clip *clip, const struct variant *v, int w, int h,
                     struct vd_motion_settings *s)
{
    float cw = (float)(w - v->crop), ch = (float)(h - v->crop), c = (float)v->crop;
    float x0 = clamp01((clip->zone[0] - c) / cw), y0 = clamp01((clip->zone[1] - c) / ch);
    float x1 = clamp01((clip->zone[0] + clip->zone[2] - c) / cw);
    float y1 = clamp01((clip->zone[1] + clip->zone[3] - c) / ch), swap = x0;

    if (v->is_mirrored) {
        x0 = 1 - x1;
        x1 = 1 - swap;
    }
    swap = y0;
    if (v->is_upside_down) {
        y0 = 1 - y1;
        y1 = 1 - swap;
    }
    s->n_zones = 1;
    s->zones[0] = (struct vd_motion_zone){
        .name = "zone", .polygon = {4, {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}};
}

static void begin(struct clip *clip, const struct vd_frame *frame)
{
    for (int i = 0; i < VARIANTS; i++) {
        struct show *show = &clip->shows[i];
        struct vd_motion_settings settings = {0};
        struct vd_track_settings track = {0};
        struct vd_err err;

        show->how = &variants[i];
        show->rnd = 1;
        show->luma = malloc((size_t)SIDE_MAX * SIDE_MAX);
        if (clip->has_zone)
            set_zone(clip, show->how, frame->w, frame->h, &settings);
        if (show->luma == NULL || vd_motion_open(&show->motion, &settings, &err) < 0 ||
            vd_track_open(&show->track, &track, &err) < 0)
            fail(clip->name, "cannot open a detector");
    }
}

/* Pixel (x, y) of the variant, between pixels of the frame. */
static float sample(const struct vd_frame *f, float x, float y)
{
    int x0 = (int)x, y0 = (int)y, x1 = x0 + 1 < f->w ? x0 + 1 : x0;
    int y1 = y0 + 1 < f->h ? y0 + 1 : y0;
    const uint8_t *a = f->luma + y0 * f->stride, *b = f->luma + y1 * f->stride;
    float u = x - (float)x0, v = y - (float)y0;

    return (1 - v) * ((1 - u) * (float)a[x0] + u * (float)a[x1]) +
           v * ((1 - u) * (float)b[x0] + u * (float)b[x1]);
}

static void draw(struct show *show, const struct vd_frame *f, struct vd_frame *ret_frame)
{
    const struct variant *v = show->how;
    float scale = v->scale > 0 ? v->scale : 1, gain = v->gain > 0 ? v->gain : 1;
    int w = (int)((float)(f->w - v->crop) * scale), h = (int)((float)(f->h - v->crop) * scale);

    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            float sx = ((float)x + 0.5F) / scale - 0.5F, sy = ((float)y + 0.5F) / scale - 0.5F;
            float p;

            sx = fminf(fmaxf(sx, 0) + (float)v->crop, (float)(f->w - 1));
            sy = fminf(fmaxf(sy, 0) + (float)v->crop, (float)(f->h - 1));
            p = gain * sample(f, v->is_mirrored ? (float)(f->w - 1 + v->crop) - sx : sx,
                              v->is_upside_down ? (float)(f->h - 1 + v->crop) - sy : sy) +
                v->offset;
            if (v->noise > 0) {
                show->rnd = show->rnd * 1664525U + 1013904223U;
                p += (float)(show->rnd >> 8) / (float)(1 << 24) * (float)(2 * v->noise) -
                     (float)v->noise;
            }
            show->luma[y * w + x] = (uint8_t)lrintf(fminf(255, fmaxf(0, p)));
        }
    }
    *ret_frame = *f;
    ret_frame->luma = show->luma;
    ret_frame->stride = ret_frame->w = w;
    ret_frame->h = h;
}

/* As `vedette analyze` picks frames. */
static void look(struct clip *clip, struct show *show, const struct vd_frame *frame, int at)
{
    int64_t step_us = (int64_t)(1e6F / (show->how->fps > 0 ? show->how->fps : 5));
    struct vd_motion_result result;
    struct vd_track_out out;
    struct vd_frame drawn;
    struct vd_err err;

    show->open[at] = at > 0 && show->open[at - 1];
    if (at < show->how->first || frame->pts_us + (int64_t)(0.5e6F / clip->fps) < show->due_us)
        return;
    show->due_us += step_us;
    if (show->due_us <= frame->pts_us)
        show->due_us = frame->pts_us + step_us;
    draw(show, frame, &drawn);
    if (vd_motion_analyze(show->motion, &drawn, &result, &err) < 0)
        fail(clip->name, err.msg);
    vd_track_feed(show->track, &result, &out);
    show->open[at] = out.is_open;
}

static void add_motion(const struct clip *clip, const bool *on, const struct row *row,
                       struct score *s)
{
    int b = row->end < clip->n_frames - 1 ? row->end : clip->n_frames - 1, first = -1;
    int from = row->start - (int)(0.4F * clip->fps);

    s->intervals++;
    for (int i = row->start; i <= b && first < 0; i++)
        first = on[i] ? i : -1;
    s->found += first >= 0;
    if (first < 0 && s->n_missed < AMISS_MAX)
        s->missed[s->n_missed++] = row->start;
    for (int i = from > 1 ? from : 1; i <= b; i++) {
        if (!on[i] || on[i - 1])
            continue;
        if (s->n_delays < DELAYS_MAX && (first < 0 || i <= first))
            s->delays[s->n_delays++] = fmaxf(0, (float)(i - row->start) / clip->fps);
        return;
    }
}

static void add_quiet(const struct clip *clip, const bool *on, const struct row *row,
                      struct score *s)
{
    int a = row->start + (int)((row->start > 0 ? 1.0F : 2.0F) * clip->fps);

    for (int i = a; i <= row->end && i < clip->n_frames; i++) {
        s->quiet_s += 1 / (double)clip->fps;
        s->false_s += on[i] ? 1 / (double)clip->fps : 0;
        if (i == a || !on[i] || on[i - 1])
            continue;
        s->false_starts++;
        if (s->n_false < AMISS_MAX)
            s->false_at[s->n_false++] = i;
    }
}

static void judge(const struct clip *clip, const bool *on, struct score *s)
{
    s->clips++;
    for (int i = 0; i < clip->n_rows; i++) {
        const struct row *row = &clip->rows[i];
        int late = row->end + (int)(3 * clip->fps);

        if (row->start >= clip->n_frames)
            continue;
        if (row->label == MOTION)
            add_motion(clip, on, row, s);
        else if (row->label == QUIET)
            add_quiet(clip, on, row, s);
        for (int k = 0; row->label == LIGHT && k < clip->n_rows; k++)
            s->latched += clip->rows[k].label == QUIET && late >= clip->rows[k].start &&
                          late <= clip->rows[k].end && late < clip->n_frames && on[late];
    }
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double median_delay(struct score *s)
{
    int n = s->n_delays;

    if (n == 0)
        return 0;
    qsort(s->delays, (size_t)n, sizeof *s->delays, by_size);
    return 0.5 * ((double)s->delays[n / 2] + (double)s->delays[(n - 1) / 2]);
}

static void print(const char *clip, const char *variant, struct score *s)
{
    printf("%-15s %-37s found %3d/%-3d false %2d, %5.1f of %6.1f s, latched %d, onset %.2f s",
           clip, variant, s->found, s->intervals, s->false_starts, s->false_s, s->quiet_s,
           s->latched, median_delay(s));
    for (int i = 0; i < s->n_missed; i++)
        printf("%s %d", i == 0 ? "; missed" : "", s->missed[i]);
    for (int i = 0; i < s->n_false; i++)
        printf("%s %d", i == 0 ? "; false" : "", s->false_at[i]);
    printf("\n");
}

static void read_video(struct clip *clip, const char *dir)
{
    struct vd_frame frame;
    struct vd_file *file;
    struct vd_err err;
    char pattern[1024];
    glob_t paths;
    int rc;

    snprintf(pattern, sizeof pattern, "%s/video.*", dir);
    if (glob(pattern, 0, NULL, &paths) != 0)
        fail(dir, "no video.* in it");
    if (vd_file_open(&file, paths.gl_pathv[0], &err) < 0)
        fail(dir, err.msg);
    globfree(&paths);
    clip->fps = vd_file_fps(file);
    while ((rc = vd_file_next(file, &frame, &err)) >= 0) {
        if (frame.w * 3 / 2 > SIDE_MAX || frame.h * 3 / 2 > SIDE_MAX)
            fail(dir, "the picture is too large");
        if (clip->n_frames == 0)
            begin(clip, &frame);
        if (clip->n_frames == clip->frames_max) {
            clip->frames_max = 2 * clip->frames_max + 1024;
            for (int i = 0; i < VARIANTS; i++) {
                struct show *show = &clip->shows[i];

                show->open = realloc(show->open, (size_t)clip->frames_max);
                if (show->open == NULL)
                    fail(dir, "out of memory");
            }
        }
        for (int i = 0; i < VARIANTS; i++)
            look(clip, &clip->shows[i], &frame, clip->n_frames);
        clip->n_frames++;
    }
    if (rc != VD_EEOF)
        fail(dir, err.msg);
    vd_file_close(&file);
}

int main(int argc, char **argv)
{
    static struct score by_variant[VARIANTS], all;
    bool is_all = argc > 1 && strcmp(argv[1], "--all") == 0;

    for (int i = 1 + is_all; i < argc; i++) {
        static struct clip clip;
        static struct score sum;
        const char *name = strrchr(argv[i], '/');

        memset(&clip, 0, sizeof clip);
        memset(&sum, 0, sizeof sum);
        snprintf(clip.name, sizeof clip.name, "%s", name != NULL ? name + 1 : argv[i]);
        if (!read_labels(&clip, argv[i]))
            fail(argv[i], "no events.csv in it");
        read_video(&clip, argv[i]);
        for (int v = 0; v < VARIANTS; v++) {
            static struct score one;
            struct show *show = &clip.shows[v];

            memset(&one, 0, sizeof one);
            judge(&clip, show->open, &one);
            judge(&clip, show->open, &sum);
            judge(&clip, show->open, &by_variant[v]);
            judge(&clip, show->open, &all);
            if (is_all || one.found < one.intervals || one.false_starts > 0 ||
                one.false_s > 0.01 * one.quiet_s || one.latched > 0 || median_delay(&one) > 0.6)
                print(clip.name, show->how->name, &one);
            vd_track_close(&show->track);
            vd_motion_close(&show->motion);
            free(show->luma);
            free(show->open);
        }
        sum.n_missed = sum.n_false = 0;
        print(clip.name, "(all variants)", &sum);
        fflush(stdout);
    }
    for (int v = 0; v < VARIANTS; v++) {
        by_variant[v].n_missed = by_variant[v].n_false = 0;
        print("(all clips)", variants[v].name, &by_variant[v]);
    }
    all.n_missed = all.n_false = 0;
    print("(all clips)", "(all variants)", &all);
    return 0;
}
