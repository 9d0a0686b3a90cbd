#include "ingest/evidence/fmp4_bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { AVCC_HEAD = 4, HVCC_HEAD = 13 };

static const uint8_t *find_box(const uint8_t *init, size_t len, const char *name, size_t body)
{
    for (size_t i = 0; i + 4 + body <= len; i++)
        if (memcmp(init + i, name, 4) == 0)
            return init + i + 4;
    return NULL;
}

static uint32_t reverse(uint32_t bits)
{
    uint32_t out = 0;

    for (int i = 0; i < 32; i++)
        out |= (bits >> i & 1) << (31 - i);
    return out;
}

/* general_profile_space .. general_level_idc lie in bytes 1 to 12 of the record. */
static void name_h265(const uint8_t *hvcc, char text[VD_FMP4_CODEC_TEXT])
{
    static const char *const spaces[4] = {"", "A", "B", "C"};
    uint32_t compatible =
        (uint32_t)hvcc[2] << 24 | (uint32_t)hvcc[3] << 16 | (uint32_t)hvcc[4] << 8 | hvcc[5];
    int n = snprintf(text, VD_FMP4_CODEC_TEXT, "hvc1.%s%d.%" PRIX32 ".%c%d",
                     spaces[hvcc[1] >> 6], hvcc[1] & 0x1f, reverse(compatible),
                     (hvcc[1] & 0x20) != 0 ? 'H' : 'L', hvcc[12]);
    int last = 6;

    while (last > 0 && hvcc[5 + last] == 0)
        last--; /* trailing zero bytes of the constraints are left out */
    for (int i = 1; i <= last; i++)
        n += snprintf(text + n, (size_t)(VD_FMP4_CODEC_TEXT - n), ".%X", hvcc[5 + i]);
}

int vd_fmp4_codec_text(enum vd_codec codec, const uint8_t *init, size_t len,
                       char text[VD_FMP4_CODEC_TEXT], struct vd_err *err)
{
    const uint8_t *box = codec == VD_CODEC_H265 ? find_box(init, len, "hvcC", HVCC_HEAD)
                                                : find_box(init, len, "avcC", AVCC_HEAD);

    if (box == NULL)
        return vd_err_set(err, VD_EPROTO, "mp4: parameter sets that can't be described");
    if (codec == VD_CODEC_H265)
        name_h265(box, text);
    else
        (void)snprintf(text, VD_FMP4_CODEC_TEXT, "avc1.%02x%02x%02x", box[1], box[2], box[3]);
    return 0;
}
