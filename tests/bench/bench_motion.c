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
#include "tests/support/rnd.h"

enum { W = 640, H = 480, SMALL_W = 320, SMALL_H = 240, LOOPS = 5, WARM = 20, RUNS = 200 };

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

/* Planes of one analysed picture, as the detector lays them out. */
struct planes {
    uint8_t src[W * H], now[SMALL_W * SMALL_H], before[SMALL_W * SMALL_H];
    uint8_t tolerance[SMALL_W * SMALL_H], hold[SMALL_W * SMALL_H], flags[SMALL_W * SMALL_H];
    int16_t mean0[SMALL_W * SMALL_H], mean1[SMALL_W * SMALL_H], dev[SMALL_W * SMALL_H];
    int16_t weight1[SMALL_W * SMALL_H];
    int32_t columns[SMALL_W], cells[SMALL_W / 8], rows[8];
    float b[400], x[400], cost[13];
};

static void fill(struct planes *p)
{
    uint64_t seed = 1;

    for (int i = 0; i < W * H; i++)
        p->src[i] = (uint8_t)(rnd_next(&seed) % 256);
    for (int i = 0; i < SMALL_W * SMALL_H; i++) {
        p->now[i] = (uint8_t)(100 + rnd_next(&seed) % 8);
        p->before[i] = (uint8_t)(100 + rnd_next(&seed) % 8);
        p->flags[i] = rnd_next(&seed) % 64 == 0 ? 11 : 0;
        p->mean0[i] = (int16_t)(104 << 7);
        p->mean1[i] = (int16_t)(90 << 7);
        p->dev[i] = 2 << 7;
        p->weight1[i] = 1000;
    }
    for (int i = 0; i < 400; i++) {
        p->b[i] = (float)(rnd_next(&seed) % 256);
        p->x[i] = (float)(rnd_next(&seed) % 256);
    }
}

static void run_shrink(const struct vd_dsp *dsp, struct planes *p)
{
    dsp->shrink(p->src, W, p->now, SMALL_W, SMALL_W, SMALL_H, 2);
}

static void run_compare(const struct vd_dsp *dsp, struct planes *p)
{
    const struct vd_model_step step = {.t_min = 600,
                                       .dev_max = 1536,
                                       .a_mean = 1092,
                                       .a_dev = 819,
                                       .a_weight = 94,
                                       .weight_new = 1600,
                                       .weight_bg = 7209};

    for (int at = 0; at < SMALL_W * SMALL_H; at += SMALL_W) {
        const struct vd_model model = {p->mean0 + at, p->mean1 + at, p->dev + at,
                                       p->weight1 + at};
        const struct vd_compare_row row = {p->now + at, p->before + at, p->tolerance + at,
                                           p->hold + at, &model};

        dsp->compare(&row, &step, p->flags + at, SMALL_W);
    }
}

/* The same with a pixel in 50 out of bounds, as noise of a night camera has it. */
static void run_compare_noise(const struct vd_dsp *dsp, struct planes *p)
{
    if (p->now[0] != 255) {
        uint64_t seed = 1;

        for (int i = 0; i < SMALL_W * SMALL_H; i++)
            if (rnd_next(&seed) % 50 == 0)
                p->now[i] = (uint8_t)(rnd_next(&seed) % 256);
        p->now[0] = 255;
    }
    run_compare(dsp, p);
}

static void run_sum_bytes(const struct vd_dsp *dsp, struct planes *p)
{
    for (int at = 0; at < SMALL_W * SMALL_H; at += 8 * SMALL_W)
        dsp->sum_bytes(p->now + at, SMALL_W, SMALL_W, 8, p->columns, p->cells, p->rows);
}

static void run_sum_q7(const struct vd_dsp *dsp, struct planes *p)
{
    memset(p->columns, 0, sizeof p->columns);
    for (int at = 0; at < SMALL_W * SMALL_H; at += 8 * SMALL_W)
        dsp->sum_q7(p->mean0 + at, SMALL_W, SMALL_W, 8, p->columns, p->cells, p->rows);
}

static void run_count(const struct vd_dsp *dsp, struct planes *p)
{
    uint8_t weak[SMALL_W / 8], restless[SMALL_W / 8];

    for (int at = 0; at < SMALL_W * SMALL_H; at += 8 * SMALL_W)
        dsp->count(p->flags + at, SMALL_W, SMALL_W, 8, weak, restless);
}

static void run_bits(const struct vd_dsp *dsp, struct planes *p)
{
    uint64_t bits[SMALL_W / 64];

    for (int at = 0; at < SMALL_W * SMALL_H; at += SMALL_W)
        dsp->bits(p->flags + at, SMALL_W, bits);
}

static void run_relight(const struct vd_dsp *dsp, struct planes *p)
{
    dsp->relight(p->mean0, SMALL_W * SMALL_H, 4096, 0);
}

static void run_range(const struct vd_dsp *dsp, struct planes *p)
{
    for (int at = SMALL_W; at < SMALL_W * (SMALL_H - 1); at += SMALL_W)
        dsp->range(p->mean0 + at - SMALL_W, p->mean0 + at, p->mean0 + at + SMALL_W,
                   p->tolerance + at, SMALL_W);
}

static void run_agree(const struct vd_dsp *dsp, struct planes *p)
{
    for (int i = 0; i < 150; i++)
        p->cost[0] += (float)dsp->agree(p->b, p->x, 400, 1, (float)i, 5);
}

static void run_shift_cost(const struct vd_dsp *dsp, struct planes *p)
{
    dsp->shift_cost(p->b, p->x, SMALL_W, p->cost);
    dsp->shift_cost(p->b, p->x, SMALL_H, p->cost);
}

/* Each does the work of one analysed frame; agree, relight and range when the light changes or
 * the camera shakes. */
static const struct {
    const char *name;
    void (*run)(const struct vd_dsp *dsp, struct planes *p);
} kernels[] = {
    {"dsp-shrink", run_shrink},
    {"dsp-compare", run_compare},
    {"dsp-compare-noise", run_compare_noise},
    {"dsp-sum_bytes", run_sum_bytes},
    {"dsp-sum_q7", run_sum_q7},
    {"dsp-count", run_count},
    {"dsp-bits", run_bits},
    {"dsp-relight", run_relight},
    {"dsp-range", run_range},
    {"dsp-agree", run_agree},
    {"dsp-shift_cost", run_shift_cost},
};

static void all_kernels(void)
{
    static struct planes planes;
    static int64_t ns[RUNS];
    struct vd_dsp dsp;

    vd_dsp_init(&dsp, cpu_flags);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (strstr(kernels[k].name, only) == NULL)
            continue;
        fill(&planes);
        for (int i = 0; i < WARM + RUNS; i++) {
            int64_t begun = now_ns();

            kernels[k].run(&dsp, &planes);
            if (i >= WARM)
                ns[i - WARM] = now_ns() - begun;
        }
        print_case(kernels[k].name, ns, RUNS);
    }
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
    all_kernels();
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        whole(scenes[i][0], scenes[i][1]);
    return 0;
}
