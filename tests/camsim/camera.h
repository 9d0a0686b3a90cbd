/* tests/camsim/camera.h: what one simulated camera is, read from a line of text. */
#ifndef VD_TESTS_CAMSIM_CAMERA_H
#define VD_TESTS_CAMSIM_CAMERA_H

#include "base/fs.h"
#include "tests/camsim/encode.h"

enum {
    VD_CAMSIM_CAMERAS_MAX = 256,
    VD_CAMSIM_ID_MAX = 31,
};

enum vd_audio {
    VD_AUDIO_NO,
    VD_AUDIO_YES,
    VD_AUDIO_ONLY,
};

struct vd_camera_spec {
    char id[VD_CAMSIM_ID_MAX + 1];
    struct vd_scene_spec scene;
    char file[VD_PATH_MAX]; /* empty: the scene */
    struct vd_encoding encoding;
    enum vd_audio audio;
    int sub_width, sub_height; /* 0: no sub stream */
    int port;                  /* its own; 0: the common one */
    int64_t phase_us;          /* how far its loop is ahead */
    char user[64], password[128];
    bool basic; /* Basic instead of Digest */
};

/* Reads "ID key=value …" separated by spaces; a value runs to the next space, so that a
 * password may hold anything else. VD_EINVAL with the word in question. */
int vd_camera_parse(struct vd_camera_spec *ret_spec, const char *line, struct vd_err *err);

/* One camera a line; empty lines and those that begin with # are skipped. Appends to specs. */
int vd_camera_load(struct vd_camera_spec *specs, int *n, const char *path, struct vd_err *err);

/* The keys, one a line, for --help. */
extern const char vd_camera_help[];

#endif
