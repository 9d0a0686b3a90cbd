/* storage/pg/array.h: arrays as arguments, so that many rows travel in one statement (unnest).
 */
#ifndef VD_STORAGE_PG_ARRAY_H
#define VD_STORAGE_PG_ARRAY_H

#include "storage/pg/pg.h"

enum pg_array_type { PG_ARRAY_TEXT, PG_ARRAY_INT, PG_ARRAY_TIME, PG_ARRAY_UUID, PG_ARRAY_BOOL };

/* One dimension, in PostgreSQL's binary form. Zero it; pg_array_fini at the end. */
struct pg_array {
    char *bytes;
    size_t len, size;
    int n;
    enum pg_array_type type;
    bool failed; /* out of memory: pg_array_arg says so */
};

void pg_array_init(struct pg_array *array, enum pg_array_type type);
void pg_array_fini(struct pg_array *array);
void pg_array_text(struct pg_array *array, const char *text);              /* NULL: NULL */
void pg_array_bytes(struct pg_array *array, const char *text, size_t len); /* text */
void pg_array_int(struct pg_array *array, int64_t value);
void pg_array_time(struct pg_array *array, int64_t wall_us);
void pg_array_uuid(struct pg_array *array, const uint8_t bytes[16]);
void pg_array_bool(struct pg_array *array, bool value);

/* Adds it as the next argument; borrowed until the statement has run. VD_ENOMEM if an element
 * found no room. */
int pg_array_arg(struct pg_array *array, struct vd_pg_args *args, struct vd_err *err);

/* In pg_values.c: adds bytes of a given type. */
void vd_pg_arg_array(struct vd_pg_args *args, uint32_t type, const char *bytes, size_t len);

#endif
