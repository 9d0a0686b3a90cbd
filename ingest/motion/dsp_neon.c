/* ingest/motion/dsp_neon.c: the hot loops for 64-bit ARM. */
#include "ingest/motion/dsp.h"

#if defined(__aarch64__)

void vd_dsp_init_neon(struct vd_dsp *dsp)
{
    (void)dsp;
}

#endif
