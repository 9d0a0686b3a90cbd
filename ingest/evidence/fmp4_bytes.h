/* ingest/evidence/fmp4_bytes.h: what the bytes of an MP4 say of its codec. For fmp4 only. */
#ifndef VD_INGEST_EVIDENCE_FMP4_BYTES_H
#define VD_INGEST_EVIDENCE_FMP4_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ingest/evidence/fmp4.h"

/* The codec's name by RFC 6381 and ISO/IEC 14496-15 annex E, out of the avcC or hvcC box of an
 * init segment. VD_EPROTO: there is none. */
int vd_fmp4_codec_text(enum vd_codec codec, const uint8_t *init, size_t len,
                       char text[VD_FMP4_CODEC_TEXT], struct vd_err *err);

#endif
