/* tests/bench/detect_frames.c: a generated scene with its truth and with what the detector
 * makes of it, for whoever compares it with others: `detect_frames SCENE`. To standard output:
 * one line of JSON with the size and the crossings, and then for each frame w x h bytes of the
 * analysed picture, as many of the truth (VD_MASK_*), as many of the detector's mask, and one
 * byte, 1 while a happening is open. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/motion/motion.h"
#include "ingest/track/track.h"
#include "tests/camsim/scene.h"

struct run {
    struct vd_scene_spec spec;
    struct vd_scene *scene;
    struct vd_motion *motion;
    struct vd_track *track;
    uint8_t *truth; /* of the size of the analysed picture */
};

static void write_head(struct run *run, int w, int h)
{
    const struct vd_scene_crossing *crossings;
    int n = vd_scene_crossings(run->scene, &crossings);

    printf("{\"w\":%d,\"h\":%d,\"fps\":%d,\"frames\":%d,\"crossings\":[", w, h, run->spec.fps,
           vd_scene_frames(run->scene));
    for (int i = 0; i < n; i++)
        printf("%s[%d,%d]", i > 0 ? "," : "", crossings[i].start, crossings[i].end);
    printf("]}\n");
}

static void write_picture(const struct vd_motion_picture *picture)
{
    for (int y = 0; y < picture->h; y++)
        fwrite(picture->data + y * picture->stride, 1, (size_t)picture->w, stdout);
}

/* The label in the middle of what became one pixel. */
static void write_truth(struct run *run, const struct vd_scene_picture *from, int w, int h)
{
    int n = run->spec.width / w;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            run->truth[y * w + x] =
                from->mask[(y * n + n / 2) * from->mask_stride + x * n + n / 2];
    fwrite(run->truth, 1, (size_t)w * (size_t)h, stdout);
}

static int play(struct run *run, struct vd_err *err)
{
    for (int i = 0; i < vd_scene_frames(run->scene); i++) {
        struct vd_frame frame = {.w = run->spec.width,
                                 .h = run->spec.height,
                                 .mono_us = i * INT64_C(1000000) / run->spec.fps};
        struct vd_scene_picture picture;
        struct vd_motion_picture part;
        struct vd_motion_result result;
        struct vd_track_out out;
        int rc;

        vd_scene_render(run->scene, i, &picture);
        frame.luma = picture.y;
        frame.stride = picture.y_stride;
        rc = vd_motion_analyze(run->motion, &frame, &result, err);
        if (rc < 0)
            return rc;
        vd_track_feed(run->track, &result, &out);
        part = vd_motion_luma(run->motion);
        if (i == 0)
            write_head(run, part.w, part.h);
        write_picture(&part);
        write_truth(run, &picture, part.w, part.h);
        part = vd_motion_mask(run->motion);
        write_picture(&part);
        putchar(out.is_open);
    }
    return fflush(stdout) != 0 ? vd_err_set(err, VD_EIO, "standard output was closed") : 0;
}

int main(int argc, char **argv)
{
    struct vd_motion_settings settings = {0};
    struct vd_track_settings track_settings = {0};
    struct run run = {.scene = NULL};
    struct vd_err err = {0};
    int rc;

    if (argc != 2) {
        fprintf(stderr, "usage: detect_frames SCENE\n");
        return 2;
    }
    rc = vd_scene_parse(&run.spec, argv[1], &err);
    if (rc == 0)
        rc = vd_scene_open(&run.scene, &run.spec, &err);
    if (rc == 0)
        rc = vd_motion_open(&run.motion, &settings, &err);
    if (rc == 0)
        rc = vd_track_open(&run.track, &track_settings, &err);
    run.truth = malloc((size_t)VD_MOTION_W_MAX * VD_MOTION_H_MAX);
    if (rc == 0 && run.truth != NULL)
        rc = play(&run, &err);
    if (rc < 0)
        fprintf(stderr, "detect_frames: %s\n", err.msg);
    free(run.truth);
    vd_track_close(&run.track);
    vd_motion_close(&run.motion);
    if (run.scene != NULL)
        vd_scene_close(&run.scene);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
