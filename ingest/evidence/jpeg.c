#include "ingest/evidence/jpeg.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "ingest/evidence/mask.h"

enum { QUALITY = 85, BLACK = 0, NEUTRAL = 128 };

struct vd_jpeg {
    tjhandle handle;
    uint8_t
        *planes; /* a copy: the picture is the decoder's reference, and JPEG's range is full */
    size_t planes_size;
    uint8_t *out;
    size_t out_size;
    uint8_t widen_luma[256], widen_chroma[256]; /* 16..235 and 16..240 to 0..255 */
};

static uint8_t clip(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

int vd_jpeg_open(struct vd_jpeg **ret_jpeg, struct vd_err *err)
{
    struct vd_jpeg *j = calloc(1, sizeof *j);

    if (j == NULL)
        return vd_err_set(err, VD_ENOMEM, "jpeg: out of memory");
    j->handle = tjInitCompress();
    if (j->handle == NULL) {
        free(j);
        return vd_err_set(err, VD_ENOMEM, "jpeg: %s", tjGetErrorStr());
    }
    for (int i = 0; i < 256; i++) {
        j->widen_luma[i] = clip(((i - 16) * 255 + 109) / 219);
        j->widen_chroma[i] = clip(128 + ((i - 128) * 255) / 224);
    }
    *ret_jpeg = j;
    return 0;
}

void vd_jpeg_close(struct vd_jpeg **jpeg)
{
    struct vd_jpeg *j = *jpeg;

    *jpeg = NULL;
    if (j == NULL)
        return;
    (void)tjDestroy(j->handle);
    free(j->planes);
    free(j->out);
    free(j);
}

static int grow(uint8_t **buffer, size_t *size, size_t wanted, struct vd_err *err)
{
    uint8_t *fresh;

    if (wanted <= *size)
        return 0;
    fresh = realloc(*buffer, wanted);
    if (fresh == NULL)
        return vd_err_set(err, VD_ENOMEM, "jpeg: out of memory");
    *buffer = fresh;
    *size = wanted;
    return 0;
}

/* Copies a plane of w x h into one of pw x ph, repeating the last column and row. */
static void copy_plane(const uint8_t *from, int stride, int w, int h, const uint8_t *table,
                       uint8_t *to, int pw, int ph)
{
    for (int y = 0; y < ph; y++) {
        const uint8_t *row = from + (ptrdiff_t)(y < h ? y : h - 1) * stride;
        uint8_t *out = to + (ptrdiff_t)y * pw;

        if (table == NULL)
            memcpy(out, row, (size_t)w);
        else
            for (int x = 0; x < w; x++)
                out[x] = table[row[x]];
        for (int x = w; x < pw; x++)
            out[x] = out[w - 1];
    }
}

static int subsampling(enum vd_chroma chroma)
{
    static const int table[] = {[VD_CHROMA_GREY] = TJSAMP_GRAY,
                                [VD_CHROMA_420] = TJSAMP_420,
                                [VD_CHROMA_422] = TJSAMP_422,
                                [VD_CHROMA_444] = TJSAMP_444};

    return table[chroma];
}

int vd_jpeg_encode(struct vd_jpeg *j, const struct vd_picture *picture,
                   const struct vd_mask_cfg *masks, int n_masks, const uint8_t **ret_data,
                   size_t *ret_len, struct vd_err *err)
{
    int samp = subsampling(picture->chroma), n = picture->chroma == VD_CHROMA_GREY ? 1 : 3;
    const unsigned char *planes[3] = {NULL, NULL, NULL};
    unsigned long len, bound = tjBufSize(picture->w, picture->h, samp);
    size_t offset = 0, wanted = 0;
    int strides[3] = {0, 0, 0}, cw, ch, rc;

    for (int i = 0; i < n; i++)
        wanted += (size_t)tjPlaneWidth(i, picture->w, samp) *
                  (size_t)tjPlaneHeight(i, picture->h, samp);
    if ((rc = grow(&j->planes, &j->planes_size, wanted, err)) < 0 ||
        (rc = grow(&j->out, &j->out_size, bound, err)) < 0)
        return rc;
    vd_picture_chroma_size(picture, &cw, &ch);
    for (int i = 0; i < n; i++) {
        int pw = tjPlaneWidth(i, picture->w, samp), ph = tjPlaneHeight(i, picture->h, samp);
        const uint8_t *table = i == 0 ? j->widen_luma : j->widen_chroma;
        uint8_t *to = j->planes + offset;

        copy_plane(picture->plane[i], picture->stride[i], i == 0 ? picture->w : cw,
                   i == 0 ? picture->h : ch, picture->is_full_range ? NULL : table, to, pw, ph);
        vd_mask_burn(masks, n_masks, to, pw, pw, ph, i == 0 ? BLACK : NEUTRAL);
        planes[i] = to;
        strides[i] = pw;
        offset += (size_t)pw * (size_t)ph;
    }
    len = j->out_size;
    if (tjCompressFromYUVPlanes(j->handle, planes, picture->w, strides, picture->h, samp,
                                &j->out, &len, QUALITY, TJFLAG_NOREALLOC) != 0)
        return vd_err_set(err, VD_EINVAL, "jpeg: %s", tjGetErrorStr2(j->handle));
    *ret_data = j->out;
    *ret_len = len;
    return 0;
}
