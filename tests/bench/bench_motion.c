/* tests/bench/bench_motion.c: nanoseconds a frame of the detector and of each of its hot loops,
 * one JSON line a case. Judges nothing. --cpu=c|sse2|avx2|neon forces a level, --case=TEXT runs
 * the cases whose names hold it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ingest/motion/dsp.h"
#include "ingest/motion/motion.h"
#include "tests/camsim/scene.h"

enum { W = 640, H = 480, RUNS = 400, LOOPS = 5 };

static const char *const scenes[][2] = {
    {"quiet-day", "yard+quiet+loop=13+fps=5"},
    {"night-noise", "yard+night+noise+crossings=1+loop=13+fps=5"},
    {"people-crossing", "gate+crossings=2+loop=13+fps=5"},
    {"sway-rain", "dock+sway+rain+crossings=1+loop=13+fps=5"},
    {"clouds-steps", "carpark+clouds+steps+crossings=1+loop=13+fps=5"},
};

static unsigned cpu_flags;
static const char *cpu_name = "best", *only = "";

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;

    return (l > r) - (l < r);
}

static void print_case(const char *name, int64_t *ns, int n)
{
    qsort(ns, (size_t)n, sizeof *ns, by_size);
    printf("{\"case\":\"%s\",\"cpu\":\"%s\",\"n\":%d,\"min_ns\":%lld,\"median_ns\":%lld}\n",
           name, cpu_name, n, (long long)ns[0], (long long)ns[n / 2]);
    fflush(stdout);
}

/* All frames of the loop, luma only; the caller frees them. */
static uint8_t *render(const char *text, int *ret_frames)
{
    struct vd_scene_spec spec;
    struct vd_scene *scene;
    struct vd_err err;
    uint8_t *frames;

    if (vd_scene_parse(&spec, text, &err) < 0 || vd_scene_open(&scene, &spec, &err) < 0) {
        fprintf(stderr, "bench_motion: %s: %s\n", text, err.msg);
        exit(1);
    }
    *ret_frames = vd_scene_frames(scene);
    frames = malloc((size_t)*ret_frames * W * H);
    if (frames == NULL)
        exit(1);
    for (int i = 0; i < *ret_frames; i++) {
        struct vd_scene_picture picture;

        vd_scene_render(scene, i, &picture);
        for (int y = 0; y < H; y++)
            memcpy(frames + ((size_t)i * H + (size_t)y) * W, picture.y + y * picture.y_stride,
                   W);
    }
    vd_scene_close(&scene);
    return frames;
}

/* The first loop warms up; the picture goes on without a jump from the last frame to the first.
 */
static void whole(const char *name, const char *text)
{
    struct vd_motion_settings settings = {.cpu_flags_mask =
                                              cpu_flags != 0 ? cpu_flags : VD_CPU_NONE};
    struct vd_motion_result result;
    struct vd_motion *motion;
    char title[64];
    int n, done = 0;
    uint8_t *frames;
    int64_t *ns;

    snprintf(title, sizeof title, "analyze-%s", name);
    if (strstr(title, only) == NULL)
        return;
    frames = render(text, &n);
    ns = calloc((size_t)(n * LOOPS), sizeof *ns);
    if (ns == NULL || vd_motion_open(&motion, &settings, NULL) < 0)
        exit(1);
    for (int i = 0; i < n * (LOOPS + 1); i++) {
        struct vd_frame frame = {.luma = frames + (size_t)(i % n) * W * H,
                                 .stride = W,
                                 .w = W,
                                 .h = H,
                                 .mono_us = i * INT64_C(200000)};
        int64_t begun = now_ns();

        if (vd_motion_analyze(motion, &frame, &result, NULL) < 0)
            exit(1);
        if (i >= n)
            ns[done++] = now_ns() - begun;
    }
    print_case(title, ns, done);
    vd_motion_close(&motion);
    free(ns);
    free(frames);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        unsigned flags;
    } levels[] = {{"c", 0},
                  {"sse2", VD_CPU_SSE2},
                  {"avx2", VD_CPU_SSE2 | VD_CPU_AVX2},
                  {"neon", VD_CPU_NEON}};

    cpu_flags = vd_cpu_flags();
    for (int i = 1; i < argc; i++) {
        bool is_known = false;

        if (strncmp(argv[i], "--case=", 7) == 0) {
            only = argv[i] + 7;
            continue;
        }
        for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
            if (strncmp(argv[i], "--cpu=", 6) != 0 || strcmp(argv[i] + 6, levels[l].name) != 0)
                continue;
            cpu_flags &= levels[l].flags;
            cpu_name = levels[l].name;
            is_known = cpu_flags == levels[l].flags;
        }
        if (!is_known) {
            fprintf(stderr, "bench_motion: '%s': not known, or not of this machine\n", argv[i]);
            return 2;
        }
    }
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        whole(scenes[i][0], scenes[i][1]);
    return 0;
}
