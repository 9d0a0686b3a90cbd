/* tests/camsim/camera.c: keys of a camera's line as a table. */
#include "tests/camsim/camera.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const char vd_camera_help[] =
    "  scene=PLACE+WORD…     what it sees (see `vedette-camsim scenes`); default yard\n"
    "  file=PATH             a recording in a loop, instead of a scene\n"
    "  size=WxH fps=N        default 640x480, 10\n"
    "  codec=NAME            h264 (default), h265, mjpeg\n"
    "  gop=N                 frames from key frame to key frame; default 20\n"
    "  qp=N                  quantizer, default 28\n"
    "  audio=yes|no|only     a sound track; default no\n"
    "  sub=WxH               a second stream of the same at /ID/sub\n"
    "  phase=SECONDS         how far its loop is ahead; default 0\n"
    "  user=NAME password=TEXT | password-file=PATH   auth=digest|basic\n"
    "  port=N                a port of its own, so that `refuse` really refuses\n";

static int bad(struct vd_err *err, const char *id, const char *key, const char *want)
{
    return vd_err_set(err, VD_EINVAL, "camera '%s': %s= must be %s", id, key, want);
}

static bool whole(const char *text, int min, int max, int *ret)
{
    int64_t n;

    if (!vd_str_int64(text, &n) || n < min || n > max)
        return false;
    *ret = (int)n;
    return true;
}

static bool pair(const char *text, int *ret_w, int *ret_h)
{
    int w, h, used = 0;

    if (sscanf(text, "%4dx%4d%n", &w, &h, &used) != 2 || text[used] != '\0' || w < 64 ||
        h < 64 || w > 8192 || h > 8192 || w % 2 != 0 || h % 2 != 0)
        return false;
    *ret_w = w;
    *ret_h = h;
    return true;
}

static int set_password_file(struct vd_camera_spec *s, const char *path, struct vd_err *err)
{
    char *text = NULL;
    size_t len = 0;
    int rc = vd_fs_read(path, 4096, &text, &len, err);

    if (rc < 0)
        return rc;
    text[strcspn(text, "\r\n")] = '\0';
    if (!vd_str_copy(s->password, sizeof s->password, text))
        rc = vd_err_set(err, VD_EINVAL, "camera '%s': password longer than 127 bytes", s->id);
    free(text);
    return rc;
}

static int set_stream(struct vd_camera_spec *s, const char *key, const char *value,
                      struct vd_err *err)
{
    double seconds;
    char *end;

    if (strcmp(key, "size") == 0)
        return pair(value, &s->scene.width, &s->scene.height)
                   ? 0
                   : bad(err, s->id, key, "WxH, even");
    if (strcmp(key, "sub") == 0)
        return pair(value, &s->sub_width, &s->sub_height) ? 0
                                                          : bad(err, s->id, key, "WxH, even");
    if (strcmp(key, "fps") == 0)
        return whole(value, 1, 60, &s->scene.fps) ? 0 : bad(err, s->id, key, "1..60");
    if (strcmp(key, "gop") == 0)
        return whole(value, 1, 10000, &s->encoding.gop) ? 0 : bad(err, s->id, key, "1..10000");
    if (strcmp(key, "qp") == 0)
        return whole(value, 10, 50, &s->encoding.qp) ? 0 : bad(err, s->id, key, "10..50");
    if (strcmp(key, "port") == 0)
        return whole(value, 0, 65535, &s->port) ? 0 : bad(err, s->id, key, "0..65535");
    if (strcmp(key, "phase") == 0) {
        seconds = strtod(value, &end);
        if (end == value || *end != '\0' || !(seconds >= 0 && seconds < 1e6))
            return bad(err, s->id, key, "seconds");
        s->phase_us = (int64_t)(seconds * 1e6);
        return 0;
    }
    for (int i = 0; strcmp(key, "codec") == 0 && i < VD_CODEC_N; i++) {
        if (strcmp(value, vd_codec_name(i)) == 0) {
            s->encoding.codec = (enum vd_codec)i;
            return 0;
        }
    }
    return bad(err, s->id, key, "a known key; see --help");
}

static int set_key(struct vd_camera_spec *s, const char *key, const char *value,
                   struct vd_err *err)
{
    if (strcmp(key, "scene") == 0)
        return 0; /* was read first: the other keys refine it */
    if (strcmp(key, "file") == 0)
        return vd_str_copy(s->file, sizeof s->file, value) ? 0
                                                           : bad(err, s->id, key, "shorter");
    if (strcmp(key, "audio") == 0) {
        s->audio = strcmp(value, "yes") == 0 ? VD_AUDIO_YES : VD_AUDIO_NO;
        s->audio = strcmp(value, "only") == 0 ? VD_AUDIO_ONLY : s->audio;
        return s->audio != VD_AUDIO_NO || strcmp(value, "no") == 0
                   ? 0
                   : bad(err, s->id, key, "yes, no or only");
    }
    if (strcmp(key, "user") == 0)
        return vd_str_copy(s->user, sizeof s->user, value) ? 0
                                                           : bad(err, s->id, key, "shorter");
    if (strcmp(key, "password") == 0)
        return vd_str_copy(s->password, sizeof s->password, value)
                   ? 0
                   : bad(err, s->id, key, "shorter");
    if (strcmp(key, "password-file") == 0)
        return set_password_file(s, value, err);
    if (strcmp(key, "auth") == 0) {
        s->basic = strcmp(value, "basic") == 0;
        return s->basic || strcmp(value, "digest") == 0
                   ? 0
                   : bad(err, s->id, key, "digest or basic");
    }
    return set_stream(s, key, value, err);
}

static bool good_id(const char *id)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_");

    return n > 0 && n <= VD_CAMSIM_ID_MAX && id[n] == '\0';
}

static int read_words(struct vd_camera_spec *s, char *text, struct vd_err *err)
{
    char *save = NULL, *word = strtok_r(text, " \t\r\n", &save);
    int rc = 0;

    if (word == NULL || !good_id(word))
        return vd_err_set(err, VD_EINVAL, "camera: id '%s' is not made of a-z 0-9 - _",
                          word ? word : "");
    vd_str_copy(s->id, sizeof s->id, word);
    while (rc >= 0 && (word = strtok_r(NULL, " \t\r\n", &save)) != NULL) {
        char *value = strchr(word, '=');

        if (value == NULL)
            return vd_err_set(err, VD_EINVAL, "camera '%s': '%s' is not key=value", s->id,
                              word);
        *value = '\0';
        rc = set_key(s, word, value + 1, err);
    }
    return rc;
}

int vd_camera_parse(struct vd_camera_spec *ret_spec, const char *line, struct vd_err *err)
{
    struct vd_camera_spec s = {.encoding = {.gop = 20, .qp = 28}};
    char copy[2048], scene[VD_SCENE_TEXT_MAX] = "yard";
    const char *at = strstr(line, " scene=");
    int rc;

    if (!vd_str_copy(copy, sizeof copy, line))
        return vd_err_set(err, VD_EINVAL, "camera: line longer than %zu bytes",
                          sizeof copy - 1);
    if (at != NULL) {
        size_t len = strcspn(at + 7, " \t\r\n");

        if (len >= sizeof scene)
            return vd_err_set(err, VD_EINVAL, "camera: scene longer than %zu bytes",
                              sizeof scene - 1);
        memcpy(scene, at + 7, len);
        scene[len] = '\0';
    }
    rc = vd_scene_parse(&s.scene, scene, err);
    if (rc >= 0)
        rc = read_words(&s, copy, err);
    if (rc >= 0)
        *ret_spec = s;
    return rc;
}

int vd_camera_load(struct vd_camera_spec *specs, int *n, const char *path, struct vd_err *err)
{
    char *text = NULL, *save = NULL;
    size_t len;
    int rc = vd_fs_read(path, 1u << 20, &text, &len, err);

    if (rc < 0)
        return rc;
    for (char *line = strtok_r(text, "\n", &save); line != NULL && rc >= 0;
         line = strtok_r(NULL, "\n", &save)) {
        line += strspn(line, " \t\r");
        if (*line == '#' || *line == '\0')
            continue;
        if (*n == VD_CAMSIM_CAMERAS_MAX)
            rc = vd_err_set(err, VD_EINVAL, "cameras: more than %d", VD_CAMSIM_CAMERAS_MAX);
        else
            rc = vd_camera_parse(&specs[*n], line, err);
        *n += rc >= 0;
    }
    free(text);
    return rc;
}
