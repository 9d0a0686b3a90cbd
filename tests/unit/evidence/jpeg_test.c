#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "ingest/evidence/jpeg.h"

static uint8_t pixels[3][128 * 128];

static struct vd_picture picture(enum vd_chroma chroma, int w, int h)
{
    struct vd_picture p = {.w = w, .h = h, .chroma = chroma, .is_full_range = true};

    for (int i = 0; i < 3; i++) {
        p.plane[i] = pixels[i];
        p.stride[i] = 128;
    }
    return p;
}

/* Decodes to grey; returns its size by parameters. */
static uint8_t *decode(const uint8_t *data, size_t len, int *ret_w, int *ret_h)
{
    tjhandle handle = tjInitDecompress();
    int samp, space;
    uint8_t *grey;

    cr_assert_eq(tjDecompressHeader3(handle, data, len, ret_w, ret_h, &samp, &space), 0);
    grey = malloc((size_t)*ret_w * (size_t)*ret_h);
    cr_assert_eq(tjDecompress2(handle, data, len, grey, *ret_w, 0, *ret_h, TJPF_GRAY, 0), 0);
    tjDestroy(handle);
    return grey;
}

Test(jpeg, shows_what_the_picture_does_at_any_odd_size)
{
    static const enum vd_chroma chromas[] = {VD_CHROMA_GREY, VD_CHROMA_420, VD_CHROMA_422,
                                             VD_CHROMA_444};
    struct vd_jpeg *jpeg = NULL;

    for (int i = 0; i < 128 * 128; i++)
        pixels[0][i] = (uint8_t)(i % 128 * 2);
    memset(pixels[1], 128, sizeof pixels[1]);
    memset(pixels[2], 128, sizeof pixels[2]);
    cr_assert_eq(vd_jpeg_open(&jpeg, NULL), 0);
    for (int c = 0; c < 4; c++)
        for (int w = 31; w <= 34; w++) {
            struct vd_picture p = picture(chromas[c], w, w + 1);
            struct vd_err err = {0};
            const uint8_t *data;
            uint8_t *grey;
            size_t len;
            int gw, gh;

            cr_assert_eq(vd_jpeg_encode(jpeg, &p, NULL, 0, &data, &len, &err), 0, "%s",
                         err.msg);
            grey = decode(data, len, &gw, &gh);
            cr_assert_eq(gw, w);
            cr_assert_eq(gh, w + 1);
            for (int x = 0; x < w; x++)
                cr_assert_lt(abs(grey[5 * w + x] - 2 * x), 8, "chroma %d, %d", c, x);
            free(grey);
        }
    vd_jpeg_close(&jpeg);
}

Test(jpeg, widens_video_range)
{
    struct vd_picture p = picture(VD_CHROMA_420, 64, 64);
    struct vd_jpeg *jpeg = NULL;
    const uint8_t *data;
    uint8_t *grey;
    size_t len;
    int w, h;

    memset(pixels[0], 16, sizeof pixels[0]);
    memset(pixels[0] + 32 * 128, 235, 32 * 128);
    memset(pixels[1], 128, sizeof pixels[1]);
    memset(pixels[2], 128, sizeof pixels[2]);
    p.is_full_range = false;
    cr_assert_eq(vd_jpeg_open(&jpeg, NULL), 0);
    cr_assert_eq(vd_jpeg_encode(jpeg, &p, NULL, 0, &data, &len, NULL), 0);
    grey = decode(data, len, &w, &h);
    cr_assert_lt(grey[8 * 64 + 8], 4);
    cr_assert_gt(grey[56 * 64 + 8], 251);
    free(grey);
    vd_jpeg_close(&jpeg);
}

Test(jpeg, burns_masks_into_the_picture_and_not_into_the_decoder)
{
    static const struct vd_point left[] = {{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}};
    struct vd_mask_cfg mask = {.polygon = {left, 4}, .is_private = true};
    struct vd_picture p = picture(VD_CHROMA_420, 64, 64);
    struct vd_jpeg *jpeg = NULL;
    const uint8_t *data;
    uint8_t *grey;
    size_t len;
    int w, h;

    memset(pixels[0], 180, sizeof pixels[0]);
    cr_assert_eq(vd_jpeg_open(&jpeg, NULL), 0);
    cr_assert_eq(vd_jpeg_encode(jpeg, &p, &mask, 1, &data, &len, NULL), 0);
    grey = decode(data, len, &w, &h);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 30; x++)
            cr_assert_lt(grey[y * 64 + x], 8);
    cr_assert_gt(grey[10 * 64 + 50], 170);
    for (size_t i = 0; i < sizeof pixels[0]; i++)
        cr_assert_eq(pixels[0][i], 180);
    free(grey);
    vd_jpeg_close(&jpeg);
}
