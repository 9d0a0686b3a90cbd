/* storage/spool/epoch.c: when numbering starts afresh. A sequence must never be given twice
 * under one source, so whatever may have brought an older state of the file back begins a new
 * one: a copy has another inode, a machine brought back has booted since, and a router that has
 * more than we can have sent knows better than we do. One that has less than it acknowledged
 * would wait for ever for what is no longer here: it too is given a new one. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/str.h"
#include "base/uuid.h"
#include "storage/spool/store.h"

static void file_identity(const char *path, char *text, size_t size)
{
    struct statx sx = {0};

    if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &sx) != 0)
        snprintf(text, size, "unknown");
    else
        snprintf(text, size, "%llu.%lld.%u", (unsigned long long)sx.stx_ino,
                 (long long)sx.stx_btime.tv_sec, sx.stx_btime.tv_nsec);
}

static void boot_identity(char *text, size_t size)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static int meta_set(struct store *store, const char *key, const char *value, struct vd_err *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db,
                                "INSERT INTO meta (key, value) VALUES (?1, ?2)"
                                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                                -1, &statement, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC);
        rc = sqlite3_step(statement);
    }
    if (rc == SQLITE_DONE)
        rc = SQLITE_OK;
    else if (rc == SQLITE_OK)
        rc = SQLITE_ERROR;
    sqlite3_finalize(statement);
    return rc == SQLITE_OK ? 0 : store_fail(store, rc, "write meta of", err);
}

static bool meta_is(struct store *store, const char *key, const char *want)
{
    sqlite3_stmt *statement = NULL;
    bool same = false;

    if (sqlite3_prepare_v2(store->db, "SELECT value FROM meta WHERE key = ?1", -1, &statement,
                           NULL) == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
        if (sqlite3_step(statement) == SQLITE_ROW)
            same = strcmp((const char *)sqlite3_column_text(statement, 0), want) == 0;
    }
    sqlite3_finalize(statement);
    return same;
}

/* Runs one statement with up to three numbers. */
static int run_with(struct store *store, const char *sql, const int64_t *numbers, int n,
                    struct vd_err *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

    for (int i = 0; rc == SQLITE_OK && i < n; i++)
        rc = sqlite3_bind_int64(statement, i + 1, numbers[i]);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE || rc == SQLITE_OK ? 0 : store_fail(store, rc, "write", err);
}

/* Within a transaction: adds the row, and forgets those that hold nothing any more. */
static int add_epoch(struct store *store, struct store_epoch *ret_epoch, struct vd_err *err)
{
    char text[VD_UUID_TEXT], identity[64], boot[64];
    struct vd_uuid id = vd_uuid_make(store->clock->wall_us(store->clock->self));
    sqlite3_stmt *statement = NULL;
    int rc;

    memset(ret_epoch, 0, sizeof *ret_epoch);
    vd_uuid_format(&id, text);
    snprintf(ret_epoch->source, sizeof ret_epoch->source, "%s/%s", store->producer, text);
    rc = run_with(store,
                  "DELETE FROM epoch WHERE NOT EXISTS (SELECT 1 FROM message m"
                  " WHERE m.id BETWEEN epoch.id << 40 AND (epoch.id + 1 << 40) - 1)",
                  NULL, 0, err);
    if (rc < 0)
        return rc;
    rc = sqlite3_prepare_v2(store->db, "INSERT INTO epoch (source, last) VALUES (?1, 0)", -1,
                            &statement, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, ret_epoch->source, -1, SQLITE_STATIC);
        rc = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_DONE)
        return store_fail(store, rc, "begin an epoch in", err);
    ret_epoch->id = sqlite3_last_insert_rowid(store->db);
    file_identity(store->path, identity, sizeof identity);
    boot_identity(boot, sizeof boot);
    if ((rc = meta_set(store, "file", identity, err)) < 0 ||
        (rc = meta_set(store, "boot", boot, err)) < 0 ||
        (rc = meta_set(store, "producer", store->producer, err)) < 0)
        return rc;
    return 0;
}

int store_new_epoch(struct store *store, const char *why, struct vd_err *err)
{
    struct store_epoch epoch;
    int rc;

    if ((rc = store_begin(store, true, err)) < 0 || (rc = add_epoch(store, &epoch, err)) < 0 ||
        (rc = store_commit(store, err)) < 0) {
        store_rollback(store);
        return rc;
    }
    /* every older one that was kept in the file is still in this list, or was empty */
    if (store->n_epochs == STORE_EPOCHS_MAX)
        return vd_err_set(err, VD_EIO,
                          "spool '%s' holds %d epochs that never left: is the "
                          "router reachable?",
                          store->path, STORE_EPOCHS_MAX);
    store->epochs[store->n_epochs++] = epoch;
    if (why != NULL && store->notice[0] == '\0')
        snprintf(store->notice, sizeof store->notice, "new source '%s': %s", epoch.source, why);
    return store_settle(store, err);
}

int store_epoch_check(struct store *store, struct vd_err *err)
{
    char identity[64], boot[64];

    if (store->n_epochs == 0)
        return store_new_epoch(store, NULL, err);
    if (store->n_epochs == STORE_EPOCHS_MAX)
        return 0; /* better to go on numbering than to stop */
    file_identity(store->path, identity, sizeof identity);
    boot_identity(boot, sizeof boot);
    if (!meta_is(store, "producer", store->producer))
        return store_new_epoch(store, "the folder belonged to another producer", err);
    if (!meta_is(store, "file", identity))
        return store_new_epoch(store, "the folder is a copy of what it was", err);
    if (!meta_is(store, "boot", boot))
        return store_new_epoch(store, "the machine was started anew", err);
    return 0;
}

/* ---- a restored folder or database, found out by the router ---- */

/* Puts value in the place of the string that key has in json. Our own messages have each of
 * these keys once, and within a string its quotes would be escaped. Returns the new length, or
 * len when the key is not there. */
static size_t replace(char *json, size_t len, size_t size, const char *key, const char *value)
{
    size_t n_value = strlen(value);
    char *at = memmem(json, len, key, strlen(key));
    char *end;
    size_t tail, head;

    if (at == NULL)
        return len;
    at += strlen(key);
    head = (size_t)(at - json);
    end = memchr(at, '"', len - head);
    if (end == NULL)
        return len;
    tail = len - (size_t)(end - json);
    if (head + n_value + tail > size)
        return len;
    memmove(at + n_value, end, tail);
    memcpy(at, value, n_value);
    return head + n_value + tail;
}

/* Writes one message of the old epoch as the next of the new one. */
static int move_row(struct store *store, struct store_epoch *to, sqlite3_stmt *row,
                    sqlite3_stmt *insert, struct vd_err *err)
{
    char body[VD_SPOOL_MESSAGE_MAX + VD_SPOOL_SOURCE_MAX], digits[24];
    size_t len = (size_t)sqlite3_column_bytes(row, 2);
    int rc;

    if (len > VD_SPOOL_MESSAGE_MAX)
        len = VD_SPOOL_MESSAGE_MAX;
    memcpy(body, sqlite3_column_blob(row, 2), len);
    to->last++;
    snprintf(digits, sizeof digits, "%020" PRId64, to->last);
    len = replace(body, len, sizeof body, "\"source\":\"", to->source);
    len = replace(body, len, sizeof body, "\"sequence\":\"", digits);
    sqlite3_bind_int64(insert, 1, to->id << STORE_SEQUENCE_BITS | to->last);
    sqlite3_bind_int64(insert, 2, sqlite3_column_int64(row, 1));
    sqlite3_bind_blob(insert, 3, body, (int)len, SQLITE_STATIC);
    rc = sqlite3_step(insert);
    sqlite3_reset(insert);
    return rc == SQLITE_DONE ? 0 : store_fail(store, rc, "renumber in", err);
}

static int move_rows(struct store *store, const struct store_epoch *from, int64_t after,
                     struct store_epoch *to, struct vd_err *err)
{
    sqlite3_stmt *select = NULL, *insert = store->statements[STORE_INSERT];
    int64_t range[2] = {from->id << STORE_SEQUENCE_BITS,
                        ((from->id + 1) << STORE_SEQUENCE_BITS) - 1};
    int rc = sqlite3_prepare_v2(store->db,
                                "SELECT id, at_us, body FROM message WHERE id BETWEEN ?1 AND ?2"
                                " ORDER BY id",
                                -1, &select, NULL);
    int code = 0;

    if (rc != SQLITE_OK)
        return store_fail(store, rc, "read", err);
    sqlite3_bind_int64(select, 1, (from->id << STORE_SEQUENCE_BITS) + after + 1);
    sqlite3_bind_int64(select, 2, range[1]);
    while (code == 0 && (rc = sqlite3_step(select)) == SQLITE_ROW)
        code = move_row(store, to, select, insert, err);
    if (code == 0 && rc != SQLITE_DONE)
        code = store_fail(store, rc, "read", err);
    sqlite3_finalize(select);
    sqlite3_clear_bindings(insert);
    if (code == 0)
        code = run_with(store, "DELETE FROM message WHERE id BETWEEN ?1 AND ?2", range, 2, err);
    return code;
}

int store_move_on(struct store *store, struct store_epoch *epoch, int64_t after,
                  const char *why, struct vd_err *err)
{
    struct store_epoch to;
    int rc;

    if (store->n_epochs == STORE_EPOCHS_MAX)
        return vd_err_set(err, VD_EIO, "spool '%s' holds too many epochs", store->path);
    if ((rc = store_begin(store, true, err)) < 0 || (rc = add_epoch(store, &to, err)) < 0 ||
        (rc = move_rows(store, epoch, after, &to, err)) < 0 ||
        (rc = run_with(store, "UPDATE epoch SET last = ?2 WHERE id = ?1",
                       (int64_t[]){to.id, to.last}, 2, err)) < 0 ||
        (rc = store_commit(store, err)) < 0) {
        store_rollback(store);
        return rc;
    }
    snprintf(store->notice, sizeof store->notice, "%s: %lld messages of '%s' go on as '%s'",
             why, (long long)to.last, epoch->source, to.source);
    store->epochs[store->n_epochs++] = to;
    return store_recount(store, err);
}
