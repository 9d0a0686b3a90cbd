/* tests/camsim/encode.h: scenes, files and a sound become assets, each once. */
#ifndef VD_TESTS_CAMSIM_ENCODE_H
#define VD_TESTS_CAMSIM_ENCODE_H

#include <stdbool.h>

#include "tests/camsim/asset.h"

enum vd_codec {
    VD_CODEC_H264,
    VD_CODEC_H265,
    VD_CODEC_MJPEG,
    VD_CODEC_N,
};

const char *vd_codec_name(int codec); /* "h264"; NULL past the last */

struct vd_encoding {
    enum vd_codec codec;
    int gop; /* frames from one key frame to the next */
    int qp;  /* quantizer; 26 is good, 36 is poor */
};

/* Renders and encodes the loop, or takes it from cache (NULL: keeps nothing). Blocks for some
 * seconds; safe in several threads. VD_EIO with the encoder's reason. */
int vd_encode_scene(struct vd_asset **ret_asset, const struct vd_scene_spec *spec,
                    const struct vd_encoding *enc, const char *cache, struct vd_err *err);

/* Takes a file's first video as it is where it is H.264, H.265 or MJPEG; encodes anything else
 * that can be decoded. VD_EIO if there is none. */
int vd_encode_file(struct vd_asset **ret_asset, const char *path, const struct vd_encoding *enc,
                   const char *cache, struct vd_err *err);

/* Ten seconds of a soft hum and ticks, G.711 mu-law at 8 kHz. */
int vd_encode_hum(struct vd_asset **ret_asset, struct vd_err *err);

#endif
