#include "base/uuid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"

struct vd_uuid vd_uuid_make(int64_t wall_us)
{
    uint64_t ms = (uint64_t)(wall_us / 1000);
    struct vd_uuid u;
    size_t got = 0;

    while (got < sizeof u.bytes) {
        ssize_t n = getrandom(u.bytes + got, sizeof u.bytes - got, 0);

        if (n > 0)
            got += (size_t)n;
        else if (errno != EINTR)
            abort(); /* a kernel without getrandom is none of ours */
    }
    for (int i = 0; i < 6; i++)
        u.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    u.bytes[6] = (uint8_t)(0x70 | (u.bytes[6] & 0x0f));
    u.bytes[8] = (uint8_t)(0x80 | (u.bytes[8] & 0x3f));
    return u;
}

static bool dash_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void vd_uuid_format(const struct vd_uuid *uuid, char text[VD_UUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    char *p = text;

    for (int i = 0; i < 16; i++) {
        if (dash_before(i))
            *p++ = '-';
        *p++ = hex[uuid->bytes[i] >> 4];
        *p++ = hex[uuid->bytes[i] & 15];
    }
    *p = '\0';
}

bool vd_uuid_parse(const char *text, struct vd_uuid *ret_uuid)
{
    struct vd_uuid u;
    const char *p = text;

    for (int i = 0; i < 16; i++) {
        int high, low;

        if (dash_before(i) && *p++ != '-')
            return false;
        high = vd_hex_digit(*p);
        low = high < 0 ? -1 : vd_hex_digit(p[1]);
        if (low < 0)
            return false;
        u.bytes[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    if (*p != '\0')
        return false;
    *ret_uuid = u;
    return true;
}

bool vd_uuid_equal(const struct vd_uuid *a, const struct vd_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool vd_uuid_is_nil(const struct vd_uuid *uuid)
{
    static const struct vd_uuid nil;

    return vd_uuid_equal(uuid, &nil);
}

int64_t vd_uuid_wall_us(const struct vd_uuid *uuid)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | uuid->bytes[i];
    return ms * 1000;
}
