/* tests/support/spool_fill.h: small messages for a spool, with what the append said of them. */
#ifndef VD_TESTS_SUPPORT_SPOOL_FILL_H
#define VD_TESTS_SUPPORT_SPOOL_FILL_H

#include <stdio.h>

#include "storage/spool/spool.h"

struct filled {
    int size; /* pads to this many bytes; 0: as short as it is */
    int64_t refused, refused_since_us;
    char source[VD_SPOOL_SOURCE_MAX + 1];
};

static inline int spool_fill(void *arg, const struct vd_spool_stamp *stamp, char *buf,
                             size_t size)
{
    struct filled *filled = arg;
    int len = snprintf(buf, size, "{\"source\":\"%s\",\"sequence\":\"%020lld\",\"pad\":\"",
                       stamp->source, (long long)stamp->sequence);

    filled->refused = stamp->refused;
    filled->refused_since_us = stamp->refused_since_us;
    snprintf(filled->source, sizeof filled->source, "%s", stamp->source);
    if (filled->size > (int)size)
        return filled->size;
    while (len < filled->size - 2)
        buf[len++] = 'x';
    buf[len++] = '"';
    buf[len++] = '}';
    return len;
}

#endif
