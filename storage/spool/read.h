/* storage/spool/read.h: messages and unfinished happenings out of the file. */
#ifndef VD_STORAGE_SPOOL_READ_H
#define VD_STORAGE_SPOOL_READ_H

#include "storage/spool/store.h"

struct vd_spool_batch {
    struct vd_spool_row rows[VD_SPOOL_READ_MAX];
    size_t offsets[VD_SPOOL_READ_MAX];
    char *bytes; /* grows to what the largest read needed */
    size_t size;
};

struct spool_happening {
    struct vd_spool_unfinished value; /* body points behind this struct */
    struct spool_happening *next;
};

/* A list that the asker frees, one by one. */
struct spool_happenings {
    struct spool_happening *first;
};

/* Returns the number of rows now in batch. */
int store_read(struct store *store, struct store_epoch *epoch, int64_t from, int limit,
               struct vd_spool_batch *batch, struct vd_err *err);

int store_happenings(struct store *store, struct spool_happenings *list, struct vd_err *err);

#endif
