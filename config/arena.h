/* config/arena.h: memory that is given back all at once, for what lives as long as its
 * snapshot.
 *
 * What comes out is zeroed and never moves. */
#ifndef VD_CONFIG_ARENA_H
#define VD_CONFIG_ARENA_H

#include <stddef.h>

struct vd_arena_chunk;

/* {0} is an empty arena. Owned by one thread while it grows. */
struct vd_arena {
    struct vd_arena_chunk *chunks;
};

/* Returns size zeroed bytes, aligned for any object, or NULL when there is no memory. */
void *vd_arena_alloc(struct vd_arena *arena, size_t size);

/* As above for n objects of size bytes each; also NULL when n * size overflows. */
void *vd_arena_array(struct vd_arena *arena, size_t n, size_t size);

/* Copies len bytes and adds a NUL; NULL when there is no memory. */
char *vd_arena_text(struct vd_arena *arena, const char *text, size_t len);

/* Frees all of it; the arena is empty again. */
void vd_arena_fini(struct vd_arena *arena);

#endif
