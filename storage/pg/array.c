/* storage/pg/array.c: builds the binary form of an array: a head, then length and bytes of
 * each. */
#include "storage/pg/array.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    uint32_t element, array; /* pg_type.oid */
} types[] = {[PG_ARRAY_TEXT] = {25, 1009},
             [PG_ARRAY_INT] = {20, 1016},
             [PG_ARRAY_TIME] = {1184, 1185},
             [PG_ARRAY_UUID] = {2950, 2951},
             [PG_ARRAY_BOOL] = {16, 1000}};

static void put(struct pg_array *array, const void *bytes, size_t len)
{
    size_t size = array->size > 0 ? array->size : 4096;
    char *more;

    while (size < array->len + len)
        size *= 2;
    if (size != array->size && !array->failed) {
        more = realloc(array->bytes, size);
        array->failed = more == NULL;
        if (more != NULL) {
            array->bytes = more;
            array->size = size;
        }
    }
    if (array->failed)
        return;
    if (len > 0)
        memcpy(array->bytes + array->len, bytes, len);
    array->len += len;
}

static void put_u32(struct pg_array *array, uint32_t value)
{
    value = htobe32(value);
    put(array, &value, sizeof value);
}

void pg_array_init(struct pg_array *array, enum pg_array_type type)
{
    memset(array, 0, sizeof *array);
    array->type = type;
    put_u32(array, 1);
    put_u32(array, 1);
    put_u32(array, types[type].element);
    put_u32(array, 0);
    put_u32(array, 1);
}

void pg_array_fini(struct pg_array *array)
{
    free(array->bytes);
    memset(array, 0, sizeof *array);
}

static void element(struct pg_array *array, const void *bytes, size_t len)
{
    put_u32(array, (uint32_t)len);
    put(array, bytes, len);
    array->n++;
}

void pg_array_bytes(struct pg_array *array, const char *text, size_t len)
{
    element(array, text, len);
}

void pg_array_text(struct pg_array *array, const char *text)
{
    if (text != NULL) {
        element(array, text, strlen(text));
        return;
    }
    put_u32(array, UINT32_MAX);
    array->n++;
}

void pg_array_int(struct pg_array *array, int64_t value)
{
    uint64_t be = htobe64((uint64_t)value);

    element(array, &be, sizeof be);
}

void pg_array_time(struct pg_array *array, int64_t wall_us)
{
    if (wall_us != 0)
        pg_array_int(array, wall_us - INT64_C(946684800000000));
    else
        pg_array_text(array, NULL);
}

void pg_array_uuid(struct pg_array *array, const uint8_t bytes[16])
{
    element(array, bytes, 16);
}

void pg_array_bool(struct pg_array *array, bool value)
{
    element(array, &(char){value ? 1 : 0}, 1);
}

int pg_array_arg(struct pg_array *array, struct vd_pg_args *args, struct vd_err *err)
{
    uint32_t n = htobe32((uint32_t)array->n), none = 0;

    if (array->failed)
        return vd_err_set(err, VD_ENOMEM, "database: rows: out of memory");
    if (array->n == 0) { /* an empty array has no dimension */
        memcpy(array->bytes, &none, sizeof none);
        vd_pg_arg_array(args, types[array->type].array, array->bytes, 12);
        return 0;
    }
    memcpy(array->bytes + 12, &n, sizeof n);
    vd_pg_arg_array(args, types[array->type].array, array->bytes, array->len);
    return 0;
}
