/* storage/spool/spool.h: the disk queue of one producer. What an append accepted survives a
 * kill, a power cut and any outage of the router, and leaves in order. One thread (`spool`)
 * owns the SQLite file (WAL, synchronous=FULL); every call below hands it a request and may be
 * made from any thread. Errors of the disk come back as VD_EIO and never end the thread: the
 * next call tries again. */
#ifndef VD_STORAGE_SPOOL_SPOOL_H
#define VD_STORAGE_SPOOL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

#define VD_SPOOL_MESSAGE_MAX 8192 /* bytes of one JSON message (contract) */
#define VD_SPOOL_SOURCE_MAX  127  /* bytes of a source, without the NUL */
#define VD_SPOOL_EVENT_MAX   36   /* a UUID in text form */
#define VD_SPOOL_CAMERA_MAX  127
#define VD_SPOOL_READ_MAX    256 /* messages of one read: the window of the shipper */

struct vd_spool; /* opaque; closed by vd_spool_close */

struct vd_spool_opts {
    const char *path;      /* the database file; -wal, -shm, .lock, .reserve lie beside it */
    const char *producer;  /* "/ingest/w1": a source is "<producer>/<UUIDv7 of the epoch>" */
    int64_t cap_bytes;     /* of messages held; 0: 1 GiB */
    int64_t reserve_bytes; /* within cap_bytes for messages that are not refused, and as many
                            * preallocated on disk; 0: 8 MiB */
    const struct vd_clock *clock; /* NULL: the system's */
};

/* Opens the spool, or makes it with mode 0600, and starts its thread. A new epoch begins when
 * the file is new, is a copy (restored), was last used before this boot, or belongs to another
 * producer; messages of an older epoch are still shipped, first and under their own source.
 * A file that SQLite finds corrupt is renamed to "<path>.corrupt-<time>" and a new one is
 * begun; vd_spool_notice says so. VD_EINVAL: another process has it open, or opts is senseless.
 * VD_EIO: folder or disk. *ret_spool is untouched on failure. */
int vd_spool_open(struct vd_spool **ret_spool, const struct vd_spool_opts *opts,
                  struct vd_err *err);

/* Ends the thread after what is queued, and closes the file. Accepts NULL in *spool; sets it
 * NULL. No other call may be in progress. */
void vd_spool_close(struct vd_spool **spool);

/* What the last opening or repair had to do, for the log; "" when nothing. Copies at most size
 * bytes including the NUL, and forgets it. Returns the length. */
size_t vd_spool_notice(struct vd_spool *spool, char *ret_text, size_t size);

/* ---- append ---- */

enum vd_spool_phase {
    VD_SPOOL_OTHER,  /* belongs to no happening that a crash could cut */
    VD_SPOOL_START,  /* opens a happening: remembered until its end */
    VD_SPOOL_UPDATE, /* a newer message of an open happening */
    VD_SPOOL_END,    /* closes it */
};

/* What only the append knows; it belongs into the JSON. */
struct vd_spool_stamp {
    const char *source;       /* NUL-terminated, valid during the call */
    int64_t sequence;         /* from 1, contiguous within source */
    int64_t refused;          /* starts refused since the last accepted message; 0: none */
    int64_t refused_since_us; /* wall clock of the first of them */
};

/* Writes the message (JSON, no NUL needed) into buf and returns its length, or < 0 to give up:
 * then no sequence is taken and the append returns that value. Runs on the spool's thread while
 * the caller of vd_spool_append waits, so arg may live on that caller's stack; must not block.
 * May run more than once for one append (a commit that failed and is tried again). */
typedef int vd_spool_fill_fn(void *arg, const struct vd_spool_stamp *stamp, char *buf,
                             size_t size);

struct vd_spool_message {
    vd_spool_fill_fn *fill;
    void *arg;
    enum vd_spool_phase phase;
    const char *event;  /* id of the happening; NULL for VD_SPOOL_OTHER */
    const char *camera; /* or node: given back by vd_spool_unfinished; NULL: "" */
    int rev;            /* of the happening, from 1 */
    bool may_refuse;    /* true: refused when the spool is at its cap or the disk is full
                         * (motion start, update, media); false: served from the reserve
                         * (end, lost, conditions, inputs) */
};

/* Hands a message over and blocks until it is durable: appends of many threads share one commit
 * (no waiting for company: a commit starts as soon as the one before is done).
 * Returns 0 and the sequence in *ret_sequence (may be NULL);
 * VD_EAGAIN: refused at the cap or on a full disk. When phase is START it is counted and the
 *   count is offered to the next message that is accepted; send nothing more of that happening;
 * VD_EIO: the disk failed, nothing was taken; VD_EINVAL: longer than VD_SPOOL_MESSAGE_MAX;
 * VD_ESTOP: the spool is closing; or what fill returned. */
int vd_spool_append(struct vd_spool *spool, const struct vd_spool_message *message,
                    int64_t *ret_sequence, struct vd_err *err);

/* ---- ship ---- */

/* What is to be shipped now: the oldest epoch that still holds messages, else the present one.
 */
struct vd_spool_head {
    char source[VD_SPOOL_SOURCE_MAX + 1];
    int64_t first; /* lowest sequence held; last + 1 when none is */
    int64_t last;  /* highest sequence ever taken in this source; 0: none */
};

int vd_spool_head(struct vd_spool *spool, struct vd_spool_head *ret_head, struct vd_err *err);

struct vd_spool_row {
    int64_t sequence;
    int64_t at_us; /* wall clock of the append */
    const char *body;
    size_t len;
};

struct vd_spool_batch; /* a reusable buffer for reads; one thread at a time */
int vd_spool_batch_new(struct vd_spool_batch **ret_batch, struct vd_err *err);
void vd_spool_batch_free(struct vd_spool_batch **batch);

/* Reads up to limit (<= VD_SPOOL_READ_MAX) messages of source, in order, beginning with the
 * first at or above from. Returns how many; rows in *ret_rows live in batch until its next use.
 */
int vd_spool_read(struct vd_spool *spool, const char *source, int64_t from, int limit,
                  struct vd_spool_batch *batch, const struct vd_spool_row **ret_rows,
                  struct vd_err *err);

/* The router has committed everything of source up to and including sequence: delete it. A
 * number below what was acknowledged before, or an unknown source, changes nothing. Returns the
 * number of messages deleted. Durable with the next commit at the latest: a lost
 * acknowledgement is only a resend. */
int vd_spool_ack(struct vd_spool *spool, const char *source, int64_t sequence,
                 struct vd_err *err);

/* The router's welcome: it has committed source up to sequence. Like vd_spool_ack, but when the
 * number exceeds what this file can have sent, the file is an older copy: messages that the
 * router cannot have are moved under a new epoch, the rest are dropped as stored. When it is
 * less than was acknowledged before, the database is older than this spool (restored, or
 * another), and would wait for ever: all that is here is moved. The notice says so, and 1 is
 * returned: ask vd_spool_head anew. Else 0. */
int vd_spool_welcome(struct vd_spool *spool, const char *source, int64_t sequence,
                     struct vd_err *err);

/* A descriptor that polls readable when messages were committed since the last vd_spool_drain.
 * Lives as long as the spool; never close or read it. */
int vd_spool_fd(const struct vd_spool *spool);
void vd_spool_drain(struct vd_spool *spool);

/* ---- after a crash ---- */

/* One happening with a start and no end. */
struct vd_spool_unfinished {
    char event[VD_SPOOL_EVENT_MAX + 1];
    char camera[VD_SPOOL_CAMERA_MAX + 1];
    int rev;          /* of its last message: its end takes rev + 1 */
    const char *body; /* its last message, valid during the call */
    size_t len;
};
typedef void vd_spool_unfinished_fn(void *arg, const struct vd_spool_unfinished *happening);

/* Calls each for every unfinished happening, on the caller's thread, oldest first. Meant for
 * the start of a worker, before its cameras run: it appends their ends (end_reason restart).
 * each may call vd_spool_append. Returns how many. */
int vd_spool_unfinished(struct vd_spool *spool, vd_spool_unfinished_fn *each, void *arg,
                        struct vd_err *err);

/* ---- figures ---- */

struct vd_spool_stats {
    int64_t depth;                        /* messages held, all epochs */
    int64_t bytes;                        /* of them */
    int64_t oldest_us;                    /* wall clock of the oldest held; 0: none */
    int64_t last;                         /* last sequence taken in the present source */
    int64_t accepted;                     /* appends accepted since opening */
    int64_t commits;                      /* transactions since opening */
    int64_t refused;                      /* starts refused since opening */
    int64_t refused_others;               /* updates and media refused since opening */
    int64_t errors;                       /* commits that failed since opening */
    bool full;                            /* at the cap, or the disk is */
    char source[VD_SPOOL_SOURCE_MAX + 1]; /* the present one */
};

/* A copy of the figures; never blocks on the disk. */
void vd_spool_stats(struct vd_spool *spool, struct vd_spool_stats *ret_stats);

/* ---- audit ---- */

typedef void vd_spool_peek_fn(void *arg, const struct vd_spool_head *head);

/* Looks into a spool file that may be in use by another process, and changes nothing: calls
 * each for every source in it. Returns how many. VD_EIO: no such file, not readable. */
int vd_spool_peek(const char *path, vd_spool_peek_fn *each, void *arg, struct vd_err *err);

#endif
