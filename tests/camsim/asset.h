/* tests/camsim/asset.h: an encoded loop of video or audio in one read-only mapping, shared by
 * every mount that plays it, and kept in a cache folder between runs. */
#ifndef VD_TESTS_CAMSIM_ASSET_H
#define VD_TESTS_CAMSIM_ASSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tests/camsim/scene.h"

struct vd_packet {
    int64_t dts_us, pts_us; /* since the loop began; dts rises */
    uint64_t offset;        /* into the asset's bytes */
    uint32_t size;
    uint32_t is_key;
};

/* Immutable once mapped; any thread may read it. */
struct vd_asset {
    const char *caps; /* GStreamer's description of the packets */
    const struct vd_packet *packets;
    const uint8_t *bytes;
    const struct vd_scene_crossing *crossings;
    int n_packets, n_crossings;
    int width, height; /* 0 for audio */
    int64_t loop_us;
    void *map;
    size_t map_len;
};

struct vd_asset_writer;

/* Opens the asset name of cache, or a writer that will make it. With cache NULL nothing is
 * kept. VD_EAGAIN with *ret_writer set when it has to be made. */
int vd_asset_open(struct vd_asset **ret_asset, struct vd_asset_writer **ret_writer,
                  const char *cache, const char *name, struct vd_err *err);
void vd_asset_close(struct vd_asset **asset);

/* Copies one packet behind the others. VD_ENOMEM; VD_EINVAL beyond 2 GiB. */
int vd_asset_add(struct vd_asset_writer *w, const struct vd_packet *p, const void *bytes,
                 struct vd_err *err);

/* Writes, maps and frees the writer, also on failure. crossings may be NULL. */
int vd_asset_finish(struct vd_asset **ret_asset, struct vd_asset_writer **writer,
                    const struct vd_asset *head, struct vd_err *err);
void vd_asset_abandon(struct vd_asset_writer **writer);

#endif
