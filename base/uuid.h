/* base/uuid.h: UUID version 7 (RFC 9562 section 5.7): sorts by the time it was made. */
#ifndef VD_BASE_UUID_H
#define VD_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

enum { VD_UUID_TEXT = 37 }; /* 36 characters and the NUL */

struct vd_uuid {
    uint8_t bytes[16];
};

/* A fresh one, stamped with the milliseconds of wall_us; the rest is from getrandom(2). */
struct vd_uuid vd_uuid_make(int64_t wall_us);

void vd_uuid_format(const struct vd_uuid *uuid, char text[VD_UUID_TEXT]);

/* Lower or upper case, exactly 36 characters; any version. */
bool vd_uuid_parse(const char *text, struct vd_uuid *ret_uuid);

bool vd_uuid_equal(const struct vd_uuid *a, const struct vd_uuid *b);

/* All zero: no UUID. */
bool vd_uuid_is_nil(const struct vd_uuid *uuid);

/* The time within a version 7 UUID, microseconds since 1970 UTC (whole milliseconds). */
int64_t vd_uuid_wall_us(const struct vd_uuid *uuid);

#endif
