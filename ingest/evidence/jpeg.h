/* ingest/evidence/jpeg.h: decoded pictures as JPEG, private parts burned in before. */
#ifndef VD_INGEST_EVIDENCE_JPEG_H
#define VD_INGEST_EVIDENCE_JPEG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "ingest/source/picture.h"

/* An encoder with its buffers, which follow the largest picture seen. One thread. */
struct vd_jpeg;

int vd_jpeg_open(struct vd_jpeg **ret_jpeg, struct vd_err *err);
void vd_jpeg_close(struct vd_jpeg **jpeg); /* sets NULL, accepts NULL */

/* Encodes picture (borrowed, only read) with the private ones of masks blackened. *ret_data is
 * valid until the next call. VD_ENOMEM; VD_EINVAL: a picture it can't take. */
int vd_jpeg_encode(struct vd_jpeg *jpeg, const struct vd_picture *picture,
                   const struct vd_mask_cfg *masks, int n_masks, const uint8_t **ret_data,
                   size_t *ret_len, struct vd_err *err);

#endif
