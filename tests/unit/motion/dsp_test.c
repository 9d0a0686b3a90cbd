/* tests/unit/motion/dsp_test.c: every version of the hot loops gives the bytes of the C
 * version, alone and through the whole detector. VD_SEED=n replays. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/motion.h"
#include "tests/camsim/scene.h"
#include "tests/support/dsp_check.h"
#include "tests/support/rnd.h"

static const struct {
    const char *name;
    unsigned flags;
} levels[] = {
    {"sse2", VD_CPU_SSE2}, {"avx2", VD_CPU_SSE2 | VD_CPU_AVX2}, {"neon", VD_CPU_NEON}};

enum { LEVELS = sizeof levels / sizeof *levels };

Test(dsp, every_version_gives_the_bytes_of_the_c_version)
{
    for (int l = 0; l < LEVELS; l++) {
        struct vd_dsp dsp;

        if ((vd_cpu_flags() & levels[l].flags) != levels[l].flags)
            continue;
        vd_dsp_init(&dsp, levels[l].flags);
        for (const struct dsp_check *check = dsp_checks; check->kernel != NULL; check++) {
            char why[120] = "";

            cr_assert(check->run(&dsp, rnd_seed(), why, sizeof why), "%s, %s: %s",
                      levels[l].name, check->kernel, why);
        }
    }
}

Test(dsp, a_mask_of_none_gives_plain_c)
{
    struct vd_dsp dsp;

    vd_dsp_init(&dsp, vd_cpu_flags() & VD_CPU_NONE);
    cr_assert(dsp.compare == vd_dsp_c.compare);
    cr_assert(dsp.shrink == vd_dsp_c.shrink);
}

Test(dsp, a_range_stops_at_the_ends_of_the_row)
{
    const int16_t row[3] = {0, 5 << 8, 90 << 8};
    uint8_t range[3];

    vd_dsp_c.range(row, row, row, range, 3);
    cr_assert_eq(range[0], 5);
    cr_assert_eq(range[1], 90);
    cr_assert_eq(range[2], 85);
}

static struct vd_motion *open_with(unsigned flags)
{
    struct vd_motion_settings settings = {.cpu_flags_mask = flags};
    struct vd_motion *motion;

    cr_assert_eq(vd_motion_open(&motion, &settings, NULL), 0);
    return motion;
}

static bool same_picture(struct vd_motion_picture a, struct vd_motion_picture b)
{
    for (int y = 0; y < a.h; y++)
        if (memcmp(a.data + y * a.stride, b.data + y * b.stride, (size_t)a.w) != 0)
            return false;
    return a.w == b.w && a.h == b.h;
}

static bool same_floats(const float *a, const float *b, int n)
{
    return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

static bool same_result(const struct vd_motion_result *a, const struct vd_motion_result *b)
{
    bool is_same = a->state == b->state && a->scene_changed == b->scene_changed &&
                   a->moved_candidate == b->moved_candidate && a->moving == b->moving &&
                   a->n_boxes == b->n_boxes && same_floats(&a->score, &b->score, 1) &&
                   same_floats(a->zone_score, b->zone_score, a->n_zones) &&
                   same_floats(&a->changed, &b->changed, 1) &&
                   same_floats(&a->light, &b->light, 1) && same_floats(&a->gain, &b->gain, 1) &&
                   same_floats(&a->offset, &b->offset, 1) && same_floats(&a->dx, &b->dx, 1) &&
                   same_floats(&a->dy, &b->dy, 1) && same_floats(&a->sigma, &b->sigma, 1) &&
                   memcmp(a->suppressed, b->suppressed, sizeof a->suppressed) == 0;

    for (int i = 0; is_same && i < a->n_boxes; i++) {
        const struct vd_motion_box *p = &a->boxes[i], *q = &b->boxes[i];

        is_same = same_floats(&p->x, &q->x, 1) && same_floats(&p->y, &q->y, 1) &&
                  same_floats(&p->w, &q->w, 1) && same_floats(&p->h, &q->h, 1) &&
                  same_floats(&p->area, &q->area, 1) && p->zones == q->zones &&
                  p->track == q->track && same_floats(&p->travel, &q->travel, 1) &&
                  p->is_sure == q->is_sure;
    }
    return is_same;
}

/* What this machine has, C first. */
static int open_all(struct vd_motion *motions[LEVELS + 1])
{
    int n = 0;

    motions[n++] = open_with(VD_CPU_NONE);
    for (int l = 0; l < LEVELS; l++)
        if ((vd_cpu_flags() & levels[l].flags) == levels[l].flags)
            motions[n++] = open_with(levels[l].flags);
    return n;
}

static void compare_all(struct vd_motion *motions[], int n, const struct vd_frame *frame,
                        const char *text)
{
    struct vd_motion_result want, got;

    cr_assert_eq(vd_motion_analyze(motions[0], frame, &want, NULL), 0);
    for (int i = 1; i < n; i++) {
        cr_assert_eq(vd_motion_analyze(motions[i], frame, &got, NULL), 0);
        cr_assert(same_result(&want, &got), "%s at %lld us: version %d decides otherwise", text,
                  (long long)frame->mono_us, i);
        cr_assert(same_picture(vd_motion_mask(motions[0]), vd_motion_mask(motions[i])),
                  "%s at %lld us: mask of version %d", text, (long long)frame->mono_us, i);
        cr_assert(
            same_picture(vd_motion_background(motions[0]), vd_motion_background(motions[i])),
            "%s at %lld us: background of version %d", text, (long long)frame->mono_us, i);
    }
}

static void compare_on(const char *text)
{
    struct vd_motion *motions[LEVELS + 1];
    struct vd_scene_spec spec;
    struct vd_scene *scene;
    int n = open_all(motions);

    cr_assert_eq(vd_scene_parse(&spec, text, NULL), 0, "%s", text);
    cr_assert_eq(vd_scene_open(&scene, &spec, NULL), 0, "%s", text);
    for (int i = 0; i < vd_scene_frames(scene); i++) {
        struct vd_scene_picture picture;
        struct vd_frame frame;

        vd_scene_render(scene, i, &picture);
        frame = (struct vd_frame){.luma = picture.y,
                                  .stride = picture.y_stride,
                                  .w = spec.width,
                                  .h = spec.height,
                                  .mono_us = i * INT64_C(200000)};
        compare_all(motions, n, &frame, text);
    }
    for (int i = 0; i < n; i++)
        vd_motion_close(&motions[i]);
    vd_scene_close(&scene);
}

Test(dsp, no_version_changes_a_decision)
{
    static const char *const scenes[] = {
        "gate+shake+crossings=1+loop=6+fps=5+size=320x240",
        "corridor+switch+flicker+crossings=1+loop=6+fps=5+size=362x290",
        "dock+sway+rain+crossings=1+loop=6+fps=5+size=334x250",
        "yard+night+noise+crossings=1+loop=6+fps=5+size=270x98",
        "carpark+clouds+steps+crossings=1+loop=6+fps=4+size=720x578",
    };

    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        compare_on(scenes[i]);
}
