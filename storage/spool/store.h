/* storage/spool/store.h: the SQLite file of a spool, for the one thread that owns it. A message
 * is the row epoch << 40 | sequence, so that rows lie in the order in which they are to leave.
 */
#ifndef VD_STORAGE_SPOOL_STORE_H
#define VD_STORAGE_SPOOL_STORE_H

#include "base/err.h"
#include "storage/spool/spool.h"

enum { STORE_SEQUENCE_BITS = 40, STORE_NOTICE_MAX = 512 };

enum store_statement {
    STORE_INSERT,
    STORE_LAST,
    STORE_HAPPENING_PUT,
    STORE_HAPPENING_END,
    STORE_ACK_SIZE,
    STORE_ACK,
    STORE_READ,
    STORE_OLDEST,
    STORE_N_STATEMENTS
};

struct sqlite3;
struct sqlite3_stmt;

/* Sources of older epochs are shipped first; the last one is the present one. */
struct store_epoch {
    int64_t id;
    char source[VD_SPOOL_SOURCE_MAX + 1];
    int64_t last;    /* sequence taken */
    int64_t at_open; /* last when this process opened the file */
    int64_t handed;  /* highest sequence read: what can have been sent by this process */
};

enum { STORE_EPOCHS_MAX = 64 };

struct store {
    struct sqlite3 *db;
    struct sqlite3_stmt *statements[STORE_N_STATEMENTS];
    char path[512];
    char producer[VD_SPOOL_SOURCE_MAX - 36]; /* room for "/" and a UUID behind it */
    const struct vd_clock *clock;
    struct store_epoch epochs[STORE_EPOCHS_MAX];
    int n_epochs;
    int64_t depth, bytes, oldest_us;
    char notice[STORE_NOTICE_MAX]; /* what was repaired, for people */
};

/* Opens or makes the file; sets a corrupt one aside. store is zeroed but for path, producer and
 * clock. VD_EIO: disk; VD_EAGAIN: disk full (give it room, try again). */
int store_open(struct store *store, struct vd_err *err);
void store_close(struct store *store);

/* Closes, renames the file aside, opens a new one. what: the finding, for the notice. */
int store_set_aside(struct store *store, const char *what, struct vd_err *err);

/* Maps a result of SQLite: VD_EAGAIN full, VD_EPROTO corrupt, else VD_EIO. Adds its message. */
int store_fail(struct store *store, int rc, const char *what, struct vd_err *err);

int store_begin(struct store *store, bool durable, struct vd_err *err);
int store_commit(struct store *store, struct vd_err *err);
void store_rollback(
    struct store *store); /* the figures and epochs are put back by the caller */

/* Within a transaction. The message takes sequence present->last + 1, which is given by the
 * caller who encoded it. */
int store_insert(struct store *store, const struct vd_spool_message *message, int64_t sequence,
                 const char *body, size_t len, struct vd_err *err);
/* Within a transaction, once after its inserts. */
int store_save_last(struct store *store, struct vd_err *err);
/* Within a transaction. Returns the number of rows deleted. */
int store_ack(struct store *store, struct store_epoch *epoch, int64_t sequence,
              struct vd_err *err);
/* After a commit that deleted: drops older epochs that are empty and finds the oldest row. */
int store_settle(struct store *store, struct vd_err *err);

struct store_epoch *store_present(struct store *store);
struct store_epoch *store_find(struct store *store, const char *source);

/* Counts rows and bytes anew, and settles. */
int store_recount(struct store *store, struct vd_err *err);

/* Begins a new epoch if the file is not the one that this producer used last. */
int store_epoch_check(struct store *store, struct vd_err *err);
/* Begins a new epoch (in a transaction of its own). */
int store_new_epoch(struct store *store, const char *why, struct vd_err *err);
/* Moves what lies beyond after from epoch under a new one and drops the rest; the notice begins
 * with why. */
int store_move_on(struct store *store, struct store_epoch *epoch, int64_t after,
                  const char *why, struct vd_err *err);

/* Lowest sequence held in epoch, or last + 1; < 0: an enum vd_code. */
int64_t store_first(struct store *store, const struct store_epoch *epoch, struct vd_err *err);

#endif
