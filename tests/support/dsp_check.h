/* tests/support/dsp_check.h: a version of the detector's hot loops against plain C, bytes and
 * canaries. Without a test framework, so that it also runs under an emulator. */
#ifndef VD_TESTS_SUPPORT_DSP_CHECK_H
#define VD_TESTS_SUPPORT_DSP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/motion/dsp.h"

struct dsp_check {
    const char *kernel;
    /* false: why says on which case they differ, of which seed */
    bool (*run)(const struct vd_dsp *dsp, uint64_t seed, char *why, size_t why_size);
};

/* Ends with kernel == NULL. */
extern const struct dsp_check dsp_checks[];

#endif
