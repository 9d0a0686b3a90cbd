/* ingest/cli/analyze.c: `vedette analyze`: the workers' detector over a recorded file. */
#include "ingest/cli/analyze.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/event.h"
#include "base/str.h"
#include "config/config.h"
#include "ingest/cli/analyze_page.h"
#include "ingest/source/file.h"
#include "ingest/worker/settings.h"

struct analysis {
    struct analyze_options options;
    struct vd_motion_settings settings;
    struct vd_track_settings track_settings;
    struct page *page;
    struct vd_file *file;
    struct vd_motion *motion;
    struct vd_track *track;
    int64_t wall_us; /* of the file's first frame */
    int64_t due_us;  /* the next analysis */
    uint64_t frame, analysed, moving, starts;
    int64_t spent_ns;
    char source[VD_SOURCE_MAX + 1];
    struct vd_uuid open_event;
    uint64_t open_number;
};

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static const char *state_name(enum vd_motion_state state)
{
    static const char *const names[] = {[VD_MOTION_WARM_UP] = "warming",
                                        [VD_MOTION_QUIET] = "quiet",
                                        [VD_MOTION_MOVING] = "motion",
                                        [VD_MOTION_SCENE_CHANGE] = "scene-change"};

    return names[state];
}

static int write_mask(struct analysis *a, struct vd_err *err)
{
    struct vd_motion_picture mask = vd_motion_mask(a->motion);
    char path[4096];
    FILE *out;

    snprintf(path, sizeof path, "%s/%06llu.pgm", a->options.masks,
             (unsigned long long)a->frame);
    out = fopen(path, "wb");
    if (out == NULL)
        return vd_err_set(err, VD_EIO, "mask '%.120s': %s", path, strerror(errno));
    fprintf(out, "P5\n%d %d\n255\n", mask.w, mask.h);
    for (int y = 0; y < mask.h; y++)
        fwrite(mask.data + y * mask.stride, 1, (size_t)mask.w, out);
    if (fclose(out) != 0)
        return vd_err_set(err, VD_EIO, "mask '%.120s': %s", path, strerror(errno));
    return 0;
}

static int tell(struct analysis *a, const struct vd_happening *h, struct vd_err *err)
{
    struct vd_motion_picture luma = vd_motion_luma(a->motion);
    struct vd_event event = {0};
    char json[VD_EVENT_JSON_MAX];
    int len;

    a->starts += h->phase == VD_TRACK_START && h->kind == VD_TRACK_MOTION;
    if (h->phase == VD_TRACK_END && a->page != NULL)
        page_end(a->page, h);
    if (!a->options.is_json && h->phase == VD_TRACK_END) {
        analyze_write_end(stdout, h, 0, "\n    ");
        putchar('\n');
    }
    if (!a->options.is_json)
        return 0;
    vd_track_to_event(h, &a->settings, &event);
    event.id = vd_uuid_make(event.time_us);
    if (h->number != a->open_number)
        a->open_event = vd_uuid_make(event.start_us);
    a->open_number = h->number;
    event.event = a->open_event;
    event.recorded_us = event.time_us;
    (void)vd_str_copy(event.source, sizeof event.source, a->source);
    (void)vd_str_copy(event.camera, sizeof event.camera, a->options.camera_id);
    (void)vd_str_copy(event.area, sizeof event.area, a->options.area);
    snprintf(event.why.analysis, sizeof event.why.analysis, "%dx%d@%.3g", luma.w, luma.h,
             (double)(a->options.fps > 0 ? a->options.fps : vd_file_fps(a->file)));
    event.quality.fps = vd_file_fps(a->file);
    len = vd_event_encode(&event, json, sizeof json, err);
    if (len < 0)
        return len;
    printf("{\"event\":%s}\n", json);
    return 0;
}

static int report(struct analysis *a, const struct vd_frame *frame,
                  const struct vd_motion_result *r, const struct vd_track_out *out,
                  struct vd_err *err)
{
    a->moving += out->is_open;
    for (int i = 0; i < out->n; i++) {
        int rc = tell(a, &out->happenings[i], err);

        if (rc < 0)
            return rc;
    }
    if (a->options.is_json)
        printf("{\"frame\":%llu,\"t\":%.3f,\"score\":%.5f,\"motion\":%s,\"state\":\"%s\","
               "\"light\":%.4f,\"shift_px\":%.2f,\"sigma\":%.2f}\n",
               (unsigned long long)a->frame, (double)frame->pts_us * 1e-6, (double)r->score,
               out->is_open ? "true" : "false", state_name(r->state), (double)r->light,
               (double)r->shift_px, (double)r->sigma);
    if (a->page != NULL) {
        int rc = page_add(a->page, frame->pts_us, a->motion, r, out, err);

        if (rc < 0)
            return rc;
    }
    return a->options.masks != NULL ? write_mask(a, err) : 0;
}

static int analyze_frame(struct analysis *a, struct vd_frame *frame, struct vd_err *err)
{
    struct vd_motion_result result;
    struct vd_track_out out;
    int64_t begun;
    int rc;

    frame->wall_us = a->wall_us + frame->pts_us;
    begun = cpu_ns();
    rc = vd_motion_analyze(a->motion, frame, &result, err);
    if (rc < 0)
        return rc;
    vd_track_feed(a->track, &result, &out);
    a->spent_ns += cpu_ns() - begun;
    a->analysed++;
    return report(a, frame, &result, &out, err);
}

/* Due within half a frame's time counts as due: 5 a second of 12 must not become 4. */
static bool is_due(struct analysis *a, const struct vd_frame *frame)
{
    int64_t half_us = (int64_t)(0.5e6F / vd_file_fps(a->file)), step_us;

    if (a->options.fps <= 0)
        return true;
    step_us = (int64_t)(1e6F / a->options.fps);
    if (frame->pts_us + half_us < a->due_us)
        return false;
    a->due_us += step_us;
    if (a->due_us <= frame->pts_us)
        a->due_us = frame->pts_us + step_us;
    return true;
}

static int run(struct analysis *a, struct vd_err *err)
{
    struct vd_frame frame;
    struct vd_track_out out;
    int rc;

    for (; (rc = vd_file_next(a->file, &frame, err)) >= 0; a->frame++) {
        if (!is_due(a, &frame))
            continue;
        rc = analyze_frame(a, &frame, err);
        if (rc < 0)
            return rc;
    }
    if (rc != VD_EEOF)
        return rc;
    vd_track_stop(a->track, &out);
    return out.n > 0 ? tell(a, &out.happenings[0], err) : 0;
}

static void set_zone(struct analysis *a, const struct vd_frame *frame)
{
    const float *z = a->options.zone;
    float x0 = z[0] / (float)frame->w, y0 = z[1] / (float)frame->h;
    float x1 = (z[0] + z[2]) / (float)frame->w, y1 = (z[1] + z[3]) / (float)frame->h;
    struct vd_motion_zone *zone = &a->settings.zones[0];

    x0 = x0 > 1 ? 1 : x0;
    y0 = y0 > 1 ? 1 : y0;
    x1 = x1 > 1 ? 1 : x1;
    y1 = y1 > 1 ? 1 : y1;
    *zone = (struct vd_motion_zone){
        .name = "zone",
        .polygon = {.n_points = 4, .points = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}};
    a->settings.n_zones = 1;
    a->track_settings.n_zones = 0;
    a->track_settings.zones[0] = (struct vd_track_zone){.n_lines = 0};
}

/* Takes the first camera of the file. Problems go to stderr, as `vedette check` prints them. */
static int take_camera(struct analysis *a, struct vd_err *err)
{
    const struct vd_camera_cfg *camera;
    struct vd_config *cfg = NULL;
    int rc = vd_config_load_cameras(&cfg, a->options.camera, NULL, err);

    if (rc < 0)
        return rc;
    if (cfg->n_cameras == 0) {
        rc = vd_err_set(err, VD_EINVAL, "'%.120s': no camera in it", a->options.camera);
    } else {
        camera = &cfg->cameras[0];
        vd_settings_of(camera, &a->settings, &a->track_settings);
        (void)vd_str_copy(a->options.camera_id, sizeof a->options.camera_id, camera->id);
        if (camera->area != NULL)
            (void)vd_str_copy(a->options.area, sizeof a->options.area, camera->area);
        if (a->options.fps < 0)
            a->options.fps = camera->detect.fps;
    }
    vd_config_unref(&cfg);
    return rc;
}

/* The first frame is read once to learn the picture's size, then the file begins anew. */
static int open_all(struct analysis *a, struct vd_err *err)
{
    struct vd_frame frame;
    struct stat st;
    int rc = vd_file_open(&a->file, a->options.file, err);

    if (rc < 0)
        return rc;
    a->wall_us = stat(a->options.file, &st) == 0 && st.st_mtime > 0
                     ? (int64_t)st.st_mtime * 1000000
                     : INT64_C(1000000);
    if (a->options.camera != NULL) {
        rc = take_camera(a, err);
        if (rc < 0)
            return rc;
    }
    if (a->options.fps < 0)
        a->options.fps = 5;
    a->settings.cpu_flags_mask = a->options.cpu;
    if (a->options.has_zone) {
        rc = vd_file_next(a->file, &frame, err);
        if (rc < 0)
            return rc == VD_EEOF ? vd_err_set(err, VD_EPROTO, "file '%.120s': no picture in it",
                                              a->options.file)
                                 : rc;
        set_zone(a, &frame);
        vd_file_close(&a->file);
        rc = vd_file_open(&a->file, a->options.file, err);
        if (rc < 0)
            return rc;
    }
    rc = a->options.html == NULL ? 0
                                 : page_open(&a->page, a->options.html, a->options.file, err);
    if (rc < 0)
        return rc;
    rc = vd_motion_open(&a->motion, &a->settings, err);
    vd_track_take_zones(&a->track_settings, &a->settings);
    return rc < 0 ? rc : vd_track_open(&a->track, &a->track_settings, err);
}

static void summary(const struct analysis *a)
{
    const uint64_t *held = vd_motion_suppressed(a->motion);

    printf("%llu frames, %llu analysed, %llu with motion, %llu happenings, %llu damaged\n",
           (unsigned long long)a->frame, (unsigned long long)a->analysed,
           (unsigned long long)a->moving, (unsigned long long)a->starts,
           (unsigned long long)vd_file_damaged(a->file));
    if (a->analysed > 0)
        printf("%.3f ms a frame\n", (double)a->spent_ns / 1e6 / (double)a->analysed);
    printf("held back:");
    for (int i = 0; i < VD_MOTION_REASONS; i++)
        printf(" %s %llu", vd_motion_reason_name((enum vd_motion_reason)i),
               (unsigned long long)held[i]);
    printf("\n");
}

int main(int argc, char **argv)
{
    struct analysis a = {.frame = 0};
    struct vd_err err = {0};
    struct vd_uuid epoch;
    char text[VD_UUID_TEXT];
    int rc = analyze_options_parse(&a.options, argc, argv);

    if (rc >= 0)
        return rc;
    rc = open_all(&a, &err);
    if (rc < 0)
        goto out;
    epoch = vd_uuid_make(a.wall_us);
    vd_uuid_format(&epoch, text);
    snprintf(a.source, sizeof a.source, "/analyze/%s", text);
    rc = run(&a, &err);
    if (rc >= 0 && !a.options.is_json)
        summary(&a);
out:
    if (a.motion != NULL &&
        page_close(&a.page, vd_motion_suppressed(a.motion), rc < 0 ? NULL : &err) < 0)
        rc = rc < 0 ? rc : VD_EIO;
    if (rc < 0)
        fprintf(stderr, "vedette analyze: %s\n", err.msg);
    vd_track_close(&a.track);
    vd_motion_close(&a.motion);
    vd_file_close(&a.file);
    return rc < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
