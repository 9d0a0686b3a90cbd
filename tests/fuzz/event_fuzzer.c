/* Any bytes may come in. What we accept must survive a round trip. */
#include <stdlib.h>

#include "base/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[VD_EVENT_JSON_MAX + 1];
    struct vd_event ev, again;
    int len;

    if (vd_event_decode((const char *)data, size, &ev, NULL) < 0)
        return 0;
    len = vd_event_encode(&ev, text, sizeof text, NULL);
    if (len < 0) /* what was terse may become too long when written in full; nothing else */
        return 0;
    if (vd_event_decode(text, (size_t)len, &again, NULL) < 0 || !vd_event_equal(&ev, &again))
        abort();
    if (vd_event_stamp(text, (size_t)len, ev.sequence) < 0)
        abort();
    return 0;
}
