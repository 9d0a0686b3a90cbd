/* storage/pg/pg_values.c: values in PostgreSQL's binary form: big-endian, times in microseconds
 * since 2000. */
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/uuid.h"
#include "storage/pg/array.h"
#include "storage/pg/pg_conn.h"

/* pg_type.oid; fixed for ever. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_TEXT = 25,
    OID_TIMESTAMPTZ = 1184,
    OID_UUID = 2950
};

static const int64_t epoch_2000_us = INT64_C(946684800000000);

/* ---- arguments ---- */

static void add(struct vd_pg_args *args, uint32_t type, const char *value, size_t len,
                int format)
{
    assert(args->n < VD_PG_ARGS_MAX);
    args->types[args->n] = type;
    args->values[args->n] = value;
    args->lengths[args->n] = (int)len;
    args->formats[args->n] = format;
    args->n++;
}

static void add_stored(struct vd_pg_args *args, uint32_t type, const void *value, size_t len)
{
    assert(args->n < VD_PG_ARGS_MAX && len <= sizeof args->store[0]);
    memcpy(args->store[args->n], value, len);
    add(args, type, args->store[args->n], len, 1);
}

void vd_pg_arg_text(struct vd_pg_args *args, const char *text)
{
    add(args, OID_TEXT, text, text != NULL ? strlen(text) : 0, 1);
}

void vd_pg_arg_text_or_null(struct vd_pg_args *args, const char *text)
{
    vd_pg_arg_text(args, text != NULL && text[0] != '\0' ? text : NULL);
}

void vd_pg_arg_uuid(struct vd_pg_args *args, const char *text)
{
    add(args, OID_UUID, text != NULL && text[0] != '\0' ? text : NULL, 0, 0);
}

void vd_pg_arg_bytes(struct vd_pg_args *args, const void *bytes, size_t len)
{
    add(args, OID_BYTEA, bytes != NULL ? bytes : "", len, 1);
}

void vd_pg_arg_int(struct vd_pg_args *args, int64_t value)
{
    uint64_t be = htobe64((uint64_t)value);

    add_stored(args, OID_INT8, &be, sizeof be);
}

void vd_pg_arg_bool(struct vd_pg_args *args, bool value)
{
    add_stored(args, OID_BOOL, &(char){value ? 1 : 0}, 1);
}

void vd_pg_arg_time(struct vd_pg_args *args, int64_t wall_us)
{
    uint64_t be = htobe64((uint64_t)(wall_us - epoch_2000_us));

    if (wall_us == 0)
        add(args, OID_TIMESTAMPTZ, NULL, 0, 1);
    else
        add_stored(args, OID_TIMESTAMPTZ, &be, sizeof be);
}

void vd_pg_arg_array(struct vd_pg_args *args, uint32_t type, const char *bytes, size_t len)
{
    add(args, type, bytes, len, 1);
}

/* ---- results ---- */

static const PGresult *result(const struct vd_pg_rows *rows)
{
    return (const PGresult *)rows;
}

void vd_pg_rows_free(struct vd_pg_rows **rows)
{
    PQclear((PGresult *)*rows); /* accepts NULL */
    *rows = NULL;
}

int vd_pg_rows_count(const struct vd_pg_rows *rows)
{
    return PQntuples(result(rows));
}

bool vd_pg_is_null(const struct vd_pg_rows *rows, int row, int col)
{
    return PQgetisnull(result(rows), row, col) != 0;
}

const char *vd_pg_text(const struct vd_pg_rows *rows, int row, int col)
{
    return PQgetvalue(result(rows), row, col);
}

size_t vd_pg_length(const struct vd_pg_rows *rows, int row, int col)
{
    return (size_t)PQgetlength(result(rows), row, col);
}

int64_t vd_pg_int(const struct vd_pg_rows *rows, int row, int col)
{
    const char *value = PQgetvalue(result(rows), row, col);
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;

    switch (PQgetlength(result(rows), row, col)) {
    case 8:
        memcpy(&u64, value, sizeof u64);
        return (int64_t)be64toh(u64);
    case 4:
        memcpy(&u32, value, sizeof u32);
        return (int32_t)be32toh(u32);
    case 2:
        memcpy(&u16, value, sizeof u16);
        return (int16_t)be16toh(u16);
    default:
        return 0;
    }
}

bool vd_pg_bool(const struct vd_pg_rows *rows, int row, int col)
{
    return vd_pg_length(rows, row, col) == 1 && vd_pg_text(rows, row, col)[0] != 0;
}

double vd_pg_real(const struct vd_pg_rows *rows, int row, int col)
{
    int64_t bits = vd_pg_int(rows, row, col);
    double wide = 0;
    float narrow = 0;

    if (vd_pg_length(rows, row, col) == 4) {
        uint32_t half = (uint32_t)bits;

        memcpy(&narrow, &half, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

int64_t vd_pg_time(const struct vd_pg_rows *rows, int row, int col)
{
    return vd_pg_is_null(rows, row, col) ? 0 : vd_pg_int(rows, row, col) + epoch_2000_us;
}

void vd_pg_uuid(const struct vd_pg_rows *rows, int row, int col, char ret_text[37])
{
    struct vd_uuid uuid;

    ret_text[0] = '\0';
    if (vd_pg_length(rows, row, col) != sizeof uuid.bytes)
        return;
    memcpy(uuid.bytes, vd_pg_text(rows, row, col), sizeof uuid.bytes);
    vd_uuid_format(&uuid, ret_text);
}

void vd_pg_copy_text(const struct vd_pg_rows *rows, int row, int col, char *ret_text,
                     size_t size)
{
    const char *text = vd_pg_text(rows, row, col);
    size_t len = strlen(text);

    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(ret_text, text, len);
    ret_text[len] = '\0';
}

/* ---- COPY ---- */

static void put(struct vd_pg *pg, const void *bytes, size_t len)
{
    size_t size = pg->copy_size > 0 ? pg->copy_size : 1 << 18;
    char *copy;

    while (size < pg->copy_len + len)
        size *= 2;
    if (size != pg->copy_size) {
        copy = pg->copy_failed ? NULL : realloc(pg->copy, size);
        if (copy == NULL) {
            pg->copy_failed = true;
            return;
        }
        pg->copy = copy;
        pg->copy_size = size;
    }
    if (len > 0)
        memcpy(pg->copy + pg->copy_len, bytes, len);
    pg->copy_len += len;
}

static void put_length(struct vd_pg *pg, int32_t len)
{
    uint32_t be = htobe32((uint32_t)len);

    put(pg, &be, sizeof be);
}

static void put_field(struct vd_pg *pg, const void *bytes, size_t len)
{
    put_length(pg, (int32_t)len);
    put(pg, bytes, len);
}

void vd_pg_copy_begin(struct vd_pg *pg)
{
    static const char head[19] = "PGCOPY\n\377\r\n"; /* its NUL, flags and extension are zero */

    pg->copy_len = 0;
    pg->copy_rows = 0;
    pg->copy_failed = false;
    put(pg, head, sizeof head);
}

void vd_pg_copy_row(struct vd_pg *pg, int n_columns)
{
    uint16_t be = htobe16((uint16_t)n_columns);

    put(pg, &be, sizeof be);
    pg->copy_rows++;
}

void vd_pg_copy_text_field(struct vd_pg *pg, const char *text, size_t len)
{
    put_field(pg, text, len);
}

void vd_pg_copy_int2(struct vd_pg *pg, int16_t value)
{
    uint16_t be = htobe16((uint16_t)value);

    put_field(pg, &be, sizeof be);
}

void vd_pg_copy_int4(struct vd_pg *pg, int32_t value)
{
    uint32_t be = htobe32((uint32_t)value);

    put_field(pg, &be, sizeof be);
}

void vd_pg_copy_int8(struct vd_pg *pg, int64_t value)
{
    uint64_t be = htobe64((uint64_t)value);

    put_field(pg, &be, sizeof be);
}

void vd_pg_copy_real(struct vd_pg *pg, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    bits = htobe32(bits);
    put_field(pg, &bits, sizeof bits);
}

void vd_pg_copy_bool(struct vd_pg *pg, bool value)
{
    put_field(pg, &(char){value ? 1 : 0}, 1);
}

void vd_pg_copy_time(struct vd_pg *pg, int64_t wall_us)
{
    if (wall_us == 0)
        vd_pg_copy_null(pg);
    else
        vd_pg_copy_int8(pg, wall_us - epoch_2000_us);
}

void vd_pg_copy_uuid(struct vd_pg *pg, const uint8_t bytes[16])
{
    put_field(pg, bytes, 16);
}

void vd_pg_copy_null(struct vd_pg *pg)
{
    put_length(pg, -1);
}

static int send_rows(struct vd_pg *pg, int64_t deadline_us, struct vd_err *err)
{
    enum { CHUNK = 1 << 18 }; /* what libpq may have to keep in its own buffer */
    int rc = 0;

    for (size_t at = 0; rc == 0 && at < pg->copy_len; at += CHUNK) {
        size_t n = pg->copy_len - at < CHUNK ? pg->copy_len - at : CHUNK;

        if (PQputCopyData(pg->conn, pg->copy + at, (int)n) < 0)
            rc = pg_fail(pg, NULL, "send rows", err);
        else
            rc = pg_flush(pg, deadline_us, err);
    }
    if (rc == 0 && PQputCopyEnd(pg->conn, NULL) < 0)
        rc = pg_fail(pg, NULL, "send rows", err);
    return rc < 0 ? rc : pg_flush(pg, deadline_us, err);
}

int vd_pg_copy_end(struct vd_pg *pg, const char *sql, struct vd_err *err)
{
    static const char tail[2] = {'\377', '\377'};
    int64_t deadline_us = pg_deadline(pg);
    PGresult *res = NULL;
    int rc;

    put(pg, tail, sizeof tail);
    if (pg->copy_failed)
        return vd_err_set(err, VD_ENOMEM, "database: rows: out of memory");
    if (!vd_pg_is_open(pg))
        return vd_err_set(err, VD_EIO, "database: not connected");
    if (PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 1) == 0)
        return pg_fail(pg, NULL, "send", err);
    if ((rc = pg_flush(pg, deadline_us, err)) < 0 ||
        (rc = pg_next(pg, deadline_us, &res, err)) < 0)
        return rc;
    if (PQresultStatus(res) != PGRES_COPY_IN) {
        rc = pg_fail(pg, res, "copy", err);
        PQclear(res);
        res = NULL;
        if (pg->conn != NULL)
            (void)pg_finish(pg, deadline_us, &res, NULL);
        PQclear(res);
        return rc < 0 ? rc : vd_err_set(err, VD_EPROTO, "database: copy: not taken");
    }
    PQclear(res);
    res = NULL;
    if ((rc = send_rows(pg, deadline_us, err)) < 0 ||
        (rc = pg_finish(pg, deadline_us, &res, err)) < 0)
        return rc;
    PQclear(res);
    return pg->copy_rows;
}
