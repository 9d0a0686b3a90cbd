/* storage/spool/store.c: rows in and out of the spool's file, and what its errors mean. */
#include "storage/spool/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/str.h"

static const char *const schema =
    "PRAGMA application_id = 0x76647370;" /* vdsp */
    "PRAGMA user_version = 1;"
    "CREATE TABLE epoch (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE,"
    " last INTEGER NOT NULL);"
    "CREATE TABLE message (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL,"
    " body BLOB NOT NULL);"
    "CREATE TABLE happening (event TEXT PRIMARY KEY, camera TEXT NOT NULL,"
    " rev INTEGER NOT NULL, at_us INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

static const char *const texts[STORE_N_STATEMENTS] = {
    [STORE_INSERT] = "INSERT INTO message (id, at_us, body) VALUES (?1, ?2, ?3)",
    [STORE_LAST] = "UPDATE epoch SET last = ?2 WHERE id = ?1",
    [STORE_HAPPENING_PUT] =
        "INSERT INTO happening (event, camera, rev, at_us, body) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (event) DO UPDATE SET rev = excluded.rev, body = excluded.body",
    [STORE_HAPPENING_END] = "DELETE FROM happening WHERE event = ?1",
    [STORE_ACK_SIZE] = "SELECT count(*), coalesce(sum(length(body)), 0) FROM message"
                       " WHERE id BETWEEN ?1 AND ?2",
    [STORE_ACK] = "DELETE FROM message WHERE id BETWEEN ?1 AND ?2",
    [STORE_READ] = "SELECT id, at_us, body FROM message WHERE id BETWEEN ?1 AND ?2"
                   " ORDER BY id LIMIT ?3",
    [STORE_OLDEST] = "SELECT at_us FROM message ORDER BY id LIMIT 1",
};

int store_fail(struct store *store, int rc, const char *what, struct vd_err *err)
{
    const char *why = store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc);
    int sys = store->db != NULL ? sqlite3_system_errno(store->db) : 0;

    switch (rc & 0xff) {
    case SQLITE_FULL:
        return vd_err_set(err, VD_EAGAIN, "%s '%s': disk full", what, store->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return vd_err_set(err, VD_EPROTO, "%s '%s': %s", what, store->path, why);
    case SQLITE_NOMEM:
        return vd_err_set(err, VD_ENOMEM, "%s '%s': out of memory", what, store->path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (sys == ENOSPC || sys == EDQUOT)
            return vd_err_set(err, VD_EAGAIN, "%s '%s': disk full", what, store->path);
        return vd_err_set(err, VD_EIO, "%s '%s': %s%s%s", what, store->path, why,
                          sys != 0 ? ": " : "", sys != 0 ? strerror(sys) : "");
    default:
        return vd_err_set(err, VD_EIO, "%s '%s': %s", what, store->path, why);
    }
}

static int64_t row_id(const struct store_epoch *epoch, int64_t sequence)
{
    return epoch->id << STORE_SEQUENCE_BITS | sequence;
}

struct store_epoch *store_present(struct store *store)
{
    assert(store->n_epochs > 0);
    return &store->epochs[store->n_epochs - 1];
}

struct store_epoch *store_find(struct store *store, const char *source)
{
    for (int i = 0; i < store->n_epochs; i++)
        if (strcmp(store->epochs[i].source, source) == 0)
            return &store->epochs[i];
    return NULL;
}

static int run(struct store *store, const char *sql, const char *what, struct vd_err *err)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : store_fail(store, rc, what, err);
}

/* Steps a statement that gives no row, and makes it ready for the next time. */
static int finish(struct store *store, sqlite3_stmt *statement, const char *what,
                  struct vd_err *err)
{
    int rc = sqlite3_step(statement);
    int code = rc == SQLITE_DONE ? 0 : store_fail(store, rc, what, err);

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code;
}

/* ---- open ---- */

static int count_rows(struct store *store, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_ACK_SIZE];
    int rc;

    sqlite3_bind_int64(statement, 1, 0);
    sqlite3_bind_int64(statement, 2, INT64_MAX);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        store->depth = sqlite3_column_int64(statement, 0);
        store->bytes = sqlite3_column_int64(statement, 1);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_ROW ? 0 : store_fail(store, rc, "count spool", err);
}

static int load_epochs(struct store *store, struct vd_err *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, "SELECT id, source, last FROM epoch ORDER BY id", -1,
                                &statement, NULL);

    store->n_epochs = 0;
    while (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW &&
           store->n_epochs < STORE_EPOCHS_MAX) {
        struct store_epoch *epoch = &store->epochs[store->n_epochs++];

        epoch->id = sqlite3_column_int64(statement, 0);
        vd_str_copy(epoch->source, sizeof epoch->source,
                    (const char *)sqlite3_column_text(statement, 1));
        epoch->last = sqlite3_column_int64(statement, 2);
        epoch->at_open = epoch->last;
        epoch->handed = 0;
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_reset(statement);
    sqlite3_finalize(statement);
    return rc == SQLITE_OK ? 0 : store_fail(store, rc, "read epochs of", err);
}

static bool is_new(struct store *store)
{
    sqlite3_stmt *statement = NULL;
    bool empty = false;

    if (sqlite3_prepare_v2(store->db, "SELECT count(*) FROM sqlite_master", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        empty = sqlite3_column_int(statement, 0) == 0;
    sqlite3_finalize(statement);
    return empty;
}

/* Damage is found now rather than at the worst moment; a long backlog is checked as it leaves.
 */
static int check(struct store *store, struct vd_err *err)
{
    enum { CHECK_MAX_BYTES = 256 << 20 };
    sqlite3_stmt *statement = NULL;
    struct stat st;
    int rc, code = 0;

    if (stat(store->path, &st) == 0 && st.st_size > CHECK_MAX_BYTES)
        return 0;
    rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW)
        code = store_fail(store, rc, "check spool", err);
    else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
        code = vd_err_set(err, VD_EPROTO, "spool '%s': %s", store->path,
                          (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return code;
}

static int open_file(struct store *store, struct vd_err *err)
{
    /* made first, for SQLite would give it the mode of the umask; -wal and -shm take after it
     */
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return vd_err_set(err, errno == ENOSPC ? VD_EAGAIN : VD_EIO, "open spool '%s': %s",
                          store->path, strerror(errno));
    close(fd);
    rc = sqlite3_open_v2(store->path, &store->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         NULL);
    if (rc != SQLITE_OK)
        return store_fail(store, rc, "open spool", err);
    sqlite3_busy_timeout(store->db, 2000);
    return 0;
}

static int set_up(struct store *store, struct vd_err *err)
{
    int rc = run(store,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                 "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 4194304;"
                 "PRAGMA cache_size = -1024",
                 "set up spool", err);

    if (rc == 0 && is_new(store)) {
        if ((rc = run(store, "BEGIN IMMEDIATE", "begin in", err)) == 0 &&
            (rc = run(store, schema, "make tables in", err)) == 0)
            rc = store_commit(store, err);
    } else if (rc == 0) {
        rc = check(store, err);
    }
    for (int i = 0; rc == 0 && i < STORE_N_STATEMENTS; i++) {
        int prepared = sqlite3_prepare_v3(store->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                          &store->statements[i], NULL);

        if (prepared == SQLITE_ERROR) /* a table that is not as it should be: no file of ours */
            rc = vd_err_set(err, VD_EPROTO, "spool '%s': %s", store->path,
                            sqlite3_errmsg(store->db));
        else if (prepared != SQLITE_OK)
            rc = store_fail(store, prepared, "prepare for", err);
    }
    if (rc == 0)
        rc = count_rows(store, err);
    if (rc == 0)
        rc = load_epochs(store, err);
    return rc;
}

static int try_open(struct store *store, struct vd_err *err)
{
    int rc = open_file(store, err);

    if (rc == 0)
        rc = set_up(store, err);
    if (rc < 0)
        store_close(store);
    return rc;
}

int store_set_aside(struct store *store, const char *what, struct vd_err *err)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    char stamp[VD_TIME_TEXT], from[600], to[640];
    char found[160];
    int64_t lost = store->depth;

    (void)vd_str_copy(found, sizeof found, what);
    store_close(store);
    vd_time_format(store->clock->wall_us(store->clock->self), stamp);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(from, sizeof from, "%s%s", store->path, parts[i]);
        snprintf(to, sizeof to, "%s.corrupt-%s%s", store->path, stamp, parts[i]);
        if (rename(from, to) != 0 && (i == 0 || errno != ENOENT))
            return vd_err_set(err, VD_EIO, "set aside '%s': %s", from, strerror(errno));
    }
    store->depth = store->bytes = store->oldest_us = 0;
    snprintf(store->notice, sizeof store->notice,
             "spool damaged (%s): kept aside as '%.200s.corrupt-%s', a new one begun; at least"
             " %lld messages that were accepted are only there",
             found, store->path, stamp, (long long)lost);
    return store_open(store, err);
}

int store_open(struct store *store, struct vd_err *err)
{
    struct vd_err why = {0};
    int rc = try_open(store, &why);

    if (rc == VD_EPROTO)
        return store_set_aside(store, why.msg, err);
    if (rc < 0) {
        if (err != NULL)
            *err = why;
        return rc;
    }
    rc = store_epoch_check(store, err);
    if (rc == 0)
        rc = store_settle(store, err);
    if (rc < 0)
        store_close(store);
    return rc;
}

void store_close(struct store *store)
{
    for (int i = 0; i < STORE_N_STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    sqlite3_close(store->db); /* the last one to close checkpoints and removes -wal and -shm */
    store->db = NULL;
}

/* ---- transactions ---- */

int store_begin(struct store *store, bool durable, struct vd_err *err)
{
    /* An acknowledgement alone need not be flushed: losing it costs a resend. */
    int rc = run(store, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                 "set up", err);

    return rc < 0 ? rc : run(store, "BEGIN IMMEDIATE", "begin in", err);
}

int store_commit(struct store *store, struct vd_err *err)
{
    return run(store, "COMMIT", "commit to", err);
}

void store_rollback(struct store *store)
{
    if (store->db != NULL && !sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

static int happening_put(struct store *store, const struct vd_spool_message *message,
                         const char *body, size_t len, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_HAPPENING_PUT];

    sqlite3_bind_text(statement, 1, message->event, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, message->camera != NULL ? message->camera : "", -1,
                      SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, message->rev);
    sqlite3_bind_int64(statement, 4, store->clock->wall_us(store->clock->self));
    sqlite3_bind_blob(statement, 5, body, (int)len, SQLITE_STATIC);
    return finish(store, statement, "remember a happening in", err);
}

static int happening_end(struct store *store, const char *event, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_HAPPENING_END];

    sqlite3_bind_text(statement, 1, event, -1, SQLITE_STATIC);
    return finish(store, statement, "end a happening in", err);
}

int store_insert(struct store *store, const struct vd_spool_message *message, int64_t sequence,
                 const char *body, size_t len, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_INSERT];
    struct store_epoch *epoch = store_present(store);
    int64_t now_us = store->clock->wall_us(store->clock->self);
    int rc;

    assert(sequence == epoch->last + 1);
    sqlite3_bind_int64(statement, 1, row_id(epoch, sequence));
    sqlite3_bind_int64(statement, 2, now_us);
    sqlite3_bind_blob(statement, 3, body, (int)len, SQLITE_STATIC);
    rc = finish(store, statement, "append to", err);
    if (rc == 0 && (message->phase == VD_SPOOL_START || message->phase == VD_SPOOL_UPDATE))
        rc = happening_put(store, message, body, len, err);
    else if (rc == 0 && message->phase == VD_SPOOL_END)
        rc = happening_end(store, message->event, err);
    if (rc < 0)
        return rc;
    epoch->last = sequence;
    if (store->depth++ == 0)
        store->oldest_us = now_us;
    store->bytes += (int64_t)len;
    return 0;
}

int store_save_last(struct store *store, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_LAST];
    const struct store_epoch *epoch = store_present(store);

    sqlite3_bind_int64(statement, 1, epoch->id);
    sqlite3_bind_int64(statement, 2, epoch->last);
    return finish(store, statement, "number in", err);
}

int store_ack(struct store *store, struct store_epoch *epoch, int64_t sequence,
              struct vd_err *err)
{
    sqlite3_stmt *size = store->statements[STORE_ACK_SIZE];
    sqlite3_stmt *statement = store->statements[STORE_ACK];
    int64_t rows = 0, bytes = 0;
    int rc;

    if (sequence > epoch->last)
        sequence = epoch->last;
    if (sequence < 1)
        return 0;
    sqlite3_bind_int64(size, 1, row_id(epoch, 0));
    sqlite3_bind_int64(size, 2, row_id(epoch, sequence));
    rc = sqlite3_step(size);
    if (rc == SQLITE_ROW) {
        rows = sqlite3_column_int64(size, 0);
        bytes = sqlite3_column_int64(size, 1);
    }
    sqlite3_reset(size);
    if (rc != SQLITE_ROW)
        return store_fail(store, rc, "acknowledge in", err);
    if (rows == 0)
        return 0;
    sqlite3_bind_int64(statement, 1, row_id(epoch, 0));
    sqlite3_bind_int64(statement, 2, row_id(epoch, sequence));
    rc = finish(store, statement, "acknowledge in", err);
    if (rc < 0)
        return rc;
    store->depth -= rows;
    store->bytes -= bytes;
    return (int)rows;
}

int64_t store_first(struct store *store, const struct store_epoch *epoch, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_READ];
    int64_t first = epoch->last + 1;
    int rc;

    sqlite3_bind_int64(statement, 1, row_id(epoch, 0));
    sqlite3_bind_int64(statement, 2, row_id(epoch, epoch->last));
    sqlite3_bind_int(statement, 3, 1);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        first = sqlite3_column_int64(statement, 0) & ((INT64_C(1) << STORE_SEQUENCE_BITS) - 1);
    sqlite3_reset(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return store_fail(store, rc, "read", err);
    return first;
}

int store_settle(struct store *store, struct vd_err *err)
{
    sqlite3_stmt *statement = store->statements[STORE_OLDEST];
    int rc = sqlite3_step(statement);

    store->oldest_us = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return store_fail(store, rc, "read", err);
    while (store->n_epochs > 1) {
        int64_t first = store_first(store, &store->epochs[0], err);

        if (first < 0)
            return (int)first;
        if (first <= store->epochs[0].last)
            break;
        /* its row in the file stays until a new epoch begins: it does no harm */
        memmove(&store->epochs[0], &store->epochs[1],
                (size_t)(store->n_epochs - 1) * sizeof store->epochs[0]);
        store->n_epochs--;
    }
    return 0;
}

int store_recount(struct store *store, struct vd_err *err)
{
    int rc = count_rows(store, err);

    return rc < 0 ? rc : store_settle(store, err);
}
