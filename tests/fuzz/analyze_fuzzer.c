/* Any bytes may be called a recording. What `vedette analyze` does with a file is done with
 * them: open, decode, detect, follow; whatever comes of it, it ends and nothing is overrun. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/motion/motion.h"
#include "ingest/source/file.h"
#include "ingest/track/track.h"

enum { FRAMES_MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void detect(struct vd_file *file)
{
    struct vd_motion_settings settings = {0};
    struct vd_track_settings track_settings = {0};
    struct vd_motion *motion = NULL;
    struct vd_track *track = NULL;
    struct vd_frame frame;
    struct vd_err err;

    if (vd_motion_open(&motion, &settings, &err) < 0 ||
        vd_track_open(&track, &track_settings, &err) < 0)
        abort();
    for (int i = 0; i < FRAMES_MAX && vd_file_next(file, &frame, &err) >= 0; i++) {
        struct vd_motion_result result;
        struct vd_track_out out;

        if (vd_motion_analyze(motion, &frame, &result, &err) < 0)
            break;
        vd_track_feed(track, &result, &out);
        if (vd_motion_mask(motion).w > VD_MOTION_W_MAX || !(result.score >= 0) ||
            !(result.score <= 1.0001F))
            abort();
    }
    vd_track_close(&track);
    vd_motion_close(&motion);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("analyze", MFD_CLOEXEC);
    struct vd_file *file = NULL;
    struct vd_err err;
    char path[64];

    if (fd < 0)
        abort();
    if (write(fd, data, size) == (ssize_t)size) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (vd_file_open(&file, path, &err) >= 0) {
            detect(file);
            vd_file_close(&file);
        }
    }
    close(fd);
    return 0;
}
