/* storage/spool/read.c: copies rows out, so that nobody but the thread touches SQLite. */
#include "storage/spool/read.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/str.h"

static const int64_t sequence_mask = (INT64_C(1) << STORE_SEQUENCE_BITS) - 1;

int vd_spool_batch_new(struct vd_spool_batch **ret_batch, struct vd_err *err)
{
    struct vd_spool_batch *batch = calloc(1, sizeof *batch);

    if (batch == NULL)
        return vd_err_set(err, VD_ENOMEM, "spool batch: out of memory");
    *ret_batch = batch;
    return 0;
}

void vd_spool_batch_free(struct vd_spool_batch **batch)
{
    if (*batch != NULL)
        free((*batch)->bytes);
    free(*batch);
    *batch = NULL;
}

static bool batch_room(struct vd_spool_batch *batch, size_t used, size_t len)
{
    size_t size = batch->size > 0 ? batch->size : 65536;
    char *bytes;

    while (size < used + len)
        size *= 2;
    if (size == batch->size)
        return true;
    bytes = realloc(batch->bytes, size);
    if (bytes == NULL)
        return false;
    batch->bytes = bytes;
    batch->size = size;
    return true;
}

int store_read(struct store *store, struct store_epoch *epoch, int64_t from, int limit,
               struct vd_spool_batch *batch, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_READ];
    size_t used = 0;
    int rc, n = 0;

    sqlite3_bind_int64(statement, 1,
                       (epoch->id << STORE_SEQUENCE_BITS) + (from > 0 ? from : 0));
    sqlite3_bind_int64(statement, 2, (epoch->id << STORE_SEQUENCE_BITS) + epoch->last);
    sqlite3_bind_int(statement, 3, limit);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        size_t len = (size_t)sqlite3_column_bytes(statement, 2);

        if (!batch_room(batch, used, len)) {
            sqlite3_reset(statement);
            return vd_err_set(err, VD_ENOMEM, "spool batch: out of memory");
        }
        if (len > 0)
            memcpy(batch->bytes + used, sqlite3_column_blob(statement, 2), len);
        batch->rows[n].sequence = sqlite3_column_int64(statement, 0) & sequence_mask;
        batch->rows[n].at_us = sqlite3_column_int64(statement, 1);
        batch->rows[n].len = len;
        batch->offsets[n++] = used;
        used += len;
    }
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE)
        return store_fail(store, rc, "read", err);
    for (int i = 0; i < n; i++)
        batch->rows[i].body = batch->bytes + batch->offsets[i];
    if (n > 0 && batch->rows[n - 1].sequence > epoch->handed)
        epoch->handed = batch->rows[n - 1].sequence;
    return n;
}

static struct spool_happening *take_happening(sqlite3_stmt *statement)
{
    size_t len = (size_t)sqlite3_column_bytes(statement, 3);
    struct spool_happening *happening = calloc(1, sizeof *happening + len + 1);
    char *body;

    if (happening == NULL)
        return NULL;
    body = (char *)(happening + 1);
    if (len > 0)
        memcpy(body, sqlite3_column_blob(statement, 3), len);
    vd_str_copy(happening->value.event, sizeof happening->value.event,
                (const char *)sqlite3_column_text(statement, 0));
    vd_str_copy(happening->value.camera, sizeof happening->value.camera,
                (const char *)sqlite3_column_text(statement, 1));
    happening->value.rev = sqlite3_column_int(statement, 2);
    happening->value.body = body;
    happening->value.len = len;
    return happening;
}

int store_happenings(struct store *store, struct spool_happenings *list, struct vd_err *err)
{
    struct spool_happening **end = &list->first;
    sqlite3_stmt *statement = NULL;
    int n = 0;
    int rc = sqlite3_prepare_v2(
        store->db, "SELECT event, camera, rev, body FROM happening ORDER BY at_us, event", -1,
        &statement, NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        *end = take_happening(statement);
        if (*end == NULL) {
            sqlite3_finalize(statement);
            return vd_err_set(err, VD_ENOMEM, "spool happenings: out of memory");
        }
        end = &(*end)->next;
        n++;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? n : store_fail(store, rc, "read happenings of", err);
}

/* ---- another process's file ---- */

int vd_spool_peek(const char *path, vd_spool_peek_fn *each, void *arg, struct vd_err *err)
{
    struct store store = {0};
    sqlite3_stmt *statement = NULL;
    int rc, n = 0, code;

    vd_str_copy(store.path, sizeof store.path, path);
    rc = sqlite3_open_v2(path, &store.db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(store.db, 2000);
        rc = sqlite3_prepare_v2(
            store.db,
            "SELECT e.source, e.last, (SELECT min(m.id) FROM message m WHERE m.id BETWEEN"
            " e.id << 40 AND (e.id + 1 << 40) - 1) FROM epoch e ORDER BY e.id",
            -1, &statement, NULL);
    }
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct vd_spool_head head = {0};

        vd_str_copy(head.source, sizeof head.source,
                    (const char *)sqlite3_column_text(statement, 0));
        head.last = sqlite3_column_int64(statement, 1);
        head.first = sqlite3_column_type(statement, 2) == SQLITE_NULL
                         ? head.last + 1
                         : (sqlite3_column_int64(statement, 2) & sequence_mask);
        each(arg, &head);
        n++;
        rc = SQLITE_OK;
    }
    code = rc == SQLITE_DONE ? n : store_fail(&store, rc, "look into spool", err);
    sqlite3_finalize(statement);
    sqlite3_close(store.db);
    return code;
}
