/* config/value.h: texts and values, both ways, as a row of the table of keys says.
 *
 * What vd_value_format() prints, vd_value_set() reads back to the same value. */
#ifndef VD_CONFIG_VALUE_H
#define VD_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/arena.h"
#include "config/config.h"
#include "config/keys.h"

enum { VD_VALUE_TEXT_MAX = 64 }; /* of a number with its unit, with its NUL */

/* Reads text into the field that key names inside object; strings are copied into arena. Not
 * for SET, IDS, DATES, POLYGON, MAP and LIST, which have parts. VD_EINVAL with a message that
 * names the key and says what would be right, and never quotes what may hold a password;
 * VD_ENOMEM. The field is untouched on failure. Pure, but for TIMEZONE, which looks at the
 * system's time zone data. */
int vd_value_set(struct vd_arena *arena, const struct vd_key *key, void *object,
                 const char *text, struct vd_err *err);

/* Adds the name to a SET field. Errors as above. */
int vd_value_add_flag(const struct vd_key *key, void *object, const char *name,
                      struct vd_err *err);

/* Checks one item of an IDS or DATES field. Errors as above. */
int vd_value_check_item(const struct vd_key *key, const char *text, struct vd_err *err);

/* Checks an id. Errors as above. */
int vd_value_check_id(const struct vd_key *key, const char *text, struct vd_err *err);

/* Checks what the text types ask for beyond their length (value_text.c). Errors as above. */
int vd_value_check_text(const struct vd_key *key, const char *text, struct vd_err *err);

/* Reads "0.25" as 250000: a coordinate in millionths. VD_EINVAL: no number of 0..1 with at most
 * six decimals. */
int vd_value_coordinate(const char *text, int32_t *ret_millionths, struct vd_err *err);

/* A number in the unit of the key's min and max, as people write it: 10000000 of a DURATION is
 * "10s". */
void vd_value_number_text(enum vd_key_type type, int64_t raw, char text[VD_VALUE_TEXT_MAX]);

/* What the field holds, for a type that vd_value_set() takes: text borrowed from object, or
 * written to buf. NULL: an absent text. */
const char *vd_value_format(const struct vd_key *key, const void *object,
                            char buf[VD_VALUE_TEXT_MAX]);

/* Whether both objects hold the same for the key, maps and lists included. Absent and present
 * differ. */
bool vd_value_equal(const struct vd_key *key, const void *a, const void *b);

#endif
