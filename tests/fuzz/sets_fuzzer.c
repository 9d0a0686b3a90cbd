/* Any bytes may come from a camera. What is found of parameter sets is found again in itself.
 */
#include <stdlib.h>
#include <string.h>

#include "ingest/source/sets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int w, h;

    (void)vd_sets_jpeg_size(data, size, &w, &h);
    for (int codec = VD_CODEC_H264; codec <= VD_CODEC_H265; codec++) {
        struct vd_sets sets, again;

        vd_sets_find((enum vd_codec)codec, data, size, &sets);
        if (sets.n > VD_SETS_MAX)
            abort();
        vd_sets_find((enum vd_codec)codec, sets.bytes, sets.n, &again);
        if (again.n != sets.n || memcmp(again.bytes, sets.bytes, sets.n) != 0)
            abort();
        vd_sets_complete((enum vd_codec)codec, &again, &sets);
        if (again.n != sets.n)
            abort();
    }
    return 0;
}
