/* tests/bench/bench_detect.c: the detector on generated places x disturbances, with exact
 * truth: crossings found, false starts and seconds, delay of the start, pixel precision and
 * recall. A JSON line a cell, then a table. `bench_detect [--short] [TEXT]`: a few cells, cells
 * whose name holds TEXT. With --short it also judges: it is a test then. `--scene TEXT…`: these
 * scenes instead, as scene.h reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/motion.h"
#include "ingest/track/track.h"
#include "tests/camsim/scene.h"

enum { FPS = 5, STEP_US = 1000000 / FPS, SLACK = FPS, WARM = 2 * FPS, CELLS_MAX = 128 };

struct cell {
    char name[96];
    int crossings, found, false_starts;
    double false_s, quiet_s, delay_s; /* delay: mean over what was found */
    uint64_t tp, fp, fn;
};

static const char *const places[] = {"yard", "gate", "road", "dock", "carpark", "corridor"};
static const char *const disturbances[] = {
    "",        "+night",   "+noise", "+rain",    "+snow",  "+sway",
    "+clouds", "+insects", "+shake", "+flicker", "+steps", "+headlights+night"};

static void count_pixels(struct cell *cell, const struct vd_scene_picture *truth,
                         const struct vd_motion_picture *mask, int n)
{
    for (int y = 0; y < mask->h; y++) {
        for (int x = 0; x < mask->w; x++) {
            int label = truth->mask[(y * n + n / 2) * truth->mask_stride + x * n + n / 2];
            int is_set = mask->data[y * mask->stride + x] != 0;

            if (label == VD_MASK_EDGE)
                continue;
            cell->tp += (uint64_t)(is_set && label == VD_MASK_MOVING);
            cell->fp += (uint64_t)(is_set && label != VD_MASK_MOVING);
            cell->fn += (uint64_t)(!is_set && label == VD_MASK_MOVING);
        }
    }
}

/* Judges open[i], an open happening on frame i, against the script. */
static void judge(struct cell *cell, const struct vd_scene_crossing *crossings, int n,
                  const bool *open, int frames)
{
    bool *busy = calloc((size_t)frames + 1, 1);
    double delays = 0;

    if (busy == NULL)
        exit(1);
    cell->crossings = n;
    for (int c = 0; c < n; c++) {
        int first = -1;

        for (int i = crossings[c].start - SLACK; i <= crossings[c].end + 2 * SLACK; i++)
            if (i >= 0 && i < frames)
                busy[i] = true;
        for (int i = crossings[c].start; i <= crossings[c].end && first < 0; i++)
            if (i < frames && open[i])
                first = i;
        cell->found += first >= 0;
        delays += first >= 0 ? (double)(first - crossings[c].start) / FPS : 0;
    }
    for (int i = WARM; i < frames; i++) {
        cell->quiet_s += busy[i] ? 0 : 1.0 / FPS;
        cell->false_s += !busy[i] && open[i] ? 1.0 / FPS : 0;
        cell->false_starts += !busy[i] && open[i] && !open[i - 1];
    }
    cell->delay_s = cell->found > 0 ? delays / cell->found : 0;
    free(busy);
}

static void run(struct cell *cell, const char *text)
{
    struct vd_motion_settings settings = {0};
    struct vd_track_settings track_settings = {0};
    const struct vd_scene_crossing *crossings;
    struct vd_scene_spec spec;
    struct vd_scene *scene;
    struct vd_motion *motion;
    struct vd_track *track;
    struct vd_err err;
    bool *open;
    int frames, n;

    if (vd_scene_parse(&spec, text, &err) < 0 || vd_scene_open(&scene, &spec, &err) < 0 ||
        vd_motion_open(&motion, &settings, &err) < 0 ||
        vd_track_open(&track, &track_settings, &err) < 0) {
        fprintf(stderr, "bench_detect: %s: %s\n", text, err.msg);
        exit(1);
    }
    frames = vd_scene_frames(scene);
    open = calloc((size_t)frames, 1);
    n = vd_scene_crossings(scene, &crossings);
    for (int i = 0; open != NULL && i < frames; i++) {
        struct vd_scene_picture picture;
        struct vd_motion_picture mask;
        struct vd_motion_result result;
        struct vd_track_out out;
        struct vd_frame frame = {
            .w = spec.width, .h = spec.height, .mono_us = i * (int64_t)(1000000 / spec.fps)};

        vd_scene_render(scene, i, &picture);
        frame.luma = picture.y;
        frame.stride = picture.y_stride;
        if (vd_motion_analyze(motion, &frame, &result, &err) < 0)
            exit(1);
        vd_track_feed(track, &result, &out);
        open[i] = out.is_open;
        mask = vd_motion_mask(motion);
        if (i >= WARM)
            count_pixels(cell, &picture, &mask, spec.width / mask.w);
    }
    judge(cell, crossings, n, open, frames);
    free(open);
    vd_track_close(&track);
    vd_motion_close(&motion);
    vd_scene_close(&scene);
}

static double ratio(uint64_t a, uint64_t b)
{
    return a + b > 0 ? (double)a / (double)(a + b) : 0;
}

static void print_json(const struct cell *c)
{
    double p = ratio(c->tp, c->fp), r = ratio(c->tp, c->fn);

    printf(
        "{\"cell\":\"%s\",\"crossings\":%d,\"found\":%d,\"false_starts\":%d,\"false_s\":%.1f,"
        "\"quiet_s\":%.1f,\"delay_s\":%.2f,\"precision\":%.3f,\"recall\":%.3f,\"f\":%.3f}\n",
        c->name, c->crossings, c->found, c->false_starts, c->false_s, c->quiet_s, c->delay_s, p,
        r, p + r > 0 ? 2 * p * r / (p + r) : 0);
    fflush(stdout);
}

static void print_table(const struct cell *cells, int n)
{
    printf("\n%-34s %9s %6s %8s %7s %6s %6s\n", "cell", "found", "false", "false_s", "delay",
           "prec", "recall");
    for (int i = 0; i < n; i++) {
        const struct cell *c = &cells[i];

        printf("%-34s %4d/%-4d %6d %8.1f %7.2f %6.3f %6.3f\n", c->name, c->found, c->crossings,
               c->false_starts, c->false_s, c->delay_s, ratio(c->tp, c->fp),
               ratio(c->tp, c->fn));
    }
}

static void add(struct cell *all, const struct cell *c)
{
    all->crossings += c->crossings;
    all->found += c->found;
    all->false_starts += c->false_starts;
    all->false_s += c->false_s;
    all->quiet_s += c->quiet_s;
    all->delay_s += c->delay_s * c->found;
    all->tp += c->tp;
    all->fp += c->fp;
    all->fn += c->fn;
}

/* Scenes by their text; cells that are no part of the table. */
static int run_scenes(char **texts, int n)
{
    static struct cell cells[CELLS_MAX];
    struct cell all = {.name = "all"};

    n = n < CELLS_MAX ? n : CELLS_MAX;
    for (int i = 0; i < n; i++) {
        snprintf(cells[i].name, sizeof cells[i].name, "%s", texts[i]);
        run(&cells[i], texts[i]);
        add(&all, &cells[i]);
    }
    all.delay_s = all.found > 0 ? all.delay_s / all.found : 0;
    print_table(cells, n);
    print_json(&all);
    return 0;
}

int main(int argc, char **argv)
{
    static struct cell cells[CELLS_MAX];
    bool is_short = argc > 1 && strcmp(argv[1], "--short") == 0;
    const char *only = argc > 1 + is_short ? argv[1 + is_short] : "";
    struct cell all = {.name = "all"};
    int n = 0;

    if (argc > 2 && strcmp(argv[1], "--scene") == 0)
        return run_scenes(argv + 2, argc - 2);
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        for (size_t d = 0; d < sizeof disturbances / sizeof *disturbances; d++) {
            struct cell *c = &cells[n];
            char text[VD_SCENE_TEXT_MAX];

            if (is_short && (p * 7 + d) % 12 != 0)
                continue;
            snprintf(c->name, sizeof c->name, "%s%s", places[p], disturbances[d]);
            if (strstr(c->name, only) == NULL)
                continue;
            snprintf(text, sizeof text, "%s+fps=%d+loop=60+crossings=3+seed=%zu", c->name, FPS,
                     5 + p);
            run(c, text);
            print_json(c);
            add(&all, c);
            n++;
        }
    }
    all.delay_s = all.found > 0 ? all.delay_s / all.found : 0;
    print_json(&all);
    print_table(cells, n);
    if (!is_short)
        return 0;
    /* 18 of 18 and nothing false when this was written. */
    return all.found >= 17 && all.false_s <= 0.01 * all.quiet_s && all.delay_s < 0.7 ? 0 : 1;
}
