/* The generated scenes are what tests of the detector measure by, so their truth is measured
 * here: against the same picture without its objects. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/camsim/scene.h"

enum { W = 160, H = 120 };

static struct vd_scene *opened(const char *text)
{
    struct vd_scene_spec spec;
    struct vd_scene *sc = NULL;
    struct vd_err err = {0};
    char sized[VD_SCENE_TEXT_MAX];

    snprintf(sized, sizeof sized, "%s+size=%dx%d", text, W, H);
    cr_assert(vd_scene_parse(&spec, sized, &err) >= 0, "%s: %s", sized, err.msg);
    cr_assert(vd_scene_open(&sc, &spec, &err) >= 0, "%s: %s", sized, err.msg);
    return sc;
}

static uint64_t sum_of(const struct vd_scene_picture *p)
{
    uint64_t h = 1469598103934665603u;

    for (int i = 0; i < W * H; i++)
        h = (h ^ p->y[i] ^ (uint64_t)p->mask[i] << 8) * 1099511628211u;
    for (int i = 0; i < W * H / 4; i++)
        h = (h ^ p->u[i] ^ (uint64_t)p->v[i] << 8) * 1099511628211u;
    return h;
}

Test(scene, the_same_words_give_the_same_bytes_in_any_order)
{
    static const char text[] =
        "gate+night+rain+sway+insects+shake+headlights+loop=12+crossings=2";
    struct vd_scene *a = opened(text), *b = opened(text);
    static const int frames[] = {7, 119, 0, 60, 31};
    uint64_t want[5];

    for (int i = 0; i < 5; i++) {
        struct vd_scene_picture p;

        vd_scene_render(a, frames[i], &p);
        want[i] = sum_of(&p);
    }
    for (int i = 4; i >= 0; i--) {
        struct vd_scene_picture p;

        vd_scene_render(b, frames[i] + 120 * i, &p); /* also in a later loop */
        cr_assert_eq(sum_of(&p), want[i], "frame %d differs", frames[i]);
    }
    vd_scene_close(&a);
    vd_scene_close(&b);
}

/* Outside of its mask, a picture is the picture without objects; inside, it is not. */
static void compare(const char *text)
{
    char quiet_text[VD_SCENE_TEXT_MAX];
    struct vd_scene *busy, *quiet;
    int n_boxes = 0;

    snprintf(quiet_text, sizeof quiet_text, "%s+quiet", text);
    busy = opened(text);
    quiet = opened(quiet_text);
    for (int f = 0; f < vd_scene_frames(busy); f += 13) {
        struct vd_scene_picture p, q;
        int outside = 0, same = 0, moving = 0, x0 = W, x1 = -1, y0 = H, y1 = -1, pixels = 0;

        vd_scene_render(busy, f, &p);
        vd_scene_render(quiet, f, &q);
        for (int i = 0; i < W * H; i++) {
            int d = abs(p.y[i] - q.y[i]);

            outside += p.mask[i] == VD_MASK_STATIC && d > 8;
            if (p.mask[i] != VD_MASK_MOVING)
                continue;
            moving++;
            same += d < 2;
            x0 = i % W < x0 ? i % W : x0;
            x1 = i % W > x1 ? i % W : x1;
            y0 = i / W < y0 ? i / W : y0;
            y1 = i / W > y1 ? i / W : y1;
        }
        cr_assert_eq(outside, 0, "%s frame %d: %d pixels change outside", text, f, outside);
        cr_assert(same * 3 <= moving, "%s frame %d: %d of %d pixels are as before", text, f,
                  same, moving);
        for (int i = 0; i < p.n_boxes; i++)
            pixels += p.boxes[i].pixels;
        cr_assert_eq(pixels, moving, "%s frame %d: %d pixels said, %d there", text, f, pixels,
                     moving);
        if (p.n_boxes == 1) {
            cr_assert_eq((int)(p.boxes[0].x * W + 0.5f), x0, "%s frame %d", text, f);
            cr_assert_eq((int)((p.boxes[0].x + p.boxes[0].w) * W + 0.5f), x1 + 1, "%s", text);
            cr_assert_eq((int)(p.boxes[0].y * H + 0.5f), y0, "%s frame %d", text, f);
            cr_assert_eq((int)((p.boxes[0].y + p.boxes[0].h) * H + 0.5f), y1 + 1, "%s", text);
        }
        n_boxes += p.n_boxes;
    }
    cr_assert(n_boxes > 0, "%s: nobody came", text);
    vd_scene_close(&busy);
    vd_scene_close(&quiet);
}

Test(scene, the_mask_is_exactly_what_an_object_changes)
{
    for (int i = 0; vd_scene_place_name(i) != NULL; i++) {
        char text[80];

        snprintf(text, sizeof text, "%s+loop=24+crossings=2", vd_scene_place_name(i));
        compare(text);
        snprintf(text, sizeof text, "%s+night+snow+loop=24+crossings=2",
                 vd_scene_place_name(i));
        compare(text);
    }
}

Test(scene, crossings_begin_and_end_where_pixels_say_and_keep_apart)
{
    for (int i = 0; vd_scene_place_name(i) != NULL; i++) {
        for (int seed = 1; seed <= 2; seed++) {
            const struct vd_scene_crossing *x;
            struct vd_scene *sc;
            char text[80];
            int n, least = W * H / 5000;

            snprintf(text, sizeof text, "%s+seed=%d", vd_scene_place_name(i), seed);
            sc = opened(text);
            n = vd_scene_crossings(sc, &x);
            cr_assert_eq(n, 3, "%s", text);
            for (int k = 0; k < n; k++) {
                int gap = k + 1 < n ? x[k + 1].start - x[k].end : x[0].start + 600 - x[k].end;
                struct vd_scene_picture p;

                cr_assert(x[k].end - x[k].start >= 15, "%s: crossing %d is short", text, k);
                cr_assert(gap >= 30, "%s: %d frames after crossing %d", text, gap, k);
                vd_scene_render(sc, x[k].start, &p);
                cr_assert(p.n_boxes == 1 && p.boxes[0].crossing == k &&
                              p.boxes[0].pixels >= least,
                          "%s: crossing %d does not begin", text, k);
                vd_scene_render(sc, x[k].start - 1, &p);
                cr_assert(p.n_boxes == 0 || p.boxes[0].pixels < least, "%s: too late", text);
                vd_scene_render(sc, x[k].end + 1, &p);
                cr_assert(p.n_boxes == 0 || p.boxes[0].pixels < least, "%s: too soon", text);
            }
            vd_scene_close(&sc);
        }
    }
}

static double mean_step(struct vd_scene *sc, int a, int b)
{
    static uint8_t first[W * H];
    struct vd_scene_picture p;
    double sum = 0;

    vd_scene_render(sc, a, &p);
    memcpy(first, p.y, sizeof first);
    vd_scene_render(sc, b, &p);
    for (int i = 0; i < W * H; i++)
        sum += abs(p.y[i] - first[i]);
    return sum / (W * H);
}

Test(scene, the_last_frame_leads_to_the_first)
{
    for (int w = 0; w < VD_WITH_COVER; w++) {
        struct vd_scene *sc;
        double worst = 0, seam;
        char text[80];

        snprintf(text, sizeof text, "gate+%s+quiet+loop=12", vd_scene_with_name(w));
        sc = opened(text);
        for (int f = 0; f + 1 < 120; f += 7)
            worst = mean_step(sc, f, f + 1) > worst ? mean_step(sc, f, f + 1) : worst;
        seam = mean_step(sc, 119, 0);
        cr_assert(seam <= worst * 1.25 + 0.1 || w == VD_WITH_STEPS,
                  "%s: %.2f over the seam, %.2f elsewhere", text, seam, worst);
        vd_scene_close(&sc);
    }
}

Test(scene, a_quiet_scene_has_nothing_but_noise)
{
    static const char *const texts[] = {"yard+quiet+loop=12", "gate+night+quiet+loop=12",
                                        "corridor+quiet+loop=12", "road+noise+quiet+loop=12"};

    for (int t = 0; t < 4; t++) {
        static uint8_t first[W * H];
        struct vd_scene *sc = opened(texts[t]);
        struct vd_scene_picture p;

        vd_scene_render(sc, 3, &p);
        memcpy(first, p.y, sizeof first);
        for (int f = 20; f < 120; f += 33) {
            vd_scene_render(sc, f, &p);
            cr_assert_eq(p.n_boxes, 0, "%s", texts[t]);
            for (int y = 0; y < H; y += 20) {
                for (int x = 0; x < W; x += 20) {
                    int sum = 0;

                    for (int i = 0; i < 400; i++)
                        sum += p.y[(y + i / 20) * W + x + i % 20] -
                               first[(y + i / 20) * W + x + i % 20];
                    /* sigma 8 in two pictures over 400 pixels: 0.57; five of it */
                    cr_assert(abs(sum) < 400 * 3, "%s: cell %d,%d moved by %d/400", texts[t], x,
                              y, sum);
                }
            }
        }
        vd_scene_close(&sc);
    }
}

Test(scene, a_burned_number_is_read_back_at_half_the_size)
{
    struct vd_scene_spec spec;
    struct vd_scene *sc = NULL;
    struct vd_scene_picture p;
    static uint8_t half[320 * 240];

    cr_assert(vd_scene_parse(&spec, "road+noise+burn", NULL) >= 0);
    cr_assert(vd_scene_open(&sc, &spec, NULL) >= 0);
    for (int f = 0; f < 600; f += 37) {
        vd_scene_render(sc, f, &p);
        cr_assert_eq(vd_scene_read_number(p.y, p.y_stride, 640, 480), f);
        for (int i = 0; i < 320 * 240; i++)
            half[i] = p.y[(i / 320) * 2 * 640 + i % 320 * 2];
        cr_assert_eq(vd_scene_read_number(half, 320, 320, 240), f);
    }
    vd_scene_close(&sc);
    memset(half, 90, sizeof half);
    cr_assert_eq(vd_scene_read_number(half, 320, 320, 240), -1);
    cr_assert_eq(vd_scene_read_number(half, 8, 8, 8), -1);
}

Test(scene, words_are_read_back_as_they_are_written)
{
    static const char text[] =
        "dock+night+rain=40+turn=20+crossings=2+loop=30+fps=15+seed=9+size=320x180+burn";
    struct vd_scene_spec spec, again;
    char out[VD_SCENE_TEXT_MAX];

    cr_assert(vd_scene_parse(&spec, text, NULL) >= 0);
    vd_scene_format(&spec, out);
    cr_assert_str_eq(out, text);
    cr_assert(vd_scene_parse(&again, out, NULL) >= 0);
    cr_assert(memcmp(&spec, &again, sizeof spec) == 0);
}

Test(scene, nonsense_is_refused_with_the_word)
{
    static const struct {
        const char *text, *word;
    } bad[] = {{"", "place"},
               {"moon", "moon"},
               {"yard+fog", "fog"},
               {"yard+rain=x", "x"},
               {"yard+size=9x9", "9x9"},
               {"yard+loop=4+crossings=3", "18 s"},
               {"yard+fps=0", "0"},
               {"yard+size=641x480", "641x480"},
               {"yard+x=1", "x"}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vd_scene_spec spec = {.fps = 77};
        struct vd_err err = {0};

        cr_assert_eq(vd_scene_parse(&spec, bad[i].text, &err), VD_EINVAL, "%s", bad[i].text);
        cr_assert(strstr(err.msg, bad[i].word) != NULL, "%s: %s", bad[i].text, err.msg);
        cr_assert_eq(spec.fps, 77);
    }
}
