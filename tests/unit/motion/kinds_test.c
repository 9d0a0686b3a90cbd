/* Places that move of themselves, one kind at a time: quiet for half a minute, then somebody
 * crosses, then it is quiet again. No start but theirs, and theirs within a second. What has
 * whole scenes with weather is tests/bench/bench_detect. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/motion.h"
#include "ingest/track/track.h"
#include "tests/support/rnd.h"

enum { W = 320, H = 240, FPS = 5, WARM = 3 * FPS, QUIET = 30 * FPS, CROSSING = 26 };
enum { STEP = 11, WALKER_W = 14, WALKER_H = 44, WALKER_Y = 120 };

static uint8_t place[H][W], noise[64][64], luma[H * W];
static uint64_t rnd;

static int any(int n)
{
    return (int)(rnd_next(&rnd) % (unsigned)n);
}

static uint8_t bytes(float v)
{
    return (uint8_t)fminf(255, fmaxf(0, v));
}

/* Blocks, edges and grain; smooth enough that half a pixel is half a pixel. */
static void draw_place(void)
{
    rnd = 7;
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++)
            noise[y][x] = (uint8_t)any(256);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            place[y][x] =
                bytes(70 + (float)((x / 23 + y / 19) * 37 % 60) + (float)(x / 51 % 2 * 25) +
                      0.06F * (float)noise[y / 2 % 64][x / 2 % 64]);
}

/* Noise at (x, y), a lattice point every 4 pixels. */
static float lattice(float x, float y)
{
    int ix = (int)floorf(x / 4), iy = (int)floorf(y / 4);
    float u = x / 4 - (float)ix, v = y / 4 - (float)iy;
    float a = noise[iy & 63][ix & 63], b = noise[iy & 63][(ix + 1) & 63];
    float c = noise[(iy + 1) & 63][ix & 63], d = noise[(iy + 1) & 63][(ix + 1) & 63];

    return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d);
}

/* One rectangle through a function of where and when. */
typedef float paint_fn(int x, int y, float t_s);

static void paint(int x0, int y0, int x1, int y1, paint_fn *value, float t_s)
{
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            luma[y * W + x] = bytes(value(x, y, t_s));
}

static float falling(int x, int y, float t_s)
{
    return 60 + 0.6F * lattice(2 * (float)x, 0.5F * (float)y - 37 * t_s);
}

static void waterfall(int frame, float t_s)
{
    (void)frame;
    paint(200, 20, 280, 110, falling, t_s);
}

static float leaves_at(int x, int y, float t_s)
{
    float gust = 1 + 0.8F * sinf(0.5F * t_s);
    float dx = gust * (2 * sinf(2.1F * t_s + 0.1F * (float)y) + sinf(5.3F * t_s));

    return 30 + 0.45F * lattice((float)x + dx, (float)y + 0.4F * dx);
}

static void leaves(int frame, float t_s)
{
    (void)frame;
    paint(10, 5, 130, 100, leaves_at, t_s);
}

static float ripples_at(int x, int y, float t_s)
{
    return 90 + 22 * sinf(0.35F * (float)y - 4 * t_s) * sinf(0.11F * (float)x + 1.7F * t_s);
}

static void ripples(int frame, float t_s)
{
    (void)frame;
    paint(0, 190, W, H, ripples_at, t_s);
}

static float body_at(int x, int y, float t_s)
{
    (void)t_s;
    return 40 + 0.5F * lattice((float)x, (float)y);
}

/* Breathes by a pixel, turns by two now and then. */
static void sleeper(int frame, float t_s)
{
    int breath = sinf(1.9F * t_s) > 0, turn = frame / 45 % 2 * 2;

    paint(210 + turn, 60 - breath, 280 + turn, 90, body_at, t_s);
}

/* Stood elsewhere from the middle of the quiet on. */
static void chair(int frame, float t_s)
{
    int x0 = frame < WARM + QUIET / 2 ? 220 : 262;

    paint(x0, 60, x0 + 34, 110, body_at, t_s);
}

static float screen_at(int x, int y, float t_s)
{
    return 100 + 0.5F * lattice((float)x + 64 * floorf(t_s), (float)y + 31 * floorf(2 * t_s));
}

static void screen(int frame, float t_s)
{
    (void)frame;
    paint(240, 30, 290, 66, screen_at, t_s);
}

/* The whole picture, to anywhere within 3 pixels. */
static void jitter(int frame, float t_s)
{
    static uint8_t still[H * W];
    int dx = any(7) - 3, dy = any(7) - 3;

    (void)frame;
    (void)t_s;
    memcpy(still, luma, sizeof still);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            luma[y * W + x] = still[abs(y + dy) % H * W + abs(x + dx) % W];
}

static void low_contrast(int frame, float t_s)
{
    (void)frame;
    (void)t_s;
    for (int i = 0; i < H * W; i++)
        luma[i] = bytes(24 + 0.16F * (float)luma[i]);
}

/* Five a frame, each anywhere: more than any lamp draws. */
static void insects(int frame, float t_s)
{
    (void)frame;
    (void)t_s;
    for (int k = 0; k < 5; k++) {
        int cx = any(W), cy = any(H), r = 3 + any(5);

        for (int y = cy - r; y <= cy + r; y++)
            for (int x = cx - 2 * r; x <= cx + 2 * r; x++)
                if (x >= 0 && x < W && y >= 0 && y < H)
                    luma[y * W + x] = bytes((float)luma[y * W + x] + 90);
    }
}

static void light(float (*gain)(int x, int y, float t_s), float t_s)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            luma[y * W + x] = bytes((float)luma[y * W + x] * gain(x, y, t_s));
}

static float mains(int x, int y, float t_s)
{
    (void)x;
    return 1 + 0.05F * sinf(0.05F * (float)y + 9.1F * t_s) + 0.04F * sinf(17.3F * t_s);
}

static void flicker(int frame, float t_s)
{
    (void)frame;
    light(mains, t_s);
}

static float cloud(int x, int y, float t_s)
{
    return 0.87F + 0.13F * sinf(0.018F * (float)x + 0.009F * (float)y - 0.35F * t_s);
}

static void clouds(int frame, float t_s)
{
    (void)frame;
    light(cloud, t_s);
}

/* Every two seconds a key frame rounds each block anew. */
static void blocks(int frame, float t_s)
{
    int key = frame / (2 * FPS);

    (void)t_s;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            luma[y * W + x] =
                bytes((float)luma[y * W + x] +
                      (float)(noise[(y / 8 + key * 5) & 63][(x / 8 + key * 11) & 63] % 7) - 3);
}

static const struct kind {
    const char *name;
    void (*over)(int frame, float t_s);
    int grain;  /* sensor noise, grey levels */
    int within; /* frames, until who crosses is found; 0: a second and a frame */
} kinds[] = {
    {.name = "a still place", .grain = 4},
    {.name = "falling water", .over = waterfall, .grain = 4},
    {.name = "leaves in gusts", .over = leaves, .grain = 4},
    {.name = "ripples", .over = ripples, .grain = 4},
    {.name = "a sleeper", .over = sleeper, .grain = 4},
    {.name = "a chair is moved", .over = chair, .grain = 4},
    {.name = "a screen", .over = screen, .grain = 4},
    {.name = "jitter", .over = jitter, .grain = 4},
    {.name = "low contrast", .over = low_contrast, .grain = 4},
    {.name = "insects", .over = insects, .grain = 8, .within = 12},
    {.name = "flicker", .over = flicker, .grain = 4},
    {.name = "clouds", .over = clouds, .grain = 4, .within = 12},
    {.name = "blocks", .over = blocks, .grain = 2},
    {.name = "noise", .grain = 20},
};

static void draw(const struct kind *kind, int frame)
{
    int walker = frame - WARM - QUIET, x0 = walker * STEP - WALKER_W;

    memcpy(luma, place, sizeof luma);
    for (int y = WALKER_Y; walker >= 0 && y < WALKER_Y + WALKER_H; y++)
        for (int x = x0 > 0 ? x0 : 0; x < x0 + WALKER_W && x < W; x++)
            luma[y * W + x] = bytes(20 + 0.4F * lattice(2 * (float)(x - x0), (float)y));
    if (kind->over != NULL)
        kind->over(frame, (float)frame / FPS);
    for (int i = 0; i < W * H; i += 8) {
        uint64_t grains = rnd_next(&rnd);

        for (int k = i; k < i + 8; k++, grains >>= 8) {
            int v = luma[k] + (int)(grains & 0xFF) * (kind->grain + 1) / 256 - kind->grain / 2;

            luma[k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
}

Test(kinds, a_place_that_moves_of_itself_starts_nothing_and_hides_nobody)
{
    draw_place();
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const struct kind *kind = &kinds[k];
        struct vd_motion_settings none = {0};
        struct vd_track_settings defaults = {0};
        struct vd_motion *motion;
        struct vd_track *track;
        struct vd_err err;
        int false_at = -1, found_at = -1, first = WARM + QUIET, is_open = 0;

        rnd = 11 * rnd_seed() + k;
        cr_assert_eq(vd_motion_open(&motion, &none, &err), 0);
        cr_assert_eq(vd_track_open(&track, &defaults, &err), 0);
        for (int f = 0; f < first + CROSSING + 4 * FPS; f++) {
            struct vd_frame frame = {.luma = luma, .stride = W, .w = W, .h = H};
            struct vd_motion_result result;
            struct vd_track_out out;

            draw(kind, f);
            frame.mono_us = frame.wall_us = frame.pts_us = f * INT64_C(1000000) / FPS;
            cr_assert_eq(vd_motion_analyze(motion, &frame, &result, &err), 0);
            vd_track_feed(track, &result, &out);
            is_open = out.is_open;
            if (is_open && f < first && false_at < 0)
                false_at = f;
            if (is_open && f >= first && found_at < 0)
                found_at = f - first;
        }
        vd_track_close(&track);
        vd_motion_close(&motion);
        cr_expect_eq(false_at, -1, "%s: a start at frame %d", kind->name, false_at);
        cr_expect(found_at >= 0 && found_at <= (kind->within > 0 ? kind->within : FPS + 1),
                  "%s: found %d frames after", kind->name, found_at);
        cr_expect_not(is_open, "%s: still open", kind->name);
    }
}
