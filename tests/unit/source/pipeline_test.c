#include <criterion/criterion.h>
#include <string.h>

#include "ingest/source/source.h"

/* GLib keeps a table of its own for good, and has no frame pointers to tell it by. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libglib-2.0";
}

static struct vd_stop stop;
static struct vd_source_opts opts;

static void set_up(void)
{
    (void)vd_stop_init(&stop, NULL);
    opts = (struct vd_source_opts){.clock = &vd_clock_system, .stop = &stop};
}

static void tear_down(void)
{
    vd_stop_fini(&stop);
}

TestSuite(pipeline, .init = set_up, .fini = tear_down);

Test(pipeline, plays_whatever_it_is)
{
    struct vd_source *source = NULL;
    struct vd_source_info info;
    enum vd_fault fault;
    struct vd_err err = {0};
    int n = 0;

    opts.pipeline = "videotestsrc is-live=true pattern=snow ! "
                    "video/x-raw,width=320,height=240,framerate=25/1,format=NV12";
    opts.open_timeout_us = opts.read_timeout_us = 5000000;
    cr_assert_eq(vd_source_open(&source, &opts, &fault, &err), 0, "%s", err.msg);
    while (n < 10) {
        struct vd_frame frame;
        struct vd_picture *picture = NULL;

        cr_assert_eq(vd_source_next(source, &frame, &fault, &err), 1, "%s", err.msg);
        cr_assert_eq(vd_source_luma(source, &frame, &err), 0);
        cr_assert_eq(frame.w, 320);
        cr_assert_eq(vd_source_keep(source, &picture, &err), 0);
        cr_assert_eq(picture->plane[0][321], frame.luma[frame.stride + 1]);
        cr_assert_eq(picture->chroma, VD_CHROMA_420);
        vd_picture_unref(&picture);
        n++;
    }
    vd_source_info(source, &info);
    cr_assert_eq(info.frames, 10);
    vd_source_close(&source);
    cr_assert_null(source);
}

Test(pipeline, says_why_it_does_not_play)
{
    struct vd_source *source = NULL;
    enum vd_fault fault;
    struct vd_err err = {0};

    opts.pipeline = "nosuchelement ! fakesink";
    cr_assert_eq(vd_source_open(&source, &opts, &fault, &err), VD_EINVAL);
    cr_assert_eq(fault, VD_FAULT_UNSUPPORTED);
    cr_assert_not_null(strstr(err.msg, "nosuchelement"), "%s", err.msg);
    opts.pipeline = "videotestsrc ! video/x-raw,width=8192,height=8192";
    opts.max_pixels = 1000000;
    opts.open_timeout_us = opts.read_timeout_us = 5000000;
    if (vd_source_open(&source, &opts, &fault, &err) == 0) {
        struct vd_frame frame;

        cr_assert_eq(vd_source_next(source, &frame, &fault, &err), VD_EPROTO);
        vd_source_close(&source);
    }
    cr_assert_eq(fault, VD_FAULT_UNSUPPORTED, "%s", err.msg);
}

Test(pipeline, leaves_at_once_when_stop_is_wished)
{
    struct vd_source *source = NULL;
    enum vd_fault fault;

    vd_stop_request(&stop);
    opts.pipeline = "videotestsrc is-live=true";
    cr_assert_eq(vd_source_open(&source, &opts, &fault, NULL), VD_ESTOP);
}
