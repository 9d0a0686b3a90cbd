/* ingest/source/av_fault.h: libav's errors in our words, in one place. */
#ifndef VD_INGEST_SOURCE_AV_FAULT_H
#define VD_INGEST_SOURCE_AV_FAULT_H

#include "base/err.h"
#include "ingest/source/av_log.h"
#include "ingest/source/source.h"

/* Maps libav's code, and what its log told, to a fault. VD_FAULT_OTHER when neither says. */
enum vd_fault vd_av_fault(int av_code, const struct vd_av_ear *ear);

/* Sets *err to "what: reason" with the code that goes with fault, and returns it. */
int vd_av_fail(enum vd_fault fault, int av_code, const char *what, struct vd_err *err);

#endif
