/* alerts/rules/tz.h: the local time of a named zone, by a pure function over the bytes of its
 * tzfile (RFC 8536). libc's own way goes through $TZ, which belongs to the whole process. */
#ifndef VD_ALERTS_RULES_TZ_H
#define VD_ALERTS_RULES_TZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct vd_tz; /* never changes once made: any number of threads may read it */

/* From the bytes of a tzfile of version 2 or later. Any input is safe. VD_EPROTO, VD_ENOMEM. */
int vd_tz_parse(struct vd_tz **ret_tz, const void *bytes, size_t len, struct vd_err *err);

/* From <folder>/<name>, folder NULL: /usr/share/zoneinfo. VD_EINVAL: no such zone (also a name
 * that leads out of the folder). */
int vd_tz_load(struct vd_tz **ret_tz, const char *folder, const char *name, struct vd_err *err);

/* Sets NULL, accepts NULL. */
void vd_tz_free(struct vd_tz **tz);

/* Seconds to add to UTC at that instant (seconds since 1970). *ret_until (may be NULL) is the
 * next instant at which that may be another number, INT64_MAX when never. */
int32_t vd_tz_offset(const struct vd_tz *tz, int64_t utc_s, int64_t *ret_until);

#endif
