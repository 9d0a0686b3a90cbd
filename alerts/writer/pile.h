/* alerts/writer/pile.h: memory that grows in blocks, never moves, and is given back at once.
 */
#ifndef VD_ALERTS_WRITER_PILE_H
#define VD_ALERTS_WRITER_PILE_H

#include <stddef.h>

struct vd_pile_block;

/* {0} is empty. One thread at a time. */
struct vd_pile {
    struct vd_pile_block *first, *now;
    size_t used; /* of block now */
};

/* Uninitialised memory, aligned for anything; NULL when out. Lives until the next reset. */
void *vd_pile_take(struct vd_pile *pile, size_t len);

/* A copy with a NUL behind it. NULL when out. */
char *vd_pile_copy(struct vd_pile *pile, const void *data, size_t len);

/* Everything is free again; the blocks stay for the next time, up to a few MiB. */
void vd_pile_reset(struct vd_pile *pile);
void vd_pile_fini(struct vd_pile *pile);

#endif
