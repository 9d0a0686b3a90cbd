/* storage/spool/reserve.h: disk space kept for the day the disk is full: SQLite needs room even
 * to delete. One thread. */
#ifndef VD_STORAGE_SPOOL_RESERVE_H
#define VD_STORAGE_SPOOL_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

struct reserve {
    char path[520];
    int64_t bytes;
    bool is_released; /* given back to the file system: the disk is full */
    int64_t tried_us; /* when restoring was tried last */
};

/* Preallocates, or finds the disk too full for it (is_released). */
void reserve_open(struct reserve *reserve, const char *path, int64_t bytes);

/* Gives the space back. */
void reserve_release(struct reserve *reserve);

/* If released: tries to take the space again, at most once a second, and only when the disk has
 * three times as much. */
void reserve_restore(struct reserve *reserve, int64_t now_us);

#endif
