/* ingest/evidence/mask.h: private parts of a picture, blackened for good. */
#ifndef VD_INGEST_EVIDENCE_MASK_H
#define VD_INGEST_EVIDENCE_MASK_H

#include <stdint.h>

#include "config/config.h"

/* Sets every sample that a private one of the masks touches to value; generous by up to two
 * samples, never mean. plane is of w x h samples, the whole picture. Others than private masks
 * are left alone. Pure. */
void vd_mask_burn(const struct vd_mask_cfg *masks, int n_masks, uint8_t *plane, int stride,
                  int w, int h, uint8_t value);

#endif
